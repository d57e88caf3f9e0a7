"""Tiny models of every architecture compiled to a package, once each: whole texts, prompts and single tokens give the logits that
`transformers` computed, and `tensel generate` says what the logits of the whole text call likeliest, to several prompts together
what it says to each alone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from programs import assert_user_error, compile_model, run_model, tensel
from test_language_models import MODELS, assert_close, opened, zeros_for_states

CONTEXT = 32
# One level is enough here, and takes half the time: this machine's.
LEVEL = "x86-64-v4" if " avx512vl " in Path("/proc/cpuinfo").read_text() else "x86-64-v3"


def write_tokenizer(folder: Path, size: int) -> None:
    """The word "t7" is token 7."""
    model = {"type": "WordPiece", "unk_token": "t3", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100,
             "vocab": {f"t{i}": i for i in range(size)}}
    tokenizer = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None,
                 "pre_tokenizer": {"type": "WhitespaceSplit"}, "post_processor": None,
                 "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": False}, "model": model}
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))


@dataclass
class Compiled:
    """A model, its package, and what `transformers` gave for it."""

    model: Path
    package: Path
    expected: dict[str, np.ndarray]
    folder: Path

    @property
    def tokens(self) -> np.ndarray:
        """What the decoder reads, [2, length]."""
        return self.expected["targets" if "targets" in self.expected else "tokens"].astype(np.int64)

    def run(self, function: str, inputs: dict[str, np.ndarray], outputs: list[str]) -> dict[str, np.ndarray]:
        return run_model(self.package, inputs, outputs, self.folder, f"--function={function}")

    def encoded(self, rows: slice = slice(None)) -> dict[str, np.ndarray]:
        """What a decoder behind an encoder reads besides: nothing for others."""
        if "targets" not in self.expected:
            return {}
        inputs = {name: self.expected[name][rows].astype(np.int64) for name in ("tokens", "lengths")}
        return {"encoded": self.run("encode", inputs, ["vectors"])["vectors"], "lengths": inputs["lengths"]}

    def score(self, tokens: np.ndarray, rows: slice = slice(None)) -> np.ndarray:
        batch = len(tokens)
        inputs = {"tokens": tokens, "past": np.zeros(batch, np.int64), **self.encoded(rows),
                  **zeros_for_states(self.model, "score", batch, CONTEXT)}
        return self.run("score", inputs, ["logits"])["logits"]


def copy_of(model: Path, folder: Path) -> Path:
    """The model's folder with a tokenizer."""
    folder.mkdir()
    for path in model.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    write_tokenizer(folder, 64)
    return folder


@pytest.fixture(scope="module", params=MODELS, ids=lambda path: path.name)
def compiled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Compiled:
    model, folder = request.param, tmp_path_factory.mktemp("compiled")
    source = opened(model)
    expected = dict(np.load(model / "expected.npz"))
    if source.is_dir():
        source = copy_of(model, folder / "model")
    # The expected logits are those of f32 products.
    package = compile_model(source, folder / "model.tensel", f"--target=cpu:{LEVEL}", "--quantize=none")
    return Compiled(model, package, expected, folder)


def test_whole_text(compiled: Compiled) -> None:
    if "vectors" in compiled.expected:
        lengths = compiled.expected["lengths"].astype(np.int64)
        tokens = compiled.expected["tokens"].astype(np.int64)
        found = compiled.run("encode", {"tokens": tokens, "lengths": lengths}, ["vectors"])["vectors"]
        counts = np.arange(tokens.shape[1])[None, :] < lengths[:, None]
        assert_close(found[counts], compiled.expected["vectors"][counts])
    if "logits" in compiled.expected:
        assert_close(compiled.score(compiled.tokens), compiled.expected["logits"])


def test_prompts_then_tokens(compiled: Compiled) -> None:
    """Two rows of different length: what stands behind a row's last token never counts."""
    if "logits" not in compiled.expected:
        assert_user_error(tensel("run", compiled.package, "--function=decode"), "decode", "encode")
        return
    tokens, logits = compiled.tokens, compiled.expected["logits"]
    prompt, rows, encoded = np.array([5, 3]), np.arange(2), compiled.encoded()
    states = zeros_for_states(compiled.model, "prefill", 2, CONTEXT)
    outputs = ["logits", *(f"{state}.next" for state in states)]
    inputs = {"tokens": tokens[:, :5], "past": np.zeros(2, np.int64), "last": prompt - 1, **states, **encoded}
    found = compiled.run("prefill", inputs, outputs)
    assert_close(found["logits"], logits[rows, prompt - 1])
    for past in (prompt, prompt + 1):
        states = {state: found[f"{state}.next"] for state in states}
        found = compiled.run("decode", {"tokens": tokens[rows, past][:, None], "past": past, **states, **encoded}, outputs)
        assert_close(found["logits"], logits[rows, past])


