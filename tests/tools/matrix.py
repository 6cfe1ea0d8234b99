"""Run the collection's tests on every supported ansible-core, and its modules on the oldest Python of a target."""

from __future__ import annotations

import argparse
import sys

from tests.tools.interpreters import (
    CONTROLLER_PYTHON,
    DEVEL_PYTHON,
    INTERPRETERS,
    NEWEST_PYTHON,
    OLDEST_TARGET_PYTHON,
    link_interpreters,
)
from tests.tools.results import Totals, read_totals
from tests.tools.run_steps import Outcome, finish, results_folder, run_steps

TARGET_LEG = f"target-{OLDEST_TARGET_PYTHON}"
# Every leg by the name that CORES takes, and the Python that it needs.
LEGS = {**CONTROLLER_PYTHON, **NEWEST_PYTHON, TARGET_LEG: OLDEST_TARGET_PYTHON, **DEVEL_PYTHON}
SUITES = ("playbooks", "sanity", "units", "integration")


def session_of(leg: str) -> str:
    return leg if leg == TARGET_LEG else f"core-{leg}"


def print_table(legs: list[str], outcomes: list[Outcome]) -> None:
    by_session = {outcome.step: outcome for outcome in outcomes}
    print(f"\n{'ansible-core':15}  {'Python':6}" + "".join(f"  {suite:>11}" for suite in SUITES) + f"  {'seconds':>7}")
    for leg in legs:
        outcome = by_session.get(session_of(leg))
        cells = [show(read_totals(results_folder(session_of(leg)) / suite)) if outcome else "–" for suite in SUITES]
        ending = f"{outcome.seconds:7.0f}" if outcome else "omitted: this machine has no such Python"
        print(f"{leg:15}  {LEGS[leg]:6}" + "".join(f"  {cell:>11}" for cell in cells) + f"  {ending}")


def show(totals: Totals) -> str:
    if totals == Totals():
        return "–"
    return f"{totals.failed} failed" if totals.failed else f"{totals.passed} passed"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("legs", nargs="*", choices=[*LEGS, []], metavar="leg", help=f"one of {', '.join(LEGS)}")
    parser.add_argument("--jobs", type=int, default=2, help="how many legs run at a time")
    args = parser.parse_args()
    legs = args.legs or [leg for leg in LEGS if leg not in DEVEL_PYTHON]
    missing = link_interpreters({LEGS[leg] for leg in legs}, INTERPRETERS)
    runnable = [leg for leg in legs if LEGS[leg] not in missing]
    if not runnable:
        print(f"No leg can run: this machine lacks Python {', '.join(missing)}.", file=sys.stderr)
        return 1
    outcomes = run_steps([session_of(leg) for leg in runnable], args.jobs)
    print_table(legs, outcomes)
    return finish([outcome.step for outcome in outcomes])


if __name__ == "__main__":
    sys.exit(main())
