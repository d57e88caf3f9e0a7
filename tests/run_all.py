"""Runs the suites of `./dev test` and adds them up: lints, lit, GoogleTest, run tests, text of language models, ONNX conformance.

Every suite writes its output to build/logs/test-NAME.log; what failed is printed, then a table, then one line
`N passed, N failed` alone, which is what CI reads. A suite that could not run counts as one failure.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build"
LOGS = BUILD / "logs"
TIMEOUT = 1500


@dataclass
class Outcome:
    """What a suite found."""

    passed: int = 0
    skipped: int = 0
    failures: list[str] = field(default_factory=list)
    seconds: float = 0.0


def run_logged(name: str, command: list[str]) -> int:
    """Runs a command with its output in the suite's log; 124 when it ran out of time."""
    with open(LOGS / f"test-{name}.log", "a") as log:
        log.write(f"$ {' '.join(command)}\n")
        log.flush()
        try:
            return subprocess.run(command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                  timeout=TIMEOUT, check=False).returncode
        except subprocess.TimeoutExpired:
            return 124


def read_junit(path: Path) -> Outcome:
    """Adds up a JUnit file as pytest, lit and GoogleTest write it."""
    outcome = Outcome()
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        name = f"{case.get('classname', '')}.{case.get('name', '')}"
        if case.find("failure") is not None or case.find("error") is not None:
            outcome.failures.append(name)
        elif case.find("skipped") is not None or case.get("status") == "notrun":
            outcome.skipped += 1
        else:
            outcome.passed += 1
    return outcome


def run_with_junit(name: str, command: list[str], report: Path, good: tuple[int, ...] = (0,)) -> Outcome:
    """Runs a command that leaves a JUnit report; a bad exit status that no case explains is a failure itself."""
    report.unlink(missing_ok=True)
    status = run_logged(name, command)
    try:
        outcome = read_junit(report)
    except (OSError, ElementTree.ParseError):
        return Outcome(failures=[f"{name}: no report, exit status {status}"])
    if status not in good and not outcome.failures:
        outcome.failures.append(f"{name}: exit status {status}")
    return outcome


def pytest_suite(name: str) -> Outcome:
    report = LOGS / f"test-{name}.xml"
    command = [sys.executable, "-m", "pytest", f"tests/{name}", "-q", "--color=no", "-p", "no:cacheprovider",
               "--durations=15", f"--junitxml={report}"]
    return run_with_junit(name, command, report)


def lit_suite(jobs: int) -> Outcome:
    report = LOGS / "test-lit.xml"
    command = [str(Path(sys.executable).parent / "lit"), f"-j{jobs}", "-v", f"--xunit-xml-output={report}",
               "build/tests"]
    return run_with_junit("lit", command, report)


def unit_suite() -> Outcome:
    """Every GoogleTest program: build/bin/*-test, *-tests."""
    total = Outcome()
    programs = sorted(path for path in (BUILD / "bin").glob("*-test*") if os.access(path, os.X_OK))
    if not programs:
        return Outcome(failures=["unit: found no program build/bin/*-test"])
    for program in programs:
        report = LOGS / f"test-unit-{program.name}.xml"
        one = run_with_junit("unit", [str(program), f"--gtest_output=xml:{report}"], report)
        total.passed += one.passed
        total.skipped += one.skipped
        total.failures += one.failures
    return total


def conformance_suite(jobs: int) -> Outcome:
    """The ONNX node tests on both devices, held against the lists of what must pass."""
    report = LOGS / "conformance.json"
    report.unlink(missing_ok=True)
    status = run_logged("conformance", [sys.executable, "tests/conformance/run.py", "--jobs", str(jobs), "--json",
                                        str(report)])
    try:
        found = json.loads(report.read_text())
    except (OSError, ValueError):
        return Outcome(failures=[f"conformance: no report, exit status {status}"])
    return Outcome(found["passed"], found["not_expected"], found["failures"])


def show_failures(name: str, outcome: Outcome) -> None:
    if not outcome.failures:
        return
    for failure in outcome.failures[:40]:
        print(f"  FAIL {failure}")
    if len(outcome.failures) > 40:
        print(f"  ... and {len(outcome.failures) - 40} more")
    log = LOGS / f"test-{name}.log"
    if log.exists():
        print(f"  the end of build/logs/{log.name}:")
        for line in log.read_text(errors="replace").splitlines()[-30:]:
            print(f"    {re.sub(r'[^ -~]', '?', line)[:180]}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("suites", nargs="*")
    options = parser.parse_args()
    suites: dict[str, Callable[[], Outcome]] = {
        "lint": lambda: pytest_suite("lint"),
        "lit": lambda: lit_suite(options.jobs),
        "unit": unit_suite,
        "run": lambda: pytest_suite("run"),
        "llm": lambda: pytest_suite("llm"),
        "conformance": lambda: conformance_suite(options.jobs),
    }
    unknown = [name for name in options.suites if name not in suites]
    if unknown:
        print(f"found the suites {unknown}, expected some of {list(suites)}", file=sys.stderr)
        return 1
    LOGS.mkdir(parents=True, exist_ok=True)
    outcomes: dict[str, Outcome] = {}
    for name in options.suites or suites:
        (LOGS / f"test-{name}.log").write_text("")
        start = time.monotonic()
        print(f"{name} ...", flush=True)
        outcomes[name] = suites[name]()
        outcomes[name].seconds = time.monotonic() - start
        show_failures(name, outcomes[name])
    print(f"\n{'suite':<12} {'passed':>7} {'failed':>7} {'skipped':>8} {'seconds':>8}")
    for name, outcome in outcomes.items():
        print(f"{name:<12} {outcome.passed:>7} {len(outcome.failures):>7} {outcome.skipped:>8} {outcome.seconds:>8.1f}")
    summary = {name: {"passed": outcome.passed, "failed": len(outcome.failures), "skipped": outcome.skipped,
                      "seconds": round(outcome.seconds, 1)} for name, outcome in outcomes.items()}
    (LOGS / "summary.json").write_text(json.dumps(summary, indent=1) + "\n")
    passed = sum(outcome.passed for outcome in outcomes.values())
    failed = sum(len(outcome.failures) for outcome in outcomes.values())
    print(f"\n{passed} passed, {failed} failed")
    return 0 if failed == 0 and passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
