"""What a user may get wrong: each gives exit status 1, one message that names the thing, and no partial file."""

from __future__ import annotations

import os
import random
import resource
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from programs import assert_only, assert_user_error, compile_model, tensel, tool
from small_models import mlp, save, unsupported


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model, its package for N from 1 to 8, and an input."""
    path = tmp_path_factory.mktemp("inputs")
    save(mlp()[0], path / "mlp.onnx")
    compile_model(path / "mlp.onnx", path / "mlp.tensel", "--shape", "N=1..8")
    np.save(path / "x.npy", np.ones((2, 16), np.float32))
    return path


def limited(what: str, size: int) -> Callable[[], None]:
    """For preexec_fn: limits the address space (AS) or the size of a file (FSIZE)."""
    return lambda: resource.setrlimit(getattr(resource, f"RLIMIT_{what}"), (size, size))


def assert_survives(done: subprocess.CompletedProcess[str]) -> None:
    """A changed file may still be a good one; what it may not do is crash."""
    assert done.returncode in (0, 1), f"exit status {done.returncode}: {done.stderr[-500:]}"
    if done.returncode == 1:
        assert_user_error(done)


# --- model files ---------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("share", [0.01, 0.3, 0.6, 0.95, 0.999])
def test_a_cut_model(share: float, folder: Path, tmp_path: Path) -> None:
    whole = (folder / "mlp.onnx").read_bytes()
    (tmp_path / "cut.onnx").write_bytes(whole[: int(len(whole) * share)])
    assert_user_error(tensel("compile", tmp_path / "cut.onnx", "-o", tmp_path / "out.tensel"), "cut.onnx")
    assert_only(tmp_path, ["cut.onnx"])


def test_changed_and_random_models(folder: Path, tmp_path: Path) -> None:
    whole = (folder / "mlp.onnx").read_bytes()
    rng = random.Random(11)
    for _ in range(30):
        changed = bytearray(whole)
        for _ in range(rng.choice((1, 1, 4, 40))):
            changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
        (tmp_path / "changed.onnx").write_bytes(changed)
        assert_survives(tensel("compile", tmp_path / "changed.onnx", "-o", tmp_path / "out.tensel", seconds=60))
    for size in (1, 2, 9, 100, 5000):
        (tmp_path / "random.onnx").write_bytes(rng.randbytes(size))
        assert_user_error(tensel("compile", tmp_path / "random.onnx", "-o", tmp_path / "random.tensel"), "random.onnx")
    assert not (tmp_path / "random.tensel").exists()


def test_no_model(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.onnx").write_bytes(b"")
    (tmp_path / "folder.onnx").mkdir()
    for name in ("missing.onnx", "empty.onnx", "folder.onnx"):
        assert_user_error(tensel("compile", tmp_path / name, "-o", tmp_path / "out.tensel"), name)
        assert_user_error(tensel("run", tmp_path / name, "--input", "x=2x16xf32=1"), name)
    assert_only(tmp_path, ["empty.onnx", "folder.onnx"])


def test_unsupported_ops_are_listed_together(tmp_path: Path) -> None:
    save(unsupported(), tmp_path / "odd.onnx")
    done = tensel("compile", tmp_path / "odd.onnx", "-o", tmp_path / "out.tensel")
    assert done.returncode == 1
    for text in ("Frobnicate", "Whirl", "first_frob", "only_whirl", "2"):
        assert text in done.stderr
    assert_only(tmp_path, ["odd.onnx"])


@pytest.mark.parametrize("location", ["../outside.bin", "/etc/passwd", "link.bin", "missing.bin", "short.bin", "hard.bin"])
def test_external_data_stays_inside(location: str, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    save(mlp()[0], tmp_path / "model/mlp.onnx", save_as_external_data=True, location="data.bin", size_threshold=0)
    good = tmp_path / "model/data.bin"
    shutil.copy(good, tmp_path / "outside.bin")
    (tmp_path / "model/link.bin").symlink_to(tmp_path / "outside.bin")
    os.link(tmp_path / "outside.bin", tmp_path / "model/hard.bin")
    (tmp_path / "model/short.bin").write_bytes(good.read_bytes()[:64])
    changed = onnx.load(tmp_path / "model/mlp.onnx", load_external_data=False)
    for tensor in changed.graph.initializer:
        for entry in tensor.external_data:
            if entry.key == "location":
                entry.value = location
    (tmp_path / "model/mlp.onnx").write_bytes(changed.SerializeToString())
    assert_user_error(tensel("compile", tmp_path / "model/mlp.onnx", "-o", tmp_path / "out.tensel"), location)
    assert not (tmp_path / "out.tensel").exists()


def external_model(folder: Path) -> bytes:
    """A model beside data.bin, which holds its weights; returns the model's bytes."""
    folder.mkdir()
    save(mlp()[0], folder / "mlp.onnx", save_as_external_data=True, location="data.bin", size_threshold=0)
    return (folder / "mlp.onnx").read_bytes()


