"""`tensel explain` and `--report-json`: every source node of a model is accounted for, with its kernels or why it has none,
and every dispatch says which nodes it computes. The JSON follows docs/report.schema.json.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import onnx
import pytest
from jsonschema import Draft202012Validator
from models import MODELS, Model
from onnx import TensorProto, helper
from programs import ROOT, assert_only, assert_user_error, smollm2, tensel
from small_models import mlp, model, save, value

sys.path.insert(0, str(ROOT / "tests/bench"))
import resnet50  # noqa: E402

Report = dict[str, Any]
SCHEMA = json.loads((ROOT / "docs/report.schema.json").read_text())
LANGUAGE_MODELS = ROOT / "tests/run/Inputs/language_models"


def report_of(source: Path, folder: Path, *arguments: object, command: str = "explain") -> Report:
    """The report of a compilation, checked against the schema and in itself."""
    done = tensel(command, source, f"--report-json={folder / 'report.json'}", *arguments)
    assert done.returncode == 0, done.stderr[-2000:]
    report = json.loads((folder / "report.json").read_text())
    errors = list(Draft202012Validator(SCHEMA).iter_errors(report))
    assert not errors, "\n".join(f"{error.json_path}: {error.message[:200]}" for error in errors[:5])
    check(report)
    return report


def check(report: Report) -> None:
    """What a schema cannot say."""
    functions = {function["name"]: function for function in report["functions"]}
    kernels = {kernel["name"] for kernel in report["kernels"]}
    ids = [node["id"] for node in report["nodes"]]
    assert len(ids) == len(set(ids))
    computed = set()
    for node in report["nodes"]:
        assert (node["fate"] == "kernel") == bool(node["dispatches"]), node["id"]
        assert bool(node["why"]) != bool(node["dispatches"]), node["id"]
        for place in node["dispatches"]:
            dispatch = functions[place["function"]]["dispatches"][place["dispatch"]]
            assert node["id"] in dispatch["nodes"]
            assert dispatch["kernel"] == place["kernel"]
            computed.add((place["function"], place["dispatch"], node["id"]))
    for function in report["functions"]:
        for k, dispatch in enumerate(function["dispatches"]):
            assert dispatch["kernel"] in kernels
            for node in dispatch["nodes"]:
                assert (function["name"], k, node) in computed
        check_plan(function)


def check_plan(function: Report) -> None:
    """Buffers that are alive together do not overlap, and the peak is what the buffers say."""
    peak, buffers = function["peak"], function["buffers"]
    if peak["arena_bytes"] is None:
        return
    alive = sorted((b["offset"], b["offset"] + b["bytes"]) for b in buffers
                   if b["first"] <= peak["position"] <= b["last"] and b["bytes"])
    assert all(end <= begin for (_, end), (begin, _) in zip(alive, alive[1:], strict=False))
    assert len(alive) == len(peak["alive"])
    assert peak["alive_bytes"] == sum(-(-buffers[k]["bytes"] // 64) * 64 for k in peak["alive"]) <= peak["arena_bytes"]
    assert all(b["offset"] + b["bytes"] <= peak["arena_bytes"] for b in buffers)


def nodes_of(graph: onnx.GraphProto | onnx.FunctionProto) -> Iterator[tuple[str, str]]:
    for node in graph.node:
        yield node.name or node.output[0], node.op_type
        for attribute in node.attribute:
            for inner in ([attribute.g] if attribute.type == onnx.AttributeProto.GRAPH else attribute.graphs):
                yield from nodes_of(inner)


def names_in(source: Path) -> list[tuple[str, str]]:
    """Names and ops of all nodes of the file: of its graph, of subgraphs, of functions."""
    loaded = onnx.load(source, load_external_data=False)
    return sorted([*nodes_of(loaded.graph), *(node for function in loaded.functions for node in nodes_of(function))])


def names(report: Report) -> list[tuple[str, str]]:
    return sorted((node["name"], node["op"]) for node in report["nodes"])


def node(report: Report, name: str) -> Report:
    return next(node for node in report["nodes"] if node["name"] == name)


def decisions(found: Report, verdict: str) -> str:
    return "\n".join(f"{d['pass']} {d['what']}: {d['reason']}" for d in found["decisions"] if d["verdict"] == verdict)


@pytest.mark.parametrize("known", MODELS, ids=lambda known: known.name)
def test_every_node_of_a_model(known: Model, tmp_path: Path) -> None:
    assert names(report_of(known.file, tmp_path)) == names_in(known.file)


def test_every_node_of_resnet50(tmp_path: Path) -> None:
    """The real one, and what is certain about it."""
    source = save(resnet50.build(), tmp_path / "resnet50.onnx")
    report = report_of(source, tmp_path)
    assert names(report) == names_in(source)
    assert {found["op"]: found["fate"] for found in report["nodes"]} == {
        "Conv": "kernel", "Relu": "kernel", "MaxPool": "kernel", "Add": "kernel", "GlobalAveragePool": "kernel",
        "Flatten": "view", "Gemm": "kernel"}
    relu = node(report, "layer1.0.relu1")
    assert "'graph.relu' shares a kernel with 'graph.conv' at 'layer1.0.conv1 (Conv)'" in decisions(relu, "taken")
    operations = sum(dispatch["operations"] for dispatch in report["functions"][0]["dispatches"])
    assert operations == pytest.approx(2 * 4.09e9, rel=0.02)  # 4.09 G multiply-adds


def test_every_part_of_smollm2(tmp_path: Path) -> None:
    report = report_of(smollm2(), tmp_path)
    once = {("positions", "positions"), ("rope", "rotary"), ("cache_indices", "positions"), ("token_embd", "embedding"),
            ("token_embd", "linear"), ("output_norm", "rms_norm"), ("output", "head")}
    layer = {"attn_norm": "rms_norm", "attn_q": "linear", "attn_k": "linear", "attn_v": "linear", "rope": "rotary",
             "attn": "attention", "attn_output": "linear", "ffn_norm": "rms_norm", "ffn_gate": "linear", "ffn": "gated",
             "ffn_up": "linear", "ffn_down": "linear"}
    layers = {(f"blk.{k}.{name}", op) for k in range(30) for name, op in layer.items()}
    assert names(report) == sorted(once | layers | {(f"blk.{k}", "layer") for k in range(30)})
    assert all(found["fate"] == "kernel" for found in report["nodes"])
    functions = {place["function"] for place in node(report, "blk.3.attn")["dispatches"]}
    assert functions == {"score", "prefill", "decode"}
    attention = node(report, "blk.3.attn")
    assert "code generation takes 'graph.attention' whole" in decisions(attention, "refused")
    assert "next value of a state is written into the state's memory" in decisions(attention, "taken")
    assert "q4_1 weight, which is packed" in decisions(node(report, "blk.3.attn_q"), "taken")


@pytest.mark.parametrize("source", sorted(LANGUAGE_MODELS.glob("*/config.json")), ids=lambda path: path.parent.name)
def test_every_dispatch_of_a_language_model(source: Path, tmp_path: Path) -> None:
    """That nodes and dispatches name each other is checked of every report."""
    assert report_of(source.parent, tmp_path)["nodes"]


def test_every_line_of_mlir(tmp_path: Path) -> None:
    """A model in MLIR has no nodes: its lines are."""
    source = ROOT / "tests/run/Inputs/states.mlir"
    lines = source.read_text().splitlines()
    report = report_of(source, tmp_path)
    for found in report["nodes"]:
        file, line, _ = found["name"].split(":")
        assert file == "states.mlir"
        assert f"graph.{found['op']}" in lines[int(line) - 1]


def test_names_differ(tmp_path: Path) -> None:
    """A node without a name goes by its first output; one whose name is taken gets a number; functions' nodes are theirs."""
    nodes = [helper.make_node("Relu", ["x"], ["a"]), helper.make_node("Relu", ["a"], ["b"], name="twin"),
             helper.make_node("Identity", ["b"], ["c"], name="same"), helper.make_node("Relu", ["c"], ["d"], name="twin"),
             helper.make_node("Exp", ["d"], ["unused"], name="unused"),
             helper.make_node("Twice", ["d"], ["y"], name="call", domain="local")]
    made = model(nodes, [value("x", 2, 3)], [value("y", 2, 3)])
    body = [helper.make_node("Add", ["p", "p"], ["q"], name="sum")]
    made.functions.append(helper.make_function("local", "Twice", ["p"], ["q"], body, [helper.make_opsetid("", 17)]))
    made.opset_import.append(helper.make_opsetid("local", 1))
    source = save(made, tmp_path / "m.onnx")
    report = report_of(source, tmp_path)
    assert names(report) == names_in(source)
    fates = {found["id"]: found["fate"] for found in report["nodes"]}
    assert fates == {"a (Relu)": "kernel", "twin (Relu)": "kernel", "same (Identity)": "merged", "twin (Relu) #2": "kernel",
                     "unused (Exp)": "dead", "call (Twice)": "kernel", "sum (Add)": "kernel"}
    assert "'twin (Relu)'" in node(report, "same")["why"]


