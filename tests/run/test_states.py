"""States in place: functions whose next values come to be in every way give what the reference interpreter gives, and what a
session's arena holds says which of them needed no second copy.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from programs import ROOT, compile_model, run_model, tensel

FILE = ROOT / "tests/run/Inputs/states.mlir"


def square(seed: int = 0, rows: int = 4) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((rows, 4), np.float32)


AT, ROW = np.array([[2]], np.int64), square(3, 1)
CASES: dict[str, tuple[dict[str, np.ndarray], list[str], int]] = {
    # inputs, outputs, most bytes of the arena
    "scatter": ({"s": square(1, 6), "at": np.array([[4], [-5]], np.int64), "rows": square(2, 2)}, ["y", "s.next"], 64),
    "decay": ({"s": square(1), "x": square(2)}, ["s.next"], 0),
    "dead": ({"s": square(1)}, ["s.next"], 64),
    "across": ({"s": square(1)}, ["s.next"], 64),
    "late": ({"s": square(1), "at": AT, "row": ROW}, ["y", "s.next"], 128),
    "self": ({"s": square(1), "at": AT}, ["s.next"], 128),
    "swap": ({name: square(k)[0] for k, name in enumerate("abc")}, ["a.next", "b.next", "c.next", "y"], 192),
    "shared": ({name: square(k)[0] for k, name in enumerate("ab")}, ["a.next", "b.next"], 0),
    "branch": ({"go": np.array(True), "s": square(1)[0], "x": square(2)[0]}, ["s.next"], 64),
}


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_model(FILE, tmp_path_factory.mktemp("states") / "states.tensel")


@pytest.mark.parametrize("name", CASES)
def test_next_values(name: str, package: Path, tmp_path: Path) -> None:
    inputs, outputs, most = CASES[name]
    found = run_model(package, inputs, outputs, tmp_path, f"--function={name}")
    expected = run_model(FILE, inputs, outputs, tmp_path, f"--function={name}", "--device=reference")
    for output in outputs:
        np.testing.assert_allclose(found[output], expected[output], rtol=1e-6, atol=1e-6)
    functions = {function["name"]: function for function in json.loads(tensel("inspect", package, "--json").stdout)["functions"]}
    assert functions[name]["peak_bytes"] <= most
    states = {tensor["name"] for tensor in functions[name]["inputs"] if "state" in tensor}
    assert {f"{state}.next" for state in states} == {output for output in outputs if output.endswith(".next")}


def test_the_other_branch_keeps_the_state(package: Path, tmp_path: Path) -> None:
    inputs = {**CASES["branch"][0], "go": np.array(False)}
    np.testing.assert_array_equal(run_model(package, inputs, ["s.next"], tmp_path, "--function=branch")["s.next"], inputs["s"])


def test_a_benchmark_does_not_go_on_with_the_last_run(package: Path, tmp_path: Path) -> None:
    """Every run begins with what was given."""
    inputs, outputs, _ = CASES["decay"]
    once = run_model(package, inputs, outputs, tmp_path, "--function=decay")["s.next"]
    often = run_model(package, inputs, outputs, tmp_path, "--function=decay", "--benchmark=0.01")["s.next"]
    np.testing.assert_array_equal(often, once)
    about = tensel("inspect", package).stdout
    assert "  state  s: Nx4xf32" in about and "s.next" not in about
