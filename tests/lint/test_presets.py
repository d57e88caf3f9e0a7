"""The presets that CI does not build: each configures, and what asks for assertions compiles without them, too.

A whole second build would take CI's time; what differs between the builds is in the files that name `assert` or NDEBUG.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sources import ROOT, read, with_suffix

PRESETS = [preset["name"] for preset in json.loads((ROOT / "CMakePresets.json").read_text())["configurePresets"]
           if not preset.get("hidden")]
ASKS = re.compile(r"\bassert\(|\bNDEBUG\b|\[\[maybe_unused\]\]")


@pytest.mark.parametrize("preset", PRESETS)
def test_configures(preset: str, tmp_path: Path) -> None:
    done = subprocess.run(["cmake", "--preset", preset, "-B", tmp_path], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def without_assertions(command: str) -> list[str]:
    """The compile command of a file as the release preset has it, for its errors and warnings alone. The precompiled header
    was made with assertions, so its text takes its place."""
    arguments = shlex.split(command)
    kept: list[str] = []
    skip = 0
    for argument, after in zip(arguments, [*arguments[1:], ""], strict=True):
        if skip:
            skip -= 1
        elif argument == "-Xclang" and after in ("-include-pch", "-include"):
            skip = 3
        elif argument in ("-o", "-MF", "-MT"):
            skip = 1
        elif argument not in ("-UNDEBUG", "-MD", "-Winvalid-pch", "-c"):
            kept.append(argument)
    compiler = next(i for i, argument in enumerate(kept) if "/clang" in argument)
    header = ["-include", str(ROOT / "cmake/pch.h")] if "-include-pch" in arguments else []
    return [*kept[compiler:], *header, "-DNDEBUG", "-fsyntax-only"]


def test_compiles_without_assertions() -> None:
    database = json.loads((ROOT / "build/compile_commands.json").read_text())
    commands = {entry["file"]: (entry["command"], entry["directory"]) for entry in database}
    files = [path for path in with_suffix(".cpp") if not path.startswith("tests/") and ASKS.search(read(path))
             and str(ROOT / path) in commands]
    assert files

    def check(path: str) -> str:
        command, directory = commands[str(ROOT / path)]
        done = subprocess.run(without_assertions(command), cwd=directory, capture_output=True, text=True, check=False)
        return "" if done.returncode == 0 else f"{path}:\n{done.stderr[-2000:]}"

    with ThreadPoolExecutor(2) as pool:
        wrong = [text for text in pool.map(check, files) if text]
    assert not wrong, "\n".join(wrong)
