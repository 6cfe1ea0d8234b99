"""What every benchmark needs: things measured in turn, medians, tables, goals, and what they were measured on."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from statistics import median

ROUNDS = 5
"""Runs of each thing that is measured, at least."""
PACKAGES = ("ansible-core", "requests", "ucloud-sdk-python3", "compshare-cli", "aiohttp")


@dataclass(frozen=True)
class Samples:
    """The same figure from several runs."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return median(self.values)

    def show(self, digits: int = 2, factor: float = 1) -> str:
        """The median, with the lowest and the highest in brackets."""
        low, middle, high = (
            f"{value * factor:.{digits}f}" for value in (min(self.values), self.median, max(self.values))
        )
        return f"{middle} ({low} to {high})"


@dataclass(frozen=True)
class Goal:
    """A figure and the bound that it has to keep: at least, where ``at_least``, else at most."""

    text: str
    figure: float
    bound: float
    at_least: bool = False

    @property
    def met(self) -> bool:
        return self.figure >= self.bound if self.at_least else self.figure <= self.bound

    def show(self) -> str:
        limit = "at least" if self.at_least else "at most"
        return f"{self.text}: {self.figure:.2f}, goal {limit} {self.bound:g}{'' if self.met else ' — NOT MET'}"


@dataclass
class Section:
    """What one benchmark has to say: Markdown, the goals it holds, and pictures as SVG by their file names."""

    title: str
    lines: list[str]
    goals: list[Goal] = field(default_factory=list)
    pictures: dict[str, str] = field(default_factory=dict)

    def markdown(self, folder: str) -> list[str]:
        pictures = [line for name in self.pictures for line in (f"![{self.title}]({folder}/{name})", "")]
        goals = [f"- {goal.show()}" for goal in self.goals]
        return [f"## {self.title}", "", *self.lines, "", *pictures, *goals, ""]


def measured_in_turn(
    things: Mapping[str, Callable[[], Mapping[str, float]]], rounds: int, *, warm_up: bool = True
) -> dict[str, dict[str, Samples]]:
    """Run each thing once in every round, one after the other, so that whatever disturbs the machine disturbs them all.

    A thing returns the figures of one run by their names. The first round only warms up, unless that was done before.
    """
    taken: dict[str, list[Mapping[str, float]]] = {name: [] for name in things}
    for number in range(0 if warm_up else 1, rounds + 1):
        for name, run in things.items():
            figures = run()
            if number:
                taken[name].append(figures)
    return {
        name: {figure: Samples(tuple(run[figure] for run in runs)) for figure in runs[0]}
        for name, runs in taken.items()
    }


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """A Markdown table; the first column is text, the others are figures."""
    lines = [header, ["---", *("---:" for _column in header[1:])], *rows]
    return [f"| {' | '.join(map(str, line))} |" for line in lines]


def machine() -> list[str]:
    """The machine and the versions, as lines of Markdown."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return [
        f"- {cores} cores of {_processor()}, {memory:.0f} GiB, {platform.system()} {platform.release()}",
        f"- Python {platform.python_version()}, {packages}",
    ]


def _processor() -> str:
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        found = None
    return found[1] if found else platform.machine()
