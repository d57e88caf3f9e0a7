"""Tiny models of every architecture (Inputs/language_models, written by make_language_models.py) through the reference
interpreter: their logits are those that `transformers` computed, whole texts at once or token by token.
"""

from __future__ import annotations

import json
import math
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from programs import ROOT, assert_user_error, compile_model, run_model, tensel, tool

MODELS = sorted(path for path in (ROOT / "tests/run/Inputs/language_models").iterdir() if path.is_dir())


def opened(model: Path) -> Path:
    """What `tensel` is given: the GGUF file, or the folder."""
    return model / "model.gguf" if (model / "model.gguf").exists() else model

TOLERANCE = 2e-3  # of the range of the logits; the reference is far closer
ARGUMENT = re.compile(r'%arg\d+: tensor<([^>]*)> \{[^}]*graph\.name = "([^"]*)"')


def signature(model: Path, function: str) -> dict[str, list[str]]:
    """The dims of each input of a function, dynamic ones as '?'."""
    done = subprocess.run([tool("tensel-import"), opened(model), "--score"], capture_output=True, text=True, check=True)
    arguments = re.search(rf"func\.func @{function}\((.*?)\) ->", done.stdout, re.DOTALL).group(1)
    return {name: dims.split("x")[:-1] for dims, name in ARGUMENT.findall(arguments)}


def zeros_for_states(model: Path, function: str, batch: int, context: int) -> dict[str, np.ndarray]:
    states = {}
    for name, dims in signature(model, function).items():
        if "." in name:
            shape = [int(dim) if dim != "?" else batch if d == 0 else context for d, dim in enumerate(dims)]
            states[name] = np.zeros(shape, np.float32)
    return states


def assert_close(found: np.ndarray, expected: np.ndarray) -> None:
    assert found.shape == expected.shape
    error, span = np.abs(found - expected).max(), expected.max() - expected.min()
    assert error <= TOLERANCE * span, f"found an error of {error}, expected at most {TOLERANCE * span}"


def run_reference(model: Path, function: str, inputs: dict[str, np.ndarray], outputs: list[str],
                  folder: Path) -> dict[str, np.ndarray]:
    return run_model(opened(model), inputs, outputs, folder, f"--function={function}", "--device=reference")


@pytest.mark.parametrize("model", MODELS, ids=lambda path: path.name)
def test_whole_text(model: Path, tmp_path: Path) -> None:
    expected = np.load(model / "expected.npz")
    tokens = expected["tokens"].astype(np.int64)
    if "vectors" in expected:
        inputs = {"tokens": tokens, "lengths": expected["lengths"].astype(np.int64)}
        found = run_reference(model, "encode", inputs, ["vectors"], tmp_path)["vectors"]
        counts = np.arange(tokens.shape[1])[None, :] < expected["lengths"][:, None]
        assert_close(found[counts], expected["vectors"][counts])
    if "targets" in expected:
        batch, length = expected["targets"].shape
        inputs = {"tokens": expected["targets"].astype(np.int64), "past": np.zeros(batch, np.int64), "encoded": found,
                  "lengths": expected["lengths"].astype(np.int64), **zeros_for_states(model, "score", batch, length + 3)}
        assert_close(run_reference(model, "score", inputs, ["logits"], tmp_path)["logits"], expected["logits"])
    if "logits" in expected and "targets" not in expected:
        batch, length = tokens.shape
        inputs = {"tokens": tokens, "past": np.zeros(batch, np.int64), **zeros_for_states(model, "score", batch, length + 3)}
        assert_close(run_reference(model, "score", inputs, ["logits"], tmp_path)["logits"], expected["logits"])


