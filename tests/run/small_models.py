"""Small ONNX models that the run tests compile in a moment, built here so that no binary file is kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def save(model: onnx.ModelProto, path: Path, **options: object) -> Path:
    onnx.save(model, path, **options)  # type: ignore[arg-type]
    return path


def model(nodes: list[onnx.NodeProto], inputs: list[onnx.ValueInfoProto], outputs: list[onnx.ValueInfoProto],
          weights: dict[str, np.ndarray] | None = None) -> onnx.ModelProto:
    graph = helper.make_graph(nodes, "graph", inputs, outputs,
                              [numpy_helper.from_array(value, name) for name, value in (weights or {}).items()])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def value(name: str, *dims: int | str, kind: int = TensorProto.FLOAT) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, dims)


def mlp(width: int = 32) -> tuple[onnx.ModelProto, dict[str, np.ndarray]]:
    """y = relu(x a + b) c for x of Nx16; the weights come with it."""
    rng = np.random.default_rng(1)
    weights = {"a": rng.standard_normal((16, width), np.float32), "b": rng.standard_normal(width, np.float32),
               "c": rng.standard_normal((width, 4), np.float32)}
    nodes = [helper.make_node("MatMul", ["x", "a"], ["xa"], name="first"),
             helper.make_node("Add", ["xa", "b"], ["sum"], name="bias"),
             helper.make_node("Relu", ["sum"], ["hidden"], name="relu"),
             helper.make_node("MatMul", ["hidden", "c"], ["y"], name="second")]
    return model(nodes, [value("x", "N", 16)], [value("y", "N", 4)], weights), weights


def mlp_answer(x: np.ndarray, weights: dict[str, np.ndarray]) -> np.ndarray:
    return np.maximum(x @ weights["a"] + weights["b"], 0) @ weights["c"]


def unsupported() -> onnx.ModelProto:
    """Two ops that nobody has, three nodes of them."""
    nodes = [helper.make_node("Frobnicate", ["x"], ["p"], name="first_frob"),
             helper.make_node("Relu", ["p"], ["q"], name="fine"),
             helper.make_node("Frobnicate", ["q"], ["r"], name="second_frob"),
             helper.make_node("Whirl", ["r"], ["y"], name="only_whirl")]
    return model(nodes, [value("x", "N", 16)], [value("y", "N", 16)])
