"""`tensel bisect`: who makes a model miss what is expected, and by which of its ops."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
from programs import BUILD, assert_user_error, compile_model, tensel
from small_models import mlp, save

MODEL = """
graph.weight @w : tensor<20x40xui8> from "{weight}" {{length = 800 : i64}}
func.func @main(%x: tensor<4x64xf32> {{graph.name = "x"}})
    -> (tensor<4x20xf32> {{graph.name = "y"}}, tensor<4xf32> {{graph.name = "sum"}}) {{
  %half = graph.constant dense<0.5> : tensor<f32> loc("half (Constant)")
  %0 = graph.mul %x, %half : (tensor<4x64xf32>, tensor<f32>) -> tensor<4x64xf32> loc("scaled (Mul)")
  %1 = graph.tanh %0 : (tensor<4x64xf32>) -> tensor<4x64xf32> loc("bent (Tanh)")
  %w = graph.load_weight @w : tensor<20x40xui8> loc("w")
  %d = graph.dequantize "q4_1" %w : (tensor<20x40xui8>) -> tensor<20x64xf32> loc("weight (Dequantize)")
  %2 = graph.matmul %1, %d {{transpose_rhs = true}}
      : (tensor<4x64xf32>, tensor<20x64xf32>) -> tensor<4x20xf32> loc("product (MatMul)")
  %3 = graph.relu %2 : (tensor<4x20xf32>) -> tensor<4x20xf32> loc("y (Relu)")
  %4 = graph.reduce sum %0 {{axes = array<i64: 1>}} : (tensor<4x64xf32>) -> tensor<4xf32> loc("sum (ReduceSum)")
  return %3, %4 : tensor<4x20xf32>, tensor<4xf32> loc("graph")
}}
"""


@pytest.fixture
def quantized(tmp_path: Path) -> Path:
    """A product with a weight of 4 bits, with x.npy and what the reference gives for it beside it."""
    random = np.random.default_rng(5)
    blocks = np.zeros((40, 20), np.uint8)
    blocks[:, :4] = random.uniform(0.01, 0.1, (40, 2)).astype(np.float16).view(np.uint8).reshape(40, 4)
    blocks[:, 4:] = random.integers(0, 256, (40, 16))
    (tmp_path / "w.bin").write_bytes(blocks.tobytes())
    (tmp_path / "model.mlir").write_text(MODEL.format(weight=tmp_path / "w.bin"))
    np.save(tmp_path / "x.npy", random.standard_normal((4, 64)).astype(np.float32))
    done = tensel("run", tmp_path / "model.mlir", "--input", f"x=@{tmp_path}/x.npy", "--device=reference", "--output",
                  f"y=@{tmp_path}/y.npy", "--output", f"sum=@{tmp_path}/sum.npy")
    assert done.returncode == 0, done.stderr
    return tmp_path


def bisect(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return tensel("bisect", folder / "model.mlir", "--input", f"x=@{folder}/x.npy", f"--reproducer={folder}/shown", *arguments)


def see_again(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["sh", str(folder / "shown/command.sh")], capture_output=True, text=True, timeout=300, check=False,
                          env={"PATH": f"{BUILD / 'bin'}:/usr/bin:/bin"})


def test_a_lossy_pass_is_found_where_it_is_too_lossy(quantized: Path) -> None:
    done = bisect(quantized, "--expect", f"y=@{quantized}/y.npy", "--quantize=int8", "--rtol=1e-4", "--atol=1e-4")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("guilty: 'tensel-quantize-activations{bits=8}', the "), done.stdout
    assert lines[1].startswith("result 'y': element ["), done.stdout
    assert "of 8 ops these are enough to show it:" in lines, done.stdout
    ops = [line.strip() for line in lines if line.startswith("  ")]
    assert "graph.matmul at node 'product (MatMul)'" in ops, done.stdout
    assert len(ops) <= 3, done.stdout  # the product, its dequantized weight
    again = see_again(quantized)
    assert again.returncode == 1 and "elements differ" in again.stderr, again.stderr


def test_what_is_wrong_below_the_graph_is_said(quantized: Path) -> None:
    # No rounding is allowed: the compiled tanh and sums are not the reference's to the last bit.
    done = bisect(quantized, "--expect", f"y=@{quantized}/y.npy", "--expect", f"sum=@{quantized}/sum.npy", "--quantize=none",
                  "--rtol=0", "--atol=0")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("guilty: a pass below the graph dialect"), done.stdout
    assert "none breaks its promise on these inputs" in done.stdout
    assert "these are enough to show it" in done.stdout
    again = see_again(quantized)
    assert again.returncode == 1 and "elements differ" in again.stderr, again.stderr


def test_a_wrong_expectation_is_nobodys_fault(quantized: Path) -> None:
    np.save(quantized / "other.npy", np.load(quantized / "y.npy") + 1)
    done = bisect(quantized, "--expect", f"y=@{quantized}/other.npy")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("no pass is guilty: the reference interpreter misses the expectation"), done.stdout
    assert not (quantized / "shown").exists()


def test_bad_requests(quantized: Path) -> None:
    held = ["--expect", f"y=@{quantized}/y.npy"]
    assert_user_error(bisect(quantized, *held, "--atol=1"), "nothing to find")
    assert_user_error(bisect(quantized), "--expect")
    assert_user_error(bisect(quantized, "--expect", f"z=@{quantized}/y.npy"), "'z'", "'y'")
    assert_user_error(bisect(quantized, "--expect", f"y=@{quantized}/none.npy"), "none.npy")
    assert_user_error(bisect(quantized, *held, "--function=other"), "other", "main")
    assert_user_error(tensel("bisect", quantized / "model.mlir", *held), "'x'")
    save(mlp()[0], quantized / "mlp.onnx")
    compile_model(quantized / "mlp.onnx", quantized / "mlp.tensel")
    assert_user_error(tensel("bisect", quantized / "mlp.tensel", *held), "package")
