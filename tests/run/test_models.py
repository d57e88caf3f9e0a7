"""Real models against ONNX Runtime: each compiles once, ahead of time, to one package that serves every size.

What is measured goes to build/logs/models.json, from which ./dev docs makes docs/models.md.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from filled import fill
from models import MODELS, Model
from programs import BUILD, ROOT, compile_model, run_model, tensel, tool

RTOL, ATOL = 1e-3, 1e-4
RESULTS = BUILD / "logs/models.json"


@pytest.fixture(scope="module")
def results() -> Iterator[dict[str, dict[str, object]]]:
    """What the tests of this file found, written when they are done; models that did not run keep their old entry."""
    found: dict[str, dict[str, object]] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    yield found
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(found, indent=1) + "\n")


def onnxruntime_session(path: Path) -> object:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def benchmark(package: Path, inputs: dict[str, np.ndarray], folder: Path) -> float | None:
    """The median of `tensel run --benchmark` in milliseconds."""
    command: list[object] = ["run", package, "--benchmark=0.2", "--threads=1"]
    for k, name in enumerate(inputs):
        command += ["--input", f"{name}=@{folder / f'in_{k}.npy'}"]
    lines = [line for line in tensel(*command).stdout.splitlines() if line.startswith("{")]
    return json.loads(lines[-1])["median_ms"] if lines else None


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_matches_onnxruntime(model: Model, tmp_path: Path, results: dict[str, dict[str, object]]) -> None:
    results[model.name] = {"state": "fails"}
    start = time.monotonic()
    package = compile_model(model.file, tmp_path / "model.tensel")
    seconds = time.monotonic() - start
    results[model.name] = {"state": "compiles", "compile_s": seconds}
    session = onnxruntime_session(model.file)
    names = [value.name for value in session.get_outputs()]  # type: ignore[attr-defined]
    worst_absolute = worst_share = 0.0
    label, inputs = "", {}
    for label, inputs in model.inputs():
        expected = dict(zip(names, session.run(names, inputs)))  # type: ignore[attr-defined]
        found = run_model(package, inputs, names, tmp_path)
        for name in names:
            assert found[name].shape == expected[name].shape, f"{label}: {name}"
            assert found[name].dtype == expected[name].dtype, f"{label}: {name}"
            error = np.abs(found[name].astype(np.float64) - expected[name])
            if error.size:
                worst_absolute = max(worst_absolute, float(np.max(error)))
                worst_share = max(worst_share, float(np.max(error / (ATOL + RTOL * np.abs(expected[name])))))
        results[model.name]["max_error"] = worst_absolute
        assert worst_share <= 1, f"{label}: {worst_share:.2f} times the tolerance, largest error {worst_absolute:.3g}"
    results[model.name] |= {"state": "matches", "sizes": len(model.sizes), "share": worst_share, "last": label,
                            "run_ms": benchmark(package, inputs, tmp_path), "package_bytes": os.path.getsize(package)}


@pytest.mark.parametrize("name", ["light_squeezenet", "light_inception_v1", "light_densenet121"])
def test_light_models_with_real_weights(name: str, tmp_path: Path) -> None:
    """The light models' own weights are constants that hide mistakes."""
    model = next(model for model in MODELS if model.name == name)
    file = fill(model.file, tmp_path / "filled.onnx")
    package = compile_model(file, tmp_path / "filled.tensel")
    session = onnxruntime_session(file)
    for _, inputs in model.inputs():
        output = session.get_outputs()[0].name  # type: ignore[attr-defined]
        expected = session.run([output], inputs)[0]  # type: ignore[attr-defined]
        found = run_model(package, inputs, [output], tmp_path)[output]
        np.testing.assert_allclose(found, expected, rtol=RTOL, atol=ATOL)


def test_resnet50_compiles_in_time_and_memory(tmp_path: Path) -> None:
    """20 s on two cores and 1.3 times the weights' bytes + 600 MB; the answer is ONNX Runtime's."""
    sys.path.insert(0, str(ROOT / "tests/bench"))
    from bench import measured
    from resnet50 import ensure

    file = ensure(BUILD / "bench/resnet50.onnx")
    package = tmp_path / "resnet50.tensel"
    seconds, peak = measured([str(tool("tensel")), "compile", str(file), "-o", str(package)])
    x = np.random.default_rng(0).uniform(-1, 1, (1, 3, 224, 224)).astype(np.float32)
    expected = onnxruntime_session(file).run(None, {"input": x})[0]  # type: ignore[attr-defined]
    found = run_model(package, {"input": x}, ["output"], tmp_path)["output"]
    np.testing.assert_allclose(found, expected, rtol=RTOL, atol=1e-3)
    print(f"ResNet-50: {seconds:.1f} s, {peak / 1e6:.0f} MB")
    assert peak <= 1.3 * file.stat().st_size + 600e6
    assert seconds <= 20
