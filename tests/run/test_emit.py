"""Everything that `tensel compile --emit` makes, and that a C program can link and run it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from programs import BUILD, ROOT, assert_only, compile_model, run_model, tensel
from small_models import mlp, mlp_answer, save

# What the text or the first bytes of each kind hold.
KINDS = {"package": b"TENSEL", "obj": b"\x7fELF", "so": b"\x7fELF", "header": b"tensel_static_model", "mlir": b"func.func",
         "llvm": b"define", "asm": b".text"}


@pytest.fixture
def model(tmp_path: Path) -> Path:
    (tmp_path / "model").mkdir()
    return save(mlp()[0], tmp_path / "model/mlp.onnx")


def runtime_archive() -> Path:
    names = ("libtensel_runtime.a", "libtenselruntime.a")
    found = [path for path in (BUILD / "lib").glob("lib*.a") if path.name.lower() in names]
    assert len(found) == 1, f"found {found}, expected the runtime's archive in build/lib"
    return found[0]


@pytest.mark.parametrize("kind", KINDS)
def test_emits(kind: str, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    compile_model(model, out / "file", f"--emit={kind}")
    assert_only(out, ["file"])
    content = (out / "file").read_bytes()
    assert KINDS[kind] in content
    if kind in ("package", "obj", "so"):
        assert content.startswith(KINDS[kind])


def test_the_same_bytes_twice(model: Path, tmp_path: Path) -> None:
    first, second = (compile_model(model, tmp_path / name) for name in ("a.tensel", "b.tensel"))
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("kind", ["obj", "so"])
@pytest.mark.parametrize("rows", [1, 7])
def test_a_c_program_links_it(kind: str, rows: int, model: Path, tmp_path: Path) -> None:
    code = compile_model(model, tmp_path / {"obj": "mlp.o", "so": "libmlp.so"}[kind], f"--emit={kind}")
    header = compile_model(model, tmp_path / "mlp.h", "--emit=header")
    name = re.search(r"tensel_static_model\s+(\w+)", header.read_text())
    assert name is not None
    program = tmp_path / "program"
    source = ROOT / "tests/run/Inputs/linked_model.c"
    command = ["clang-22", "-std=c11", "-Wall", "-Werror", f"-I{ROOT}/runtime/include", f'-DHEADER="{header}"',
               f"-DMODEL={name[1]}", source, code, runtime_archive(), "-lstdc++", "-lpthread", "-lm",
               f"-Wl,-rpath,{tmp_path}", "-o", program]
    linked = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    assert linked.returncode == 0, linked.stderr
    done = subprocess.run([str(program), str(rows)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = np.array(done.stdout.split(), dtype=np.float32).reshape(rows, 4)
    np.testing.assert_allclose(found, mlp_answer(np.ones((rows, 16), np.float32), mlp()[1]), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("level", ["x86-64-v3", "x86-64-v4"])
def test_one_level_alone(level: str, model: Path, tmp_path: Path) -> None:
    package = compile_model(model, tmp_path / "mlp.tensel", f"--target=cpu:{level}")
    flags = Path("/proc/cpuinfo").read_text()
    if level == "x86-64-v4" and "avx512vl" not in flags:
        done = tensel("run", package, "--input", "x=3x16xf32=1")
        assert done.returncode == 1
        assert level in done.stderr
        return
    x = np.random.default_rng(3).standard_normal((3, 16), np.float32)
    found = run_model(package, {"x": x}, ["y"], tmp_path)["y"]
    np.testing.assert_allclose(found, mlp_answer(x, mlp()[1]), rtol=1e-4, atol=1e-4)


def test_every_device_agrees(model: Path, tmp_path: Path) -> None:
    x = np.random.default_rng(4).standard_normal((5, 16), np.float32)
    expected = mlp_answer(x, mlp()[1])
    for device in ("cpu", "reference"):
        found = run_model(model, {"x": x}, ["y"], tmp_path, f"--device={device}")["y"]
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_threads_change_nothing(model: Path, tmp_path: Path) -> None:
    x = np.random.default_rng(5).standard_normal((64, 16), np.float32)
    package = compile_model(model, tmp_path / "mlp.tensel")
    one, two = (run_model(package, {"x": x}, ["y"], tmp_path, f"--threads={n}")["y"] for n in (1, 2))
    assert one.tobytes() == two.tobytes()


@pytest.mark.parametrize("level", ["x86-64-v3", "x86-64-v4", "x86-64-v4+vnni"])
def test_bf16_calls_no_function_that_nobody_offers(level: str, tmp_path: Path) -> None:
    """LLVM took vectors of bf16 apart with calls of __truncsfbf2, on levels that many machines lack: look at the code itself."""
    (tmp_path / "model.mlir").write_text("""
        func.func @main(%x: tensor<5xbf16> {graph.name = "x"}) -> (tensor<5xbf16> {graph.name = "y"}) {
          %two = graph.constant dense<2.0> : tensor<bf16>
          %zero = graph.constant dense<0.0> : tensor<bf16>
          %0 = graph.div %x, %two : (tensor<5xbf16>, tensor<bf16>) -> tensor<5xbf16>
          %1 = graph.expm1 %0 : (tensor<5xbf16>) -> tensor<5xbf16>
          %2 = graph.min %1, %zero : (tensor<5xbf16>, tensor<bf16>) -> tensor<5xbf16>
          return %2 : tensor<5xbf16>
        }""")
    done = tensel("compile", tmp_path / "model.mlir", "--emit=asm", f"--target=cpu:{level}")
    assert done.returncode == 0, done.stderr
    assert "__truncsfbf2" not in done.stdout
