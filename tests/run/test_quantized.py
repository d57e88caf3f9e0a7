"""graph.dequantize, compiled: for every block format the same numbers, to the last bit, as the gguf package gives for random
blocks (tests/dialects/blocks/Inputs).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from programs import ROOT, run_model

INPUTS = sorted((ROOT / "tests/dialects/blocks/Inputs").glob("*.bin"))
SIZES = {"q4_0": (32, 18), "q4_1": (32, 20), "q5_0": (32, 22), "q5_1": (32, 24), "q8_0": (32, 34), "q2_k": (256, 84),
         "q3_k": (256, 110), "q4_k": (256, 144), "q5_k": (256, 176), "q6_k": (256, 210), "iq4_nl": (32, 18), "mxfp4": (32, 17)}


@pytest.mark.parametrize("device", ["cpu", "reference"])
@pytest.mark.parametrize("path", INPUTS, ids=lambda path: path.stem)
def test_dequantize(path: Path, device: str, tmp_path: Path) -> None:
    elements, size = SIZES[path.stem]
    data = path.read_bytes()
    count = int(np.frombuffer(data, np.uint32, 1)[0])
    rows = count // 2
    blocks = np.frombuffer(data, np.uint8, count * size, 4).reshape(rows, 2 * size)
    expected = np.frombuffer(data, np.float32, count * elements, 4 + count * size).reshape(rows, 2 * elements)
    model = tmp_path / "model.mlir"
    model.write_text(f"""
        graph.symbol @N {{min = 1 : i64}}
        func.func @main(%w: tensor<?x{2 * size}xui8> {{graph.name = "w", graph.dims = ["N", {2 * size}]}})
            -> (tensor<?x{2 * elements}xf32> {{graph.name = "y"}}) {{
          %0 = graph.dequantize "{path.stem}" %w : (tensor<?x{2 * size}xui8>) -> tensor<?x{2 * elements}xf32>
          return %0 : tensor<?x{2 * elements}xf32>
        }}""")
    found = run_model(model, {"w": blocks}, ["y"], tmp_path, f"--device={device}")["y"]
    np.testing.assert_array_equal(found.view(np.uint32), expected.view(np.uint32))


def product_model(folder: Path, name: str, weight: np.ndarray, experts: bool = False) -> Path:
    """y = x times the rows of a quantized weight [N, bytes], or of one for each expert."""
    elements, size = SIZES[name]
    dims, k = weight.shape, weight.shape[-1] // size * elements
    (folder / "w.bin").write_bytes(weight.tobytes())
    w, n = "x".join(map(str, dims)), dims[-2]
    x, y = ("?x1x?", f"?x{dims[0]}x?") if experts else ("?x?", "?x?")
    names = '"B", 1, "M"' if experts else '"B", "M"'
    model = folder / "model.mlir"
    decoded = "x".join(map(str, dims[:-1])) + f"x{k}xf32"
    model.write_text(f"""
        graph.symbol @B {{min = 1 : i64}}
        graph.symbol @M {{min = 1 : i64}}
        graph.weight @w : tensor<{w}xui8> from "{folder}/w.bin" {{offset = 0 : i64, length = {weight.size} : i64}}
        func.func @main(%x: tensor<{x}x{k}xf32> {{graph.name = "x", graph.dims = [{names}, {k}]}})
            -> (tensor<{y}x{n}xf32> {{graph.name = "y"}}) {{
          %w = graph.load_weight @w : tensor<{w}xui8>
          %d = graph.dequantize "{name}" %w : (tensor<{w}xui8>) -> tensor<{decoded}>
          %0 = graph.matmul %x, %d {{transpose_lhs = false, transpose_rhs = true}}
            : (tensor<{x}x{k}xf32>, tensor<{decoded}>) -> tensor<{y}x{n}xf32>
          return %0 : tensor<{y}x{n}xf32>
        }}""")
    return model


def random_weight(name: str, rows: tuple[int, ...], blocks: int) -> np.ndarray:
    """Random codes under factors of ordinary size: the blocks of the inputs, in random order."""
    elements, size = SIZES[name]
    data = (ROOT / f"tests/dialects/blocks/Inputs/{name}.bin").read_bytes()
    count = int(np.frombuffer(data, np.uint32, 1)[0])
    known = np.frombuffer(data, np.uint8, count * size, 4).reshape(count, size)
    numbers = np.frombuffer(data, np.float32, count * elements, 4 + count * size).reshape(count, elements)
    usual = np.flatnonzero(np.isfinite(numbers).all(1) & (np.abs(numbers).max(1) < 1e6))
    chosen = np.random.default_rng(1).choice(usual, (*rows, blocks))
    return known[chosen].reshape(*rows, blocks * size)


MOST = {"int8": 127, "int16": 127 * 256}


def rounded(x: np.ndarray, bits: str) -> np.ndarray:
    """x rounded to multiples of a scale: of each 32 neighbours, or of the row for 16 bits."""
    most = np.float32(MOST[bits])
    parts = x.reshape(*x.shape[:-1], -1, 32 if bits == "int8" else x.shape[-1])
    largest = np.abs(parts).max(-1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        inverse = np.where(largest > 0, most / largest, np.float32(0))
    return (np.rint(parts * inverse).astype(np.float64) * (largest / most)).reshape(x.shape)


def expected_product(name: str, x: np.ndarray, weight: np.ndarray, folder: Path, bits: str) -> tuple[np.ndarray, np.ndarray]:
    """The product of the rounded rows with the weight, and the sum of magnitudes that its error is a share of."""
    elements, size = SIZES[name]
    identity = np.eye(weight.shape[-1] // size * elements, dtype=np.float32)
    model = product_model(folder, name, weight.reshape(-1, weight.shape[-1]))
    numbers = run_model(model, {"x": identity[None]}, ["y"], folder, "--device=reference")["y"][0].T.astype(np.float64)
    numbers = numbers.reshape(*weight.shape[:-1], -1)
    exact = rounded(x, bits)
    return exact @ np.swapaxes(numbers, -1, -2), np.abs(exact) @ np.swapaxes(np.abs(numbers), -1, -2)


@pytest.mark.parametrize("bits", MOST)
@pytest.mark.parametrize("level", ["x86-64-v3", "x86-64-v4", "x86-64-v4+vnni"])
@pytest.mark.parametrize("name", SIZES)
def test_product(name: str, level: str, bits: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any number of rows, columns that do not fill a strip; a level that the machine lacks runs as the best it has."""
    monkeypatch.setenv("TENSEL_CPU_LEVEL", level)
    random = np.random.default_rng(2)
    weight = random_weight(name, (37,), 3)
    for rows in (1, 29):
        x = random.standard_normal((2, rows, weight.shape[-1] // SIZES[name][1] * SIZES[name][0])).astype(np.float32)
        x[0, 0, :32] = 0  # a block without a scale
        x[1, -1] = 0  # a row without one
        expected, magnitude = expected_product(name, x, weight, tmp_path, bits)
        model = product_model(tmp_path, name, weight)
        found = run_model(model, {"x": x}, ["y"], tmp_path, f"--quantize={bits}")["y"]
        assert np.all(np.abs(found - expected) <= 2e-6 * magnitude + 1e-30)


@pytest.mark.parametrize("name", ["q4_1", "q6_k"])
def test_product_with_experts(name: str, tmp_path: Path) -> None:
    weight = random_weight(name, (3, 20), 2)
    k = weight.shape[-1] // SIZES[name][1] * SIZES[name][0]
    x = np.random.default_rng(3).standard_normal((2, 1, 5, k)).astype(np.float32)
    expected, magnitude = expected_product(name, x, weight, tmp_path, "int16")
    model = product_model(tmp_path, name, weight, experts=True)
    found = run_model(model, {"x": x}, ["y"], tmp_path)["y"]
    assert found.shape == (2, 3, 5, 20)
    assert np.all(np.abs(found - expected) <= 2e-6 * magnitude + 1e-30)


def test_nothing_is_rounded_when_asked(tmp_path: Path) -> None:
    weight = random_weight("q4_1", (16,), 4)
    x = np.random.default_rng(4).standard_normal((1, 3, 128)).astype(np.float32)
    model = product_model(tmp_path, "q4_1", weight)
    exact = run_model(model, {"x": x}, ["y"], tmp_path, "--device=reference")["y"]
    np.testing.assert_allclose(run_model(model, {"x": x}, ["y"], tmp_path, "--quantize=none")["y"], exact, rtol=1e-4, atol=1e-4)
    assert np.abs(run_model(model, {"x": x}, ["y"], tmp_path, "--quantize=int8")["y"] - exact).max() > 1e-4


def test_not_a_number_reaches_the_result(tmp_path: Path) -> None:
    weight = random_weight("q8_0", (16,), 2)
    x = np.ones((1, 2, 64), np.float32)
    x[0, 1, 40] = np.nan
    model = product_model(tmp_path, "q8_0", weight)
    found = run_model(model, {"x": x}, ["y"], tmp_path)["y"]
    assert np.isnan(found[0, 1]).all()
    assert np.isfinite(found[0, 0]).all()
