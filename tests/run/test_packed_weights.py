"""Products with constant right sides, which are packed when compiling: the numbers for every kind of edge, on both CPU levels."""

from __future__ import annotations

from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
import small_models
from onnx import TensorProto, helper
from programs import compile_model, machine_levels, run_model, tensel

LEVELS = ["x86-64-v3", "x86-64-v4"]


def product(rows: int | str, weight: np.ndarray, bias: np.ndarray, transposed: bool, file: Path) -> Path:
    """y = x weight + bias; the weight is stored transposed when asked to."""
    depth, columns = weight.shape
    nodes = [helper.make_node("Gemm", ["x", "w", "b"], ["y"], name="product", transB=int(transposed))]
    model = small_models.model(nodes, [small_models.value("x", rows, depth)], [small_models.value("y", rows, columns)],
                               {"w": np.ascontiguousarray(weight.T if transposed else weight), "b": bias})
    return small_models.save(model, file)


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize(("depth", "columns"), [(64, 64), (37, 100), (5, 20), (1, 300), (700, 9)])
@pytest.mark.parametrize("level", LEVELS)
def test_numbers(level: str, depth: int, columns: int, transposed: bool, tmp_path: Path) -> None:
    """Whole and ragged blocks; 5 x 20 transposed is small enough to be a constant and is gathered, past a ragged edge."""
    if level not in machine_levels():
        pytest.skip("this machine has no AVX-512")
    rng = np.random.default_rng(depth)
    weight, bias = rng.standard_normal((depth, columns), np.float32), rng.standard_normal(columns, np.float32)
    for declared in ("N", 1, 8, 13):
        model = product(declared, weight, bias, transposed, tmp_path / f"{declared}.onnx")
        package = compile_model(model, tmp_path / f"{declared}.tensel", f"--target=cpu:{level}")
        for rows in (1, 2, 7, 8, 30) if declared == "N" else (declared,):
            x = rng.standard_normal((rows, depth), np.float32)
            found = run_model(package, {"x": x}, ["y"], tmp_path)["y"]
            np.testing.assert_allclose(found, x.astype(np.float64) @ weight + bias, rtol=1e-5, atol=1e-4)


def test_experts(tmp_path: Path) -> None:
    """A matrix for each of three experts, applied to the same rows."""
    weight = np.random.default_rng(0).standard_normal((3, 24, 40), np.float32)
    model = small_models.model([helper.make_node("MatMul", ["x", "w"], ["y"], name="product")],
                               [small_models.value("x", 1, "N", 24)], [small_models.value("y", 3, "N", 40)], {"w": weight})
    package = compile_model(small_models.save(model, tmp_path / "experts.onnx"), tmp_path / "experts.tensel")
    x = np.random.default_rng(1).standard_normal((1, 9, 24), np.float32)
    np.testing.assert_allclose(run_model(package, {"x": x}, ["y"], tmp_path)["y"], x @ weight, rtol=1e-5, atol=1e-4)


def test_a_weight_is_stored_once(tmp_path: Path) -> None:
    """Packed for two products that share it, and not beside the original."""
    weight = np.random.default_rng(0).standard_normal((256, 256), np.float32)
    nodes = [helper.make_node("MatMul", ["x", "w"], ["h"], name="first"), helper.make_node("Relu", ["h"], ["r"], name="relu"),
             helper.make_node("MatMul", ["r", "w"], ["y"], name="second")]
    model = small_models.model(nodes, [small_models.value("x", "N", 256)], [small_models.value("y", "N", 256)], {"w": weight})
    package = compile_model(small_models.save(model, tmp_path / "twice.onnx"), tmp_path / "twice.tensel")
    assert package.stat().st_size < 2 * weight.nbytes
    done = tensel("compile", tmp_path / "twice.onnx", "--emit=mlir", "-o", tmp_path / "twice.mlir")
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "twice.mlir").read_text()
    assert text.count("graph.weight @") == 1
    assert text.count("= graph.blocked_matmul") == 2


HALVES = {TensorProto.FLOAT16: np.dtype(np.float16), TensorProto.BFLOAT16: np.dtype(ml_dtypes.bfloat16)}


@pytest.mark.parametrize("kind", HALVES)
@pytest.mark.parametrize("level", LEVELS)
def test_halves(level: str, kind: int, tmp_path: Path) -> None:
    """Weights of f16 and bf16 under f32 activations are exact, and not widened in the package."""
    if level not in machine_levels():
        pytest.skip("this machine has no AVX-512")
    rng = np.random.default_rng(kind)
    weight = rng.standard_normal((700, 100), np.float32).astype(HALVES[kind])
    nodes = [helper.make_node("Cast", ["w"], ["wide"], name="widen", to=TensorProto.FLOAT),
             helper.make_node("MatMul", ["x", "wide"], ["y"], name="product")]
    for declared in ("N", 1, 13):
        model = small_models.model(nodes, [small_models.value("x", declared, 700)], [small_models.value("y", declared, 100)],
                                   {"w": weight})
        file = small_models.save(model, tmp_path / f"{declared}.onnx")
        package = compile_model(file, tmp_path / f"{declared}.tensel", f"--target=cpu:{level}")
        assert package.stat().st_size < 3 * weight.size
        for rows in (1, 2, 7, 8, 30) if declared == "N" else (declared,):
            x = rng.standard_normal((rows, 700), np.float32)
            found = run_model(package, {"x": x}, ["y"], tmp_path)["y"]
            np.testing.assert_allclose(found, x.astype(np.float64) @ weight.astype(np.float64), rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("kind", HALVES)
def test_half_results(kind: int, tmp_path: Path) -> None:
    """Everything in half precision: sums in f32, rounded once."""
    rng = np.random.default_rng(kind)
    weight, x = (rng.standard_normal(shape, np.float32).astype(HALVES[kind]) for shape in ((600, 40), (9, 600)))
    model = small_models.model([helper.make_node("MatMul", ["x", "w"], ["y"], name="product")],
                               [small_models.value("x", "N", 600, kind=kind)], [small_models.value("y", "N", 40, kind=kind)],
                               {"w": weight})
    package = compile_model(small_models.save(model, tmp_path / "half.onnx"), tmp_path / "half.tensel")
    found = run_model(package, {"x": x}, ["y"], tmp_path, dtypes={"y": HALVES[kind]})["y"].astype(np.float64)
    wanted = x.astype(np.float64) @ weight.astype(np.float64)
    np.testing.assert_allclose(found, wanted, rtol=float(ml_dtypes.finfo(HALVES[kind]).eps) / 2 * 1.01, atol=1e-3)
