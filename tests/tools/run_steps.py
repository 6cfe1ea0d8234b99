"""Run sessions of noxfile.py, some at a time, quietly, and end with one line of totals.

Arguments: how many run at a time, and their names; or --report and the names of commands that failed.
A step that fails shows the end of what it printed. Every step leaves its output in build/results/STEP/output.log and
its results as JUnit XML beside it. The totals are read from there.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .results import read_failures, read_totals, write_results

RESULTS = Path("build/results")
#: Of how many failures the reasons are shown at the end, and how long a line of these may be.
REASONS, LINE = 15, 150


def results_folder(step: str) -> Path:
    """Where a step writes its JUnit files and its output."""
    return RESULTS / step


def run_step(step: str) -> None:
    """Run one session, keep its output and its results, and print how it ended."""
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
    totals = read_totals(folder)
    end = f"----- the end of {log} -----\n{last_lines(log, 100)}\n-----\n" if totals["failed"] else ""
    verdict = "FAILED" if end else "ok    "
    print(f"{end}  {step:15}  {verdict} {time.monotonic() - started:6.1f} s  {totals}", flush=True)


def run_steps(steps: Sequence[str], jobs: int) -> None:
    """Run all steps, ``jobs`` at a time and in the order given."""
    started = time.monotonic()
    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(run_step, steps))
    print(f"{len(steps)} steps in {time.monotonic() - started:.0f} s")


def last_lines(log: Path, number: int = 15) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-number:])


def finish(steps: Sequence[str]) -> int:
    """Name what passed only when it was run again, and what failed; then the reasons in short, and the line of totals.

    Services that run this keep the end of what is printed. Returns the exit code.
    """
    for step in steps:
        for test in retried_in((results_folder(step) / "output.log").read_text(errors="replace")):
            print(f"Passed or failed only when it was run again: {step}: {test}")
    failures = [(step, *failure) for step in steps for failure in read_failures(results_folder(step)).items()]
    for step, test, _said in failures:
        print(f"FAILED {test} ({step})")
    for _step, test, said in failures[:REASONS]:
        print(f"{test}:", *short_reason(said), sep="\n    ")
    print(read_totals(*map(results_folder, steps)))
    return 1 if failures else 0


def short_reason(said: str) -> list[str]:
    """Return the lines of a failure that say most: pytest marks them with an E, and of a play the errors count."""
    marked = [line.strip() for line in re.findall(r"(?m)^E (.*\S)", said)]
    errors = [line for line in marked if re.search(r"Error: \S|ERROR|fatal: |\bmsg: ", line)]
    lines = errors[:3] or marked[:3] or [line.strip() for line in said.splitlines() if line.strip()][-3:]
    return [line if len(line) <= LINE else f"{line[:LINE]}…" for line in lines]


def report(failed_commands: Sequence[str]) -> int:
    """Show how all steps ended; a command that failed without a failed test of any step counts as one."""
    if failed_commands and not read_failures(RESULTS):
        folder = results_folder("commands")
        write_results(folder / "commands.xml", "make", dict.fromkeys(failed_commands, "ended before any step failed"))
        (folder / "output.log").touch()
    return finish(sorted(log.parent.name for log in RESULTS.glob("*/output.log")))


def retried_in(log: str) -> list[str]:
    """Return what was run once more: tests by pytest, with the reason, or integration targets by ansible-test."""
    found = re.findall(r"(?m)^RERUN (.+)|^WARNING: Retrying test target \"(.*?)\"", log)
    return sorted({test or target for test, target in found})


def main(jobs: str, *steps: str) -> int:
    if jobs == "--report":
        return report(steps)
    run_steps(steps, int(jobs))
    return finish(steps)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
