"""What `./dev bench llm` gives language models to read: the prompts of the greedy comparison, and beginnings of a text that
have a wanted number of tokens.
"""

from __future__ import annotations

from collections.abc import Callable


def chat(question: str) -> str:
    """As SmolLM2's template renders one turn."""
    return ("<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n"
            f"<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n")


PROMPTS = (
    chat("What is the capital of France?"),
    chat("Write a short poem about the sea."),
    chat("Explain what a compiler does in two sentences."),
    chat("How many legs does a spider have?"),
    chat("Translate 'good morning' into German, French and Spanish."),
    chat("Give me a recipe for pancakes."),
    chat("Write a Python function that reverses a string."),
    chat("Who wrote Romeo and Juliet?"),
    chat("List three prime numbers greater than ten."),
    chat("Why is the sky blue?"),
    "One, two, three, four,",
    "Once upon a time, in a small village at the foot of a mountain,",
    "The three most important inventions of the nineteenth century were",
    "def fibonacci(n):\n    \"\"\"Returns the n-th Fibonacci number.\"\"\"\n",
    "Water boils at 100 degrees Celsius, which is",
    "#include <stdio.h>\n\nint main(void) {\n",
    "The mitochondria is",
    "Dear Sir or Madam,\n\nI am writing to",
    "Q: What is 12 + 30?\nA:",
    "In the year 1969, two astronauts",
)


def prefix_of(text: str, count: int, tokenize: Callable[[str], list[int]]) -> str:
    """The shortest beginning of `text` that is `count` tokens."""
    low, high = 1, len(text)
    while low < high:
        middle = (low + high) // 2
        if len(tokenize(text[:middle])) < count:
            low = middle + 1
        else:
            high = middle
    # A longer text may have fewer tokens, by one or two at its end.
    for end in range(max(1, low - 8), low + 64):
        if len(tokenize(text[:end])) == count:
            return text[:end]
    raise SystemExit(f"bench: no beginning of the text has {count} tokens")
