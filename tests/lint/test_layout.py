"""The tree's rules: which folder may include which, how long a file may be, and what its first lines say."""

from __future__ import annotations

import re

from sources import CODE, COMMENT, read, tracked, with_suffix

LONGEST = 800
RUNTIME_FOR_ALL = ("runtime/include/tensel/", "runtime/package/")
# Folder -> the folders of ours that it may include besides itself (docs/architecture.md).
MAY_INCLUDE = {
    "runtime": (),
    "dialects": (),
    "passes": ("dialects",),
    "frontend": ("dialects",),
    "compiler": ("passes", "dialects", *RUNTIME_FOR_ALL),
    "reference": ("dialects",),
    "tools": ("compiler", "passes", "dialects", "frontend", "runtime"),
    "examples": ("runtime",),
}
INCLUDE = re.compile(r'^\s*(?:#\s*include|include)\s+[<"]([^">]+)[">]', re.MULTILINE)
OURS = tuple(f"{name}/" for name in MAY_INCLUDE)


def test_includes_never_point_back() -> None:
    wrong = []
    for path in with_suffix(*CODE):
        folder = path.split("/")[0]
        if folder not in MAY_INCLUDE:
            continue
        for target in INCLUDE.findall(read(path)):
            if not target.startswith(OURS) or target.startswith((folder + "/", *MAY_INCLUDE[folder])):
                continue
            wrong.append(f"{path}: found an include of '{target}', expected only {MAY_INCLUDE[folder] or 'its own'}")
    assert not wrong, "\n".join(wrong)


def test_the_runtime_knows_no_llvm() -> None:
    wrong = [f"{path}: found '{target}'" for path in with_suffix(".cpp", ".h", ".c") if path.startswith("runtime/")
             for target in INCLUDE.findall(read(path)) if target.startswith(("mlir", "llvm", "clang"))]
    assert not wrong, "\n".join(wrong)


def test_files_are_short() -> None:
    lengths = {path: read(path).count("\n") for path in with_suffix(*CODE, ".py", ".mlir", ".cmake", "/dev")}
    wrong = [f"{path}: found {lines} lines, expected at most {LONGEST}" for path, lines in lengths.items()
             if lines > LONGEST]
    assert not wrong, "\n".join(wrong)


def test_files_say_what_they_do() -> None:
    """The first paragraph is a comment (or a docstring); a C++ header may have its guard first."""
    wrong = []
    for path in with_suffix(".cpp", ".h", ".c", ".td", ".py", ".cmake"):
        lines = [line for line in read(path).splitlines()[:6] if line.strip() and not line.startswith("#!")]
        mark = COMMENT["." + path.rsplit(".", 1)[1]]
        while lines and lines[0].startswith(("#ifndef", "#define", "#pragma once")):
            lines.pop(0)
        if not lines or not lines[0].startswith((mark, "/*")):
            wrong.append(f"{path}: expected a first paragraph in a comment that says what the file does")
    assert not wrong, "\n".join(wrong)


def test_no_file_is_empty() -> None:
    wrong = [path for path in tracked() if path.endswith((*CODE, ".mlir", ".md")) and not read(path).strip()]
    assert not wrong, "\n".join(wrong)


def test_the_reference_shares_nothing_with_code_generation() -> None:
    wrong = [f"{path}: found '{target}'" for path in with_suffix(".cpp", ".h") if path.startswith("compiler/reference/")
             for target in INCLUDE.findall(read(path))
             if target.startswith("passes/kernel") or "Linalg" in target or "LLVMIR" in target]
    assert not wrong, "\n".join(wrong)