@pytest.mark.parametrize("name", ["llama", "mistral", "bloom", "gemma3", "rwkv"])
def test_prompt_then_token_by_token(name: str, tmp_path: Path) -> None:
    """Rows of different length: what stands behind a row's last token never counts."""
    model = next(path for path in MODELS if path.name == name)
    expected = np.load(model / "expected.npz")
    tokens, logits = expected["tokens"].astype(np.int64), expected["logits"]
    prompt = np.array([9, 6])
    states = zeros_for_states(model, "prefill", 2, 32)
    inputs = {"tokens": tokens[:, :9], "past": np.zeros(2, np.int64), "last": prompt - 1, **states}
    outputs = ["logits", *(f"{state}.next" for state in states)]
    found = run_reference(model, "prefill", inputs, outputs, tmp_path)
    rows = np.arange(2)
    assert_close(found["logits"], logits[rows, prompt - 1])
    for step in range(4):
        past = prompt + step
        inputs = {"tokens": tokens[rows, past][:, None], "past": past, **{state: found[f"{state}.next"] for state in states}}
        found = run_reference(model, "decode", inputs, outputs, tmp_path)
        assert_close(found["logits"], logits[rows, past])


@pytest.mark.parametrize("name", ["llama-gguf", "rwkv"])
def test_compiled_states(name: str, tmp_path: Path) -> None:
    """The compiled program leaves in the states what the reference gives, with rows of different length."""
    model = next(path for path in MODELS if path.name == name)
    tokens = np.load(model / "expected.npz")["tokens"].astype(np.int64)
    prompt, rng = np.array([9, 6]), np.random.default_rng(1)
    states = {state: rng.standard_normal(zeros.shape, np.float32)
              for state, zeros in zeros_for_states(model, "prefill", 2, 32).items()}
    inputs = {"tokens": tokens[:, :1], "past": prompt, **states}
    outputs = ["logits", *(f"{state}.next" for state in states)]
    expected = run_reference(model, "decode", inputs, outputs, tmp_path)
    found = run_model(opened(model), inputs, outputs, tmp_path, "--function=decode", "--device=cpu")
    for output in outputs:
        assert_close(found[output], expected[output])
    if name == "rwkv":
        return
    package = compile_model(opened(model), tmp_path / "model.tensel")
    functions = json.loads(tensel("inspect", package, "--json").stdout)["functions"]
    decode = next(function for function in functions if function["name"] == "decode")
    sizes = {"batch": 8, "context": 64}
    kept = sum(4 * math.prod(sizes.get(dim, dim) for dim in tensor["dims"]) for tensor in decode["inputs"] if "state" in tensor)
    assert decode["peak_bytes"] < kept


def test_unknown_architecture(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "gpt17"}')
    (tmp_path / "model.safetensors").write_bytes(b"\x02\0\0\0\0\0\0\0{}")
    done = tensel("inspect", tmp_path)
    assert_user_error(done, "model_type in config.json is 'gpt17', expected one of bert, bloom", "qwen3")


def broken_copy(tmp_path: Path, old: str, new: str) -> Path:
    model = next(path for path in MODELS if path.name == "llama")
    for file in model.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    config = (model / "config.json").read_text()
    assert old in config
    (tmp_path / "config.json").write_text(config.replace(old, new))
    return tmp_path


@pytest.mark.parametrize(("old", "new", "message"), [
    ('"hidden_size": 32', '"hidden_size": 40', "tensor 'token_embd.weight' is 64x32, expected 64x40"),
    ('"num_hidden_layers": 2', '"num_hidden_layers": 3', "tensor 'blk.2.attn_norm.weight' is missing"),
    ('"num_hidden_layers": 2', '"num_hidden_layers": -2', "is -2, expected 1 to 2147483647"),
    ('"num_key_value_heads": 2', '"num_key_value_heads": 3', "3 key heads, expected a divisor of the 4 heads"),
    ('"hidden_act": "silu"', '"hidden_act": "swoosh"', "'swoosh', expected silu, gelu"),
    ('"rope_type": "default"', '"rope_type": "spiral"', "rotary scaling of type 'spiral', expected default, linear"),
    ('"model_type": "llama"', '"model_type": 7', "model_type in config.json is '', expected one of"),
])
def test_wrong_configuration(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert_user_error(tensel("inspect", broken_copy(tmp_path, old, new)), message)
