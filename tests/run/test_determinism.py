"""The same model and options give the same package, byte by byte, wherever, when and with how many processors it is
compiled; and a package gives the same bits with any number of threads.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from models import MODELS, Model
from programs import ROOT, compile_model, run_model, smollm2, tensel, tool
from small_models import mlp, save

LANGUAGE_MODELS = ROOT / "tests/run/Inputs/language_models"
BY_NAME = {known.name: known for known in MODELS}
# Convolutions, attention over text, branches and states, one of the large ones.
SOME = ("magika", "PP-OCRv6_det_small", "PP-OCRv6_rec_small", "silero_vad", "light_squeezenet")
# One level is enough here: this machine's.
LEVEL = "cpu:x86-64-v4" if " avx512vl " in Path("/proc/cpuinfo").read_text() else "cpu:x86-64-v3"


def one_processor() -> None:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def compiled_twice(source: Path, folder: Path, *arguments: object) -> None:
    """Here by the absolute path; elsewhere by a relative one, on one processor, with another environment."""
    elsewhere = folder / "another" / "place"
    elsewhere.mkdir(parents=True)
    first = compile_model(source, folder / "first.tensel", *arguments, f"--report-json={folder / 'first.json'}")
    relative = os.path.relpath(source, elsewhere)
    done = tensel("compile", relative, "-o", "second.tensel", *arguments, "--report-json=second.json", cwd=elsewhere,
                  preexec_fn=one_processor, env={**os.environ, "LC_ALL": "C", "HOME": "/nowhere", "PADDING": "x" * 1000})
    assert done.returncode == 0, done.stderr[-2000:]
    assert (elsewhere / "second.json").read_bytes() == (folder / "first.json").read_bytes()
    ours, theirs = first.read_bytes(), (elsewhere / "second.tensel").read_bytes()
    differs = next((k for k, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b), min(len(ours), len(theirs)))
    assert ours == theirs, f"packages of {len(ours)} and {len(theirs)} bytes differ from byte {differs} on"


@pytest.mark.parametrize("name", SOME)
def test_a_model_gives_one_package(name: str, tmp_path: Path) -> None:
    compiled_twice(BY_NAME[name].file, tmp_path, f"--target={LEVEL}")


def test_every_level_in_one_package(tmp_path: Path) -> None:
    compiled_twice(save(mlp()[0], tmp_path / "mlp.onnx"), tmp_path, "--shape", "N=1..8")


def test_mlir_gives_one_package(tmp_path: Path) -> None:
    compiled_twice(ROOT / "tests/run/Inputs/states.mlir", tmp_path)


@pytest.mark.parametrize("name", ["llama", "mixtral", "t5"])
def test_a_language_model_gives_one_package(name: str, tmp_path: Path) -> None:
    compiled_twice(LANGUAGE_MODELS / name, tmp_path, f"--target={LEVEL}")


def test_smollm2_gives_one_package(tmp_path: Path) -> None:
    compiled_twice(smollm2(), tmp_path, f"--target={LEVEL}")


@pytest.mark.parametrize("known", [BY_NAME[name] for name in SOME], ids=lambda known: known.name)
def test_threads_do_not_change_bits(known: Model, tmp_path: Path) -> None:
    package = compile_model(known.file, tmp_path / "model.tensel", f"--target={LEVEL}")
    label, inputs = list(known.inputs())[-2]  # random numbers of the last size
    outputs = outputs_of(package)
    alone = run_model(package, inputs, outputs, tmp_path, "--threads=1")
    for threads in (2, 3, 7):
        for name, found in run_model(package, inputs, outputs, tmp_path, f"--threads={threads}").items():
            np.testing.assert_array_equal(found.view(np.uint8), alone[name].view(np.uint8), f"{label}: {name}, {threads} threads")


def outputs_of(package: Path) -> list[str]:
    described = json.loads(tensel("inspect", package, "--json").stdout)
    return [output["name"] for output in described["functions"][0]["outputs"]]


def test_threads_do_not_change_text(tmp_path: Path) -> None:
    """Logits behind a whole text, read in chunks, and the tokens of an answer that takes chances."""
    package = compile_model(smollm2(), tmp_path / "smollm2.tensel", f"--target={LEVEL}")
    text = tmp_path / "text.txt"
    text.write_text((ROOT / "tests/bench/prose.txt").read_text()[:1500])
    found = set()
    for threads in (1, 2, 3, 7):
        measured = tensel("perplexity", package, text, "--json", "--context=128", f"--threads={threads}")
        assert measured.returncode == 0, measured.stderr
        answered = tensel("generate", package, "-p", "Tell me a story.", "-n", "12", "--temperature=1.2", "--seed=5", "--json",
                          f"--threads={threads}")
        assert answered.returncode == 0, answered.stderr
        numbers = json.loads(measured.stdout)
        found.add((numbers["perplexity"], tuple(json.loads(answered.stdout)["tokens"])))
    assert len(found) == 1


def test_programs_are_built_with_random_addresses() -> None:
    """What makes the comparison above worth something: pointers differ from process to process."""
    header = tool("tensel").read_bytes()[:18]
    assert header[16] == 3, "found an executable at fixed addresses, expected a position-independent one"