@pytest.mark.parametrize(("key", "text"), [("offset", "-1"), ("offset", "99999999999999999999"), ("offset", "many"),
                                           ("length", "1"), ("length", "4611686018427387904"), ("offset", "1000000")])
def test_external_data_of_a_wrong_place(key: str, text: str, tmp_path: Path) -> None:
    external_model(tmp_path / "model")
    changed = onnx.load(tmp_path / "model/mlp.onnx", load_external_data=False)
    for entry in changed.graph.initializer[0].external_data:
        if entry.key == key:
            entry.value = text
    (tmp_path / "model/mlp.onnx").write_bytes(changed.SerializeToString())
    done = tensel("compile", tmp_path / "model/mlp.onnx", "-o", tmp_path / "out.tensel", preexec_fn=limited("AS", 4 << 30))
    assert_user_error(done, "mlp.onnx")
    assert not (tmp_path / "out.tensel").exists()


def test_changed_models_with_external_data(tmp_path: Path) -> None:
    whole = external_model(tmp_path / "model")
    rng = random.Random(12)
    for _ in range(10):
        changed = bytearray(whole)
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
        (tmp_path / "model/mlp.onnx").write_bytes(changed)
        assert_survives(tensel("compile", tmp_path / "model/mlp.onnx", "-o", tmp_path / "out.tensel", seconds=60,
                               preexec_fn=limited("AS", 4 << 30)))


def test_a_tensor_larger_than_its_bytes(tmp_path: Path) -> None:
    """Declared dims are never believed: nothing is allocated for them."""
    huge = mlp()[0]
    huge.graph.initializer[0].dims[:] = [1 << 31, 1 << 30]
    save(huge, tmp_path / "huge.onnx")
    done = tensel("compile", tmp_path / "huge.onnx", "-o", tmp_path / "out.tensel", preexec_fn=limited("AS", 4 << 30))
    assert_user_error(done, "huge.onnx")
    assert_only(tmp_path, ["huge.onnx"])


