"""`--max-memory`: the compiler makes the program fit, by the means that costs least, or refuses before anything runs and names
what is in the way. Each means is needed by one model here; the results keep their bits, and what is measured keeps the limit.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import onnx
import pytest
from models import MODELS
from onnx import helper
from programs import ROOT, assert_only, assert_user_error, compile_model, run_model, smollm2, tensel
from small_models import mlp, model, save, value
from test_memory import check, program, stated  # noqa: F401

ROWS, WIDE = 64, 2048
LANGUAGE_MODELS = ROOT / "tests/run/Inputs/language_models"


def node(op: str, inputs: list[str], output: str) -> onnx.NodeProto:
    return helper.make_node(op, inputs, [output], name=output)


def weights(**dims: tuple[int, int]) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    return {name: rng.standard_normal(shape, np.float32) / 8 for name, shape in dims.items()}


def branches() -> onnx.ModelProto:
    """Two branches that make much of little and little of much, written side by side."""
    nodes = [node("MatMul", ["x", "a"], "much_a"), node("MatMul", ["x", "b"], "much_b"),
             node("MatMul", ["much_a", "c"], "little_a"), node("MatMul", ["much_b", "c"], "little_b"),
             node("Sub", ["little_a", "little_b"], "y")]
    return model(nodes, [value("x", ROWS, 16)], [value("y", ROWS, 4)], weights(a=(16, WIDE), b=(16, WIDE), c=(WIDE, 4)))


def kept() -> onnx.ModelProto:
    """A cheap wide value that is read before the largest one and, together with what comes of that, behind it."""
    nodes = [node("Mul", ["x", "spread"], "product"), node("Tanh", ["product"], "wide"), node("MatMul", ["wide", "a"], "little"),
             node("MatMul", ["little", "b"], "large"), node("MatMul", ["large", "c"], "again"),
             node("Add", ["wide", "again"], "mixed"), node("MatMul", ["mixed", "a"], "y")]
    return model(nodes, [value("x", ROWS, 1)], [value("y", ROWS, 4)],
                 weights(spread=(1, WIDE), a=(WIDE, 4), b=(4, 2 * WIDE), c=(2 * WIDE, 1)))


def samples(batch: int | str) -> onnx.ModelProto:
    """Each sample needs the same memory: a convolution over pictures, pooled, and a classifier."""
    rng = np.random.default_rng(4)
    filters = {"f": rng.standard_normal((8, 3, 3, 3), np.float32), "g": rng.standard_normal((8, 8, 3, 3), np.float32),
               "w": rng.standard_normal((8, 5), np.float32), "shape": np.array([0, 8])}
    nodes = [helper.make_node("Conv", ["x", "f"], ["first"], name="first", pads=[1, 1, 1, 1]), node("Relu", ["first"], "relu"),
             helper.make_node("Conv", ["relu", "g"], ["second"], name="second", pads=[1, 1, 1, 1]),
             node("GlobalAveragePool", ["second"], "pooled"), node("Reshape", ["pooled", "shape"], "flat"),
             node("MatMul", ["flat", "w"], "logits")]
    nodes.append(helper.make_node("Softmax", ["logits"], ["y"], name="y", axis=1))
    return model(nodes, [value("x", batch, 3, 32, 32)], [value("y", batch, 5)], filters)


def picture(height: int = 96) -> onnx.ModelProto:
    """One picture: much between small ends, with a shortcut, strides, padding, and pixels that are repeated."""
    rng = np.random.default_rng(5)
    filters = {name: rng.standard_normal(shape, np.float32) / 4 for name, shape in
               (("f", (16, 3, 3, 3)), ("g", (16, 16, 3, 3)), ("h", (4, 16, 3, 3)), ("k", (2, 4, 1, 1)))}
    filters["scales"] = np.array([1, 1, 2, 2], np.float32)
    conv = {"pads": [1, 1, 1, 1]}
    nodes = [helper.make_node("Conv", ["x", "f"], ["first"], name="first", **conv), node("Relu", ["first"], "relu"),
             helper.make_node("Conv", ["relu", "g"], ["second"], name="second", **conv), node("Add", ["second", "relu"], "sum"),
             helper.make_node("MaxPool", ["sum"], ["pooled"], name="pooled", kernel_shape=[3, 3], strides=[2, 2], **conv),
             helper.make_node("Resize", ["pooled", "", "scales"], ["large"], name="large", mode="nearest", nearest_mode="floor",
                              coordinate_transformation_mode="asymmetric"),
             helper.make_node("Conv", ["large", "h"], ["third"], name="third", strides=[4, 4], pads=[1, 1, 1, 1]),
             helper.make_node("Conv", ["third", "k"], ["y"], name="y")]
    return model(nodes, [value("x", 1, 3, height, 40)], [value("y", 1, 2, height // 4, 10)], filters)


def passes(package: Path) -> str:
    return " ".join(json.loads(tensel("inspect", package, "--json").stdout)["passes"])


CASES = {"reorder": (branches(), "reorder-dispatches", "rematerialize", (ROWS, 16), 0.6),
         "rematerialize": (kept(), "rematerialize", "split-batch{", (ROWS, 1), 0.75),
         "split the batch": (samples(8), "split-batch{rows=4}", "rows=2", (8, 3, 32, 32), 0.6),
         "split it more": (samples(8), "split-batch{rows=1}", "rows=2", (8, 3, 32, 32), 0.2),
         "tiles": (picture(), "tile-rows{tiles=2", "split-batch", (1, 3, 96, 40), 0.65),
         "small tiles": (picture(), "tile-rows{tiles=4", "tiles=2", (1, 3, 96, 40), 0.15),
         "tiles of slices": (samples(2), "tensel-tile-rows{", "tiles=2", (2, 3, 32, 32), 0.4)}


@pytest.mark.parametrize("name", CASES)
def test_each_means(name: str, program: Path, tmp_path: Path) -> None:  # noqa: F811
    graph, expected, unneeded, shape, share = CASES[name]
    file = save(graph, tmp_path / "model.onnx")
    # Kernels for parts of a batch may sum in another order than those for the whole.
    free = compile_model(file, tmp_path / "free.tensel", "--bit-exact")
    function = stated(free, {})[0]
    limit = int(share * function["memory"]["total"])
    package = compile_model(file, tmp_path / "limited.tensel", "--bit-exact", f"--max-memory={limit}")
    assert expected in passes(package)
    assert unneeded not in passes(package)
    limited = stated(package, {})[0]
    assert limited["memory"]["total"] <= limit
    assert check(program, package, limited, {}, {})["measured"] <= limit
    x = np.random.default_rng(1).standard_normal(shape, np.float32)
    wanted = run_model(free, {"x": x}, ["y"], tmp_path)["y"]
    np.testing.assert_array_equal(run_model(package, {"x": x}, ["y"], tmp_path)["y"], wanted)
    found = run_model(file, {"x": x}, ["y"], tmp_path, f"--max-memory={limit}", "--bit-exact", "--threads=1")["y"]
    np.testing.assert_array_equal(found, wanted)


def test_a_real_detector_in_tiles(program: Path, tmp_path: Path) -> None:  # noqa: F811
    """Branches at four sizes that are brought together, squeezed, and enlarged again."""
    file = next(one.file for one in MODELS if one.name == "PP-OCRv6_det_small")
    shape = [word for k, size in enumerate((1, 320, 320)) for word in ("--shape", f"DynamicDimension.{k}={size}")]
    free = compile_model(file, tmp_path / "free.tensel", *shape)
    limit = int(0.65 * stated(free, {})[0]["memory"]["total"])
    package = compile_model(file, tmp_path / "limited.tensel", *shape, f"--max-memory={limit}")
    assert "tile-rows{tiles=" in passes(package)
    assert check(program, package, stated(package, {})[0], {}, {})["measured"] <= limit
    x = np.random.default_rng(1).uniform(-1, 1, (1, 3, 320, 320)).astype(np.float32)
    wanted, found = (run_model(each, {"x": x}, ["fetch_name_0"], tmp_path)["fetch_name_0"] for each in (free, package))
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-6)


def test_a_batch_of_any_size(program: Path, tmp_path: Path) -> None:  # noqa: F811
    """The batch is a symbol: one sample at a time, and the output still has the input's dim."""
    file = save(samples("N"), tmp_path / "model.onnx")
    free = compile_model(file, tmp_path / "free.tensel", "--shape", "N=1..16", "--bit-exact")
    limit = stated(free, {})[0]["memory"]["total"] // 4
    package = compile_model(file, tmp_path / "limited.tensel", "--shape", "N=1..16", "--bit-exact", f"--max-memory={limit}")
    assert "split-batch{rows=1}" in passes(package)
    for rows in (1, 3, 16):
        function = stated(package, {"N": rows})[0]
        assert function["outputs"][0]["dims"] == ["N", 5]
        assert check(program, package, function, {"N": rows}, {})["measured"] <= limit
        x = np.random.default_rng(rows).standard_normal((rows, 3, 32, 32), np.float32)
        wanted = run_model(free, {"x": x}, ["y"], tmp_path)["y"]
        np.testing.assert_array_equal(run_model(package, {"x": x}, ["y"], tmp_path)["y"], wanted)


