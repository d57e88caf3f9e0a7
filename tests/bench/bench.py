"""`./dev bench`: our compiled models against ONNX Runtime on one core, alternating in the same run, then each kernel's
time, GFLOP/s and share of what this core can do; compile time and peak memory of the compiler, and what --bit-exact costs,
beside them.

Everything is written to build/logs/bench.json; `--update` writes docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import IO

import numpy as np
import onnxruntime
import resnet50

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
TENSEL = BUILD / "bin/tensel"


@dataclass
class Result:
    """One model's numbers; times in milliseconds."""

    name: str
    shape: tuple[int, ...]
    compile_s: float = 0.0
    compile_rss: int = 0
    model_bytes: int = 0
    ours: list[float] = field(default_factory=list)
    theirs: list[float] = field(default_factory=list)
    exact: list[float] = field(default_factory=list)  # ours with --bit-exact
    kernels: list[dict[str, float | str]] = field(default_factory=list)

    @property
    def exact_cost(self) -> float:
        return statistics.median(self.exact) / statistics.median(self.ours) - 1

    @property
    def ratio(self) -> float:
        return statistics.median(self.ours) / statistics.median(self.theirs)


def rapidocr_model(name: str) -> Path:
    spec = find_spec("rapidocr")
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).parent / "models" / name


def machine_peak(threads: int = 1, size: int = 0) -> dict[str, float]:
    """What the machine can do at most, as machine_peak.c says it; `size` bytes are read for its bandwidth."""
    program = BUILD / "bench/machine_peak"
    source = ROOT / "tests/bench/machine_peak.c"
    program.parent.mkdir(parents=True, exist_ok=True)
    command = ["clang-22", "-O3", "-march=native", "-ffp-contract=fast", str(source), "-o", str(program), "-lpthread"]
    subprocess.run(command, check=True)
    command = [str(program), str(threads), str(size)]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def peak_bytes(pid: int) -> int:
    """The high-water mark of a living process's resident set; 0 when it has just ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)


def measured(command: list[str], stdout: IO[str] | None = None) -> tuple[float, int]:
    """Seconds and peak resident bytes of a command that must succeed.

    Polled, since the peak that wait4 reports starts at what this process holds when it forks.
    """
    start = time.monotonic()
    child = subprocess.Popen(command, stdout=stdout)
    peak = 0
    while child.poll() is None:
        peak = max(peak, peak_bytes(child.pid))
        time.sleep(0.005)
    if child.returncode != 0:
        raise SystemExit(f"bench: '{' '.join(command)}' ended with status {child.returncode}")
    return time.monotonic() - start, peak


def ours_once(package: Path, name: str, data: Path, seconds: float) -> tuple[float, float]:
    """Minimum and median of one round, as `tensel run --benchmark` says them."""
    command = [str(TENSEL), "run", str(package), "--threads=1", "--input", f"{name}=@{data}", f"--benchmark={seconds}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode != 0 or not lines:
        raise SystemExit(f"bench: '{' '.join(command)}' ended with status {done.returncode}: {done.stderr[-500:]}")
    found = json.loads(lines[-1])
    return float(found["min_ms"]), float(found["median_ms"])


def theirs_once(session: onnxruntime.InferenceSession, feeds: dict[str, np.ndarray], seconds: float) -> float:
    """Median of one round."""
    times: list[float] = []
    stop = time.monotonic() + seconds
    while time.monotonic() < stop or len(times) < 3:
        start = time.perf_counter()
        session.run(None, feeds)
        times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times)


def source_nodes(package: Path) -> dict[str, str]:
    """Kernel name -> the first of its source nodes and how many more there are, as `tensel inspect` lists them."""
    lines = subprocess.run([str(TENSEL), "inspect", str(package)], capture_output=True, text=True, check=True).stdout.splitlines()
    found = {}
    for line in lines:
        kernel, colon, nodes = line.strip().partition(": ")
        if colon and kernel.startswith("k") and kernel[1:].isdigit():
            first, *others = nodes.split(", ")
            found[kernel] = first + (f" and {len(others)} more" if others else "")
    return found


def profile(package: Path, name: str, data: Path) -> list[dict[str, float | str]]:
    """Every kernel's name, source nodes, calls, nanoseconds, flops and bytes."""
    out = BUILD / "bench/profile.json"
    out.unlink(missing_ok=True)
    command = [str(TENSEL), "run", str(package), "--threads=1", "--input", f"{name}=@{data}", f"--profile={out}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0 or not out.exists():
        print(f"bench: no profile: {done.stderr[-300:]}", file=sys.stderr)
        return []
    found = json.loads(out.read_text())
    nodes = source_nodes(package)
    return [kernel | {"nodes": nodes.get(kernel["name"], "")} for kernel in found["kernels"]]


def bench(name: str, model: Path, shape: tuple[int, ...], rounds: int, seconds: float) -> Result:
    result = Result(name, shape, model_bytes=model.stat().st_size)
    package = BUILD / f"bench/{name}.tensel"
    result.compile_s, result.compile_rss = measured([str(TENSEL), "compile", str(model), "-o", str(package)])
    exact = BUILD / f"bench/{name}-exact.tensel"
    measured([str(TENSEL), "compile", str(model), "-o", str(exact), "--bit-exact"])
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    source = session.get_inputs()[0].name
    value = np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)
    data = BUILD / f"bench/{name}.npy"
    np.save(data, value)
    for _ in range(rounds):
        result.theirs.append(theirs_once(session, {source: value}, seconds))
        result.ours.append(ours_once(package, source, data, seconds)[1])
        result.exact.append(ours_once(exact, source, data, seconds)[1])
    # Operations can be counted where the dims are known, so the profile is of a program for this one size.
    sizes = [f"--shape={dim}={size}" for dim, size in zip(session.get_inputs()[0].shape, shape) if isinstance(dim, str)]
    if sizes:
        package = BUILD / f"bench/{name}-fixed.tensel"
        measured([str(TENSEL), "compile", str(model), "-o", str(package), *sizes])
    result.kernels = profile(package, source, data)
    return result


