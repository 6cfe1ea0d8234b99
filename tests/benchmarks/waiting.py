"""What waiting for image builds costs, from the benchmark in polling/, which has a page of its own."""

from __future__ import annotations

import sys

from tests.tools.trees import link_tree

from . import chart
from .frame import Goal, Section, table


def section() -> Section:
    """The corpus of synthetic builds, and the vendor's command line on one build."""
    sys.path.insert(0, str(link_tree()))
    from ansible_collections.compshare.cloud.tests.benchmarks.polling import measure, simulated
    from ansible_collections.compshare.cloud.tests.simulator import Simulator

    figures = measure.measure_corpus(measure.BUILDS)
    with Simulator(speed=0) as simulator:
        vendor, ours = simulated.vendor_waits(simulator), simulated.ours_waits(simulator)
    rows = figures.whole.rows
    share = rows[measure.OURS].requests / rows[measure.EVERY_5].requests
    return Section(
        "Waiting for image builds",
        [
            f"{figures.whole.builds} synthetic builds of 10 seconds to 2 hours, on a clock of their own, by the code "
            "that the modules use; the other ways are reduced to when they poll. [How often a wait polls](polling.md) "
            "has all of it.",
            "",
            *table(
                ("", "requests for a build", "end noticed after, s: mean", "95 %", "latest"),
                [
                    (name, f"{row.requests:.1f}", f"{row.lag_mean:.1f}", f"{row.lag_p95:.1f}", f"{row.lag_max:.1f}")
                    for name, row in rows.items()
                ],
            ),
            "",
            f"On the simulator, for one build of {simulated.BUILD:.0f} s, the vendor's `image create --wait` polled "
            f"{vendor.requests} times and gave up after {vendor.seconds:.0f} s, because it waits for a field that the "
            f"API does not send. Ours polled {ours.requests} times and ended after {ours.seconds:.1f} s.",
        ],
        [
            Goal("Requests, as a share of those of asking every 5 s", share, 0.111),  # a ninth
            Goal("Seconds until an end is noticed, mean", rows[measure.OURS].lag_mean, 4),
        ],
        {
            "waiting.svg": chart.bars(
                "Requests for a build, mean of the corpus",
                "",
                {name: row.requests for name, row in rows.items()},
                [measure.OURS],
                1,
            )
        },
    )
