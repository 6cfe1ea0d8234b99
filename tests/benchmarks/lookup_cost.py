"""What a lookup adds to a task, each in a process of its own, beside what it added before and one of ansible-core."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping

from tests.tools.trees import ROOT

from .earlier import COMMIT, earlier_collection
from .fleet import LOOKUP, NO_LOOKUP, NOTHING, ONE_REQUEST, play, scenario_of
from .frame import Goal, Samples, Section, measured_in_turn, table
from .worlds import new_world, simulator

HOSTS, FORKS, ROUNDS = 40, 2, 5
PLUGINS = str(ROOT / "tests/benchmarks/lookup_plugins")
KEPT, READ, EARLIER = (
    "a lookup of an image whose answer is in the cache",
    "a lookup of an image that reads the list",
    f"a lookup of an image as of commit {COMMIT}",
)


def section(rounds: int = ROUNDS) -> Section:
    """Plays over some hosts, in turn, each with one kind of lookup."""
    with simulator() as running, earlier_collection() as earlier, tempfile.TemporaryDirectory() as runtime:
        world = new_world(running, **scenario_of(LOOKUP, HOSTS))

        def cpu(kind: str, variables: Mapping[str, str]) -> dict[str, float]:
            return {"cpu": play(world, kind, HOSTS, FORKS, variables).cpu}

        kept = {"COMPSHARE_CACHE_TIMEOUT": "3600", "XDG_RUNTIME_DIR": runtime}
        taken = measured_in_turn(
            {
                NO_LOOKUP: lambda: cpu(NO_LOOKUP, {}),
                NOTHING: lambda: cpu(NOTHING, {}),
                ONE_REQUEST: lambda: cpu(ONE_REQUEST, {"ANSIBLE_LOOKUP_PLUGINS": PLUGINS}),
                KEPT: lambda: cpu(LOOKUP, kept),
                READ: lambda: cpu(LOOKUP, {"COMPSHARE_CACHE_TIMEOUT": "0"}),
                EARLIER: lambda: cpu(LOOKUP, earlier),
            },
            rounds,
        )
    without = taken.pop(NO_LOOKUP)["cpu"].values
    added = {
        name: Samples(tuple((one - none) / HOSTS for one, none in zip(figures["cpu"].values, without, strict=True)))
        for name, figures in taken.items()
    }
    before = added[EARLIER].median
    return Section(
        "What a lookup adds to a task",
        [
            f"The CPU time of a play over {HOSTS} hosts with a lookup of one image in the message of a debug task,"
            " less that of the same play without the lookup, divided by the hosts. Ansible runs each task in a process"
            f" of its own, which loads the lookup anew. The plays ran in turn, {rounds} times.",
            "",
            *table(
                ("", "CPU, ms", "share of before"),
                ((name, one.show(1, 1000), f"{one.median / before:.2f}") for name, one in added.items()),
            ),
        ],
        [
            Goal("A lookup whose answer is in the cache, as a share of before", added[KEPT].median / before, 0.2),
            Goal("A lookup that reads the list, as a share of before", added[READ].median / before, 0.7),
        ],
    )