def test_a_transformer_with_a_batch_and_lengths_of_any_size(program: Path, tmp_path: Path) -> None:  # noqa: F811
    """Norms, attention under a mask, positions that are counted: one text at a time."""
    source = LANGUAGE_MODELS / "bert"
    free = compile_model(source, tmp_path / "free.tensel")
    limit = stated(free, {})[0]["memory"]["total"] // 2
    package = compile_model(source, tmp_path / "limited.tensel", f"--max-memory={limit}")
    assert "split-batch{rows=1}" in passes(package)
    outputs = {one["name"]: one["dims"] for one in stated(package, {})[0]["outputs"]}
    assert outputs == {"vectors": ["batch", "length", 32], "embedding": ["batch", 32]}
    for batch, length in ((1, 1), (3, 7), (8, 64)):
        sizes = {"batch": batch, "length": length}
        assert check(program, package, stated(package, sizes)[0], sizes, {"lengths": length})["measured"] <= limit
        rng = np.random.default_rng(batch)
        inputs = {"tokens": rng.integers(0, 60, (batch, length)), "lengths": rng.integers(1, length + 1, batch)}
        wanted, found = (run_model(each, inputs, list(outputs), tmp_path) for each in (free, package))
        for name in outputs:
            np.testing.assert_allclose(found[name], wanted[name], rtol=1e-5, atol=1e-6)


