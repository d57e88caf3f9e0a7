"""llama.cpp as a program that answers `./dev bench llm`: runs in build/bench-venv, reads one JSON command a line, prints one
JSON answer a line. Through llama.cpp's C functions, so that Python adds nothing to what is timed; its own defaults but for
the number of threads, which are pinned to the last CPUs.

    python llama_peer.py MODEL.gguf
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
import time

import llama_cpp
import numpy as np

LONGEST = 2048


@llama_cpp.llama_log_callback
def silent(_level: int, _text: bytes, _data: ctypes.c_void_p) -> None:
    """Takes what llama.cpp would print."""


class Peer:
    """One model with one context."""

    def __init__(self, path: str) -> None:
        self.cpus = sorted(os.sched_getaffinity(0))
        llama_cpp.llama_log_set(silent, ctypes.c_void_p(0))
        llama_cpp.llama_backend_init()
        self.model = llama_cpp.llama_model_load_from_file(path.encode(), llama_cpp.llama_model_default_params())
        self.vocab = llama_cpp.llama_model_get_vocab(self.model)
        self.size = llama_cpp.llama_vocab_n_tokens(self.vocab)
        params = llama_cpp.llama_context_default_params()
        params.n_ctx = LONGEST
        self.context = llama_cpp.llama_init_from_model(self.model, params)
        if not self.context:
            raise SystemExit(f"llama_peer: cannot open {path}")

    def threads(self, count: int) -> None:
        """From now on."""
        os.sched_setaffinity(0, self.cpus[-count:])
        llama_cpp.llama_set_n_threads(self.context, count, count)

    def tokenize(self, text: str) -> list[int]:
        data = text.encode()
        found = (llama_cpp.llama_token * (len(data) + 8))()
        count = llama_cpp.llama_tokenize(self.vocab, data, len(data), found, len(found), True, True)
        return list(found[:count])

    def clear(self) -> None:
        llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(self.context), True)

    def append(self, tokens: list[int]) -> np.ndarray:
        """The logits after the last token, valid until the next call."""
        array = (llama_cpp.llama_token * len(tokens))(*tokens)
        if llama_cpp.llama_decode(self.context, llama_cpp.llama_batch_get_one(array, len(tokens))) != 0:
            raise SystemExit("llama_peer: llama_decode failed")
        return np.ctypeslib.as_array(llama_cpp.llama_get_logits(self.context), (self.size,))

    def generate(self, tokens: list[int], count: int) -> dict[str, object]:
        """Greedy tokens after a prompt, and how fast; the first token is the prefill's."""
        self.clear()
        start = time.perf_counter()
        said = [int(self.append(tokens).argmax())]
        middle = time.perf_counter()
        while len(said) < count:
            said.append(int(self.append(said[-1:]).argmax()))
        end = time.perf_counter()
        return {"tokens": said, "prefill_tok_s": len(tokens) / (middle - start),
                "decode_tok_s": (count - 1) / (end - middle) if count > 1 else 0.0}

    def top(self, tokens: list[int]) -> dict[str, object]:
        """The two likeliest tokens after a text with their logits, and how far apart the largest and the least logit are."""
        self.clear()
        logits = self.append(tokens)
        best = np.argsort(logits)[-2:][::-1]
        return {"tokens": [int(token) for token in best], "logits": [float(logits[token]) for token in best],
                "range": float(logits.max() - logits.min())}

    def surprise(self, tokens: list[int], first: int) -> list[float]:
        """-log p of each token of a text from position `first` + 1 on, as llama.cpp's own tool counts them."""
        self.clear()
        batch = llama_cpp.llama_batch_init(len(tokens), 0, 1)
        for i, token in enumerate(tokens):
            batch.token[i], batch.pos[i], batch.n_seq_id[i], batch.seq_id[i][0] = token, i, 1, 0
            batch.logits[i] = i >= first
        batch.n_tokens = len(tokens)
        if llama_cpp.llama_decode(self.context, batch) != 0:
            raise SystemExit("llama_peer: llama_decode failed")
        found = []
        for i in range(first, len(tokens) - 1):
            logits = np.ctypeslib.as_array(llama_cpp.llama_get_logits_ith(self.context, i), (self.size,)).astype(np.float64)
            most = logits.max()
            found.append(float(np.log(np.exp(logits - most).sum()) + most - logits[tokens[i + 1]]))
        llama_cpp.llama_batch_free(batch)
        return found


def main() -> int:
    peer = Peer(sys.argv[1])
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        print(json.dumps(getattr(peer, name)(*arguments)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
