"""Functions of one number over the whole range of f32 and f64 (subnormal numbers, zeros of both signs, infinities and NaN among
them): compiled code against the reference interpreter, which asks libm."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from programs import tensel

FUNCTIONS = [
    "sqrt", "rsqrt", "reciprocal", "exp", "expm1", "log", "log1p", "sin", "cos", "tan", "asin", "acos", "atan", "sinh",
    "cosh", "tanh", "asinh", "acosh", "atanh", "erf", "sigmoid", "floor", "ceil", "round", "trunc", "abs", "neg", "sign",
    "relu",
]
PLACES = 4.0  # units of the last place


def numbers(kind: type, count: int = 40000) -> np.ndarray:
    """Bit patterns at equal distances, and more numbers where functions bend."""
    bits, words = (32, np.uint32) if kind is np.float32 else (64, np.uint64)
    patterns = np.array([i * (2**bits // count) for i in range(count)], words).view(kind)
    info = np.finfo(kind)
    least = info.smallest_subnormal
    special = [
        0.0, -0.0, np.inf, -np.inf, np.nan, 1, -1, info.tiny, -info.tiny, least, -least, info.max, info.min,
        88.7, 88.8, -87.3, -103.9, -104, 709.7, 709.8, -745, -746,
    ]
    rng = np.random.default_rng(1)
    usual = [rng.uniform(-1, 1, 4000), rng.uniform(-110, 110, 4000), 1 + rng.uniform(-1e-3, 1e-3, 2000)]
    return np.concatenate([patterns, np.array(special, kind), *(part.astype(kind) for part in usual)])


def program(element: str, count: int) -> str:
    tensor = f"tensor<{count}x{element}>"
    results = ", ".join(f'{tensor} {{graph.name = "{name}"}}' for name in FUNCTIONS)
    ops = "".join(f"  %{name} = graph.{name} %x : ({tensor}) -> {tensor}\n" for name in FUNCTIONS)
    values, types = ", ".join(f"%{name}" for name in FUNCTIONS), ", ".join([tensor] * len(FUNCTIONS))
    return f'func.func @main(%x: {tensor} {{graph.name = "x"}}) -> ({results}) {{\n{ops}  return {values} : {types}\n}}\n'


@pytest.mark.parametrize(("element", "kind"), [("f32", np.float32), ("f64", np.float64)])
def test_whole_range(element: str, kind: type, tmp_path: Path) -> None:
    x = numbers(kind)
    np.save(tmp_path / "x.npy", x)
    (tmp_path / "functions.mlir").write_text(program(element, len(x)))
    found: dict[str, dict[str, np.ndarray]] = {}
    for device in ("reference", "cpu"):
        outputs = [f"--output={name}=@{tmp_path}/{device}-{name}.npy" for name in FUNCTIONS]
        done = tensel("run", tmp_path / "functions.mlir", f"--input=x=@{tmp_path}/x.npy", f"--device={device}", *outputs)
        assert done.returncode == 0, done.stderr
        found[device] = {name: np.load(tmp_path / f"{device}-{name}.npy") for name in FUNCTIONS}
    wrong = []
    for name in FUNCTIONS:
        expected, compiled = found["reference"][name], found["cpu"][name]
        with np.errstate(invalid="ignore", over="ignore"):
            off = np.abs(expected.astype(np.longdouble) - compiled) > PLACES * np.spacing(np.abs(expected))
        finite = np.isfinite(expected) & np.isfinite(compiled)
        off = np.where(finite, off, ~((expected == compiled) | (np.isnan(expected) & np.isnan(compiled))))
        off |= (expected == 0) & (compiled == 0) & (np.signbit(expected) != np.signbit(compiled))
        wrong += [f"{name}({x[i]!r}) is {compiled[i]!r}, expected {expected[i]!r}" for i in np.flatnonzero(off)[:3]]
    assert not wrong, "\n".join(wrong)
