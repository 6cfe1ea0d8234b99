"""python -m tests.benchmarks.polling: print what waiting costs and how late it is; --write brings docs/ up to date."""

from __future__ import annotations

import argparse
import sys
import time

from tests.tools.trees import ROOT, link_tree

sys.path.insert(0, str(link_tree()))


def main() -> int:
    """Run the benchmark; 1 where a target is not met."""
    from ansible_collections.compshare.cloud.tests.benchmarks.polling import measure, picture, report, simulated
    from ansible_collections.compshare.cloud.tests.simulator import Simulator

    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.polling", description=__doc__)
    parser.add_argument("--per-family", type=int, default=measure.BUILDS, help="builds in each family (%(default)s)")
    parser.add_argument("--write", action="store_true", help="write docs/polling.md and docs/polling.svg")
    arguments = parser.parse_args()

    began = time.monotonic()
    findings = measure.measure(arguments.per_family)
    figures = findings.figures
    with Simulator(speed=0) as simulator:
        vendor, ours = simulated.vendor_waits(simulator), simulated.ours_waits(simulator)
    print(report.table(figures))
    print(f"\n20 minutes, accurate: {findings.twenty_minutes}")
    for length, (one, many) in findings.fifty.items():
        print(f"50 builds of {length:.0f} s: {many.requests / one:.1f} times the requests of one: {many}")
    for size, waited in findings.sets.items():
        print(f"{size} builds of all lengths: {waited}")
    print(f"\nThe vendor's CLI on a build of {simulated.BUILD:.0f} s: {vendor}\nOurs on the same build: {ours}")
    if arguments.write:
        page = report.page(report.Report(findings, vendor, ours))
        (ROOT / "docs/polling.md").write_text(page, encoding="utf-8")
        (ROOT / "docs/polling.svg").write_text(picture.picture(figures), encoding="utf-8")
    print(f"\n{figures.whole.builds} builds of the corpus in {time.monotonic() - began:.0f} s")
    for target in findings.unmet:
        print(f"NOT MET: {target}")
    return 1 if findings.unmet else 0


if __name__ == "__main__":
    sys.exit(main())
