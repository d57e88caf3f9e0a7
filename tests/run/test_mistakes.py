"""Every planted mistake is found, blamed on the pass that makes it, and reduced to a few ops that still show it (mistakes.py)."""

from __future__ import annotations

import pytest
from mistakes import MISTAKES, MOST_OPS, PAGE, Mistake, examine
from programs import tool


@pytest.mark.parametrize("mistake", MISTAKES, ids=[mistake.name for mistake in MISTAKES])
def test_a_mistake_is_found_blamed_and_reduced(mistake: Mistake) -> None:
    found = examine(mistake, tool("tensel-opt").parent)
    assert found.blamed == mistake.passed
    assert found.again == mistake.passed, "the reduced reproducer's command shows something else"
    assert found.after <= MOST_OPS
    assert found.row(mistake) in PAGE.read_text().splitlines(), "run tests/run/mistakes.py --update"


def test_the_page_has_no_other_rows() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| ") and "(`" in line]
    assert len(rows) == len(MISTAKES)
