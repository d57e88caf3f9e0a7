"""The generated pages are what `./dev docs` makes today, and links between pages lead somewhere."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest
from programs import BUILD, ROOT

sys.path.insert(0, str(ROOT / "tools/dev"))
import make_docs  # noqa: E402

PAGES = ["README.md", "CONTRIBUTING.md", *(f"docs/{name}.md" for name in (
    "architecture", "adding-an-op", "adding-a-pass", "adding-a-target", "runtime", "llm", "memory", "verification",
    "bit-exact"))]
NAMED = re.compile(r"`((?:compiler|dialects|passes|frontend|runtime|tools|tests|docs|examples)/[\w./-]+)`")


def test_generated_pages_are_current() -> None:
    made = subprocess.run(["ninja", "-C", str(BUILD), "mlir-doc"], capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stdout[-2000:]
    pages = make_docs.pages(json.loads(make_docs.STATUS.read_text()))
    reference = ROOT / "docs/reference"
    assert {path.name for path in pages if path.parent == reference} == {path.name for path in reference.iterdir()}
    wrong = [str(path.relative_to(ROOT)) for path, text in pages.items() if not path.exists() or path.read_text() != text]
    assert not wrong, f"run ./dev docs; these are out of date: {wrong}"


def test_the_conformance_numbers_are_the_lists() -> None:
    status = json.loads(make_docs.STATUS.read_text())
    for device in ("cpu", "reference"):
        count = len((ROOT / f"tests/conformance/expected-{device}.txt").read_text().split())
        assert status.get(f"conformance_{device}") == count, "run ./dev docs"
        assert f"| {device} | {count} |" in (ROOT / "docs/conformance.md").read_text()


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text()
    targets = [target.split("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in target]
    wrong = [target for target in targets if target and not ((ROOT / page).parent / target).exists()]
    assert not wrong, f"{page}: found links to {wrong}, which do not exist"


@pytest.mark.parametrize("page", PAGES)
def test_files_that_a_page_names_exist(page: str) -> None:
    """Except those of the running example, fuse-elementwise, and of a NAME to fill in."""
    named = [path for path in NAMED.findall((ROOT / page).read_text())
             if "NAME" not in path and "fuse-elementwise" not in path and "FuseElementwise" not in path]
    wrong = [path for path in named if not (ROOT / path).exists()]
    assert not wrong, f"{page}: found {wrong}, which do not exist"
