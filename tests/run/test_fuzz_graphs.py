"""Random graphs through the reference interpreter and through compiled code (build/bin/tensel-fuzz-graphs). The seeds are fixed,
and tests/fuzz/graphs/seeds.txt lists those that do not come out the same: a graph that agrees must go on to agree, and one that
is repaired leaves the list. What was shrunk from such graphs stands in tests/fuzz/graphs/known and must go on to differ, in the
way that its first line says, until it is repaired; then it moves to tests/fuzz/graphs/fixed. To look for new ones:
`build/bin/tensel-fuzz-graphs --seed=$(date +%Y%m%d)0000 --seconds=600`.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from programs import BUILD, ROOT

PROGRAM = BUILD / "bin/tensel-fuzz-graphs"
SEED, COUNT = 202611250000, 150
LISTED = ROOT / "tests/fuzz/graphs/seeds.txt"
KNOWN = sorted((ROOT / "tests/fuzz/graphs/known").glob("*.mlir"))
FIXED = sorted((ROOT / "tests/fuzz/graphs/fixed").glob("*.mlir"))


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, errors="replace", timeout=600,
                          check=False)


def test_graphs() -> None:
    # One level, which every machine has: each level's code rounds in its own way.
    found = run(f"--seed={SEED}", f"--count={COUNT}", "--level=x86-64-v3", "--no-shrink")
    other = [" ".join(pair) for pair in re.findall(r"^--- seed (\d+) on [^:]*: (\w+)", found.stdout, re.MULTILINE)]
    listed = [line for line in LISTED.read_text().splitlines() if not line.startswith("#")]
    assert other == listed, found.stdout[-6000:] + found.stderr[-3000:]
    counted = re.search(r"graphs: (\d+) same, .*?(\d+) not evaluated; \d+ ops, (\d+) elements compared, (\d+) undecided",
                        found.stdout)
    assert counted, found.stdout[-2000:]
    same, not_evaluated, compared, undecided = map(int, counted.groups())
    # An oracle that decides nothing would find nothing.
    assert same > 0 and not_evaluated <= same / 10 and undecided <= compared / 4


@pytest.mark.parametrize("path", FIXED, ids=lambda path: path.stem)
def test_fixed_graph(path: Path) -> None:
    """What once differed."""
    found = run(str(path))
    assert found.returncode == 0, found.stdout[-3000:] + found.stderr[-3000:]


@pytest.mark.parametrize("path", KNOWN, ids=lambda path: path.stem)
def test_known_difference(path: Path) -> None:
    expected = path.read_text().splitlines()[0].removeprefix("// KNOWN: ").split(":")[0]
    found = run("--no-shrink", str(path))
    assert found.returncode == 1, f"'{path.name}' is compiled as the reference evaluates it: move it to tests/fuzz/graphs/fixed"
    assert f": {expected}: " in found.stdout, found.stdout[-3000:]