def test_constants_and_equal_nodes(tmp_path: Path) -> None:
    """What is known when compiling, and what is computed twice."""
    numbers = helper.make_tensor("k", TensorProto.FLOAT, [3], [1.0, 2.0, 3.0])
    nodes = [helper.make_node("Constant", [], ["k"], name="k", value=numbers),
             helper.make_node("Exp", ["k"], ["e"], name="of_constant"), helper.make_node("Exp", ["x"], ["p"], name="first"),
             helper.make_node("Exp", ["x"], ["q"], name="second"), helper.make_node("Add", ["p", "q"], ["s"], name="sum"),
             helper.make_node("Mul", ["s", "e"], ["y"], name="product")]
    source = save(model(nodes, [value("x", 2, 3)], [value("y", 2, 3)]), tmp_path / "m.onnx")
    report = report_of(source, tmp_path)
    assert node(report, "of_constant")["fate"] == "constant"
    assert "known when compiling" in node(report, "of_constant")["why"]
    assert "tensel-cse merge: the same as 'graph.exp' at 'first (Exp)'" in decisions(node(report, "second"), "taken")
    assert node(report, "second")["dispatches"] == node(report, "first")["dispatches"] != []


def test_compile_and_run_write_the_same(tmp_path: Path) -> None:
    source = save(mlp()[0], tmp_path / "mlp.onnx")
    shape = ("--shape", "N=1..8")
    report = report_of(source, tmp_path, *shape)
    assert report_of(source, tmp_path, *shape, "-o", tmp_path / "mlp.tensel", command="compile") == report
    assert report_of(source, tmp_path, "--shape", "N=8", "--input", "x=ones", command="run")["nodes"]
    unfused = decisions(node(report, "relu"), "refused")
    assert "the result of 'graph.relu' goes through memory" in unfused


