"""Runs every libFuzzer program (build/bin/NAME-fuzz) from its seeds (tests/fuzz/NAME_seeds, tests/fuzz/corpus/NAME) on for
TENSEL_FUZZ_SECONDS, 60 when that is not set.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from programs import BUILD, ROOT

FUZZERS = sorted((BUILD / "bin").glob("*-fuzz"))
SECONDS = int(os.environ.get("TENSEL_FUZZ_SECONDS", "60"))


def test_there_are_fuzzers() -> None:
    assert FUZZERS, "found no program build/bin/*-fuzz"


@pytest.mark.parametrize("program", FUZZERS, ids=lambda path: path.name)
def test_fuzz(program: Path, tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    stem = program.name.removesuffix("-fuzz")
    seeds = [folder for folder in (ROOT / f"tests/fuzz/{stem}_seeds", ROOT / f"tests/fuzz/corpus/{stem}") if folder.is_dir()]
    assert seeds, f"found no tests/fuzz/{stem}_seeds and no tests/fuzz/corpus/{stem}"
    for folder in seeds:
        shutil.copytree(folder, corpus, dirs_exist_ok=True)
    command = [str(program), str(corpus), f"-max_total_time={SECONDS}", "-timeout=10", "-rss_limit_mb=2048",
               f"-artifact_prefix={tmp_path}/"]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False, timeout=SECONDS + 120)
    assert done.returncode == 0, done.stderr[-3000:]
