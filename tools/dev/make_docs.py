"""`./dev docs`: copies the generated reference pages of ops and passes into docs/reference, makes docs/models.md from what
the tests measured, and fills the README's table of what works today.

Numbers come from the logs of the last `./dev test` and `./dev bench` (build/logs/*.json) and the lists under
tests/conformance; they are kept in docs/status.json, so that a page can be made where only some of the logs are.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
LOGS = ROOT / "build/logs"
STATUS = ROOT / "docs/status.json"
BEGIN, END = "<!-- what works today: made by ./dev docs -->", "<!-- end -->"
MEMORY = "<!-- stated and measured: made by ./dev docs -->"
NODE_TESTS = 1884
sys.path.insert(0, str(ROOT / "tests/run"))


def read_json(path: Path) -> Any:
    return json.loads(path.read_text()) if path.exists() else None


def runtime_bytes() -> int | None:
    """The size of the whole runtime as a stripped shared library."""
    names = ("libtensel_runtime.a", "libtenselruntime.a")
    found = [path for path in (ROOT / "build/lib").glob("lib*.a") if path.name.lower() in names]
    if not found:
        return None
    out = ROOT / "build/logs/runtime.so"
    command = ["clang++-22", "-shared", "-fuse-ld=lld", "-Wl,--gc-sections", "-Wl,--whole-archive", str(found[0]),
               "-Wl,--no-whole-archive", "-Wl,-s", "-lpthread", "-o", str(out)]
    return out.stat().st_size if subprocess.run(command, check=False).returncode == 0 else None


def collect(status: dict[str, Any]) -> dict[str, Any]:
    """Brings the status up to date with the logs that exist."""
    for device in ("cpu", "reference"):
        path = ROOT / f"tests/conformance/expected-{device}.txt"
        if path.exists():
            status[f"conformance_{device}"] = len(path.read_text().split())
    models = read_json(LOGS / "models.json")
    if models:
        status["models"] = models
    bench = read_json(LOGS / "bench.json")
    if bench:
        status["bench"] = {result["name"]: {"ours_ms": round(statistics.median(result["ours"]), 1),
                                            "onnxruntime_ms": round(statistics.median(result["theirs"]), 1),
                                            "compile_s": round(result["compile_s"], 1),
                                            "compile_mb": round(result["compile_rss"] / 1e6)} for result in bench["results"]}
    llm = read_json(LOGS / "bench-llm.json")
    if llm and "speed" in llm:
        status["llm"] = {name: round(value, 1) for name, value in llm["speed"]["1"].items()
                         if name.endswith(("_decode", "_prefill"))}
    memory = read_json(LOGS / "memory.json")
    if memory:
        status["memory"] = {name: max((run for run in runs if run["threads"] == 1), key=lambda run: run["stated"])
                            for name, runs in memory.items()}
    size = runtime_bytes()
    if size:
        status["runtime_bytes"] = size
    return status


def models_page(models: dict[str, dict[str, Any]]) -> str:
    """The page docs/models.md."""
    from models import MODELS

    lines = ["# Models", "", "Each compiles once to a package that serves all sizes, and is compared with ONNX Runtime on random",
             "and structured inputs (rtol 1e-3, atol 1e-4) by tests/run/test_models.py. Made by `./dev docs`.", "",
             "| model | state | sizes | largest error | share of the tolerance | compile s | run ms | package MB |",
             "|---|---|---:|---:|---:|---:|---:|---:|"]

    def number(value: float | None, pattern: str) -> str:
        return "" if value is None else format(value, pattern)

    for model in MODELS:
        found = models.get(model.name, {"state": "not run"})
        size = found.get("package_bytes")
        lines.append(f"| {model.name} | {found['state']} | {found.get('sizes', '')} | {number(found.get('max_error'), '.1e')} | "
                     f"{number(found.get('share'), '.2f')} | {number(found.get('compile_s'), '.1f')} | "
                     f"{number(found.get('run_ms'), '.2f')} | {number(size and size / 1e6, '.1f')} |")
    lines += ["", "Run times are of one thread at the last, largest size."]
    return "\n".join(lines) + "\n"


def memory_table(memory: dict[str, dict[str, Any]]) -> str:
    """What sessions state and take, a row each model."""
    lines = ["| model | function, sizes | stated | measured | resident | arena | alive at once | arena / alive |",
             "|---|---|---:|---:|---:|---:|---:|---:|"]
    for name, run in memory.items():
        sizes = ", ".join(f"{symbol}={value}" for symbol, value in run["sizes"].items())
        share = run["arena"] / run["live"] if run["live"] else 1
        lines.append(f"| {name} | {run['function']}{': ' + sizes if sizes else ''} | {run['stated']} | {run['measured']} | "
                     f"{run['resident']} | {run['arena']} | {run['live']} | {share:.3f} |")
    return "\n".join(lines)


def works_today(status: dict[str, Any]) -> str:
    """The README's table."""
    rows = []
    for device, what in (("cpu", "compiled code"), ("reference", "the reference interpreter")):
        count = status.get(f"conformance_{device}")
        if count is not None:
            rows.append(f"| ONNX node tests through {what} | {count} of {NODE_TESTS} ({100 * count / NODE_TESTS:.0f} %) | "
                        "[conformance](docs/conformance.md) |")
    memory = status.get("memory", {})
    if memory:
        kept = sum(run["measured"] <= run["stated"] for run in memory.values())
        rows.append(f"| models whose measured memory is at most what was stated | {kept} of {len(memory)} | "
                    "[memory](docs/memory.md) |")
    models = status.get("models", {})
    if models:
        good = sum(model["state"] == "matches" for model in models.values())
        rows.append(f"| real models that match ONNX Runtime | {good} of {len(models)} | [models](docs/models.md) |")
    for name, found in status.get("bench", {}).items():
        rows.append(f"| {name} on one core, against ONNX Runtime | {found['ours_ms']} ms, {found['onnxruntime_ms']} ms | "
                    "[benchmarks](docs/benchmarks.md) |")
        rows.append(f"| {name}, compile time and memory | {found['compile_s']} s, {found['compile_mb']} MB | |")
    for name in ("decode", "prefill") if "llm" in status else ():
        found = status["llm"]
        rows.append(f"| SmolLM2-135M, {name} on one core, against llama.cpp | {found[f'our_{name}']} tok/s, "
                    f"{found[f'their_{name}']} tok/s | [language models](docs/llm-benchmarks.md) |")
    if "runtime_bytes" in status:
        rows.append(f"| runtime library, stripped | {status['runtime_bytes'] / 1024:.0f} KiB | |")
    return "\n".join(["| what | today | more |", "|---|---|---|", *rows])


