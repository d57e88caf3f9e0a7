"""Random graphs through the reference interpreter and through compiled code (build/bin/tensel-fuzz-graphs). Today's date is
the seed of those that run for TENSEL_FUZZ_GRAPH_SECONDS (180 when that is not set): each day brings others, and the day's can
be repeated. What was found, shrunk and repaired stands in tests/fuzz/graphs/fixed, what is not repaired yet in
tests/fuzz/graphs/known: finds of the day that are of its kinds are left out, and each must still differ. More at once:
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
KNOWN = sorted((ROOT / "tests/fuzz/graphs/known").glob("*.mlir"))

# Every other op of the dialect is made.
NEVER_MADE: dict[str, str] = {}


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([tool("tensel-fuzz-graphs"), *arguments], capture_output=True, text=True, errors="replace",
                          timeout=SECONDS + 600, check=False)


def ops_of(program: str) -> set[str]:
    """The ops that a program is made of, without the constants that they take."""
    return set(re.findall(r"= graph\.(\w+)", program)) - {"constant"}


def is_known(find: str) -> bool:
    """Whether a shrunk find is one op of a kind that stands in `known`."""
    return any(ops_of(find) == ops_of(path.read_text()) for path in KNOWN)


def check(found: subprocess.CompletedProcess[str], repeat: str) -> None:
    finds = re.split(r"^--- ", found.stdout, flags=re.MULTILINE)[1:]
    new = [find for find in finds if not is_known(find)]
    # Elements of weights make long lines.
    shown = "\n".join(line[:2000] for find in new for line in find.splitlines())[-20000:]
    assert not new, f"{shown}\nagain: build/bin/tensel-fuzz-graphs {repeat}"
    assert found.returncode == (1 if finds else 0), found.stdout[-2000:] + found.stderr[-3000:]
    counted = re.search(r"graphs: (\d+) same,(?: (\d+) not evaluated,)?(?: (\d+) differs,)? \d+ ops, (\d+) elements compared, "
                        r"(\d+) undecided", found.stdout)
    assert counted, found.stdout[-2000:]
    same, not_evaluated, differing, compared, undecided = (int(number or 0) for number in counted.groups())
    assert differing == len(finds)
    # An oracle that decides nothing would find nothing, and one that lets every find pass neither.
    assert same > 0 and not_evaluated <= same / 10 and undecided <= compared / 4 and differing <= 1 + same / 200


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
    check(run(seed, f"--seconds={SECONDS}"), f"{seed} --seconds={SECONDS}; one graph: --seed=N --count=1")


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