def test_refusal_names_what_is_in_the_way(tmp_path: Path) -> None:
    """Even one sample's branch is too much."""
    file = save(branches(), tmp_path / "model.onnx")
    done = tensel("compile", file, "-o", tmp_path / "model.tensel", "--max-memory=4K")
    assert_user_error(done, "--max-memory: found a need of at least", "by '", "expected at most 4000", "alive at its peak: ",
                      f" {4 * WIDE}", "tried: as it is ", "reordered ", "batches of 1")
    assert re.search(r"'much_[ab]", done.stderr)
    assert_only(tmp_path, ["model.onnx"])
    done = tensel("run", file, "--input", "x=random:1", "--max-memory=4K")
    assert_user_error(done, "--max-memory: found a need of at least", "expected at most")
    assert done.stdout == ""


def test_a_run_takes_its_sizes_from_what_is_given(tmp_path: Path) -> None:
    """The batch is a symbol without a bound; the input says how large it is."""
    file = save(samples("N"), tmp_path / "model.onnx")
    np.save(tmp_path / "x.npy", np.ones((2, 3, 32, 32), np.float32))
    for given in (f"x=@{tmp_path / 'x.npy'}", "x=2x3x32x32xf32=1"):
        done = tensel("run", file, "--input", given, "--max-memory=1M", "--threads=1")
        assert done.returncode == 0, done.stderr
    assert_user_error(tensel("run", file, "--input", "x=ones", "--max-memory=1M"), "the symbol 'N' has no largest value")


def test_a_compiled_package_keeps_a_limit_or_is_refused(tmp_path: Path) -> None:
    package = compile_model(save(mlp()[0], tmp_path / "mlp.onnx"), tmp_path / "mlp.tensel")
    few, many = ("--shape", "N=2"), ("--shape", "N=4096")
    assert tensel("run", package, "--input", "x=random:1", *few, "--threads=1", "--max-memory=64KiB").returncode == 0
    done = tensel("run", package, "--input", "x=random:1", *many, "--threads=1", "--max-memory=64KiB")
    assert_user_error(done, "--max-memory: found a need of", "expected at most 65536", "alive at its peak: '")


def test_a_limit_holds_for_the_stacks_of_all_threads(tmp_path: Path) -> None:
    """Stacks are as large as the kernels' code takes them; where they leave too little, the batch is split for what is left."""
    file = save(samples(8), tmp_path / "model.onnx")
    package = compile_model(file, tmp_path / "free.tensel")
    one, many = (stated(package, {}, threads)[0]["memory"] for threads in (1, 3))
    worker = many["stacks"] // 2
    assert one["stacks"] == 0
    assert many["stacks"] == 2 * worker
    assert 64 << 10 < worker < 512 << 10
    x = ("--input", "x=random:1", "--threads=3")
    assert tensel("run", file, *x, f"--max-memory={many['total']}").returncode == 0
    assert tensel("run", file, *x, f"--max-memory={many['total'] - one['arena'] // 2}").returncode == 0
    done = tensel("run", file, *x, f"--max-memory={many['stacks']}")
    assert_user_error(done, "--max-memory: found a need of at least", "expected at most ")
    done = tensel("run", package, *x, f"--max-memory={many['total'] - 1}")
    assert_user_error(done, f"found a need of {many['total']} bytes", f"the stacks of its threads: {2 * worker}", "fewer")