def reference_pages() -> dict[Path, str]:
    """docs/reference from build/docs, which holds what mlir-tblgen made of every dialect and pass group."""
    found = {}
    for page in sorted((ROOT / "build/docs").rglob("*.md")):
        lines = [line.rstrip() for line in page.read_text().splitlines() if not line.startswith("<!-- Autogenerated")]
        text = "\n".join(lines).strip() + "\n"
        title = f"# {page.stem}\n\n" if not text.startswith("# ") else ""
        found[ROOT / f"docs/reference/{page.stem}.md"] = title + text.replace("[TOC]\n", "")
    return found


def table_in(page: str, table: str, begin: str = BEGIN) -> str:
    """The page (README, or another one) with its table replaced."""
    head, tail = page.partition(begin)[0], page.partition(begin)[2].partition(END)[2]
    return f"{head}{begin}\n{table}\n{END}{tail}"


def pages(status: dict[str, Any]) -> dict[Path, str]:
    """Every page that this script makes, by its path."""
    readme, memory = ROOT / "README.md", ROOT / "docs/memory.md"
    return reference_pages() | {readme: table_in(readme.read_text(), works_today(status)),
                                memory: table_in(memory.read_text(), memory_table(status.get("memory", {})), MEMORY),
                                ROOT / "docs/models.md": models_page(status.get("models", {}))}


def main() -> int:
    status = collect(read_json(STATUS) or {})
    STATUS.write_text(json.dumps(status, indent=1, sort_keys=True) + "\n")
    for path, text in pages(read_json(STATUS)).items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
