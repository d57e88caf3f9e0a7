"""Language model files with bits flipped, cut or lengthened: one message and status 1, or a model; never a signal, a time-out
or much memory. The readers' own tests are in tests/frontend; the fuzzers go on where this stops.
"""

from __future__ import annotations

import random
import resource
import shutil
import subprocess
from pathlib import Path

import pytest
from programs import ROOT, tensel, tool

MODELS = ROOT / "tests/run/Inputs/language_models"
COUNT = 60


def few_bytes() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))


def assert_survives(path: Path) -> None:
    done = subprocess.run([tool("tensel-import"), path, "--quiet"], capture_output=True, text=True, errors="replace", timeout=5,
                          check=False, preexec_fn=few_bytes)
    assert done.returncode in (0, 1), f"found exit status {done.returncode}: {done.stderr[-600:]}"
    if done.returncode == 1:
        assert done.stderr.count("error:") == 1, done.stderr


def changes(whole: bytes, head: int, seed: int) -> list[bytes]:
    """Most of them in the first `head` bytes, where sizes and names are."""
    random_numbers = random.Random(seed)
    changed = []
    for k in range(COUNT):
        content = bytearray(whole)
        for _ in range(random_numbers.randrange(1, 4)):
            at = random_numbers.randrange(head if k % 8 else len(whole))
            if k % 3 == 0:
                content[at] = random_numbers.choice([0, 1, 0x7F, 0x80, 0xFF])
            elif k % 3 == 1:
                content[at] ^= 1 << random_numbers.randrange(8)
            else:
                content[at : at + 8] = random_numbers.randbytes(8)
        changed.append(bytes(content[: random_numbers.randrange(len(content))] if k % 10 == 9 else content))
    return changed


def test_gguf(tmp_path: Path) -> None:
    whole = (MODELS / "llama-gguf/model.gguf").read_bytes()
    for content in changes(whole, 2000, 1):
        (tmp_path / "model.gguf").write_bytes(content)
        assert_survives(tmp_path / "model.gguf")


@pytest.mark.parametrize("file", ["model.safetensors", "config.json"])
def test_folder(file: str, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(MODELS / "gemma3", folder)
    whole = (folder / file).read_bytes()
    for content in changes(whole, min(len(whole), 3000), 2):
        (folder / file).write_bytes(content)
        assert_survives(folder)


def test_inspect(tmp_path: Path) -> None:
    done = tensel("inspect", MODELS / "llama-gguf/model.gguf")
    assert done.returncode == 0, done.stderr
    assert "function decode" in done.stdout
    assert "symbol context: 1..64" in done.stdout