@pytest.mark.parametrize("text", ["", "0", "-5", "12Q", "1e6", "K", "99999999999G"])
def test_what_is_no_size(text: str, tmp_path: Path) -> None:
    file = save(mlp()[0], tmp_path / "mlp.onnx")
    assert tensel("compile", file, "-o", tmp_path / "mlp.tensel", f"--max-memory={text}").returncode == 1
    assert_only(tmp_path, ["mlp.onnx"])


def test_an_unbounded_size_has_no_limit(tmp_path: Path) -> None:
    file = save(mlp()[0], tmp_path / "mlp.onnx")
    done = tensel("compile", file, "-o", tmp_path / "mlp.tensel", "--max-memory=1M")
    assert_user_error(done, "the symbol 'N' has no largest value", "--shape N=MIN..MAX")


def test_a_real_model(program: Path, tmp_path: Path) -> None:  # noqa: F811
    """Magika's samples are independent: a batch of 8 in the memory of less than 3."""
    magika = MODELS[0]
    free = compile_model(magika.file, tmp_path / "free.tensel", "--shape", "unk__214=8")
    limit = int(0.3 * stated(free, {})[0]["memory"]["total"])
    package = compile_model(magika.file, tmp_path / "limited.tensel", "--shape", "unk__214=8", f"--max-memory={limit}")
    assert check(program, package, stated(package, {})[0], {"unk__214": 8}, {})["measured"] <= limit
    inputs = {"bytes": np.random.default_rng(0).integers(0, 257, (8, 2048)).astype(np.int32)}
    output = stated(free, {})[0]["outputs"][0]["name"]
    wanted = run_model(free, inputs, [output], tmp_path)[output]
    np.testing.assert_allclose(run_model(package, inputs, [output], tmp_path)[output], wanted, rtol=1e-5, atol=1e-6)


def test_generation(tmp_path: Path) -> None:
    """A long prompt is read in smaller pieces; the answer is the same."""
    package = compile_model(smollm2(), tmp_path / "smollm2.tensel")

    def generate(*arguments: object) -> dict[str, object]:
        done = tensel("generate", package, "--json", "--greedy", "-n", "8", "-p", "Tell me about the sea. " * 20, *arguments)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    free = generate()
    def need(report: dict[str, object]) -> int:
        parts = ("arena_bytes", "state_bytes", "table_bytes", "text_bytes")
        return sum(int(report[part]) for part in parts)  # type: ignore[call-overload]

    assert int(free["text_bytes"]) > 1 << 20  # type: ignore[call-overload]
    limit = need(free) - int(free["arena_bytes"]) // 2  # type: ignore[call-overload]
    limited = generate(f"--max-memory={limit}")
    assert need(limited) <= limit
    assert limited["tokens"] == free["tokens"]
    done = tensel("generate", package, "-p", "hello", "--max-memory=10K")
    assert_user_error(done, "--max-memory: found a need of at least", "expected at most 10000", "--context", "the tokenizer and")


def test_all_commands_that_run_a_language_model(tmp_path: Path) -> None:
    """Each has the limit, counts the same things and refuses before it reads anything."""
    decoder = compile_model(smollm2(), tmp_path / "smollm2.tensel")
    text = tmp_path / "text.txt"
    text.write_text("Once upon a time there was a house by the sea. " * 20)
    for command in (("generate", decoder, "-p", "hello"), ("chat", decoder), ("perplexity", decoder, text, "--context", "64")):
        done = tensel(*command, "--max-memory=10K")
        assert_user_error(done, "--max-memory: found a need of at least", "expected at most 10000", "the tokenizer and")
        assert_user_error(tensel(*command, "--max-memory=much"), "--max-memory: found 'much'")
    said = tensel("perplexity", decoder, text, "--context", "64", "--json", "--threads=1")
    need = re.search(r"need of at least (\d+)", tensel("perplexity", decoder, text, "--context", "64", "--threads=1",
                                                       "--max-memory=10K").stderr)
    assert need
    limited = tensel("perplexity", decoder, text, "--context", "64", "--json", "--threads=1", f"--max-memory={need.group(1)}")
    assert json.loads(limited.stdout)["perplexity"] == pytest.approx(json.loads(said.stdout)["perplexity"], rel=1e-3)