def test_cut_changed_and_random_mlir(folder: Path, tmp_path: Path) -> None:
    """Text and bytecode, both of them by the name .mlir."""
    compile_model(folder / "mlp.onnx", tmp_path / "text.mlir", "--emit=mlir")
    bytecode = tmp_path / "code.mlir"
    subprocess.run([str(tool("tensel-opt")), "--emit-bytecode", str(tmp_path / "text.mlir"), "-o", str(bytecode)], check=True)
    rng = random.Random(13)
    for source in (tmp_path / "text.mlir", bytecode):
        whole = source.read_bytes()
        cuts = [whole[: len(whole) * k // 5] for k in (1, 2, 4)]
        for content in [*cuts, rng.randbytes(300), b"ML\xefR" + rng.randbytes(100)]:
            (tmp_path / "bad.mlir").write_bytes(content)
            assert_user_error(tensel("compile", tmp_path / "bad.mlir", "-o", tmp_path / "out.tensel", seconds=60), "bad.mlir")
            assert not (tmp_path / "out.tensel").exists()
        for _ in range(12):
            changed = bytearray(whole)
            changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
            (tmp_path / "bad.mlir").write_bytes(changed)
            assert_survives(tensel("compile", tmp_path / "bad.mlir", "-o", tmp_path / "other.tensel", seconds=60))


# --- inputs --------------------------------------------------------------------------------------------------------

def inputs(folder: Path) -> dict[str, tuple[list[str], list[str]]]:
    """Name -> arguments of `tensel run`, and what the message must name."""
    np.save(folder / "wide.npy", np.ones((2, 17), np.float32))
    np.save(folder / "flat.npy", np.ones(16, np.float32))
    np.save(folder / "double.npy", np.ones((2, 16)))
    np.save(folder / "many.npy", np.ones((9, 16), np.float32))
    np.save(folder / "none.npy", np.ones((0, 16), np.float32))
    np.save(folder / "text.npy", np.array([["a"] * 16] * 2))
    np.save(folder / "column.npy", np.asfortranarray(np.ones((2, 16), np.float32)))
    np.save(folder / "swapped.npy", np.ones((2, 16), ">f4"))
    whole = (folder / "x.npy").read_bytes()
    (folder / "cut.npy").write_bytes(whole[:100])
    (folder / "head.npy").write_bytes(whole[:7])
    (folder / "magic.npy").write_bytes(b"NOTNUMPY" + whole[8:])
    (folder / "empty.npy").write_bytes(b"")
    (folder / "huge.npy").write_bytes(whole.replace(b"(2, 16)", b"(2000000000, 16)"[:7].ljust(7)))
    good = ["--input", f"x=@{folder}/x.npy"]
    return {
        "none given": ([], ["x"]),
        "wrong name": (["--input", f"nope=@{folder}/x.npy"], ["nope", "x"]),
        "one too many": ([*good, "--input", f"z=@{folder}/x.npy"], ["z"]),
        "twice": ([*good, *good], ["x"]),
        "wrong size": (["--input", f"x=@{folder}/wide.npy"], ["x", "17", "16"]),
        "wrong rank": (["--input", f"x=@{folder}/flat.npy"], ["x", "1", "2"]),
        "wrong type": (["--input", f"x=@{folder}/double.npy"], ["x", "f64", "f32"]),
        "too many rows": (["--input", f"x=@{folder}/many.npy"], ["9", "8"]),
        "no rows": (["--input", f"x=@{folder}/none.npy"], ["0", "1"]),
        "text": (["--input", f"x=@{folder}/text.npy"], ["text.npy"]),
        "big endian": (["--input", f"x=@{folder}/swapped.npy"], ["swapped.npy"]),
        "cut": (["--input", f"x=@{folder}/cut.npy"], ["cut.npy"]),
        "cut header": (["--input", f"x=@{folder}/head.npy"], ["head.npy"]),
        "no npy": (["--input", f"x=@{folder}/magic.npy"], ["magic.npy"]),
        "empty": (["--input", f"x=@{folder}/empty.npy"], ["empty.npy"]),
        "bad header": (["--input", f"x=@{folder}/huge.npy"], ["huge.npy"]),
        "missing": (["--input", f"x=@{folder}/missing.npy"], ["missing.npy"]),
        "no value": (["--input", "x"], ["x"]),
        "bad generator": (["--input", "x=purple"], ["purple"]),
        "bad shape": (["--input", "x=2xsixteenxf32=1"], ["sixteen"]),
        "wrong output": ([*good, "--output", f"nope=@{folder}/y.npy"], ["nope", "y"]),
        "unwritable output": ([*good, "--output", f"y=@{folder}/no/y.npy"], ["no/y.npy"]),
        "bad device": ([*good, "--device=abacus"], ["abacus"]),
        "bad threads": ([*good, "--threads=-3"], ["-3"]),
        "bad function": ([*good, "--function=nope"], ["nope"]),
        "failed expectation": ([*good, "--expect", f"y=@{folder}/zeros.npy"], ["y"]),
    }


NAMES = ("none given", "wrong name", "one too many", "twice", "wrong size", "wrong rank", "wrong type", "too many rows",
         "no rows", "text", "big endian", "cut", "cut header", "no npy", "empty", "bad header", "missing", "no value",
         "bad generator", "bad shape", "wrong output", "unwritable output", "bad device", "bad threads", "bad function",
         "failed expectation")


@pytest.mark.parametrize("name", NAMES)
def test_a_wrong_run(name: str, folder: Path) -> None:
    np.save(folder / "zeros.npy", np.zeros((2, 4), np.float32))
    arguments, named = inputs(folder)[name]
    assert_user_error(tensel("run", folder / "mlp.tensel", *arguments), *named)
    assert not (folder / "y.npy").exists()


def test_changed_npy_files(folder: Path, tmp_path: Path) -> None:
    whole = (folder / "x.npy").read_bytes()
    rng = random.Random(6)
    for _ in range(40):
        changed = bytearray(whole)
        changed[rng.randrange(min(len(changed), 128))] ^= 1 << rng.randrange(8)
        (tmp_path / "changed.npy").write_bytes(changed)
        assert_survives(tensel("run", folder / "mlp.tensel", "--input", f"x=@{tmp_path}/changed.npy", seconds=20,
                               preexec_fn=limited("AS", 4 << 30)))


@pytest.mark.parametrize("shape", ["(999999999999, 16)", "(4294967296, 4294967296)", "(-1, 16)", "(2, 16, 99999999999999999999)"])
def test_npy_files_that_promise_too_much(shape: str, folder: Path, tmp_path: Path) -> None:
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".encode()
    header = header.ljust(117) + b"\n"
    (tmp_path / "huge.npy").write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + b"\0" * 128)
    done = tensel("run", folder / "mlp.tensel", "--input", f"x=@{tmp_path}/huge.npy", preexec_fn=limited("AS", 4 << 30))
    assert_user_error(done, "huge.npy")


def test_every_missing_input_is_listed(tmp_path: Path) -> None:
    from onnx import helper
    from small_models import model, value

    nodes = [helper.make_node("Sum", ["first", "second", "third"], ["y"])]
    save(model(nodes, [value(name, 2) for name in ("first", "second", "third")], [value("y", 2)]), tmp_path / "sum.onnx")
    done = tensel("run", tmp_path / "sum.onnx", "--input", "second=2xf32=1")
    assert done.returncode == 1
    assert "first" in done.stderr
    assert "third" in done.stderr


@pytest.mark.parametrize(("option", "named"), [
    ("--shape=M=1..8", "M"), ("--shape=N=8..1", "N"), ("--shape=N=one", "one"),
    ("--shape=N", "N"), ("--shape=N=1..99999999999999999999", "99999999999999999999"), ("--emit=sculpture", "sculpture"),
    ("--target=cpu:x86-64-v9", "x86-64-v9"), ("--target=toaster", "toaster"), ("--stop-after=lunch", "lunch"),
    ("--no-such-option", "no-such-option"),
])
def test_wrong_compile_options(option: str, named: str, folder: Path, tmp_path: Path) -> None:
    done = tensel("compile", folder / "mlp.onnx", "-o", tmp_path / "out.tensel", option)
    assert done.returncode == 1, done.stderr
    assert named in done.stderr
    assert_only(tmp_path, [])


def test_wrong_commands() -> None:
    for arguments in ([], ["paint"], ["compile"], ["run"], ["inspect"], ["inspect", "missing.tensel"]):
        done = tensel(*arguments)
        assert done.returncode == 1, arguments
        assert done.stderr


# --- packages ------------------------------------------------------------------------------------------------------

def test_a_cut_package(folder: Path, tmp_path: Path) -> None:
    whole = (folder / "mlp.tensel").read_bytes()
    for size in (0, 1, 8, 63, 64, 100, len(whole) // 2, len(whole) - 1):
        (tmp_path / "cut.tensel").write_bytes(whole[:size])
        for command in (["run", tmp_path / "cut.tensel", "--input", f"x=@{folder}/x.npy"], ["inspect", tmp_path / "cut.tensel"]):
            assert_user_error(tensel(*command), "cut.tensel")


def test_a_changed_package(folder: Path, tmp_path: Path) -> None:
    whole = (folder / "mlp.tensel").read_bytes()
    rng = random.Random(5)
    places = [*range(0, 96, 5), *(rng.randrange(len(whole)) for _ in range(60))]
    for place in places:
        changed = bytearray(whole)
        changed[place] ^= 1 << rng.randrange(8)
        (tmp_path / "changed.tensel").write_bytes(changed)
        done = tensel("run", tmp_path / "changed.tensel", "--input", f"x=@{folder}/x.npy", seconds=20)
        assert done.returncode == 1, f"byte {place} of {len(whole)}: exit status {done.returncode}"
        assert_user_error(done, "changed.tensel")


def test_a_longer_package(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "long.tensel").write_bytes((folder / "mlp.tensel").read_bytes() + b"\0" * 64)
    assert_user_error(tensel("run", tmp_path / "long.tensel", "--input", f"x=@{folder}/x.npy"), "long.tensel")


# --- where the output goes -----------------------------------------------------------------------------------------

def in_mount(options: str, script: str, *arguments: Path) -> subprocess.CompletedProcess[str]:
    """Runs a script with $1 a small file system of its own, in a mount namespace that ends with it."""
    command = ["unshare", "-m", "bash", "-c", f'mount -t tmpfs -o {options} none "$1" && {script}', "bash", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=120, check=False)


def can_mount(folder: Path) -> bool:
    return shutil.which("unshare") is not None and in_mount("size=64k", "true", folder).returncode == 0


def test_a_full_disk(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    if not can_mount(tmp_path / "disk"):
        pytest.skip("mounting a tmpfs needs root")
    model = save(mlp(20000)[0], tmp_path / "wide.onnx")
    script = '"$2" compile "$3" -o "$1/out.tensel"; status=$?; ls -A "$1"; exit $status'
    done = in_mount("size=256k", script, tmp_path / "disk", tool("tensel"), model)
    assert_user_error(done, "out.tensel")
    assert done.stdout == "", f"left behind: {done.stdout}"


def test_a_file_size_limit(folder: Path, tmp_path: Path) -> None:
    """The same as a full disk, for every kind of file that we write."""
    save(mlp(20000)[0], tmp_path / "wide.onnx")
    for kind, name in (("package", "out.tensel"), ("obj", "out.o"), ("so", "out.so")):
        done = tensel("compile", tmp_path / "wide.onnx", f"--emit={kind}", "-o", tmp_path / name,
                      preexec_fn=limited("FSIZE", 256 << 10))
        assert_user_error(done, name, "File too large")
    done = tensel("run", folder / "mlp.tensel", "--input", "x=2x16xf32=1", "--output", f"y=@{tmp_path}/y.npy",
                  preexec_fn=limited("FSIZE", 64))
    assert_user_error(done, "y.npy")
    done = tensel("run", folder / "mlp.tensel", "--input", "x=2x16xf32=1", "--profile", tmp_path / "profile.json",
                  preexec_fn=limited("FSIZE", 64))
    assert_user_error(done, "profile.json")
    assert_only(tmp_path, ["wide.onnx"])


def test_a_read_only_directory(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    if not can_mount(tmp_path / "disk"):
        pytest.skip("mounting a tmpfs needs root")
    for script in ('"$2" compile "$3" -o "$1/out.tensel"', '"$2" run "$3" --input x=2x16xf32=1 --output "y=@$1/out.npy"'):
        done = in_mount("ro", script, tmp_path / "disk", tool("tensel"), folder / "mlp.onnx")
        assert_user_error(done, "out.")


def test_no_such_directory(folder: Path, tmp_path: Path) -> None:
    assert_user_error(tensel("compile", folder / "mlp.onnx", "-o", tmp_path / "no/out.tensel"), "no/out.tensel")
    assert_user_error(tensel("compile", folder / "mlp.onnx", "-o", tmp_path), tmp_path.name)


def test_an_old_file_survives_a_failure(folder: Path, tmp_path: Path) -> None:
    """A failed compilation leaves what was there before."""
    (tmp_path / "out.tensel").write_text("precious")
    save(unsupported(), tmp_path / "odd.onnx")
    assert tensel("compile", tmp_path / "odd.onnx", "-o", tmp_path / "out.tensel").returncode == 1
    assert (tmp_path / "out.tensel").read_text() == "precious"
    assert_only(tmp_path, ["odd.onnx", "out.tensel"])
