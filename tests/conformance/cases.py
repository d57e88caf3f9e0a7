"""Writes every ONNX backend node test to a folder of its own: model.onnx, its inputs and expected outputs as .npy.

All of them are written, none is left out: a value that .npy cannot hold (strings, sequences, optionals, 8- and 4-bit
floats) leaves the case in the list with a `missing` reason, so that it counts as not passed.
"""

from __future__ import annotations

import json
import re
import shutil
import warnings
from dataclasses import asdict, dataclass, field
from pathlib import Path

import ml_dtypes
import numpy as np

# The element types that a case's file may hold; the program takes bfloat16 as any 2-byte item.
TYPES = {np.dtype(name) for name in ("float64", "float32", "float16", "bool", "int8", "int16", "int32", "int64", "uint8",
                                     "uint16", "uint32", "uint64")} | {np.dtype(ml_dtypes.bfloat16)}


@dataclass
class Case:
    """One node test. `inputs` and `outputs` are names; the files are input_K.npy and output_K.npy."""

    name: str
    op: str
    rtol: float
    atol: float
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    missing: str = ""


def save(path: Path, value: object) -> str:
    """Writes one tensor; returns why it could not."""
    if type(value).__name__ == "TensorProto":
        from onnx import numpy_helper
        value = numpy_helper.to_array(value)
    if not isinstance(value, (np.ndarray, np.generic)):
        return f"a {type(value).__name__} is no tensor"
    array = np.asarray(value)
    if array.dtype not in TYPES:
        return f"element type {array.dtype}"
    if array.dtype == ml_dtypes.bfloat16:
        array = array.view("V2")
    np.save(path, np.require(array, requirements="C"))
    return ""


def load(path: Path, dtype: np.dtype) -> np.ndarray:
    """Reads one tensor; a bfloat16 is stored as an untyped or unsigned 2-byte item."""
    array = np.load(path)
    if dtype == ml_dtypes.bfloat16 and array.dtype.itemsize == 2 and array.dtype.kind in "Vu":
        array = array.view(ml_dtypes.bfloat16)
    return array


def collect(folder: Path) -> list[Case]:
    """All node tests of the installed onnx package, written under `folder` once for a version of it."""
    import onnx

    index = folder / f"index-{onnx.__version__}.json"
    if index.exists():
        return [Case(**entry) for entry in json.loads(index.read_text())]
    shutil.rmtree(folder, ignore_errors=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from onnx.backend.test.case.node import collect_testcases
        tests = sorted(collect_testcases(None), key=lambda test: test.name)
    ops = {test.name: test.model.graph.node[0].op_type for test in tests}
    cases = []
    for test in tests:
        case = Case(test.name, ops.get(re.sub(r"_expanded(_ver\d+)?$", "", test.name), ops[test.name]), test.rtol, test.atol)
        where = folder / test.name
        where.mkdir(parents=True)
        (where / "model.onnx").write_bytes(test.model.SerializeToString())
        inputs, outputs = test.data_sets[0]
        case.inputs = [value.name for value in test.model.graph.input][: len(inputs)]
        case.outputs = [value.name for value in test.model.graph.output][: len(outputs)]
        problems = [save(where / f"input_{k}.npy", value) for k, value in enumerate(inputs)]
        problems += [save(where / f"output_{k}.npy", value) for k, value in enumerate(outputs)]
        case.missing = next((problem for problem in problems if problem), "")
        cases.append(case)
    index.write_text(json.dumps([asdict(case) for case in cases]))
    return cases
