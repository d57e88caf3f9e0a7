"""What `tensel inspect` states about a session's memory is what the session takes: never less than measured, and for fixed
sizes at most a twentieth more. A C program measures (Inputs/measure_memory.c): the highest byte written in the arena, what malloc
was asked for, what is resident. All models of the tests, at several sizes.

What was found goes to build/logs/memory.json, from which ./dev docs makes the table of docs/memory.md.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from models import MODELS, Model
from programs import BUILD, ROOT, compile_model, smollm2, tensel
from small_models import mlp, save
from test_compiled_language_models import CONTEXT, LEVEL, copy_of
from test_emit import runtime_archive
from test_language_models import MODELS as LANGUAGE_MODELS
from test_language_models import opened

RESULTS = BUILD / "logs/memory.json"
PAGE = 4096
# The C library's own: what it makes resident with the first threads and files of a process.
BESIDE = 256 << 10


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("program") / "measure_memory"
    command = ["clang-22", "-std=c11", "-O1", "-Wall", "-Werror", "-fno-builtin", f"-I{ROOT}/runtime/include",
               ROOT / "tests/run/Inputs/measure_memory.c", runtime_archive(), "-lpthread", "-lm", "-o", out]
    subprocess.run([str(part) for part in command], check=True)
    return out


@pytest.fixture(scope="module")
def results() -> Iterator[dict[str, list[dict[str, Any]]]]:
    """By model; models that did not run keep their old entry."""
    found: dict[str, list[dict[str, Any]]] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    yield found
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(found, indent=1) + "\n")


def stated(package: Path, sizes: dict[str, int], threads: int = 1) -> list[dict[str, Any]]:
    """The functions of a package, each with its "memory" at these sizes."""
    shapes = [f"--shape={name}={value}" for name, value in sizes.items()]
    done = tensel("inspect", package, "--json", f"--threads={threads}", *shapes)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["functions"]


def evaluate(expression: str, sizes: dict[str, int]) -> int:
    """An expression of `inspect`; the symbols' names are no Python names."""
    for name in sorted(sizes, key=len, reverse=True):
        expression = re.sub(rf"(?<![\w.]){re.escape(name)}(?![\w.])", str(sizes[name]), expression)
    names = {"ceildiv": lambda a, b: -(-a // b), "floordiv": lambda a, b: a // b, "mod": lambda a, b: a % b, "max": max,
             "min": min}
    return eval(expression, {"__builtins__": {}}, names)


def check(program: Path, package: Path, function: dict[str, Any], sizes: dict[str, int], fills: dict[str, int],
          threads: int = 1) -> dict[str, Any]:
    """Holds one function at one size to its promise; returns what was stated and measured."""
    memory = function["memory"]
    command = [program, package, function["name"], threads, *(f"{name}={value}" for name, value in sizes.items()),
               *(f"{name}:={value}" for name, value in fills.items())]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{function['name']} {sizes}: {done.stderr}"
    measured = json.loads(done.stdout)
    where = f"{function['name']} {sizes} {threads} threads: stated {memory}, measured {measured}"
    assert measured["touched"] <= memory["arena"], where
    assert measured["tables"] <= memory["tables"] + memory["stacks"], where
    assert measured["states"] == memory["states"], where
    assert measured["resident"] <= memory["total"] - memory["states"] + BESIDE, where
    assert memory["total"] == sum(memory[part] for part in ("arena", "states", "tables", "stacks")), where
    # The planner: near what no layout can beat, a page more or less.
    assert memory["live"] <= memory["arena"] <= max(1.05 * memory["live"], memory["live"] + PAGE), where
    assert sum(-(-value["bytes"] // 64) * 64 for value in memory["alive_at_peak"]) == memory["live"], where
    if memory["live_is_max_of"]:
        largest = max(evaluate(expression, memory["at"]) for expression in memory["live_is_max_of"])
        assert largest <= memory["live"] <= largest + 64 * function["planned_values"], where
    return {"function": function["name"], "sizes": sizes, "threads": threads, "stated": memory["total"], "arena": memory["arena"],
            "live": memory["live"], "states": memory["states"], "tables": memory["tables"],
            "stacks": memory["stacks"],
            "measured": measured["touched"] + measured["tables"] + measured["states"], "resident": measured["resident"]}


def assert_tight(found: list[dict[str, Any]]) -> None:
    """For one function, of all runs at some sizes the one that needs most (branches are taken or not). Where sizes are symbols,
    a page more or less."""
    most = max(found, key=lambda one: one["measured"])
    assert most["stated"] <= max(1.05 * most["measured"], most["measured"] + (PAGE if most["sizes"] else 0)), most


def sizes_of(function: dict[str, Any], shapes: dict[str, tuple[int, ...]]) -> dict[str, int]:
    """What the symbols are where the inputs have these shapes."""
    return {dim: size for tensor in function["inputs"] for dim, size in zip(tensor["dims"], shapes.get(tensor["name"], ()))
            if isinstance(dim, str)}


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_models(model: Model, program: Path, results: dict[str, list[dict[str, Any]]], tmp_path: Path) -> None:
    package = compile_model(model.file, tmp_path / "model.tensel", f"--target=cpu:{LEVEL}")
    signature = stated(package, {})[0]
    found: dict[str, list[dict[str, Any]]] = {}
    for k, shapes in enumerate(model.sizes):
        sizes = sizes_of(signature, shapes)
        fills = {model.scalar: model.values[k]} if model.scalar else {}
        for threads in (1, 3) if k == 0 else (1,):
            one = check(program, package, stated(package, sizes, threads)[0], sizes, fills, threads)
            if threads == 1:
                found.setdefault(str(sizes), []).append(one)
    for runs in found.values():
        assert_tight(runs)
    results[model.name] = [run for runs in found.values() for run in runs]


@pytest.mark.parametrize("model", LANGUAGE_MODELS, ids=lambda path: path.name)
def test_language_models(model: Path, program: Path, results: dict[str, list[dict[str, Any]]], tmp_path: Path) -> None:
    source = opened(model)
    if source.is_dir():
        source = copy_of(model, tmp_path / "model")
    package = compile_model(source, tmp_path / "model.tensel", f"--target=cpu:{LEVEL}")
    found = []
    for batch, length in ((1, 1), (2, 5), (8, CONTEXT)):
        all_sizes = {"batch": batch, "length": length, "context": CONTEXT, "source": length}
        known = {dim for function in stated(package, {}) for tensor in function["inputs"] for dim in tensor["dims"]}
        sizes = {name: value for name, value in all_sizes.items() if name in known}
        for function in stated(package, sizes):
            found.append(check(program, package, function, sizes, {"lengths": length}))
    for one in found:
        assert_tight([one])
    results["tiny " + model.name] = found


def test_smollm2(program: Path, results: dict[str, list[dict[str, Any]]], tmp_path: Path) -> None:
    package = compile_model(smollm2(), tmp_path / "smollm2.tensel", f"--target=cpu:{LEVEL}")
    found = []
    for batch, length, context in ((1, 64, 256), (2, 7, 100)):
        sizes = {"batch": batch, "length": length, "context": context}
        for function in stated(package, sizes):
            found.append(check(program, package, function, sizes, {}))
    for one in found:
        assert_tight([one])
    results["SmolLM2-135M"] = found


def test_small_models(program: Path, tmp_path: Path) -> None:
    package = compile_model(save(mlp()[0], tmp_path / "mlp.onnx"), tmp_path / "mlp.tensel", "--shape", "N=1..4096")
    for rows in (1, 3, 4096):
        check(program, package, stated(package, {"N": rows})[0], {"N": rows}, {})
    # A larger limit never states less.
    totals = [stated(package, {"N": rows})[0]["memory"]["total"] for rows in (1, 2, 100, 4095, 4096)]
    assert totals == sorted(totals)


def test_inspect_says_it_in_words(tmp_path: Path) -> None:
    package = compile_model(save(mlp()[0], tmp_path / "mlp.onnx"), tmp_path / "mlp.tensel", "--shape", "N=1..64")
    about = tensel("inspect", package).stdout
    assert re.search(r"memory \d+ bytes at N=64, 1 thread: arena \d+ bytes, states 0, tables \d+, stacks 0", about)
    assert re.search(r"alive at once, as sizes vary: the largest of\n    \d+\*N\n", about)
    unbounded = compile_model(save(mlp()[0], tmp_path / "mlp.onnx"), tmp_path / "any.tensel")
    assert "not bounded" in tensel("inspect", unbounded).stdout
    assert "at N=7" in tensel("inspect", unbounded, "--shape", "N=7").stdout
    for shape, message in (("M=7", "expected one of 'N'"), ("N=65", "expected 1 to 64"), ("N", "expected SYMBOL=VALUE")):
        done = tensel("inspect", package, "--shape", shape)
        assert done.returncode == 1
        assert message in done.stderr
