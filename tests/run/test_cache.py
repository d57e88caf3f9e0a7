"""The cache of compiled models: shared by processes that start at once, and entries that a crash has left half written."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from programs import smollm2, tool

ANSWER = "The capital of France is Paris.\n"


def command() -> list[str]:
    question = ("-p", "What is the capital of France?", "--greedy", "-n", "20")
    return [str(tool("tensel")), "generate", str(smollm2()), *question]


def answers(cache: Path, count: int) -> list[str]:
    """What so many processes say that start at the same time."""
    environment = {**os.environ, "TENSEL_CACHE": str(cache)}
    started = [subprocess.Popen(command(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
               for _ in range(count)]
    ended = [process.communicate(timeout=300) for process in started]
    assert [error for _, error in ended] == [""] * count
    return [text for text, _ in ended]


@pytest.fixture(scope="module")
def entry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made by two processes that find an empty cache: one package and nothing else is there."""
    folder = tmp_path_factory.mktemp("cache")
    assert answers(folder, 2) == [ANSWER, ANSWER]
    made = list(folder.iterdir())
    assert [path.suffix for path in made] == [".tensel"]
    return made[0]


def test_two_processes_compile_once(entry: Path) -> None:
    before = entry.stat()
    assert answers(entry.parent, 2) == [ANSWER, ANSWER]
    after = entry.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize("kept", [0.0, 0.5])
def test_a_half_written_entry_is_made_again(entry: Path, kept: float) -> None:
    """Two processes find it. What a killed process left behind under a temporary name is not looked at."""
    whole = entry.read_bytes()
    entry.write_bytes(whole[:int(len(whole) * kept)])
    (entry.parent / f".{entry.name}.1.0.tmp").write_bytes(b"TENSEL")
    assert answers(entry.parent, 2) == [ANSWER, ANSWER]
    assert entry.read_bytes() == whole


def test_a_changed_byte_is_made_again(entry: Path) -> None:
    whole = bytearray(entry.read_bytes())
    whole[len(whole) // 2] ^= 1
    entry.write_bytes(whole)
    assert answers(entry.parent, 1) == [ANSWER]
    whole[len(whole) // 2] ^= 1
    assert entry.read_bytes() == whole
