"""What must not be committed: machine paths, host names, registry addresses, conflict marks, stray binaries."""

from __future__ import annotations

import re
import subprocess
import sys

from sources import ROOT, read, tracked

# Written in pieces so that this file passes its own check.
FORBIDDEN = {
    "a machine's path": re.compile("/(?:wo" + r"rk|ho" + r"me|ro" + r"ot|Users)/[A-Za-z0-9_.]"),
    "a registry's address": re.compile(r"(?:deb\.deb" + r"ian\.org|pypi\.o" + r"rg|files\.pythonho" + r"sted)"),
    "a private address": re.compile(r"\b(?:10|192\.168)\.\d{1,3}\.\d{1,3}\.\d{1,3}\b"),
    "a conflict mark": re.compile(r"^(?:<{7}|>{7}) ", re.MULTILINE),
    "a tab or space at a line's end": re.compile(r"[ \t]+$", re.MULTILINE),
}
BINARY = (".bin", ".png", ".npy", ".npz", ".onnx", ".safetensors", ".tensel", ".gz", ".gguf")
LARGEST = 512 * 1024


def test_texts_name_no_machine() -> None:
    wrong = []
    for path in tracked():
        if path.endswith(BINARY) or path == "LICENSE" or "/corpus/" in path:
            continue
        text = read(path)
        for what, pattern in FORBIDDEN.items():
            found = pattern.search(text)
            if found:
                line = text.count("\n", 0, found.start()) + 1
                wrong.append(f"{path}:{line}: found {what}: {found.group(0)!r}")
    assert not wrong, "\n".join(wrong)


def test_files_are_small() -> None:
    wrong = [f"{path}: found {(ROOT / path).stat().st_size} bytes, expected at most {LARGEST}" for path in tracked()
             if (ROOT / path).stat().st_size > LARGEST]
    assert not wrong, "\n".join(wrong)


def test_scripts_parse() -> None:
    """Every shell script parses and every Python file compiles."""
    wrong = []
    for path in tracked():
        if path in ("dev", ".ci/run") or path.endswith(".sh"):
            done = subprocess.run(["bash", "-n", path], cwd=ROOT, capture_output=True, text=True, check=False)
            wrong += [done.stderr] if done.returncode else []
        elif path.endswith(".py"):
            compile(read(path), path, "exec")
    assert not wrong, "\n".join(wrong)


def test_ruff() -> None:
    done = subprocess.run([sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format=concise", "."], cwd=ROOT,
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
