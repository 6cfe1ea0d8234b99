"""Run sessions of noxfile.py, some at a time, quietly, and end with one line of totals.

A step that fails shows what it printed. Every step leaves its output in build/results/STEP/output.log and its results
as JUnit XML beside it. The totals are read from there.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from tests.tools.results import Totals, read_totals

RESULTS = Path("build/results")


@dataclass(frozen=True)
class Outcome:
    """How one step ended; ``seconds`` is its wall-clock time."""

    step: str
    totals: Totals
    seconds: float
    log: Path

    @property
    def passed(self) -> bool:
        return self.totals.failed == 0


def results_folder(step: str) -> Path:
    """Where a step writes its JUnit files and its output."""
    return RESULTS / step


def run_step(step: str) -> Outcome:
    folder = results_folder(step)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    log = folder / "output.log"
    started = time.monotonic()
    with log.open("wb") as output:
        command = [sys.executable, "-m", "nox", "--session", step]
        ended = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False)
    totals = read_totals(folder).with_exit_code(ended.returncode)
    return Outcome(step, totals, time.monotonic() - started, log)


def run_steps(steps: list[str], jobs: int) -> list[Outcome]:
    """Run all steps, ``jobs`` at a time and in the order given, and print how each ended."""
    width = max(map(len, steps))
    outcomes = []
    with ThreadPoolExecutor(jobs) as pool:
        for future in as_completed([pool.submit(run_step, step) for step in steps]):
            outcome = future.result()
            outcomes.append(outcome)
            if not outcome.passed:
                print(f"----- {outcome.step} -----")
                print(outcome.log.read_text(errors="replace"), end="")
                print(f"----- end of {outcome.step}; also in {outcome.log} -----")
            verdict = "ok    " if outcome.passed else "FAILED"
            print(f"  {outcome.step:{width}}  {verdict} {outcome.seconds:6.1f} s  {outcome.totals}", flush=True)
    return outcomes


def finish(outcomes: list[Outcome]) -> int:
    """Print the one line of totals and return the exit code."""
    failed = [outcome.step for outcome in outcomes if not outcome.passed]
    if failed:
        print(f"Failed: {', '.join(failed)}")
    print(sum((outcome.totals for outcome in outcomes), Totals()))
    return 1 if failed else 0


def main() -> int:
    parser = argparse.ArgumentParser(description="Run sessions of noxfile.py, and end with one line of totals.")
    parser.add_argument("steps", nargs="+")
    parser.add_argument("--jobs", type=int, default=2, help="how many steps run at a time")
    args = parser.parse_args()
    started = time.monotonic()
    outcomes = run_steps(args.steps, args.jobs)
    print(f"{len(outcomes)} steps in {time.monotonic() - started:.0f} s")
    return finish(outcomes)


if __name__ == "__main__":
    sys.exit(main())
