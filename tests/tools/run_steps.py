"""Run sessions of noxfile.py, some at a time, quietly, and end with one line of totals.

A step that fails shows what it printed. Every step leaves its output in build/results/STEP/output.log and its results
as JUnit XML beside it. The totals are read from there.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from .results import Totals, read_failures, read_totals, write_results

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
    if not list(folder.rglob("*.xml")) and ended.returncode == 0:
        write_results(folder / "step.xml", "step", {step: None})  # a check that passes without a word
    if read_totals(folder).hide_a_failure(ended.returncode):
        write_results(folder / "step.xml", "step", {step: f"{last_lines(log)}\nended with {ended.returncode}"})
    return Outcome(step, read_totals(folder), time.monotonic() - started, log)


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


def last_lines(log: Path, number: int = 15) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-number:])


def finish(steps: list[str]) -> int:
    """Name what passed only when it was run again, and what failed, with its last lines; end with the line of totals.

    Returns the exit code.
    """
    for step in steps:
        for test in retried_in((results_folder(step) / "output.log").read_text(errors="replace")):
            print(f"Passed or failed only when it was run again: {step}: {test}")
    failures = {step: read_failures(results_folder(step)) for step in steps}
    for step, failed in failures.items():
        for test, said in failed.items():
            print(f"FAILED {step}: {test}")
            print("".join(f"    {line}\n" for line in said.splitlines()[-15:]), end="")
    print(sum((read_totals(results_folder(step)) for step in steps), Totals()))
    return 1 if any(failures.values()) else 0


def report(failed_commands: list[str]) -> int:
    """Show how all steps ended; a command that failed without a failed test of any step counts as one."""
    if failed_commands and not read_failures(RESULTS):
        folder = results_folder("commands")
        write_results(folder / "commands.xml", "make", dict.fromkeys(failed_commands, "ended before any step failed"))
        (folder / "output.log").touch()
    return finish(sorted(log.parent.name for log in RESULTS.glob("*/output.log")))


def retried_in(log: str) -> list[str]:
    """Return the tests that were run once more: by pytest-rerunfailures, or by ansible-test as integration targets."""
    found = re.findall(r"(?m)^RERUN (\S+)|^WARNING: Retrying test target \"(.*?)\"", log)
    return sorted({test or target for test, target in found})


def main() -> int:
    parser = argparse.ArgumentParser(description="Run sessions of noxfile.py, and end with one line of totals.")
    parser.add_argument("steps", nargs="*")
    parser.add_argument(
        "--report", action="store_true", help="run nothing; show how all steps ended; names are of commands that failed"
    )
    parser.add_argument("--jobs", type=int, default=2, help="how many steps run at a time")
    args = parser.parse_args()
    if args.report:
        return report(args.steps)
    started = time.monotonic()
    outcomes = run_steps(args.steps, args.jobs)
    print(f"{len(outcomes)} steps in {time.monotonic() - started:.0f} s")
    return finish(args.steps)


if __name__ == "__main__":
    sys.exit(main())
