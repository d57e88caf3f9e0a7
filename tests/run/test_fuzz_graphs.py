"""Random graphs through the reference interpreter and through compiled code (build/bin/tensel-fuzz-graphs). Today's date is
the seed of those that run for TENSEL_FUZZ_GRAPH_SECONDS (180 when that is not set): each day brings others, and the day's can
be repeated. What was found, shrunk and repaired stands in tests/fuzz/graphs/fixed, what is not repaired yet in
tests/fuzz/graphs/known: each must still differ, and of the day's graphs only one in ONE_IN may. More at once:
`build/bin/tensel-fuzz-graphs --seed=N --seconds=600`.
"""

from __future__ import annotations

import datetime
import os
import re
import subprocess
from pathlib import Path

import pytest
from programs import ROOT, tool

SECONDS = int(os.environ.get("TENSEL_FUZZ_GRAPH_SECONDS", "180"))
FIXED = sorted((ROOT / "tests/fuzz/graphs/fixed").glob("*.mlir"))
# Finds that are open, of the kinds in `known`: 8 in 6,310 graphs when this was written. It may only grow.
ONE_IN = 300
KNOWN = sorted((ROOT / "tests/fuzz/graphs/known").glob("*.mlir"))

# Every other op of the dialect is made.
NEVER_MADE: dict[str, str] = {}


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([tool("tensel-fuzz-graphs"), *arguments], capture_output=True, text=True, errors="replace",
                          timeout=SECONDS + 600, check=False)


def check(found: subprocess.CompletedProcess[str], repeat: str, open_finds: int = 0) -> None:
    """At most one graph in `open_finds` may differ (0: none); no other kind of find, such as a crash, is let pass."""
    # Elements of weights make long lines.
    shown = "\n".join(line[:2000] for line in found.stdout.splitlines())[-20000:]
    shown = f"{shown}\n{found.stderr[-3000:]}\nagain: build/bin/tensel-fuzz-graphs {repeat}"
    counted = re.search(r"graphs: (\d+) same,(?: (\d+) not evaluated,)?(?: (\d+) differs,)? \d+ ops, (\d+) elements compared, "
                        r"(\d+) undecided", found.stdout)
    assert counted, shown
    same, not_evaluated, differing, compared, undecided = (int(number or 0) for number in counted.groups())
    assert found.returncode == (1 if differing else 0), shown
    assert differing <= (same / open_finds if open_finds else 0), shown
    # An oracle that decides nothing would find nothing.
    assert same > 0 and not_evaluated <= same / 10 and undecided <= compared / 4


def test_every_op_is_made() -> None:
    found = run("--coverage", "--seed=1", "--count=6000")
    assert found.returncode == 0, found.stderr[-3000:]
    assert set(found.stdout.removeprefix("never made:").split()) == set(NEVER_MADE)


def test_graphs() -> None:
    """One level, which every machine has, and the same graphs every day."""
    arguments = ("--seed=202611250000", "--count=100", "--level=x86-64-v3")
    check(run(*arguments), " ".join(arguments))


def test_graphs_of_the_day() -> None:
    seed = f"--seed={datetime.datetime.now(datetime.UTC):%Y%m%d}0000"
    print(seed)
    check(run(seed, f"--seconds={SECONDS}"), f"{seed} --seconds={SECONDS}; one graph: --seed=N --count=1", ONE_IN)


@pytest.mark.parametrize("path", FIXED, ids=lambda path: path.stem)
def test_fixed_graph(path: Path) -> None:
    """What once differed, on every level that this machine has."""
    found = run(str(path))
    assert found.returncode == 0, found.stdout[-3000:] + found.stderr[-3000:]


@pytest.mark.parametrize("path", KNOWN, ids=lambda path: path.stem)
def test_known_graph(path: Path) -> None:
    """What still differs: once repaired it goes to `fixed`."""
    assert path.read_text().startswith("// KNOWN: ")
    assert run(str(path)).returncode == 1
