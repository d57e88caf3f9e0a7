"""The main job: the C example and the magika package give the same label for every file, odd ones among them."""

from __future__ import annotations

import gzip
import json
import random
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from programs import BUILD, ROOT, compile_model, tool

sys.path.insert(0, str(ROOT / "tools/dev"))
from magika_assets import model_path, write_labels  # noqa: E402
from run_example import PIXEL  # noqa: E402


def write_samples(folder: Path) -> list[Path]:
    """Files of many kinds: text, binary, tiny, padded with white space, exactly at the sizes where reading changes."""
    rng = random.Random(7)
    words = ["def f(x):\n    return x + 1\n", "import os\nprint(os.getcwd())\n"]
    samples: dict[str, bytes] = {
        "empty": b"", "one": b"x", "seven.txt": b"1234567", "blank": b" \n\t" * 400, "invalid": b"\xff\xfe\xc0",
        "spaces-then-few": b"\n" * 50 + b"abc", "script.py": "".join(words * 3).encode(),
        "long.py": "".join(words * 200).encode(), "data.json": json.dumps({"a": [1, 2, {"b": None}]} ).encode(),
        "table.csv": b"name,age\n" + b"".join(b"n%d,%d\n" % (i, i) for i in range(300)),
        "page.html": b"<!DOCTYPE html><html><head><title>t</title></head><body><p>text</p></body></html>",
        "main.c": b'#include <stdio.h>\nint main(void) { puts("hello"); return 0; }\n',
        "script.sh": b"#!/bin/bash\nset -e\nfor i in 1 2 3; do echo $i; done\n", "pixel.png": PIXEL,
        "random": rng.randbytes(9000), "wide-space.txt": b" " * 5000 + b"hello there, general text" + b" " * 5000,
        "query.sql": b"SELECT a, b FROM t WHERE a > 3 ORDER BY b;\n" * 4, "archive.gz": gzip.compress(b"text" * 999, mtime=0),
        "block-1": b"word " * 819, "block": b"words" * 819 + b"s", "block+1": b"words" * 819 + b"ss",
        "style.css": b"body { color: red; margin: 0 }\n" * 9, "list.xml": b"<?xml version='1.0'?><a><b>1</b></a>",
    }
    paths = []
    for name, content in samples.items():
        (folder / name).write_bytes(content)
        paths.append(folder / name)
    np.save(folder / "array.npy", np.arange(99))
    with zipfile.ZipFile(folder / "pack.zip", "w") as pack:
        pack.writestr("a.txt", "text")
    paths += [folder / "array.npy", folder / "pack.zip"]
    paths += [ROOT / name for name in ("README.md", "CMakeLists.txt", "LICENSE", "CMakePresets.json", "dev")]
    return paths + [BUILD / "bin/identify_files", Path("/usr/bin/env"), Path("/etc/os-release")]


@pytest.fixture(scope="module")
def labels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("labels") / "labels.txt"
    write_labels(path)
    return path


def test_labels_equal_the_packages(labels: Path, tmp_path: Path) -> None:
    from magika import Magika

    package = compile_model(model_path(), tmp_path / "magika.tensel")
    paths = write_samples(tmp_path)
    command = [tool("identify_files"), package, labels, *paths]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == len(paths) >= 12
    wrong = []
    for line, path, result in zip(lines, paths, Magika().identify_paths(paths)):
        name, label, score = line.rsplit(" ", 2)
        assert name == f"{path}:"
        if label != result.output.label or abs(float(score) - result.score) > 2e-3:
            wrong.append(f"{path.name}: found {label} {score}, expected {result.output.label} {result.score:.3f}")
    assert not wrong, "\n".join(wrong)


def test_bad_files_are_named(labels: Path, tmp_path: Path) -> None:
    package = compile_model(model_path(), tmp_path / "magika.tensel")
    for arguments, named in (([package, labels, "no/such/file"], "no/such/file"),
                             (["no/such/package", labels, labels], "no/such/package"),
                             ([package, "no/such/labels", labels], "no/such/labels"),
                             ([package, package, labels], "malformed")):
        command = [str(part) for part in (tool("identify_files"), *arguments)]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
        assert done.returncode == 1
        assert named in done.stderr
        assert len(done.stderr.splitlines()) == 1
