"""Random graphs through the reference interpreter and through compiled code (build/bin/tensel-fuzz-graphs), and random ONNX
models through ONNX Runtime besides (tests/fuzz/graphs/with_onnxruntime.py). Today's date is the seed of those that run for
TENSEL_FUZZ_GRAPH_SECONDS (180 when that is not set) and TENSEL_FUZZ_ONNX_SECONDS (60): each day brings others, and the day's
can be repeated. What was found, shrunk and repaired stands in tests/fuzz/graphs/fixed. More at once:
`build/bin/tensel-fuzz-graphs --seed=N --seconds=600`.
"""

from __future__ import annotations

import datetime
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from programs import ROOT, tool

SECONDS = int(os.environ.get("TENSEL_FUZZ_GRAPH_SECONDS", "180"))
ONNX_SECONDS = int(os.environ.get("TENSEL_FUZZ_ONNX_SECONDS", "60"))
FIXED = sorted((ROOT / "tests/fuzz/graphs/fixed").glob("*.mlir"))

# Every other op of the dialect is made.
NEVER_MADE: dict[str, str] = {}


def seed_of_the_day() -> str:
    return f"--seed={datetime.datetime.now(datetime.UTC):%Y%m%d}0000"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([tool("tensel-fuzz-graphs"), *arguments], capture_output=True, text=True, errors="replace",
                          timeout=SECONDS + 600, check=False)


def check(found: subprocess.CompletedProcess[str], repeat: str) -> None:
    """No graph differs, and most of them are decided."""
    # Elements of weights make long lines.
    shown = "\n".join(line[:2000] for line in found.stdout.splitlines())[-20000:]
    shown = f"{shown}\n{found.stderr[-3000:]}\nagain: build/bin/tensel-fuzz-graphs {repeat}"
    counted = re.search(r"graphs: (\d+) same,(?: (\d+) not evaluated,)? \d+ ops, (\d+) elements compared, (\d+) undecided",
                        found.stdout)
    assert found.returncode == 0 and counted, shown
    same, not_evaluated, compared, undecided = (int(number or 0) for number in counted.groups())
    # An oracle that decides nothing would find nothing.
    assert same > 0 and not_evaluated <= same / 10 and undecided <= compared / 4


def test_every_op_is_made() -> None:
    found = run("--coverage", "--seed=1", "--count=6000")
    assert found.returncode == 0, found.stderr[-3000:]
    assert set(found.stdout.removeprefix("never made:").split()) == set(NEVER_MADE)


def test_graphs() -> None:
    """One level, which every machine has, and the same graphs every day."""
    arguments = ("--seed=202611250000", "--count=100", "--level=x86-64-v3")
    check(run(*arguments), " ".join(arguments))


def test_graphs_of_the_day() -> None:
    seed = seed_of_the_day()
    check(run(seed, f"--seconds={SECONDS}"), f"{seed} --seconds={SECONDS}; one graph: --seed=N --count=1")


@pytest.mark.parametrize("path", FIXED, ids=lambda path: path.stem)
def test_fixed_graph(path: Path) -> None:
    """What once differed, on every level that this machine has."""
    found = run(str(path))
    assert found.returncode == 0 and "not evaluated" not in found.stdout, found.stdout[-3000:] + found.stderr[-3000:]


REFUSED = """// INPUT 0 i64 300 :
// INPUT 1 f32 2 : 0000803F00000040
func.func @main(%arg0: tensor<300xi64> {graph.name = "x0"}, %arg1: tensor<2xf32> {graph.name = "x1"})
    -> (tensor<?xi64> {graph.name = "y0"}, tensor<2xf32> {graph.name = "y1"}) {
  %0 = graph.reduce max %arg0 {axes = array<i64: 0>} : (tensor<300xi64>) -> tensor<i64>
  %1 = graph.constant dense<0> : tensor<i64>
  %2 = graph.constant dense<1> : tensor<i64>
  %3 = graph.range %1, %0, %2 : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %4 = graph.exp %arg1 : (tensor<2xf32>) -> tensor<2xf32>
  return %3, %4 : tensor<?xi64>, tensor<2xf32>
}
"""


@pytest.mark.parametrize("shrinks", [True, False])
def test_a_find_is_shrunk_unless_it_shall_not_be(shrinks: bool, tmp_path: Path) -> None:
    """A dim without a bound is refused, whatever else the graph computes."""
    path = tmp_path / "refused.mlir"
    path.write_text(REFUSED)
    found = run(str(path), "--level=x86-64-v3", *([] if shrinks else ["--no-shrink"]))
    assert found.returncode == 1
    assert "refused: " in found.stdout and "graph.range" in found.stdout
    assert ("graph.exp" in found.stdout) is not shrinks


@pytest.mark.parametrize("result", ["000080BF000000C0", "000080BF00000040"])
def test_results_of_another_implementation_are_compared(result: str, tmp_path: Path) -> None:
    path = tmp_path / "given.mlir"
    path.write_text(f"// INPUT 0 f32 2 : 0000803F00000040\n// OUTPUT 0 f32 2 : {result}\n"
                    'func.func @main(%arg0: tensor<2xf32> {graph.name = "x0"}) -> (tensor<2xf32> {graph.name = "y0"}) {\n'
                    "  %0 = graph.neg %arg0 : (tensor<2xf32>) -> tensor<2xf32>\n  return %0 : tensor<2xf32>\n}\n")
    found = run(str(path), "--level=x86-64-v3")
    agrees = result.endswith("C0")
    assert found.returncode == (0 if agrees else 1)
    assert ("disputed: result 0 elsewhere: element 1 is 2.0" in found.stdout) is not agrees


@pytest.mark.parametrize("which", ["fixed", "of the day"])
def test_onnxruntime_agrees(which: str) -> None:
    """Random ONNX models: ONNX Runtime, the reference interpreter and compiled code. Some are the same every day, others run for
    TENSEL_FUZZ_ONNX_SECONDS."""
    arguments = ["--seed=1000", "--count=32"] if which == "fixed" else [seed_of_the_day(), f"--seconds={ONNX_SECONDS}"]
    command = [sys.executable, ROOT / "tests/fuzz/graphs/with_onnxruntime.py", *arguments]
    found = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=ONNX_SECONDS + 600, check=False)
    counted = re.search(r"models: (\d+) of \d+ nodes of \d+ ops, (\d+) elements compared, (\d+) undecided", found.stdout)
    again = f"again: build/venv/bin/python tests/fuzz/graphs/with_onnxruntime.py {' '.join(arguments)}"
    assert found.returncode == 0 and counted, f"{found.stdout[-8000:]}{found.stderr[-3000:]}\n{again}"
    models, compared, undecided = (int(number) for number in counted.groups())
    assert models > 0 and undecided <= compared / 4
