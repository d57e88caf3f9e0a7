"""Results written over inputs that die: the numbers stay right and the stated arena shrinks to what lives at one time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import small_models
from onnx import helper
from programs import compile_model, run_model, tensel


def test_scatters_over_dying_data(tmp_path: Path) -> None:
    """The second scatter writes its updates into the first one's result; the first copies, as its data are an input."""
    nodes = [helper.make_node("ScatterND", ["x", "at", "u"], ["a"], name="first"),
             helper.make_node("ScatterElements", ["a", "where", "v"], ["y"], name="second", axis=0)]
    value, kind = small_models.value, onnx.TensorProto.INT64
    model = small_models.model(nodes, [value("x", 8, 4), value("at", 2, 1, kind=kind), value("u", 2, 4),
                                       value("where", 1, 4, kind=kind), value("v", 1, 4)], [value("y", 8, 4)])
    package = compile_model(small_models.save(model, tmp_path / "scatter.onnx"), tmp_path / "scatter.tensel")
    about = tensel("inspect", package).stdout
    assert "_over_0" in about
    assert f"arena {8 * 4 * 4} bytes" in about
    x, u, v = (np.random.default_rng(rows).standard_normal((rows, 4), np.float32) for rows in (8, 2, 1))
    inputs = {"x": x, "at": np.array([[6], [1]]), "u": u, "where": np.array([[1, 0, 7, 6]]), "v": v}
    expected = x.copy()
    expected[[6, 1]] = u
    np.put_along_axis(expected, inputs["where"], v, 0)
    np.testing.assert_array_equal(run_model(package, inputs, ["y"], tmp_path)["y"], expected)


def test_results_over_dying_inputs(tmp_path: Path) -> None:
    """Running sums stand between the elementwise kernels, so that they are not fused into one."""
    def node(op: str, inputs: list[str], output: str) -> helper.onnx.NodeProto:
        return helper.make_node(op, inputs, [output], name=output)

    nodes = [node("CumSum", ["x", "columns"], "a"), node("Tanh", ["a"], "b"), node("CumSum", ["b", "rows"], "c"),
             node("Mul", ["b", "c"], "d"), node("CumSum", ["d", "columns"], "e"), node("Sub", ["d", "e"], "f"),
             node("CumSum", ["f", "rows"], "g"), node("Mul", ["g", "g"], "y")]
    model = small_models.model(nodes, [small_models.value("x", "N", 16)], [small_models.value("y", "N", 16)],
                               {"columns": np.array(1, np.int64), "rows": np.array(0, np.int64)})
    file = small_models.save(model, tmp_path / "sums.onnx")
    package = compile_model(file, tmp_path / "sums.tensel", "--shape", "N=1..64")
    about = tensel("inspect", package).stdout
    assert "_over_0" in about
    assert f"arena {2 * 64 * 16 * 4} bytes" in about

    for rows in (1, 5, 64):
        x = np.random.default_rng(rows).standard_normal((rows, 16), np.float32)
        b = np.tanh(np.cumsum(x, 1))
        d = b * np.cumsum(b, 0)
        g = np.cumsum(d - np.cumsum(d, 1), 0)
        found = run_model(package, {"x": x}, ["y"], tmp_path)["y"]
        np.testing.assert_allclose(found, g * g, rtol=2e-4, atol=2e-4)
