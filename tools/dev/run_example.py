"""`./dev run`: compiles Magika's file type model into one package, then identifies files with the C program of
examples/identify_files, which sees nothing but the package, a labels file and the runtime's C API.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from magika_assets import model_path, write_labels

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
SAMPLES = ("README.md", "CMakeLists.txt", "LICENSE", "dev", "tests/run_all.py", "dialects/graph/GraphOps.cpp",
           "CMakePresets.json", "build/bin/tensel", "build/magika.tensel", "build/samples/pixel.png")
# The smallest PNG: one transparent pixel.
PIXEL = bytes.fromhex("89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c63000100"
                      "000500010d0a2db40000000049454e44ae426082")


def main() -> int:
    package, labels = BUILD / "magika.tensel", BUILD / "magika-labels.txt"
    write_labels(labels)
    (BUILD / "samples").mkdir(exist_ok=True)
    (BUILD / "samples/pixel.png").write_bytes(PIXEL)
    compile_model = [str(BUILD / "bin/tensel"), "compile", str(model_path()), "-o", str(package)]
    status = subprocess.run(compile_model, cwd=ROOT, check=False).returncode
    if status != 0:
        return status
    files = sys.argv[1:] or [name for name in SAMPLES if (ROOT / name).exists()]
    program = [str(BUILD / "bin/identify_files"), str(package), str(labels)]
    return subprocess.run([*program, *files], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
