"""graph.attention, compiled: one package for all lengths and batch sizes gives what its definition gives in the reference
interpreter, whatever the mask, the head sizes, the element type and the level of the processor.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from programs import compile_model, run_model

LENGTHS = [(1, 1), (1, 17), (2, 2), (15, 15), (16, 16), (17, 17), (17, 40), (100, 100), (257, 257), (1, 257)]
LEVELS = ["x86-64-v3", "x86-64-v4"]


@dataclass(frozen=True)
class Case:
    """One attention op; `attributes` besides the scale."""

    mask: str = "full"
    heads: tuple[int, int] = (4, 2)
    size: tuple[int, int] = (8, 8)
    with_operands: tuple[str, ...] = ()
    attributes: str = ""
    element: str = "f32"
    bias_rows: bool = True
    queries: int = 0  # 0: any number

    def types(self, element: str) -> dict[str, str]:
        (heads, groups), (size, value_size) = self.heads, self.size
        queries = self.queries or "?"
        every = {"positions": f"?x{queries}xi64", "lengths": "?xi64", "prefix": "?xi64", "slopes": f"{heads}x{element}",
                 "bias": f"?x{heads}x{queries if self.bias_rows else '?'}x?x{element}"}
        return {"query": f"?x{queries}x{heads}x{size}x{element}", "key": f"?x?x{groups}x{size}x{element}",
                "value": f"?x?x{groups}x{value_size}x{element}"} | {name: every[name] for name in self.with_operands}

    def model(self) -> str:
        rows = self.queries or '"S"'
        bias_rows = rows if self.bias_rows else '"one"'
        dims = {"query": f'"B", {rows}, {self.heads[0]}, {self.size[0]}', "key": f'"B", "T", {self.heads[1]}, {self.size[0]}',
                "value": f'"B", "T", {self.heads[1]}, {self.size[1]}', "positions": f'"B", {rows}',
                "lengths": '"B"', "prefix": '"B"', "slopes": str(self.heads[0]),
                "bias": f'"B", {self.heads[0]}, {bias_rows}, "T"'}
        outside, inside = self.types(self.outside()), self.types(self.element)
        arguments = ", ".join(f'%{name}: tensor<{kind}> {{graph.name = "{name}", graph.dims = [{dims[name]}]}}'
                              for name, kind in outside.items())
        casts = "".join(f"%{name}_ = graph.cast %{name} {{to = {self.element}}} : (tensor<{outside[name]}>) -> tensor<{kind}>\n"
                        for name, kind in inside.items() if kind != outside[name])
        use = {name: f"%{name}{'_' if kind != outside[name] else ''}" for name, kind in inside.items()}
        operands = " ".join(f"{name} {use[name]}" for name in self.with_operands)
        scale = 0.8 / self.size[0] ** 0.5
        result, returned = (f"tensor<?x{self.queries or '?'}x{self.heads[0]}x{self.size[1]}x{element}>"
                            for element in (self.element, self.outside()))
        return f"""
          graph.symbol @B {{min = 1 : i64, max = 8 : i64}}
          graph.symbol @S {{min = 1 : i64, max = 300 : i64}}
          graph.symbol @T {{min = 1 : i64, max = 600 : i64}}
          graph.symbol @one {{min = 1 : i64, max = 1 : i64}}
          func.func @main({arguments}) -> ({returned} {{graph.name = "y"}}) {{
            {casts}
            %0 = graph.attention {self.mask} {use["query"]}, {use["key"]}, {use["value"]} {operands}
              {{scale = {scale} : f64{self.attributes}}}
              : ({", ".join(f"tensor<{kind}>" for kind in inside.values())}) -> {result}
            %1 = graph.cast %0 {{to = {self.outside()}}} : ({result}) -> {returned}
            return %1 : {returned}
          }}"""

    def outside(self) -> str:
        """The element type of inputs and result, which NumPy must have."""
        return "f64" if self.element == "f64" else "f32"

    def inputs(self, batch: int, queries: int, keys: int) -> dict[str, np.ndarray]:
        random = np.random.default_rng([batch, queries, keys])
        (heads, groups), (size, value_size) = self.heads, self.size
        floats = np.float64 if self.outside() == "f64" else np.float32
        every = {
            # Scores of a deviation of about 3, whatever the head size.
            "query": 2 * random.standard_normal((batch, queries, heads, size)),
            "key": 2 * random.standard_normal((batch, keys, groups, size)),
            "value": random.standard_normal((batch, keys, groups, value_size)),
            # Rows at different places; some see nothing, some more than there is.
            "positions": random.integers(-2, keys + 3, (batch, 1)) + np.arange(queries) - queries + 1,
            "lengths": random.integers(0, keys + 2, batch),
            "prefix": random.integers(0, keys + 2, batch),
            "slopes": 2.0 ** -np.arange(1, heads + 1),
            "bias": random.standard_normal((batch, heads, queries if self.bias_rows else 1, keys)),
        }
        return {name: value if value.dtype == np.int64 else value.astype(floats)
                for name, value in every.items() if name in self.types("")}


CASES = {
    "full": Case(),
    "causal": Case("causal"),
    "positions": Case("causal", with_operands=("positions",)),
    "lengths": Case(with_operands=("lengths",)),
    "prefix": Case("causal", with_operands=("prefix",)),
    "causal-lengths-prefix": Case("causal", with_operands=("positions", "lengths", "prefix")),
    "window": Case("causal", attributes=", window = 9 : i64"),
    "window-positions": Case("causal", with_operands=("positions",), attributes=", window = 20 : i64"),
    "full-window": Case(attributes=", window = 5 : i64"),
    "slopes": Case("causal", with_operands=("positions", "slopes")),
    "bias": Case(with_operands=("lengths", "bias")),
    "bias-row": Case("causal", with_operands=("bias",), bias_rows=False),
    "softcap": Case("causal", attributes=", softcap = 5.0 : f64"),
    "everything": Case("causal", (6, 2), (20, 12), ("positions", "lengths", "prefix", "slopes", "bias"),
                       ", softcap = 5.0 : f64, window = 30 : i64"),
    "one-key-head": Case("causal", heads=(5, 1), size=(16, 16)),
    "own-key-heads": Case("causal", heads=(3, 3), size=(64, 64)),
    "many-heads": Case("causal", heads=(71, 1), size=(4, 4)),
    "odd-sizes": Case("causal", size=(7, 13)),
    "size-1": Case("causal", size=(1, 1)),
    "large-values": Case("causal", heads=(2, 1), size=(33, 100)),
    "large-sizes": Case("causal", heads=(2, 1), size=(256, 256)),
    "too-large": Case("causal", heads=(1, 1), size=(600, 600)),
    "f64": Case("causal", size=(9, 10), element="f64", attributes=", softcap = 5.0 : f64"),
    "f16": Case("causal", size=(9, 21), element="f16", with_operands=("positions", "slopes", "bias")),
    "bf16": Case("causal", size=(9, 21), element="bf16", with_operands=("positions", "slopes", "bias")),
}

# Few rows share a key, and their number is known: lanes are keys while scores are made.
FEW = {f"{queries}-{name}": replace(CASES[name], heads=(4, 2), size=(72, 40), queries=queries) for queries in (1, 2)
       for name in ("full", "causal", "positions", "causal-lengths-prefix", "window-positions", "full-window", "slopes", "bias",
                    "bias-row", "softcap", "everything", "f64", "f16", "bf16")}


def compare(case: Case, package: Path, model: Path, sizes: tuple[int, int, int], folder: Path) -> None:
    inputs = case.inputs(*sizes)
    expected = run_model(model, inputs, ["y"], folder, "--device=reference")["y"]
    rtol, atol = {"f64": (1e-12, 1e-12), "f16": (2e-3, 1e-3), "bf16": (1.6e-2, 1e-2)}.get(case.element, (1e-4, 2e-5))
    for level in LEVELS:
        found = run_model(package, inputs, ["y"], folder, env=os.environ | {"TENSEL_CPU_LEVEL": level})["y"]
        np.testing.assert_allclose(found, expected, rtol, atol, err_msg=f"{sizes} {level}")


@pytest.mark.parametrize("name", FEW)
def test_few_rows(name: str, tmp_path: Path) -> None:
    case, model = FEW[name], tmp_path / "model.mlir"
    model.write_text(case.model())
    package = compile_model(model, tmp_path / "model.tensel")
    for batch, keys in [(1, 1), (3, 17), (1, 64), (2, 65), (1, 100), (8, 257)]:
        compare(case, package, model, (batch, case.queries, keys), tmp_path)


@pytest.mark.parametrize("name", CASES)
def test_attention(name: str, tmp_path: Path) -> None:
    case, model = CASES[name], tmp_path / "model.mlir"
    model.write_text(case.model())
    package = compile_model(model, tmp_path / "model.tensel")
    for batch, (queries, keys) in zip([1, 3, 2, 1, 3, 1, 3, 1, 1, 8], LENGTHS, strict=True):
        compare(case, package, model, (batch, queries, keys), tmp_path)


def test_results_do_not_depend_on_threads(tmp_path: Path) -> None:
    case, model = CASES["causal"], tmp_path / "model.mlir"
    model.write_text(case.model())
    package = compile_model(model, tmp_path / "model.tensel")
    one, many = (run_model(package, case.inputs(3, 100, 100), ["y"], tmp_path, f"--threads={count}")["y"] for count in (1, 3))
    np.testing.assert_array_equal(one, many)
