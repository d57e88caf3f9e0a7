"""Ids and texts against the `tokenizers` package: 10,000 lines for every family, with and without special tokens."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest
from conftest import Tool
from families import FAMILIES
from tokenizers import Tokenizer


def compare(tool: Tool, tokenizer: Tokenizer, path: Path, mixed: list[bytes]) -> None:
    # Rust's from_utf8_lossy and Python's 'replace' agree: one U+FFFD for each maximal ill-formed part.
    given = [line.decode("utf-8", "replace") for line in mixed]
    expected = [encoding.ids for encoding in tokenizer.encode_batch(given, add_special_tokens=False)]
    found = tool.encode(path, mixed)
    assert len(found) == len(expected)
    wrong = [(line, got, want) for line, got, want in zip(mixed, found, expected) if got != want]
    assert not wrong, f"{len(wrong)} lines differ, first {wrong[0]}"
    some = slice(0, 300)
    assert tool.encode(path, mixed[some], "--special") == [encoding.ids for encoding in tokenizer.encode_batch(given[some])]
    texts = [tokenizer.decode(ids) for ids in expected]
    decoded = tool.decode(path, expected)
    wrong_texts = [pair for pair in zip(expected, decoded, texts) if pair[1] != pair[2]]
    assert not wrong_texts, f"{len(wrong_texts)} texts differ, first {wrong_texts[0]}"


@pytest.mark.parametrize("family", list(FAMILIES))
def test_family(family: str, tool: Tool, mixed: list[bytes], tmp_path: Path) -> None:
    tokenizer = FAMILIES[family]()
    path = tmp_path / "tokenizer.json"
    tokenizer.save(str(path))
    compare(tool, tokenizer, path, mixed)


def seconds_of(tool: Tool, path: Path, text: bytes) -> float:
    """Of the processor, so that other programs do not count."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    tool.encode(path, [text])
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


@pytest.mark.parametrize(
    "family", ["gpt2", "llama3", "qwen2", "gpt4o", "deepseek", "bloom", "falcon", "llama2", "t5", "bert-uncased"]
)
def test_one_letter_is_linear(family: str, tool: Tool, tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    FAMILIES[family]().save(str(path))
    for text in (b"a", b" ", b"\n", b"1", b"'", "é".encode(), "\u0301".encode(), b" \n", b"a ", "中".encode(), b"\xff"):
        quarter, whole = (seconds_of(tool, path, text * (size // len(text))) for size in (250_000, 1_000_000))
        assert whole < 5, f"{text!r} takes too long"
        # Quadratic time would be 16 times as long.
        assert whole < 8 * quarter + 0.1, f"{text!r} takes {quarter} s for 250 KB, {whole} s for 1 MB"
