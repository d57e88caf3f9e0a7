"""`tensel generate` and `tensel chat`: SmolLM2 answers from its GGUF file, from the cache and from a package; prompts, ends and
mistakes.
"""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
from pathlib import Path

import pytest
from programs import assert_user_error, smollm2, tensel, tool


@pytest.fixture(scope="module")
def model() -> Path:
    return smollm2()


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache of its own, so that the first use compiles."""
    folder = tmp_path_factory.mktemp("cache")
    os.environ["TENSEL_CACHE"] = str(folder)
    return folder


def generate(model: Path, *arguments: str) -> dict[str, object]:
    done = tensel("generate", model, "--json", *arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_answers_a_question_and_keeps_what_it_compiled(model: Path, cache: Path) -> None:
    done = tensel("generate", model, "-p", "What is the capital of France?", "--greedy", "-n", "20")
    assert (done.returncode, done.stdout) == (0, "The capital of France is Paris.\n"), done.stderr
    packages = list(cache.iterdir())
    assert [path.suffix for path in packages] == [".tensel"]
    made = packages[0].stat().st_mtime_ns
    answer = generate(packages[0], "-p", "What is the capital of France?", "--greedy", "-n", "20")
    assert answer["text"] == "The capital of France is Paris." and answer["finish"] == "end"
    assert len(answer["tokens"]) == 7
    again = generate(model, "-p", "What is the capital of France?", "--greedy", "-n", "20")
    assert again["tokens"] == answer["tokens"] and packages[0].stat().st_mtime_ns == made


def test_raw_text_goes_on_and_stops(model: Path) -> None:
    whole = generate(model, "--raw", "-p", "One, two, three, four,", "--greedy", "-n", "12")
    assert whole["finish"] == "length" and len(whole["tokens"]) == 12
    assert whole["text"].startswith(" five, six")
    cut = generate(model, "--raw", "-p", "One, two, three, four,", "--greedy", "-n", "12", "--stop", " six")
    assert (cut["finish"], cut["text"]) == ("stop", " five,")


def test_same_seed_same_text(model: Path) -> None:
    def text(seed: str) -> object:
        wild = ("--temperature", "1.5", "--top-k", "0", "--seed", seed)
        return generate(model, "-p", "Tell me a story.", *wild, "-n", "12")["tokens"]

    first = text("1")
    assert text("1") == first
    assert text("2") != first


def test_prompts_from_a_file_and_the_standard_input(model: Path, tmp_path: Path) -> None:
    prompt = "One, two, three, four,"
    (tmp_path / "prompt.txt").write_text(prompt)
    expected = generate(model, "--raw", "-p", prompt, "--greedy", "-n", "4")["tokens"]
    assert generate(model, "--raw", "--file", str(tmp_path / "prompt.txt"), "--greedy", "-n", "4")["tokens"] == expected
    done = subprocess.run([tool("tensel"), "generate", model, "--raw", "--greedy", "-n", "4", "--json"], input=prompt,
                          capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["tokens"] == expected


def test_prompts_together_give_what_they_give_alone(model: Path, tmp_path: Path) -> None:
    """Ten prompts of different length in eight rows: some answers end early, and the last prompts take their rows."""
    prompts = ["What is the capital of France?", "Say hi.", "Count from one to ten.", "Name three colours.",
               "What is 2 + 2?", "Is the sky blue? Answer with one word.", "Who wrote Hamlet?", "Tell me a joke about cats.",
               "What do bees make?", "Write a haiku about the sea."]
    (tmp_path / "prompts.txt").write_text("\n".join(prompts) + "\n\n")
    options = ("--temperature", "0.7", "--seed", "3", "-n", "24")
    done = tensel("generate", model, "--json", "--prompts-file", tmp_path / "prompts.txt", *options)
    assert done.returncode == 0, done.stderr
    together = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(together) == len(prompts)
    for prompt, found in zip(prompts, together, strict=True):
        alone = generate(model, "-p", prompt, *options)
        assert (found["tokens"], found["text"], found["finish"]) == (alone["tokens"], alone["text"], alone["finish"])
    assert {answer["finish"] for answer in together} == {"end", "length"}


def test_prompts_together_in_plain_text(model: Path) -> None:
    done = tensel("generate", model, "--greedy", "-n", "8", "--raw", "-p", "One, two, three,", "-p", "A, B, C,")
    assert done.returncode == 0, done.stderr
    greedy = ("--greedy", "-n", "8", "--raw")
    alone = [generate(model, *greedy, "-p", prompt)["text"] for prompt in ("One, two, three,", "A, B, C,")]
    assert done.stdout == "".join(f"{text}\n" for text in alone)
    prompts = ("-p", "a " * 60, "-p", "b")
    shifted = tensel("generate", model, "--raw", "--context", "32", "-n", "30", "--context-shift", "--ignore-end", "--greedy",
                     "--json", *prompts)
    assert [len(json.loads(line)["tokens"]) for line in shifted.stdout.splitlines()] == [30, 30]
    assert_user_error(tensel("generate", model, "--raw", "--context", "32", *prompts), "prompt 1: the prompt has")


def test_long_prompts_fail_or_shift(model: Path) -> None:
    prompt = "a " * 100
    done = tensel("generate", model, "--raw", "-p", prompt, "--context", "32", "-n", "4")
    assert_user_error(done, "the prompt has", "expected at most 31", "--context-shift")
    shifted = generate(model, "--raw", "-p", prompt, "--context", "32", "-n", "30", "--context-shift", "--ignore-end", "--greedy")
    assert len(shifted["tokens"]) == 30
    done = tensel("generate", model, "-p", "a", "--context", "1000000")
    assert_user_error(done, "--context", "expected at most the model's 8192")


def test_a_megabyte_of_one_letter(model: Path, tmp_path: Path) -> None:
    """Linear time; too long for the context is an error, and with --context-shift the end of it is read."""
    seconds = []
    for size in (250_000, 1_000_000):
        (tmp_path / "long.txt").write_text("a" * size)
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        done = tensel("generate", model, "--raw", "--file", tmp_path / "long.txt", "--context", "64", "-n", "4", seconds=30)
        seconds.append(resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before)
        assert_user_error(done, "the prompt has", "expected at most 63", "--context-shift")
    assert seconds[1] < 8 * seconds[0] + 0.1, f"found {seconds[0]} s for 250 KB, {seconds[1]} s for 1 MB"
    shifted = generate(model, "--raw", "--file", str(tmp_path / "long.txt"), "--context", "64", "-n", "4", "--context-shift",
                       "--ignore-end")
    assert (shifted["prompt_tokens"], len(shifted["tokens"])) == (32, 4)


def test_mistakes(model: Path, tmp_path: Path) -> None:
    assert_user_error(tensel("generate", tmp_path / "none.gguf", "-p", "a"), "none.gguf", "No such file")
    assert_user_error(tensel("generate", model, "--file", tmp_path / "none.txt"), "none.txt", "No such file")
    done = tensel("generate", model, "-p", "a", "--file", tmp_path / "none.txt")
    assert_user_error(done, "several of --prompt, --file and --prompts-file")
    assert_user_error(tensel("generate", model, "--raw", "--system", "b", "-p", "a"), "--system")


def test_chat_reads_on_where_it_was(model: Path) -> None:
    """The second answer is what the whole conversation, read at once, gives."""
    done = subprocess.run([tool("tensel"), "chat", model, "--greedy", "-n", "30"],
                          input="My name is Ada.\nWhat is my name?\n/history\n/clear\n/history\n", capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stderr
    history = done.stdout[done.stdout.index("user: My name is Ada."):]
    assert history.count("user: ") == 2 and history.count("assistant: ") == 2
    first, second = re.findall(r"assistant: (.*?)\n(?=user: |$)", history, re.DOTALL)
    turns = [("system", "You are a helpful AI assistant named SmolLM, trained by Hugging Face"), ("user", "My name is Ada."),
             ("assistant", first), ("user", "What is my name?")]
    prompt = "".join(f"<|im_start|>{role}\n{text}<|im_end|>\n" for role, text in turns) + "<|im_start|>assistant\n"
    assert generate(model, "--raw", "--greedy", "-n", "30", "-p", prompt)["text"] == second


def test_profile_of_an_answer(model: Path, tmp_path: Path) -> None:
    """One timeline for reading the prompt and writing the answer; dispatches name the parts of the model."""
    done = tensel("generate", model, "-p", "Hi", "--greedy", "-n", "3", "--threads=2", f"--profile={tmp_path}/p.json")
    assert done.returncode == 0, done.stderr
    trace = json.loads((tmp_path / "p.json").read_text())
    wholes = [event for event in trace["traceEvents"] if event.get("cat") == "dispatch"]
    functions = [event["args"]["function"] for event in wholes]
    assert functions == sorted(functions, reverse=True) and set(functions) == {"prefill", "decode"}
    assert {event["name"].split(" ")[0] for event in wholes} >= {f"blk.{k}.attn" for k in range(30)}
    assert all("flops" in event["args"] for event in wholes)
    assert trace["dropped_events"] == 0 and len(wholes) == sum(kernel["calls"] for kernel in trace["kernels"])
    assert_user_error(tensel("generate", model, "-p", "Hi", f"--profile={tmp_path}/no/p.json"), "no")
