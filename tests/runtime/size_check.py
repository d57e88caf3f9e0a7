"""Links a minimal C program with the runtime's archive, without libstdc++, strips it and counts: `size_check.py ARCHIVE`.

Exit status 0 when the program runs, has at most 400 KB and no symbol of LLVM or libstdc++; prints one line.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LARGEST = 400 * 1024
PROGRAM = r"""
#include "tensel/runtime.h"
int main(int argc, char **argv) {
  tensel_model *model;
  tensel_session *session;
  tensel_error_t error;
  if (tensel_model_load_file(argv[argc - 1], &model, &error) != TENSEL_OK)
    return error.message[0] ? 0 : 1; /* its own program is not a package */
  tensel_session_create(model, 0, 0, &session, &error);
  return tensel_session_run(session);
}
"""


def check(archive: Path) -> str:
    """What is wrong, or an empty string; prints the size."""
    with tempfile.TemporaryDirectory() as folder:
        source, program = Path(folder) / "program.c", Path(folder) / "program"
        source.write_text(PROGRAM)
        command = ["clang-22", "-std=c11", "-O2", f"-I{ROOT}/runtime/include", str(source), str(archive), "-lm", "-pthread",
                   "-Wl,--gc-sections", "-o", str(program)]
        subprocess.run(command, check=True)
        names = subprocess.run(["llvm-nm-22", "-C", str(program)], capture_output=True, text=True, check=True).stdout
        wrong = [line for line in names.splitlines() if any(mark in line for mark in ("llvm", "mlir", "LLVM", "GLIBCXX"))]
        if wrong:
            return f"found the symbol '{wrong[0]}', expected none of LLVM or libstdc++"
        subprocess.run(["llvm-strip-22", str(program)], check=True)
        if subprocess.run([str(program)], check=False).returncode:
            return "the program failed"
        size = program.stat().st_size
        print(f"runtime in a C program, stripped: {size} bytes")
        return "" if size <= LARGEST else f"found {size} bytes, expected at most {LARGEST}"


if __name__ == "__main__":
    message = check(Path(sys.argv[1]))
    if message:
        sys.exit(message)
