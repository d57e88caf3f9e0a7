"""The reference interpreter in f64 for `./dev bench llm`: compiled logits against its own at every position of a text, and what
it says where two programs differ. It takes its time, so its logits stay under build/bench, under a name made from all that
decides them.
"""

from __future__ import annotations

import hashlib
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
from bench import BUILD, ROOT, TENSEL

# What the reference's numbers come from, besides the model and the text.
SOURCES = ("compiler/reference", "dialects/graph", "dialects/blocks", "frontend/gguf", "frontend/llm")


def key_of(model: Path, tokens: list[int]) -> str:
    found = hashlib.sha256(model.read_bytes())
    found.update(repr(tokens).encode())
    for folder in SOURCES:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".cpp", ".h", ".td"):
                found.update(path.read_bytes())
    return found.hexdigest()[:16]


def signature(model: Path, function: str) -> list[str]:
    """The names of a function's inputs."""
    lines = subprocess.run([str(TENSEL), "inspect", str(model)], capture_output=True, text=True, check=True).stdout.splitlines()
    begin = lines.index(f"function {function}")
    found = []
    for line in lines[begin + 1 :]:
        if not line.startswith("  input  "):
            break
        found.append(line.split('"')[1])
    return found


def run(program: Path, function: str, names: list[str], tokens: list[int], output: Path, *arguments: str) -> np.ndarray:
    """The logits that a function of a model or package, with these inputs, gives for a text that it reads at once."""
    given = {"tokens": output.with_suffix(".tokens.npy"), "last": output.with_suffix(".last.npy")}
    np.save(given["tokens"], np.array([tokens], np.int64))
    np.save(given["last"], np.array([len(tokens) - 1], np.int64))
    command = [str(TENSEL), "run", str(program), f"--function={function}", f"--output=logits=@{output}", *arguments]
    command += [f"--shape={symbol}={size}" for symbol, size in (("batch", 1), ("length", len(tokens)), ("context", len(tokens)))]
    command += [f"--input={name}={f'@{given[name]}' if name in given else 'zeros'}" for name in names]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"bench: '{' '.join(command)[:200]}' ended with status {done.returncode}: {done.stderr[-500:]}")
    return np.load(output)[0]


def reference(model: Path, function: str, tokens: list[int]) -> np.ndarray:
    """The same in f64, kept."""
    kept = BUILD / f"bench/reference-{function}-{key_of(model, tokens)}.npy"
    if kept.exists():
        return np.load(kept)[0]
    return run(model, function, signature(model, function), tokens, kept, "--device=reference", "--reference=f64")


def likeliest(model: Path, tokens: list[int]) -> int:
    """The token after a text, by the reference in f64."""
    return int(reference(model, "prefill", tokens).argmax())


def cosines(model: Path, package: Path, tokens: list[int]) -> dict[str, Any]:
    """The least cosine over all positions."""
    start = time.monotonic()
    expected = reference(model, "score", tokens)
    seconds = time.monotonic() - start
    found = run(package, "score", signature(model, "score"), tokens, BUILD / "bench/logits.npy").astype(np.float64)
    cosine = (found * expected).sum(axis=1) / np.linalg.norm(found, axis=1) / np.linalg.norm(expected, axis=1)
    same = (found.argmax(axis=1) == expected.argmax(axis=1)).sum()
    return {"tokens": len(tokens), "least_cosine": float(cosine.min()), "mean_cosine": float(cosine.mean()),
            "same_likeliest": int(same), "reference_seconds": seconds}
