"""clang-format over all our C and C++, clang-tidy over the files that must stay free of MLIR (those that include it take
half a minute each): the runtime, the readers, the block formats, the examples.
"""

from __future__ import annotations

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
from sources import ROOT, with_suffix

TIDY = ("runtime/", "examples/", "frontend/onnx/Wire", "frontend/common/", "frontend/gguf/", "frontend/huggingface/",
        "dialects/blocks/")


def test_clang_format() -> None:
    files = with_suffix(".cpp", ".h", ".c")
    done = subprocess.run(["clang-format-22", "--dry-run", "--Werror", *files], cwd=ROOT, capture_output=True, text=True,
                          check=False)
    wrong = sorted({line.split(":")[0] for line in done.stderr.splitlines() if "clang-format-violations" in line})
    assert done.returncode == 0, "run ./dev format; these differ from it:\n" + "\n".join(wrong)


def test_clang_tidy() -> None:
    database = ROOT / "build/compile_commands.json"
    if not database.exists():
        pytest.fail("build/compile_commands.json is missing; run ./dev build first")
    known = {entry["file"] for entry in json.loads(database.read_text())}
    files = [path for path in with_suffix(".cpp", ".c") if path.startswith(TIDY) and str(ROOT / path) in known]

    def check(path: str) -> str:
        command = ["clang-tidy-22", "-p", "build", "--quiet", "--warnings-as-errors=*", path]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        return done.stdout if done.returncode else ""

    with ThreadPoolExecutor(2) as pool:
        wrong = [text for text in pool.map(check, files) if text]
    assert not wrong, "\n".join(wrong)
