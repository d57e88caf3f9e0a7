"""--verify-each=numeric: our own passes keep their promises on real and small models, in time; what goes wrong is said."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from models import MODELS
from onnx import TensorProto, helper
from programs import ROOT, SECONDS, assert_user_error, compile_model, machine_levels, smollm2, tensel
from small_models import mlp, model, save, value

LOWERED = re.compile(r"below the graph dialect: (\d+) passes; (\d+) runs? of host programs; "
                     r"(\d+) forms? of (\d+) kernels? compared on (\d+) ")
REPORT = re.compile(r"verify: (\d+) passes, of which (\d+) changed something; (\d+) runs? of (\d+) functions? compared")


CODE = re.compile(r"machine code of kernels: compared on \d+ calls?, at (.*)")


def levels_here(package: Path) -> list[str]:
    """The package's levels that this machine runs."""
    made = [code["level"] for code in json.loads(tensel("inspect", package, "--json").stdout)["code"]]
    return [level for level in made if level in machine_levels()]


def assert_clean(stderr: str, levels: list[str]) -> None:
    """Every function was checked to the end, each kernel in each of its forms, and the compiled code with it."""
    for report in (REPORT, LOWERED):
        found = report.search(stderr)
        assert found, stderr
        assert all(int(number) > 0 for number in found.groups()), stderr
    assert "not checked" not in stderr, stderr
    found = CODE.search(stderr)
    assert found, stderr
    assert found.group(1).split(", ") == levels, stderr
    assert "the compiled program against the module before 'tensel-form-dispatches'" in stderr, stderr


# Seconds for what takes longer than the tests have; the report says what was left out.
LARGE = ("PP-OCRv6_det_small", "PP-OCRv6_rec_small", "light_bvlc_alexnet", "light_densenet121", "light_inception_v1",
         "light_inception_v2", "light_resnet50", "light_vgg19", "light_zfnet512")
BUDGETS = dict.fromkeys(LARGE, 8)


def verify(file: Path, name: str, package: Path) -> str:
    """What the command says, on stderr."""
    budget = [f"--verify-budget={BUDGETS[name]}"] if name in BUDGETS else []
    done = tensel("compile", file, "-o", package, "--verify-each=numeric", *budget, seconds=60 if name == "magika" else SECONDS)
    assert done.returncode == 0, done.stderr
    if not budget:
        assert_clean(done.stderr, levels_here(package))
    for line in done.stderr.splitlines():
        if "not checked" in line:  # machine code is checked on the compiled program's calls
            assert "budget" in line or "no program was compiled" in line, line
    return done.stderr


@pytest.mark.parametrize("name", [one.name for one in MODELS])
def test_models_are_clean(name: str, tmp_path: Path) -> None:
    verify(next(one.file for one in MODELS if one.name == name), name, tmp_path / "model.tensel")


LANGUAGE_MODELS = ROOT / "tests/run/Inputs/language_models"


@pytest.mark.parametrize("name", sorted(folder.name for folder in LANGUAGE_MODELS.iterdir()))
def test_language_models_are_clean(name: str, tmp_path: Path) -> None:
    folder = LANGUAGE_MODELS / name
    verify(folder / "model.gguf" if (folder / "model.gguf").exists() else folder, name, tmp_path / "model.tensel")


def test_a_real_language_model_is_clean(tmp_path: Path) -> None:
    said = verify(smollm2(), "SmolLM2", tmp_path / "model.tensel")
    for name in ("score", "prefill", "decode"):
        assert re.search(rf"'{name}': 29 equal layers, of which two were evaluated, in (\d+) of \1 comparisons", said), said


def test_a_run_verifies_on_its_own_inputs(tmp_path: Path) -> None:
    made, _ = mlp()
    save(made, tmp_path / "mlp.onnx")
    np.save(tmp_path / "x.npy", np.ones((9, 16), np.float32))
    done = tensel("run", tmp_path / "mlp.onnx", "--input", f"x=@{tmp_path}/x.npy", "--verify-each=numeric")
    assert done.returncode == 0, done.stderr
    assert_clean(done.stderr, machine_levels()[-1:])


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
