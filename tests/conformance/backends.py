"""What can run a conformance case: our program on a device, or ONNX Runtime to check the harness itself.

A backend answers with a reason why the case did not pass; the empty text is a pass.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from cases import Case, load

ROOT = Path(__file__).resolve().parents[2]
TENSEL = Path(os.environ.get("TENSEL", ROOT / "build/bin/tensel"))
SECONDS = 20


def differs(found: np.ndarray, expected: np.ndarray, case: Case) -> str:
    """How two tensors differ, by the rule of ONNX's own runner."""
    if found.dtype != expected.dtype:
        return f"found type {found.dtype}, expected {expected.dtype}"
    if found.shape != expected.shape:
        return f"found shape {found.shape}, expected {expected.shape}"
    if found.dtype.kind == "V":
        found, expected = found.astype(np.float32), expected.astype(np.float32)
    try:
        with np.errstate(all="ignore"):
            np.testing.assert_allclose(found, expected, rtol=case.rtol, atol=case.atol)
    except AssertionError:
        return "values differ"
    return ""


def compare(paths: list[Path], folder: Path, case: Case) -> str:
    for k, path in enumerate(paths):
        expected = np.load(folder / f"output_{k}.npy")
        if expected.dtype.kind == "V":
            import ml_dtypes
            expected = expected.view(ml_dtypes.bfloat16)
        if not path.exists():
            return f"no output {case.outputs[k]}"
        reason = differs(load(path, expected.dtype), expected, case)
        if reason:
            return f"output {case.outputs[k]}: {reason}"
    return ""


def run_tensel(device: str, folder: Path, case: Case) -> str:
    """`tensel run` on one case, in a process of its own."""
    with tempfile.TemporaryDirectory() as scratch:
        outputs = [Path(scratch) / f"output_{k}.npy" for k in range(len(case.outputs))]
        command = [str(TENSEL), "run", str(folder / "model.onnx"), f"--device={device}", "--threads=1"]
        for k, name in enumerate(case.inputs):
            command += ["--input", f"{name}=@{folder / f'input_{k}.npy'}"]
        for name, path in zip(case.outputs, outputs):
            command += ["--output", f"{name}=@{path}"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired:
            return f"crash: ran for more than {SECONDS} s"
        if done.returncode not in (0, 1):
            return f"crash: exit status {done.returncode}: {first_error(done.stderr)}"
        if done.returncode == 1:
            return first_error(done.stderr) or "exit status 1 with no message"
        return compare(outputs, folder, case)


def first_error(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if "error:" in line] or lines
    return errors[0][:200] if errors else ""


def run_onnxruntime(folder: Path, case: Case) -> str:
    """ONNX Runtime on one case: shows that the files and the comparison are right."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"])
        feeds = {name: np.load(folder / f"input_{k}.npy") for k, name in enumerate(case.inputs)}
        found = session.run(case.outputs, feeds)
    except Exception as error:  # noqa: BLE001 - whatever it says is the reason
        return str(error).splitlines()[0][:200]
    for k, value in enumerate(found):
        reason = differs(np.asarray(value), np.load(folder / f"output_{k}.npy"), case)
        if reason:
            return f"output {case.outputs[k]}: {reason}"
    return ""
