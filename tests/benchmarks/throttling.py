"""Our client's listing while the API limits requests."""

from __future__ import annotations

from collections.abc import Mapping

from .frame import Goal, Samples, Section, measured_in_turn, table
from .listing import IMAGES, whole
from .processes import client_process
from .worlds import LATENCY_MS, log_of, new_world, simulator

LIMIT = {"rate": 20, "burst": 20}


def section(rounds: int) -> Section:
    """The listing without a limit and with one, which each run has to learn."""
    settings = {"latency_ms": LATENCY_MS, "counts": {"platform": IMAGES}}
    with simulator() as running:

        def listing(**limit: object) -> Mapping[str, float]:
            world = new_world(running, **settings, **limit)
            figures = whole(client_process("ours", world))
            log = log_of(world)
            return {**figures, "requests": len(log), "refused": sum(entry["fault"] == "limit" for entry in log)}

        measured = measured_in_turn({"none": listing, "20 a second, 20 at once": lambda: listing(limit=LIMIT)}, rounds)
    limited = measured["20 a second, 20 at once"]
    least = (measured["none"]["requests"].median - LIMIT["burst"]) / LIMIT["rate"]
    return Section(
        "Throttling",
        [
            f"Our client's listing of {IMAGES:,} images with and without a limit of requests, beyond which the API "
            "responds with RetCode 153. The list is whole in both cases. The limit alone makes the listing take "
            f"{least:.1f} s. Each run is the first with its key, so it does not know the limit.",
            "",
            *table(
                ("limit", "seconds", "requests", "of them refused"),
                [
                    (name, figures["seconds"].show(), figures["requests"].show(0), figures["refused"].show(0))
                    for name, figures in measured.items()
                ],
            ),
        ],
        [
            Goal("Limited listing, times the least that the limit allows", limited["seconds"].median / least, 3),
            Goal("Refused requests, the largest share", _largest_share(limited), 0.2),
        ],
    )


def _largest_share(figures: Mapping[str, Samples]) -> float:
    return max(a / b for a, b in zip(figures["refused"].values, figures["requests"].values, strict=True))
