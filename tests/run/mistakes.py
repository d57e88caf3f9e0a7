"""Mistakes that real passes are made to make (tools/planted), each found by --verify-each=numeric, blamed on its pass and
reduced by tensel-reduce. docs/miscompiles.md is the table of all of them: `tests/run/mistakes.py --update` makes it,
test_mistakes.py holds it.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ROOT / "tests/run/Inputs/mistakes"
PAGE = ROOT / "docs/miscompiles.md"
MOST_OPS = 5

SIMPLIFY = ("tensel-infer-shapes,canonicalize,cse,tensel-fold-constants,"
            "tensel-infer-shapes,tensel-decompose,tensel-infer-shapes,canonicalize,cse,tensel-simplify-movement,canonicalize,cse,"
            "tensel-fold-constants,tensel-infer-shapes,canonicalize,cse,tensel-pack-constants,cse,tensel-fold-constants")
QUANTIZE = SIMPLIFY + ",tensel-quantize-activations{bits=8},cse"
TILES = "tensel-tile-rows{tiles=2}"
DISPATCH = SIMPLIFY + ",tensel-form-dispatches,canonicalize,cse"
PLAN = DISPATCH + ",tensel-plan-memory"
LINALG = PLAN + ",func.func(tensel-lower-to-linalg)"
CODE = LINALG + ",tensel-kernel-pipeline,tensel-lower-task"
PACKED_CODE = (QUANTIZE + ",tensel-fold-constants,tensel-form-dispatches,canonicalize,cse,tensel-plan-memory,"
               "func.func(tensel-lower-to-linalg),tensel-kernel-pipeline,tensel-lower-task")


@dataclass(frozen=True)
class Mistake:
    """The pass makes the mistake wherever it first can (in the middle of "deep"); `says` what that is."""
    passed: str
    mistake: str
    program: str
    says: str
    pipeline: str = SIMPLIFY
    varies: bool = False  # which element: what is found there is memory that nobody has written

    @property
    def name(self) -> str:
        return f"{self.passed}:{self.mistake}"


MISTAKES = (
    Mistake("tensel-infer-shapes", "stale-state", "choices", "a loop's body hands on the state that it got"),
    Mistake("canonicalize", "swapped-operands", "layers", "x - y becomes y - x"),
    Mistake("canonicalize", "dropped-term", "layers", "x + y becomes x"),
    Mistake("canonicalize", "shifted-slice", "layers", "a slice begins and ends one further on"),
    Mistake("canonicalize", "wrong-broadcast", "choices", "a row is added as a column"),
    Mistake("canonicalize", "wrong-at-equality", "choices", "> becomes >="),
    Mistake("canonicalize", "lost-nan", "choices", "max by a comparison, which loses a NaN"),
    Mistake("canonicalize", "swapped-branches", "choices", "then and else change places"),
    Mistake("canonicalize", "lost-iteration", "choices", "a loop runs once less"),
    Mistake("canonicalize", "truncated", "choices", "rounding becomes truncation"),
    Mistake("canonicalize", "narrow-cast", "choices", "a product goes through f16"),
    Mistake("canonicalize", "stale-shape", "choices", "a dim that is computed with is one too large"),
    Mistake("canonicalize", "dropped-middle-term", "deep", "x + y becomes x in one of six equal layers"),
    Mistake("canonicalize", "swapped-weights", "deep", "two weights of one type change places in one layer"),
    Mistake("canonicalize", "swapped-states", "deep", "the states of two layers change places"),
    Mistake("cse", "merged-unlike", "choices", "products with a factor in common count as equal"),
    Mistake("cse", "repeated-operand", "layers", "concat takes its first operand twice"),
    Mistake("cse", "added-twice", "layers", "x + y becomes x + y + y"),
    Mistake("cse", "wrong-tie", "choices", "the last of equal maxima in place of the first"),
    Mistake("cse", "wrong-scan", "choices", "a running sum leaves its own element out"),
    Mistake("cse", "wrong-scale", "quantized", "scales of rounded rows are taken for their sums", QUANTIZE),
    Mistake("tensel-decompose", "lost-epsilon", "layers", "a normalization without its epsilon"),
    Mistake("tensel-decompose", "wrong-reduced-axis", "choices", "softmax sums over the other axis"),
    Mistake("tensel-decompose", "wrong-reduction", "layers", "the maximum in place of a sum"),
    Mistake("tensel-simplify-movement", "wrong-transpose", "layers", "a product takes its right side turned"),
    Mistake("tensel-simplify-movement", "shifted-window", "choices", "the padding before a window goes behind it"),
    Mistake("tensel-simplify-movement", "shifted-pad", "choices", "padding goes to the other end"),
    Mistake("tensel-fold-constants", "wrong-constant", "layers", "a constant is folded to another value"),
    Mistake("tensel-fold-constants", "wrong-index", "choices", "a gather reads the row before"),
    Mistake("tensel-pack-constants", "wrong-permutation", "layers", "a packed weight's axes change places"),
    Mistake("tensel-tile-rows", "shifted-slice", "picture", "a tile begins and ends one row further on", TILES),
    Mistake("tensel-tile-rows", "shifted-pad", "picture", "a tile is padded at its other end", TILES),
    Mistake("tensel-tile-rows", "repeated-operand", "picture", "a tile stands where another one belongs", TILES),
    Mistake("tensel-form-dispatches", "lost-epilogue", "layers", "what follows a product in its kernel is lost", DISPATCH),
    Mistake("tensel-form-dispatches", "swapped-inputs", "layers", "a dispatch takes its inputs in the wrong order", DISPATCH),
    Mistake("tensel-form-dispatches", "swapped-weights", "deep", "two dispatches take each other's weights", DISPATCH),
    Mistake("tensel-form-dispatches", "wrong-dim", "layers", "a result is one larger than the program expects", DISPATCH),
    Mistake("tensel-plan-memory", "short-life", "layers", "a value's bytes are given away while it is alive", PLAN),
    Mistake("tensel-plan-memory", "small-buffer", "layers", "a value gets half the bytes", PLAN),
    Mistake("tensel-plan-memory", "shared-buffer", "layers", "two live values share a buffer", PLAN),
    Mistake("tensel-plan-memory", "wrong-in-place", "layers", "a kernel writes over an input that it reads again", PLAN),
    Mistake("tensel-lower-to-linalg", "wrong-identity", "layers", "a reduction does not begin at 0", LINALG),
    Mistake("tensel-lower-to-linalg", "turned-map", "choices", "an operand is read turned", LINALG),
    Mistake("tensel-lower-to-linalg", "accumulated-twice", "layers", "a sum takes every term twice", LINALG),
    Mistake("tensel-lower-to-linalg", "lost-nan-in-kernel", "choices", "max in a kernel loses a NaN", LINALG),
    Mistake("tensel-emit-quantized", "lost-offset", "quantized", "a packed product loses a group's minimum", PACKED_CODE),
    Mistake("tensel-emit-contraction", "short-loop", "layers", "the last tile of a product is missing", CODE, varies=True),
    Mistake("tensel-prepare-kernel", "swapped-subtraction", "layers", "x - y becomes y - x in a kernel's body", CODE),
    Mistake("tensel-emit-loops", "short-loop", "layers", "the last tile of a loop is missing", CODE, varies=True),
    Mistake("tensel-lower-kernel-to-llvm", "swapped-subtraction", "layers", "x - y becomes y - x in machine code", CODE),
    Mistake("tensel-lower-task", "swapped-slots", "layers", "two pointers of a closure change places", CODE),
)


def run(*words: object) -> str:
    """What the program says on stderr; these end with status 1 where something is found."""
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, errors="replace", timeout=300,
                          check=False).stderr


def shell(path: Path) -> str:
    return subprocess.run(["sh", str(path)], capture_output=True, text=True, errors="replace", timeout=300, check=False,
                          cwd=path.parent, env={"PATH": f"{ROOT / 'build/bin'}:/usr/bin:/bin"}).stderr


@dataclass(frozen=True)
class Found:
    blamed: str
    element: str
    before: int
    after: int
    again: str  # the pass that the reduced reproducer's command blames

    def row(self, mistake: Mistake) -> str:
        return (f"| {mistake.says} (`{mistake.mistake}`) | {mistake.passed} | {self.blamed} | {self.element} | "
                f"{self.before} -> {self.after} |")


def examine(mistake: Mistake, binaries: Path) -> Found:
    """Verifies the mistake's program, then reduces it."""
    program = PROGRAMS / f"{mistake.program}.mlir"
    with tempfile.TemporaryDirectory() as folder:
        said = run(binaries / "tensel-opt", program, "--verify-each-numeric", f"--reproducer={folder}/whole",
                   f"--plant={mistake.name}", f"--pass-pipeline=builtin.module({mistake.pipeline})", "-o", "/dev/null")
        blamed = re.search(r"the pass '([^']*)' breaks its promise", said)
        element = re.search(r"element (\[[^]]*\]): found ([^ ]+), expected ([^ ;]+)", said)
        other = re.search(r"(the memory plan is wrong|gives a result of dims|cannot be evaluated|"
                          r"reads or writes memory that is not its own)", said)
        reduced = run(binaries / "tensel-reduce", program, f"--passes={mistake.pipeline}", f"--plant={mistake.name}",
                      f"--reproducer={folder}/small", "-o", "/dev/null")
        counts = re.search(r"(\d+) ops became (\d+)", reduced)
        assert blamed and (element or other) and counts, f"{mistake.name}: {said}{reduced}"
        again = re.search(r"the pass '([^']*)' breaks its promise", shell(Path(folder) / "small/command.sh"))
        if mistake.varies:
            first = "another each time"
        else:
            first = f"{element.group(1)}: {element.group(2)}, not {element.group(3)}" if element else other.group(1)
        return Found(blamed.group(1), first, int(counts.group(1)), int(counts.group(2)), again.group(1) if again else "")


def page(found: dict[str, Found]) -> str:
    right = sum(found[mistake.name].blamed == mistake.passed for mistake in MISTAKES)
    most = max(found[mistake.name].after for mistake in MISTAKES)
    rows = "\n".join(found[mistake.name].row(mistake) for mistake in MISTAKES)
    return f"""# Planted miscompiles

Real passes are made to make mistakes (`tensel-opt -plant=PASS:MISTAKE`, a hidden flag of the tools for tests; `tensel`
has none), in the programs of tests/run/Inputs/mistakes. {len(MISTAKES)} of {len(MISTAKES)} are found by `--verify-each-numeric`,
the right pass is blamed in {right}, and `tensel-reduce` leaves at most {most} ops. This page is made by
`build/venv/bin/python tests/run/mistakes.py --update` and held by tests/run/test_mistakes.py, row by row. How to use all
this: [verification](verification.md).

| mistake | made by | blamed | first wrong element | ops before and after reduction |
|---|---|---|---|---|
{rows}
"""


def main() -> int:
    found = {mistake.name: examine(mistake, ROOT / "build/bin") for mistake in MISTAKES}
    if "--update" in sys.argv:
        PAGE.write_text(page(found))
    else:
        print(page(found), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
