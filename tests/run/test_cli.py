"""What the command line promises besides errors: --expect, --benchmark, --profile, inspect, phases, help."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from programs import assert_user_error, compile_model, tensel
from small_models import mlp, mlp_answer, save


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model, its package, an input and the right output."""
    path = tmp_path_factory.mktemp("cli")
    model, weights = mlp()
    save(model, path / "mlp.onnx")
    compile_model(path / "mlp.onnx", path / "mlp.tensel", "--shape", "N=1..8")
    x = np.random.default_rng(0).standard_normal((3, 16), np.float32)
    np.save(path / "x.npy", x)
    np.save(path / "y.npy", mlp_answer(x, weights))
    np.save(path / "wrong.npy", mlp_answer(x, weights) + 1)
    return path


def given(folder: Path) -> list[object]:
    return ["--input", f"x=@{folder}/x.npy"]


@pytest.mark.parametrize("name", ["mlp.onnx", "mlp.tensel"])
def test_expectations(name: str, folder: Path) -> None:
    tolerances = ["--rtol", 1e-4, "--atol", 1e-4]
    good = tensel("run", folder / name, *given(folder), "--expect", f"y=@{folder}/y.npy", *tolerances)
    assert good.returncode == 0, good.stderr
    wrong = tensel("run", folder / name, *given(folder), "--expect", f"y=@{folder}/wrong.npy", *tolerances)
    assert wrong.returncode == 1
    assert "y" in wrong.stderr


def test_reference_in_f64(folder: Path, tmp_path: Path) -> None:
    """Inputs and outputs keep their names; floats come back in f64, nearer to the truth than f32."""
    weights = mlp()[1]
    wide = {name: value.astype(np.float64) for name, value in weights.items()}
    truth = mlp_answer(np.load(folder / "x.npy").astype(np.float64), wide)
    reference = ("--device=reference", "--reference=f64")
    done = tensel("run", folder / "mlp.onnx", *given(folder), *reference, "--output", f"y=@{tmp_path}/y.npy")
    assert done.returncode == 0, done.stderr
    found = np.load(tmp_path / "y.npy")
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, truth, rtol=1e-12)
    done = tensel("run", folder / "mlp.onnx", *given(folder), "--reference=f64")
    assert_user_error(done, "--reference", "f64", "--device=reference")


def test_benchmark_is_one_json_line(folder: Path) -> None:
    done = tensel("run", folder / "mlp.tensel", *given(folder), "--benchmark=0.1", "--threads=1")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.strip().splitlines()[-1])
    assert 0 < found["min_ms"] <= found["median_ms"]
    assert found["runs"] >= 1
    assert found["threads"] == 1


def test_profile_names_kernels(folder: Path, tmp_path: Path) -> None:
    done = tensel("run", folder / "mlp.tensel", *given(folder), f"--profile={tmp_path}/p.json", "--threads=1")
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "p.json").read_text())
    kernels = found["kernels"] if isinstance(found, dict) else found
    assert kernels
    assert all({"name", "calls", "nanoseconds", "flops"} <= kernel.keys() for kernel in kernels)


def check_trace(trace: dict) -> list[dict]:
    """The dispatches of a trace; shares lie within them, and threads have names."""
    events = [event for event in trace["traceEvents"] if event["ph"] == "X"]
    assert {event["tid"] for event in events} == {event["tid"] for event in trace["traceEvents"] if event["ph"] == "M"}
    wholes = [event for event in events if event["cat"] == "dispatch"]
    for event in events:
        assert any(whole["args"]["kernel"] == event["args"]["kernel"] and whole["ts"] <= event["ts"] + 1e-3 and
                   event["ts"] + event["dur"] <= whole["ts"] + whole["dur"] + 1e-3 for whole in wholes)
    calls = {kernel["name"]: kernel["calls"] for kernel in trace["kernels"]}
    assert sum(calls.values()) == len(wholes) + trace["dropped_events"]
    return wholes


@pytest.mark.parametrize("name", ["mlp.tensel", "mlp.onnx"])
def test_profile_is_a_trace(folder: Path, tmp_path: Path, name: str) -> None:
    """An event for each dispatch, also of one row, named after its nodes, with what it costs at these dims."""
    for rows in (1, 4):
        done = tensel("run", folder / name, "--input", f"x={rows}x16xf32=1", f"--profile={tmp_path}/p.json", "--threads=2")
        assert done.returncode == 0, done.stderr
        wholes = check_trace(json.loads((tmp_path / "p.json").read_text()))
        assert [event["name"] for event in wholes] == ["relu (Relu) + bias (Add) + first (MatMul)", "second (MatMul)"]
        assert [event["args"]["flops"] for event in wholes] == [rows * (2 * 16 * 32 + 2 * 32), rows * 2 * 32 * 4]
        assert all(event["args"]["bytes"] > 0 and event["args"]["function"] == "main" for event in wholes)


def test_inspect(folder: Path) -> None:
    text = tensel("inspect", folder / "mlp.tensel")
    assert text.returncode == 0, text.stderr
    for part in ("x", "y", "N", "1..8"):
        assert part in text.stdout
    found = tensel("inspect", folder / "mlp.tensel", "--json")
    assert found.returncode == 0, found.stderr
    assert json.loads(found.stdout)


def test_generated_inputs(folder: Path) -> None:
    for spec in ("zeros", "ones", "random", "random:7", "iota", "2x16xf32=0.5"):
        done = tensel("run", folder / "mlp.tensel", "--input", f"x={spec}", "--shape", "N=2")
        assert done.returncode == 0, f"{spec}: {done.stderr}"


def test_help_and_version() -> None:
    for arguments in (["--help"], ["compile", "--help"], ["run", "--help"], ["--version"]):
        done = tensel(*arguments)
        assert done.returncode == 0
        assert done.stdout
