"""The runtime stays small and knows no LLVM: what a shipped program carries is counted here."""

from __future__ import annotations

import subprocess
from pathlib import Path

from programs import ROOT
from test_emit import runtime_archive

LARGEST = 400 * 1024
ALLOWED = {"libc.so.6", "libstdc++.so.6", "libgcc_s.so.1", "libm.so.6", "ld-linux-x86-64.so.2", "libpthread.so.0"}


def as_shared_library(folder: Path) -> Path:
    """The whole archive as one stripped shared library."""
    out = folder / "libtensel_runtime.so"
    subprocess.run(["clang++-22", "-shared", "-fuse-ld=lld", "-Wl,--gc-sections", "-Wl,--whole-archive", str(runtime_archive()),
                    "-Wl,--no-whole-archive", "-Wl,-s", "-lpthread", "-o", str(out)], check=True, cwd=ROOT)
    return out


def test_size(tmp_path: Path) -> None:
    size = as_shared_library(tmp_path).stat().st_size
    print(f"runtime, stripped: {size} bytes")
    assert size <= LARGEST


def test_no_llvm_symbol() -> None:
    names = subprocess.run(["llvm-nm-22", "-C", str(runtime_archive())], capture_output=True, text=True, check=True).stdout
    wrong = [line for line in names.splitlines() if "llvm::" in line or "mlir::" in line or " LLVM" in line]
    assert not wrong, "\n".join(wrong[:10])


def test_depends_on_libc_and_libstdcxx_only(tmp_path: Path) -> None:
    command = ["llvm-readelf-22", "-d", str(as_shared_library(tmp_path))]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    needed = {line.split("[")[1].split("]")[0] for line in text.splitlines() if "(NEEDED)" in line}
    assert needed <= ALLOWED


def test_the_c_api_is_small_and_c() -> None:
    """At most 40 functions, and the header compiles as strict C11."""
    header = ROOT / "runtime/include/tensel/runtime.h"
    declared = [line for line in header.read_text().splitlines() if "(" in line and " tensel_" in line.replace("*", " ")
                and not line.lstrip().startswith(("/*", "*", "typedef"))]
    assert 0 < len(declared) <= 40
    command = ["clang-22", "-std=c11", "-pedantic", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-x", "c", str(header)]
    subprocess.run(command, check=True)
