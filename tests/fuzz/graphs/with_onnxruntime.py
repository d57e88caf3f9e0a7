"""Random ONNX models through three implementations: ONNX Runtime, the reference interpreter and compiled code.

`build/venv/bin/python tests/fuzz/graphs/with_onnxruntime.py --seed=N --seconds=S` makes models of the seeds from N on.
The importer gives the graph, and tensel-fuzz-graphs holds compiled code and ONNX Runtime against the reference within one
bound. Prints each difference, and at the end one line of numbers; status 1 when there was one.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
from onnx_nodes import make
from random_onnx import Model, save

ROOT = Path(__file__).resolve().parents[3]
BIN = Path(os.environ.get("TENSEL_BIN", ROOT / "build/bin"))
BATCH = 16  # models a process compares
GRAPH_NAMES = {
    "float32": "f32",
    "float64": "f64",
    "float16": "f16",
    "bool": "i1",
    "int8": "i8",
    "int16": "i16",
    "int32": "i32",
    "int64": "i64",
    "uint8": "u8",
    "uint16": "u16",
    "uint32": "u32",
    "uint64": "u64",
}


def line(what: str, index: int, array: np.ndarray) -> str:
    words = [what, str(index), GRAPH_NAMES[array.dtype.name], *map(str, array.shape)]
    return f"// {' '.join(words)} : {np.ascontiguousarray(array).tobytes().hex()}\n"


def write(m: Model, path: Path) -> str:
    """The model as the importer gives it, its inputs and what ONNX Runtime gave for its results; or why it was not imported."""
    needed = {name for node in m.nodes for name in node.input}
    inputs = {name: value for name, value in m.inputs.items() if name in needed}
    constants = {name: value for name, value in m.constants.items() if name in needed}
    results = {name: m.values[name] for name in m.results()}
    file = path.with_suffix(".onnx")
    file.write_bytes(save(m.nodes, inputs, constants, results).SerializeToString())
    done = subprocess.run(
        [BIN / "tensel-import", file], capture_output=True, text=True, errors="replace", timeout=60, check=False
    )
    if done.returncode:
        return done.stderr.strip() or f"ended with status {done.returncode}"
    lines = [line("INPUT", k, value) for k, value in enumerate(inputs.values())]
    lines += [line("OUTPUT", k, value) for k, value in enumerate(results.values())]
    path.write_text("".join(lines) + done.stdout)
    return ""


def compare(files: list[Path]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [BIN / "tensel-fuzz-graphs", "--no-shrink", "--by-turns", *files],
        capture_output=True,
        text=True,
        errors="replace",
        timeout=600,
        check=False,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1, help="of the first model")
    parser.add_argument("--seconds", type=float, default=10, help="how long to go on")
    parser.add_argument("--count", type=int, default=0, help="how many models at most (0: any number)")
    parser.add_argument("--keep", type=Path, help="where to keep the models")
    options = parser.parse_args()
    totals: Counter[str] = Counter()
    is_good = True
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        end, seed = time.monotonic() + options.seconds, options.seed
        last = options.seed + options.count if options.count else sys.maxsize
        while seed < last and (options.count or time.monotonic() < end):
            files = []
            for seed in range(seed, min(seed + BATCH, last)):  # noqa: B020
                m = make(seed)
                if not m.nodes or not m.results():
                    continue
                path = folder / f"{seed}.mlir"
                if reason := write(m, path):
                    is_good = False
                    print(f"--- seed {seed}: not imported: {reason[:1000]}")
                    continue
                totals.update(node.op_type for node in m.nodes)
                totals["models"] += 1
                files.append(path)
            seed += 1
            done = compare(files)
            counted = re.search(r"^graphs: .*? (\d+) elements compared, (\d+) undecided$", done.stdout, re.M)
            if counted:
                totals["elements"] += int(counted[1])
                totals["undecided"] += int(counted[2])
            if done.returncode or not counted:
                is_good = False
                print("\n".join(text[:600] for text in done.stdout.splitlines() if not text.startswith("// ")))
                print(done.stderr[-3000:])
    ops = {name: count for name, count in totals.items() if name not in ("models", "elements", "undecided")}
    print(
        f"models: {totals['models']} of {sum(ops.values())} nodes of {len(ops)} ops, {totals['elements']} elements compared, "
        f"{totals['undecided']} undecided"
    )
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
