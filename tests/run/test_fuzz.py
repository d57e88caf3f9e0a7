"""Runs every libFuzzer program (build/bin/*Fuzzer) over its corpus and on for a while: TENSEL_FUZZ_SECONDS, 60 by default."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from programs import BUILD, ROOT

FUZZERS = sorted((BUILD / "bin").glob("*[Ff]uzz*"))
SECONDS = int(os.environ.get("TENSEL_FUZZ_SECONDS", "60"))


def test_there_are_fuzzers() -> None:
    assert FUZZERS, "found no program build/bin/*fuzz*"


@pytest.mark.parametrize("program", FUZZERS, ids=lambda path: path.name)
def test_fuzz(program: Path, tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    short = program.name.lower().replace("fuzzer", "").replace("fuzz", "").strip("-_")
    for folder in (ROOT / "tests/fuzz").rglob("corpus*"):
        if folder.is_dir() and short in str(folder).lower().replace("-", "").replace("_", ""):
            shutil.copytree(folder, corpus, dirs_exist_ok=True)
    command = [str(program), str(corpus), f"-max_total_time={SECONDS}", "-timeout=10", "-rss_limit_mb=2048",
               f"-artifact_prefix={tmp_path}/"]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False, timeout=SECONDS + 120)
    assert done.returncode == 0, done.stderr[-3000:]
