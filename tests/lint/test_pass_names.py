"""One name in four places: `def FooBarPass` in a Passes.td is `-tensel-foo-bar`, in FooBar.cpp, with a test
tests/passes/GROUP/foo-bar.mlir. Files beside them that hold no pass are fine; passes without a home are not.
And every pass declares its numeric class (passes/NumericClass.h): by its base, which its description repeats for readers.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from sources import read, tracked

DEFINITION = re.compile(r'^def\s+(\w+)\s*:\s*\w*Pass\w*\s*<\s*"([^"]+)"', re.MULTILINE)
BASE = re.compile(r'^def\s+(\w+)\s*:\s*(\w+)\s*<(.*?)(?=^def |\Z)', re.MULTILINE | re.DOTALL)
CLASSES = {"ExactPass": "exact", "ReassociatingPass": "reassociates", "LossyPass": "lossy"}
# A pass written without TableGen derives from NumericPass or from a wrapper of it.
CPP_PASS = re.compile(r"(?:OperationPass|PassWrapper)\s*<[^;{]*[;{]")


def dashed(name: str) -> str:
    """FuseQ4Gemm -> fuse-q4-gemm."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", name).lower()


def problems(table: str, text: str, paths: set[str]) -> list[str]:
    """What is wrong with the passes that `table` defines."""
    folder = PurePosixPath(table).parent
    wrong = []
    for definition, flag in DEFINITION.findall(text):
        name = definition.removesuffix("Pass")
        expected = {"flag": f"tensel-{dashed(name)}", "source": f"{folder}/{name}.cpp",
                    "test": f"tests/{folder}/{dashed(name)}.mlir"}
        if not definition.endswith("Pass"):
            wrong.append(f"{table}: found 'def {definition}', expected 'def {name}Pass'")
        if flag != expected["flag"]:
            wrong.append(f"{table}: found the flag '-{flag}', expected '-{expected['flag']}'")
        wrong += [f"{table}: '{definition}' has no {expected[what]}" for what in ("source", "test")
                  if expected[what] not in paths]
    return wrong


def test_one_name_in_four_places() -> None:
    paths = set(tracked())
    wrong = [line for table in sorted(paths) if re.fullmatch(r"passes/.+/Passes\.td", table)
             for line in problems(table, read(table), paths)]
    assert not wrong, "\n".join(wrong)


def unclassed(table: str, text: str) -> list[str]:
    """The passes of a Passes.td whose base declares no numeric class, or whose description tells another one."""
    wrong = []
    for definition, base, body in BASE.findall(text):
        told = re.findall(r"Numeric\s+class:\s+(\w+)", body)
        if base not in CLASSES:
            wrong.append(f"{table}: '{definition}' is a {base}, expected one of {', '.join(CLASSES)}")
        elif told != [CLASSES[base]]:
            wrong.append(f"{table}: the description of '{definition}' says 'Numeric class:' {told}, expected {CLASSES[base]}")
    return wrong


def test_every_pass_declares_its_numeric_class() -> None:
    wrong = [line for table in tracked() if re.fullmatch(r"passes/.+/Passes\.td", table)
             for line in unclassed(table, read(table))]
    wrong += [f"{path}: found '{found.split(chr(10))[0]}', expected a pass derived from NumericPass" for path in tracked()
              if path.endswith((".cpp", ".h")) and path != "passes/NumericClass.h"
              for found in CPP_PASS.findall(read(path)) if "NumericPass" not in found]
    assert not wrong, "\n".join(wrong)


def test_the_check_itself() -> None:
    text = 'def FuseElementwisePass : Pass<"tensel-fuse-elementwise", "mlir::ModuleOp"> {}\n'
    good = {"passes/graph/FuseElementwise.cpp", "tests/passes/graph/fuse-elementwise.mlir"}
    assert problems("passes/graph/Passes.td", text, good) == []
    assert len(problems("passes/graph/Passes.td", text, set())) == 2
    assert len(problems("passes/graph/Passes.td", text.replace("tensel-fuse", "fuse"), good)) == 1
    assert dashed("Q4ToInt8") == "q4-to-int8"
    classed = text.replace(": Pass<", ": ExactPass<").replace("{}", "{ description = [{Numeric class: exact.}]; }")
    assert unclassed("passes/graph/Passes.td", classed) == []
    assert len(unclassed("passes/graph/Passes.td", text)) == 1
    assert len(unclassed("passes/graph/Passes.td", classed.replace("class: exact", "class: lossy"))) == 1
