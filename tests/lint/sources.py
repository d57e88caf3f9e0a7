"""What the lints look at: the files that git tracks or would track, by kind."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODE = (".cpp", ".h", ".c", ".td", ".fbs")
COMMENT = {".cpp": "//", ".h": "//", ".c": "//", ".td": "//", ".fbs": "//", ".mlir": "//", ".py": '"""', ".cmake": "#",
           ".txt": "#", ".sh": "#"}


@cache
def tracked() -> tuple[str, ...]:
    """Paths relative to the root, sorted; new files that git does not ignore count too."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    lines = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return tuple(sorted(line for line in set(lines) if (ROOT / line).is_file()))


def with_suffix(*suffixes: str) -> list[str]:
    return [path for path in tracked() if path.endswith(suffixes)]


def read(path: str) -> str:
    return (ROOT / path).read_text(errors="replace")
