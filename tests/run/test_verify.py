"""--verify-each=numeric: our own passes keep their promises on real and small models, in time; what goes wrong is said."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from models import MODELS
from onnx import TensorProto, helper
from programs import ROOT, assert_user_error, compile_model, tensel
from small_models import mlp, model, save, value

REPORT = re.compile(r"verify: (\d+) passes, of which (\d+) changed something; (\d+) runs? of (\d+) functions? compared")


def assert_clean(stderr: str) -> None:
    """Every function was checked to the end, and the compiled code with it."""
    found = REPORT.search(stderr)
    assert found, stderr
    assert all(int(number) > 0 for number in found.groups()), stderr
    assert "not checked" not in stderr, stderr
    assert "the compiled program against the module before 'tensel-form-dispatches'" in stderr, stderr


@pytest.mark.parametrize("name", ["magika", "silero_vad", "silero_vad_16k_sequence", "ch_ppocr_mobile_v2.0_cls"])
def test_models_are_clean(name: str, tmp_path: Path) -> None:
    file = next(one.file for one in MODELS if one.name == name)
    done = tensel("compile", file, "-o", tmp_path / "model.tensel", "--verify-each=numeric", seconds=60)
    assert done.returncode == 0, done.stderr
    assert_clean(done.stderr)


@pytest.mark.parametrize("name", ["llama", "t5", "rwkv", "llama-gguf"])
def test_language_models_are_clean(name: str, tmp_path: Path) -> None:
    folder = ROOT / "tests/run/Inputs/language_models" / name
    file = folder / "model.gguf" if (folder / "model.gguf").exists() else folder
    done = tensel("compile", file, "-o", tmp_path / "model.tensel", "--verify-each=numeric")
    assert done.returncode == 0, done.stderr
    assert_clean(done.stderr)


def test_a_run_verifies_on_its_own_inputs(tmp_path: Path) -> None:
    made, _ = mlp()
    save(made, tmp_path / "mlp.onnx")
    np.save(tmp_path / "x.npy", np.ones((9, 16), np.float32))
    done = tensel("run", tmp_path / "mlp.onnx", "--input", f"x=@{tmp_path}/x.npy", "--verify-each=numeric")
    assert done.returncode == 0, done.stderr
    assert_clean(done.stderr)


# Op, attributes, and the dims of its inputs; "N" is symbolic.
NODES = (
    ("Softmax", {"axis": 1}, [("N", 6)]),
    ("LogSoftmax", {"axis": 0}, [("N", 6)]),
    ("LayerNormalization", {}, [("N", 5, 8), (8,), (8,)]),
    ("InstanceNormalization", {}, [("N", 3, 4, 4), (3,), (3,)]),
    ("BatchNormalization", {}, [("N", 3, 4, 4), (3,), (3,), (3,), (3,)]),
    ("Gemm", {"transA": 1, "transB": 1, "alpha": 0.5, "beta": 2.0}, [(4, "N"), (5, 4), (5,)]),
    ("MatMul", {}, [("N", 3, 4), (4, 5)]),
    ("Conv", {"strides": [2, 1], "pads": [1, 0, 1, 0], "group": 2}, [("N", 4, 7, 5), (6, 2, 3, 3)]),
    ("ConvTranspose", {"strides": [2, 2]}, [("N", 4, 5, 5), (4, 3, 3, 3)]),
    ("AveragePool", {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]}, [("N", 3, 7, 7)]),
    ("ReduceL2", {"axes": [1], "keepdims": 0}, [("N", 6, 2)]),
    ("Transpose", {"perm": [2, 0, 1]}, [("N", 3, 4)]),
    ("Elu", {"alpha": 0.5}, [("N", 9)]),
    ("Div", {}, [("N", 9), (9,)]),
    ("Concat", {"axis": 1}, [("N", 3), ("N", 4)]),
)


@pytest.mark.parametrize(("op", "attributes", "shapes"), NODES, ids=[node[0] for node in NODES])
def test_onnx_nodes_are_clean(op: str, attributes: dict[str, object], shapes: list[tuple[int | str, ...]],
                              tmp_path: Path) -> None:
    inputs = [value(f"x{k}", *shape) for k, shape in enumerate(shapes)]
    node = helper.make_node(op, [one.name for one in inputs], ["y"], name="node", **attributes)
    save(model([node], inputs, [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)]), tmp_path / "node.onnx")
    done = tensel("compile", tmp_path / "node.onnx", "-o", tmp_path / "model.tensel", "--shape=N=1..9", "--verify-each=numeric")
    assert done.returncode == 0, done.stderr
    assert REPORT.search(done.stderr), done.stderr
    assert "not checked" not in done.stderr, done.stderr


def test_what_is_left_out_is_said(tmp_path: Path) -> None:
    made, _ = mlp()
    save(made, tmp_path / "mlp.onnx")
    done = tensel("compile", tmp_path / "mlp.onnx", "-o", tmp_path / "a.tensel", "--verify-each=numeric", "--verify-budget=0")
    assert done.returncode == 0, done.stderr
    assert "not checked: 'main'" in done.stderr or "not checked: 'graph'" in done.stderr, done.stderr
    done = tensel("compile", tmp_path / "mlp.onnx", "--stop-after=simplify", "--verify-each=numeric")
    assert done.returncode == 0
    assert REPORT.search(done.stderr)


def test_what_has_no_passes_is_refused(tmp_path: Path) -> None:
    made, _ = mlp()
    save(made, tmp_path / "mlp.onnx")
    compile_model(tmp_path / "mlp.onnx", tmp_path / "mlp.tensel")
    given = ["--input", "x=1x16xf32=ones", "--verify-each=numeric"]
    assert_user_error(tensel("run", tmp_path / "mlp.tensel", *given), "package")
    assert_user_error(tensel("run", tmp_path / "mlp.onnx", *given, "--device=reference"), "--device=reference")
    assert_user_error(tensel("compile", tmp_path / "mlp.onnx", "--verify-each=symbolic"), "--verify-each")
