"""Our client's listing by the size of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping

from . import chart
from .frame import Goal, Samples, Section, measured_in_turn, table
from .processes import client_process
from .worlds import LATENCY_MS, Simulator, new_world, requests_of, simulator

SIZES = (100, 1000, 5000, 20_000, 50_000)
MEGABYTE = 1_000_000
MEMORY_BOUND = {"returned": 3.0, "received": 4.0}


def section(rounds: int, sizes: tuple[int, ...] = SIZES) -> Section:
    """Time, requests and memory of our client by the size of the catalogue."""
    with simulator() as running:
        worlds = {size: new_world(running, latency_ms=LATENCY_MS, counts={"platform": size}) for size in sizes}
        measured = measured_in_turn({str(size): lambda w=world: _listed(w) for size, world in worlds.items()}, rounds)
    by_size = {size: measured[str(size)] for size in sizes}
    rows = [
        (
            f"{size:,}",
            figures["seconds"].show(),
            f"{figures['requests'].median:.0f}",
            f"{figures['received'].median / MEGABYTE:.1f}",
            f"{figures['returned'].median / MEGABYTE:.1f}",
            figures["grown"].show(1, 1 / MEGABYTE),
        )
        for size, figures in by_size.items()
    ]
    header = ("images", "seconds", "requests", "JSON received, MB", "JSON returned, MB", "memory on top, MB")
    largest, smaller = sizes[-1], sizes[-3]
    found = Section(
        "Growth",
        [
            "The same listing by our client over HTTP, for catalogues of many sizes. Memory on top is the most that "
            "the process has held by the end, when it holds all images, less what it held before the listing. The "
            "images that are returned have the same keys everywhere, so they make more JSON than the rows that were "
            "received.",
            "",
            *table(header, rows),
        ],
    )
    for what, name in (("seconds", "Time"), ("grown", "Memory")):
        ratio = _for_each(by_size, largest, what) / _for_each(by_size, smaller, what)
        found.goals.append(Goal(f"{name} for each image, {largest:,} against {smaller:,} images", ratio, 1.25))
    biggest = by_size[largest]
    for what in ("returned", "received"):
        times = biggest["grown"].median / biggest[what].median
        found.goals.append(Goal(f"Memory for {largest:,} images, times the JSON {what}", times, MEMORY_BOUND[what]))
    found.pictures["growth.svg"] = chart.lines(
        "Listing by the size of the catalogue",
        "logarithmic",
        {
            "seconds": {size: figures["seconds"].median for size, figures in by_size.items()},
            "requests": {size: figures["requests"].median for size, figures in by_size.items()},
            "memory on top, MB": {size: figures["grown"].median / MEGABYTE for size, figures in by_size.items()},
        },
        ["seconds"],
    )
    return found


def _listed(world: Simulator) -> dict[str, float]:
    requests_of(world)
    figures = client_process("ours", world)
    return {**figures, "requests": requests_of(world), "grown": figures["peak"] - figures["idle"]}


def _for_each(by_size: Mapping[int, Mapping[str, Samples]], size: int, what: str) -> float:
    return by_size[size][what].median / size
