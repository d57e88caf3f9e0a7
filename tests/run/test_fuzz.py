"""Runs every libFuzzer program (build/bin/NAME-fuzz) from its seeds (tests/fuzz/NAME_seeds, tests/fuzz/corpus/NAME) on for
TENSEL_FUZZ_SECONDS, 60 when that is not set.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from programs import BUILD, ROOT

FUZZERS = sorted((BUILD / "bin").glob("*-fuzz"))
SECONDS = int(os.environ.get("TENSEL_FUZZ_SECONDS", "60"))


def test_there_are_fuzzers() -> None:
    assert FUZZERS, "found no program build/bin/*-fuzz"


def start(program: Path, folder: Path) -> subprocess.Popen[str]:
    corpus = folder / f"{program.name}-corpus"
    corpus.mkdir()
    stem = program.name.removesuffix("-fuzz")
    seeds = [path for path in (ROOT / f"tests/fuzz/{stem}_seeds", ROOT / f"tests/fuzz/corpus/{stem}") if path.is_dir()]
    assert seeds, f"found no tests/fuzz/{stem}_seeds and no tests/fuzz/corpus/{stem}"
    for path in seeds:
        shutil.copytree(path, corpus, dirs_exist_ok=True)
    command = [str(program), str(corpus), f"-max_total_time={SECONDS}", "-timeout=10", "-rss_limit_mb=2048",
               f"-artifact_prefix={folder}/"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace")


def test_fuzz(tmp_path: Path) -> None:
    """All at once, so that they take a minute together."""
    running = {program.name: start(program, tmp_path) for program in FUZZERS}
    outputs = {name: process.communicate(timeout=SECONDS + 120)[1] for name, process in running.items()}
    wrong = [f"{name}: {outputs[name][-3000:]}" for name, process in running.items() if process.returncode != 0]
    assert not wrong, "\n".join(wrong)
