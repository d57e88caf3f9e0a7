"""What is resident while SmolLM2 writes: at most the mapped weights, the stated arenas and states, and 32 MB."""

from __future__ import annotations

import json
import re
import subprocess
import time
from pathlib import Path

import pytest
from programs import compile_model, smollm2, tool

BESIDE = 32 << 20


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_model(smollm2(), tmp_path_factory.mktemp("package") / "smollm2.tensel")


def peak_of(process: subprocess.Popen[str]) -> int:
    """The most bytes that were resident; the mark only rises, so the last look before the end has it."""
    peak = 0
    while process.poll() is None:
        try:
            status = Path(f"/proc/{process.pid}/status").read_text()
        except OSError:
            break
        if found := re.search(r"VmHWM:\s+(\d+) kB", status):
            peak = int(found.group(1)) * 1024
        time.sleep(0.002)
    return peak


@pytest.mark.parametrize(("prompts", "context"), [(1, 0), (1, 8192), (3, 512)])
def test_resident_set(package: Path, prompts: int, context: int) -> None:
    command = [tool("tensel"), "generate", package, "--json", "--greedy", "-n", "24", "--ignore-end"]
    command += ["--context", str(context)] * (context > 0) + ["-p", "Tell me about the sea. " * 10] * prompts
    with subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, text=True) as process:
        peak = peak_of(process)
        assert process.stdout is not None
        reports = [json.loads(line) for line in process.stdout]
    assert [len(report["tokens"]) for report in reports] == [24] * prompts
    stated = package.stat().st_size + reports[0]["arena_bytes"] + reports[0]["state_bytes"]
    assert package.stat().st_size // 4 < peak <= stated + BESIDE
    print(f"resident {peak >> 20} MB, stated {stated >> 20} MB")