def test_text_for_people(tmp_path: Path) -> None:
    source = save(mlp()[0], tmp_path / "mlp.onnx")
    whole = tensel("explain", source)
    assert whole.returncode == 0, whole.stderr
    assert "4 source nodes (4 kernel)" in whole.stdout
    one = tensel("explain", source, "bias", "--shape", "N=8")
    assert one.returncode == 0, one.stderr
    for part in ("bias (Add): kernel", "tensel-form-dispatches", "'graph.add' shares a kernel with 'graph.blocked_matmul'",
                 "operations, reads", "at offset"):
        assert part in one.stdout


def test_mistakes(tmp_path: Path) -> None:
    source = save(mlp()[0], tmp_path / "mlp.onnx")
    assert_user_error(tensel("explain", source, "nobody"), "nobody", "first (MatMul)")
    assert_user_error(tensel("explain", tmp_path / "missing.onnx"), "missing.onnx")
    assert_user_error(tensel("explain", source, f"--report-json={tmp_path}/no/r.json"), "no")
    assert_user_error(tensel("run", source, "--device=reference", "--input", "x=2x16xf32=1", f"--report-json={tmp_path}/r.json"),
                      "--report-json", "reference")
    assert tensel("compile", source, "-o", tmp_path / "mlp.tensel").returncode == 0
    assert_user_error(tensel("explain", tmp_path / "mlp.tensel"), "package")
    assert_only(tmp_path, ["mlp.onnx", "mlp.tensel"])
