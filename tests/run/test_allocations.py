"""Nothing is allocated after a session's creation: a C program that interposes malloc counts over real compiled models."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from programs import ROOT, compile_model
from small_models import mlp, save
from test_emit import runtime_archive

sys.path.insert(0, str(ROOT / "tools/dev"))
from magika_assets import model_path  # noqa: E402


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("program") / "count_allocations"
    command = ["clang-22", "-std=c11", "-Wall", "-Werror", "-fno-builtin", f"-I{ROOT}/runtime/include",
               ROOT / "tests/run/Inputs/count_allocations.c", runtime_archive(), "-lstdc++", "-lpthread", "-lm", "-o", out]
    subprocess.run([str(part) for part in command], check=True)
    return out


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("name", ["mlp", "magika"])
def test_runs_allocate_nothing(name: str, threads: int, program: Path, tmp_path: Path) -> None:
    model = model_path() if name == "magika" else save(mlp()[0], tmp_path / "mlp.onnx")
    package = compile_model(model, tmp_path / "model.tensel")
    done = subprocess.run([str(program), str(package), str(threads)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    created, ran = map(int, done.stdout.split())
    assert created > 0, "the interposer counts nothing"
    assert ran == 0