def kernel_rows(result: Result, peak: float) -> list[str]:
    """Table rows, the slowest kernel first."""
    rows = []
    total = sum(float(kernel["nanoseconds"]) for kernel in result.kernels) or 1.0
    for kernel in sorted(result.kernels, key=lambda kernel: -float(kernel["nanoseconds"])):
        nanoseconds, calls = float(kernel["nanoseconds"]), max(1.0, float(kernel["calls"]))
        flops = max(0.0, float(kernel["flops"]))
        gflops = flops * calls / max(1.0, nanoseconds)
        rows.append(f"| {kernel['name']} | {kernel['nodes']} | {int(calls)} | {nanoseconds / calls / 1e6:.3f} | "
                    f"{100 * nanoseconds / total:.1f} % | {gflops:.1f} | {100 * gflops / peak:.0f} % |")
    return rows


def page(results: list[Result], peak: float, kernels: int) -> str:
    lines = ["# Benchmarks", "",
             f"One core, float32, the machine's multiply-add limit is {peak:.0f} GFLOP/s. Medians of rounds that alternate with",
             "ONNX Runtime's in the same run (`./dev bench --update` makes this page).", "",
             "| model | input | ours, min / median ms | ONNX Runtime, min / median ms | ratio | --bit-exact, min / median ms |"
             " its cost | compile s | compiler's peak MB | model MB |", "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|"]
    for r in results:
        lines.append(f"| {r.name} | {'x'.join(map(str, r.shape))} | {min(r.ours):.1f} / {statistics.median(r.ours):.1f} | "
                     f"{min(r.theirs):.1f} / {statistics.median(r.theirs):.1f} | {r.ratio:.2f} | "
                     f"{min(r.exact):.1f} / {statistics.median(r.exact):.1f} | {100 * r.exact_cost:+.0f} % | {r.compile_s:.1f} | "
                     f"{r.compile_rss / 1e6:.0f} | {r.model_bytes / 1e6:.0f} |")
    for r in results:
        rows = kernel_rows(r, peak)[:kernels]
        if rows:
            lines += ["", f"## {r.name}: kernels", "",
                      "| kernel | source | calls | ms a call | share of time | GFLOP/s | of the limit |",
                      "|---|---|---:|---:|---:|---:|---:|", *rows]
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each round")
    parser.add_argument("--kernels", type=int, default=1000, help="at most this many rows a model")
    parser.add_argument("--update", action="store_true", help="write docs/benchmarks.md")
    parser.add_argument("models", nargs="*", help="resnet50, det; all when none is named")
    options = parser.parse_args()
    known = {
        "resnet50": lambda: (resnet50.ensure(BUILD / "bench/resnet50.onnx"), (1, 3, 224, 224)),
        "det": lambda: (rapidocr_model("PP-OCRv6_det_small.onnx"), (1, 3, 480, 640)),
    }
    wrong = [name for name in options.models if name not in known]
    if wrong:
        parser.error(f"found the models {wrong}, expected some of {list(known)}")
    (BUILD / "bench").mkdir(parents=True, exist_ok=True)
    peak = machine_peak()["gflops"]
    results = [bench(name, *known[name](), options.rounds, options.seconds) for name in options.models or known]
    text = page(results, peak, options.kernels)
    print(text)
    (BUILD / "logs").mkdir(exist_ok=True)
    (BUILD / "logs/bench.json").write_text(json.dumps({"fma_gflops": peak, "results": [vars(r) for r in results]}) + "\n")
    if options.update:
        (ROOT / "docs/benchmarks.md").write_text(page(results, peak, 25))
    return 0


if __name__ == "__main__":
    sys.exit(main())
