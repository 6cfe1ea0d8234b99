"""Our client's listing while the API refuses requests as too many."""

from __future__ import annotations

from .frame import Goal, Section, measured_in_turn, table
from .listing import IMAGES, whole
from .processes import client_process
from .worlds import LATENCY_MS, new_world, simulator


def section(rounds: int) -> Section:
    """The listing while the API refuses every fifth request as one too many."""
    fault = {"kind": "ret_code", "code": 153, "action": "DescribeCompShareImages", "every": 5}
    settings = {"latency_ms": LATENCY_MS, "counts": {"platform": IMAGES}}
    with simulator() as running:
        plain, throttled = new_world(running, **settings), new_world(running, **settings, faults=[fault])
        measured = measured_in_turn(
            {
                "never": lambda: whole(client_process("ours", plain)),
                "every fifth request": lambda: whole(client_process("ours", throttled)),
            },
            rounds,
        )
    ratio = measured["every fifth request"]["seconds"].median / measured["never"]["seconds"].median
    return Section(
        "Throttling",
        [
            f"Our client's listing of {IMAGES:,} images while the API answers every fifth request with RetCode 153, "
            "which says that it was one too many. The list is whole all the same.",
            "",
            *table(
                ("refused", "seconds"),
                [(name, figures["seconds"].show()) for name, figures in measured.items()],
            ),
        ],
        [Goal("Throttled listing, times an undisturbed one", ratio, 3)],
    )