def words(tokens: np.ndarray) -> str:
    return " ".join(f"t{token}" for token in tokens)


def generate(compiled: Compiled, prompts: list[str], *arguments: object) -> list[dict[str, object]]:
    given = [argument for prompt in prompts for argument in ("-p", prompt)]
    done = tensel("generate", compiled.package, "--raw", "--json", "--ignore-end", *arguments, *given)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_generates_the_likeliest(compiled: Compiled) -> None:
    if "logits" not in compiled.expected:
        assert_user_error(tensel("generate", compiled.package, "--raw", "-p", "t1 t2"), "no function 'decode'")
        return
    if compiled.model.name.endswith("gguf"):
        assert_user_error(tensel("generate", compiled.package, "--raw", "-p", "t1 t2"), "found no tokenizer")
        return
    length = int(compiled.expected["lengths"][0]) if "targets" in compiled.expected else 9
    prompt = compiled.expected["tokens"][0, :length]
    answer, = generate(compiled, [words(prompt)], "--greedy", "-n", 8)
    assert (answer["prompt_tokens"], len(answer["tokens"])) == (length, 8)
    read = np.array([0]) if "targets" in compiled.expected else prompt  # what T5 answers begin with
    text = np.concatenate([read, answer["tokens"]]).astype(np.int64)[None, :]
    likeliest = compiled.score(text, slice(0, 1))[0].argmax(axis=1)
    assert list(likeliest[len(read) - 1 : -1]) == answer["tokens"]


def test_several_prompts_give_what_they_give_alone(compiled: Compiled) -> None:
    """Ten prompts in the eight rows of a batch: answers end at different times, and the last prompts take freed rows."""
    if "logits" not in compiled.expected or compiled.model.name.endswith("gguf"):
        pytest.skip("writes no text, or has no tokenizer")
    source = compiled.expected["tokens"][0]
    prompts = [words(source[begin : begin + 1 + 5 * begin % 13]) for begin in range(10)]
    options = ("--temperature", 1, "--top-k", 0, "--seed", 5, "-n", 16, "--stop", "t6")
    together = generate(compiled, prompts, *options)
    assert len({len(answer["tokens"]) for answer in together}) > 1
    for prompt, found in zip(prompts, together, strict=True):
        alone, = generate(compiled, [prompt], *options)
        assert [found[key] for key in ("tokens", "text", "finish", "prompt_tokens")] == \
               [alone[key] for key in ("tokens", "text", "finish", "prompt_tokens")]


def test_full_contexts(compiled: Compiled) -> None:
    if "logits" not in compiled.expected or compiled.model.name.endswith("gguf"):
        pytest.skip("writes no text, or has no tokenizer")
    tokens = compiled.expected["tokens"]
    prompts = [words(tokens[0, :9]), words(tokens[1, :2])]
    small = ("--greedy", "-n", 9, "--context", 4)
    done = tensel("generate", compiled.package, "--raw", *small, "-p", prompts[0])
    assert_user_error(done, "the prompt has 9 tokens, expected at most", "--context-shift")
    together = generate(compiled, prompts, *small, "--context-shift")
    for prompt, found in zip(prompts, together, strict=True):
        alone, = generate(compiled, [prompt], *small, "--context-shift")
        assert len(alone["tokens"]) == 9 and found["tokens"] == alone["tokens"]


@pytest.mark.parametrize("missing", [["decoder_start_token_id"], ["decoder_start_token_id", "pad_token_id"]])
def test_answers_that_begin_with_nothing(missing: list[str], tmp_path: Path) -> None:
    """Padding serves where a configuration has no start of an answer."""
    model = copy_of(next(path for path in MODELS if path.name == "t5"), tmp_path / "model")
    config = json.loads((model / "config.json").read_text())
    (model / "config.json").write_text(json.dumps({key: value for key, value in config.items() if key not in missing}))
    package = compile_model(model, tmp_path / "model.tensel", f"--target=cpu:{LEVEL}")
    done = tensel("generate", package, "--raw", "-p", "t5 t6", "-n", 2, "--ignore-end", "--json")
    if len(missing) == 2:
        assert_user_error(done, "with which token an answer begins (decoder_start_token_id)")
    else:
        assert len(json.loads(done.stdout)["tokens"]) == 2
