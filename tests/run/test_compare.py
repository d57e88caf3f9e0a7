"""`tensel compare`: two runs side by side, by source node, the first divergence on top."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from models import MODELS
from onnx import numpy_helper
from programs import assert_user_error, compile_model, tensel
from small_models import mlp, save

WITH_PYTHON = {**os.environ, "TENSEL_PYTHON": sys.executable}


@pytest.fixture
def model(tmp_path: Path) -> Path:
    save(mlp()[0], tmp_path / "mlp.onnx")
    return tmp_path / "mlp.onnx"


def rows(text: str) -> list[str]:
    """The nodes, in the order told."""
    return re.findall(r"^[* ] ((?:node|output) '[^']*')", text, re.MULTILINE)


GIVEN = ["--input", "x=random:3", "--shape=N=5"]


def test_compiled_code_against_the_reference(model: Path) -> None:
    done = tensel("compare", model, *GIVEN)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no divergence" in done.stdout
    nodes = [f"node '{node.name} ({node.op_type})'" for node in onnx.load(model).graph.node]
    told = rows(done.stdout)
    assert told and [node for node in nodes if node in told] == told[:-1]
    assert "not in B" not in done.stdout


def test_the_first_node_that_differs_is_on_top(model: Path, tmp_path: Path) -> None:
    changed = onnx.load(model)
    weight = [tensor for tensor in changed.graph.initializer if len(tensor.dims) == 2][0]
    weight.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(weight) + np.float32(0.5), weight.name))
    users = [node for node in changed.graph.node if weight.name in node.input]
    onnx.save(changed, tmp_path / "changed.onnx")
    done = tensel("compare", model, tmp_path / "changed.onnx", "--device=reference", *GIVEN)
    assert done.returncode == 1, done.stdout
    first = next(line for line in done.stdout.splitlines() if line.startswith("first divergence: "))
    starred = re.findall(r"^\* (node '[^']*')", done.stdout, re.MULTILINE)
    assert starred and starred[0] in first, done.stdout
    assert f"node '{users[0].name} (" in first, done.stdout


def test_a_package_tells_its_outputs(model: Path, tmp_path: Path) -> None:
    compile_model(model, tmp_path / "mlp.tensel")
    done = tensel("compare", tmp_path / "mlp.tensel", model, *GIVEN)
    assert done.returncode == 0, done.stdout + done.stderr
    assert all(row.startswith("output '") for row in rows(done.stdout))
    assert_user_error(tensel("compare", tmp_path / "mlp.tensel", model, "--device=reference", *GIVEN), "package")


def test_against_onnxruntime(model: Path) -> None:
    for device in ("reference", "cpu"):
        done = tensel("compare", model, "--with=onnxruntime", f"--device={device}", *GIVEN, env=WITH_PYTHON)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "B: onnxruntime" in done.stdout
        assert len(rows(done.stdout)) > 1 and "not in B" not in done.stdout, done.stdout


def test_a_real_model_against_onnxruntime(tmp_path: Path) -> None:
    file = next(one.file for one in MODELS if one.name == "magika")
    np.save(tmp_path / "bytes.npy", np.random.default_rng(1).integers(0, 257, (1, 2048), np.int32))
    done = tensel("compare", file, "--with=onnxruntime", "--input", f"bytes=@{tmp_path}/bytes.npy", env=WITH_PYTHON)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(rows(done.stdout)) > 10


def test_bad_requests(model: Path, tmp_path: Path) -> None:
    assert_user_error(tensel("compare", model, model, "--with=onnxruntime", *GIVEN), "--with")
    assert_user_error(tensel("compare", model, "--device=gpu", *GIVEN), "--device", "gpu", "reference")
    assert_user_error(tensel("compare", model, "--quantize=int16,int4", *GIVEN), "--quantize", "int4")
    assert_user_error(tensel("compare", model), "'x'")
    assert_user_error(tensel("compare", model, tmp_path / "none.onnx", *GIVEN), "none.onnx")
    # A Python without onnxruntime, and none at all.
    (tmp_path / "onnxruntime.py").write_text("raise ImportError('not here', name='onnxruntime')\n")
    without = {**WITH_PYTHON, "PYTHONPATH": str(tmp_path)}
    assert_user_error(tensel("compare", model, "--with=onnxruntime", *GIVEN, env=without), "onnxruntime", "pip install")
    none = {**os.environ, "TENSEL_PYTHON": "no-such-python"}
    assert_user_error(tensel("compare", model, "--with=onnxruntime", *GIVEN, env=none), "no-such-python")


def test_an_input_that_decides_a_size(tmp_path: Path) -> None:
    """The program is compiled for the given value, which the runs need, too."""
    file = tmp_path / "expand.mlir"
    file.write_text("""
        func.func @main(%x: tensor<3xf32> {graph.name = "x"}, %shape: tensor<2xi64> {graph.name = "shape"})
            -> (tensor<?x?xf32> {graph.name = "y"}) {
          %0 = graph.expand %x, %shape : (tensor<3xf32>, tensor<2xi64>) -> tensor<?x?xf32>
          return %0 : tensor<?x?xf32>
        }""")
    np.save(tmp_path / "shape.npy", np.array([4, 3]))
    done = tensel("compare", file, "--input", "x=random:1", "--input", f"shape=@{tmp_path}/shape.npy")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no divergence" in done.stdout
