"""All platform images of a large catalogue, by our client and by what else there is."""

from __future__ import annotations

from collections.abc import Mapping

from . import chart
from .earlier import COMMIT, earlier_collection
from .frame import Goal, Samples, Section, measured_in_turn, table
from .processes import cli_listing, client_process
from .worlds import LATENCY_MS, new_world, simulator

IMAGES = 5000
PARALLEL = 4
"""Requests that our client has under way at a time."""
OURS, EARLIER = "our client", f"our client, as of {COMMIT}"
SDK, CLI = "ucloud-sdk-python3 in a loop", "compshare-cli --json image list --all"


def measure(rounds: int, *, tls: bool) -> dict[str, dict[str, Samples]]:
    with simulator(tls=tls) as running, earlier_collection() as earlier:
        world = new_world(running, latency_ms=LATENCY_MS, counts={"platform": IMAGES})
        return measured_in_turn(
            {
                OURS: lambda: whole(client_process("ours", world)),
                EARLIER: lambda: whole(client_process("ours", world, earlier)),
                SDK: lambda: whole(client_process("sdk", world)),
                CLI: lambda: whole(cli_listing(world)),
            },
            rounds,
        )


def whole(figures: Mapping[str, float]) -> Mapping[str, float]:
    """Return what a listing measured, if it found every image."""
    if figures["images"] != IMAGES:
        raise AssertionError(f"{figures['images']} images were listed, and there are {IMAGES}.")
    return figures


def section(rounds: int) -> Section:
    """Listing over HTTP and over TLS."""
    found = Section(
        "Listing 5,000 images",
        [
            f"All platform images of a catalogue of {IMAGES:,}, each response {LATENCY_MS} ms late. Our client returns "
            "finished images, filtered and ordered; the loop over the SDK keeps the rows as they come. The floor is "
            f"what the responses alone take: the pages, {PARALLEL} at a time, × {LATENCY_MS} ms. The listing itself "
            f"begins after the imports. Each was run {rounds} times.",
            "",
        ],
    )
    bars: dict[str, float] = {}
    rows = []
    for protocol, tls, least in (("HTTP", False, 3.5), ("TLS", True, 5.0)):
        measured = measure(rounds, tls=tls)
        floor = measured[OURS]["pages"].median / PARALLEL * LATENCY_MS / 1000
        ours = measured[OURS]["seconds"].median
        rows.append((f"{protocol}: floor", f"{floor:.2f}", "", ""))
        for name, figures in measured.items():
            itself = figures["seconds"].show() if "seconds" in figures else ""
            times = figures["process"].median / measured[OURS]["process"].median
            if "seconds" in figures:
                times = figures["seconds"].median / ours
            rows.append((f"{protocol}: {name}", itself, figures["process"].show(), f"{times:.1f}"))
            bars[f"{name}, {protocol}"] = figures["process"].median
        faster = measured[SDK]["seconds"].median / ours
        found.goals.append(Goal(f"{protocol}: as fast as the loop over the SDK, times", faster, least, at_least=True))
        found.goals.append(Goal(f"{protocol}: our client, times the floor", ours / floor, 1.5))
        before = ours / measured[EARLIER]["seconds"].median
        found.goals.append(Goal(f"{protocol}: our client, times that of {COMMIT}", before, 1.05))
    found.lines += table(("", "the listing itself, s", "the whole process, s", "times ours"), rows)
    found.pictures["listing.svg"] = chart.bars(
        f"Listing {IMAGES:,} platform images, whole process, {LATENCY_MS} ms latency",
        "s",
        bars,
        [name for name in bars if name.rpartition(", ")[0] == OURS],
    )
    return found
