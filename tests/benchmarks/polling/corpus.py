"""Image builds as the API would report them, made up from a seed: the same corpus every time.

A trace knows when its build ends and what the API says about it at each moment. Durations are seconds; lengths are
spread evenly on a logarithmic scale between SHORTEST and LONGEST. What the numbers look like follows the API: Process
is a percentage with one decimal, TotalDuration and RemainingDuration are whole seconds, sent as numbers or as text.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

SHORTEST = 10.0
LONGEST = 7200.0

Progress = Callable[[float], dict[str, Any]]


@dataclass(frozen=True)
class Trace:
    """One build.

    length: seconds from the start of the build, which is the start of the wait, to its end.
    end_status: the Status of the image from then on: Available or UnAvailable.
    progress: seconds since the start -> the fields of the progress response; None where the API refuses the request.
    """

    family: str
    number: int
    length: float
    end_status: str
    progress: Progress | None = field(repr=False)


def accurate(random: Random, length: float) -> tuple[float, str, Progress]:
    """The estimate is right but for one per cent and rounding."""

    def progress(at: float) -> dict[str, Any]:
        remaining = max(0.0, length - at) * random.uniform(0.99, 1.01)
        return _fields(100 * at / length, length, remaining, text=False)

    return length, "Available", progress


def too_long(random: Random, length: float) -> tuple[float, str, Progress]:
    """All durations are overstated by the same factor, up to half."""
    return length, "Available", _biased(length, random.uniform(1.0, 1.5))


def too_short(random: Random, length: float) -> tuple[float, str, Progress]:
    """All durations are understated by the same factor, down to half."""
    return length, "Available", _biased(length, random.uniform(0.5, 1.0))


def noisy(random: Random, length: float) -> tuple[float, str, Progress]:
    """Each response is off by its own error: up to 40 % in the durations, about 1.5 points in the percentage."""

    def progress(at: float) -> dict[str, Any]:
        error = random.uniform(0.6, 1.4)
        return _fields(
            min(99.0, 100 * at / length + random.gauss(0, 1.5)), length * error, max(0.0, length - at) * error
        )

    return length, "Available", progress


def stuck(random: Random, length: float) -> tuple[float, str, Progress]:
    """It reaches 99 % in the time announced and stays there for another tenth of that time, up to as long again."""
    announced = length / (1 + random.uniform(0.1, 1.0))
    stays_at = random.choice([0, 1, 3])

    def progress(at: float) -> dict[str, Any]:
        return _fields(min(99.0, 100 * at / announced), announced, max(stays_at, announced - at))

    return length, "Available", progress


def restarting(random: Random, length: float) -> tuple[float, str, Progress]:
    """It begins anew once or twice: the percentage falls back to nothing, the remaining time to the whole."""
    parts = [random.uniform(0.2, 1.0) for _part in range(random.choice([2, 3]))]
    starts = [length * math.fsum(parts[:index]) / math.fsum(parts) for index in range(len(parts))]
    whole = length - starts[-1]

    def progress(at: float) -> dict[str, Any]:
        since = at - max(start for start in starts if start <= at)
        done = min(99.0, 100 * since / whole)
        return _fields(done, whole, max(0.0, whole - since))

    return length, "Available", progress


def percentage_only(random: Random, length: float) -> tuple[float, str, Progress]:
    """The durations are missing; the percentage moves."""

    def progress(at: float) -> dict[str, Any]:
        return {"Process": round(100 * at / length, 1)}

    return length, "Available", progress


def no_estimate(random: Random, length: float) -> tuple[float, str, None]:
    """The progress request is refused, as for container images: there is only the Status."""
    return length, "Available", None


def fails(random: Random, length: float) -> tuple[float, str, Progress]:
    """The progress stops half-way; the platform gives it up after a fifth of the time announced, or up to all."""
    stop, wait = random.uniform(0.3, 0.7), random.uniform(0.2, 1.0)
    announced = length / (stop + wait)
    stops_at = stop * announced

    def progress(at: float) -> dict[str, Any]:
        at = min(at, stops_at)
        return _fields(100 * at / announced, announced, announced - at)

    return length, "UnAvailable", progress


def ends_without_a_sign(random: Random, length: float) -> tuple[float, str, Progress]:
    """It fails at any moment, or is done at any moment after two thirds, while the estimate promises a longer build."""
    if random.random() < 0.5:
        announced, end_status = length / random.uniform(0.1, 0.9), "UnAvailable"
    else:
        announced, end_status = length / random.uniform(0.67, 0.99), "Available"

    def progress(at: float) -> dict[str, Any]:
        at = min(at, length)
        return _fields(100 * at / announced, announced, announced - at)

    return length, end_status, progress


Maker = Callable[[Random, float], "tuple[float, str, Progress | None]"]

FAMILIES: dict[str, Maker] = {
    "accurate": accurate,
    "too long by up to 50 %": too_long,
    "too short by up to 50 %": too_short,
    "noisy": noisy,
    "stuck at 99 %": stuck,
    "restarting": restarting,
    "percentage only": percentage_only,
    "no estimate": no_estimate,
    "fails half-way": fails,
}
"""The corpus: what the targets are held on."""

UNPREDICTABLE: dict[str, Maker] = {"ends without a sign": ends_without_a_sign}
"""What no schedule can predict; shown beside the corpus, not part of it."""


def corpus(per_family: int, families: dict[str, Maker] | None = None, length: float | None = None) -> Iterator[Trace]:
    """`per_family` traces of each family, always the same ones; all of the same length where one is given."""
    for family, make in (families or FAMILIES).items():
        for number in range(per_family):
            random = Random(f"{family} {number}")
            share = (number + random.random()) / per_family
            chosen = length if length is not None else SHORTEST * (LONGEST / SHORTEST) ** share
            yield Trace(family, number, *make(random, chosen))


def _biased(length: float, factor: float) -> Progress:
    def progress(at: float) -> dict[str, Any]:
        done = at / length
        return _fields(100 * done, length * factor, length * factor * (1 - done))

    return progress


def _fields(percent: float, total: float, remaining: float, *, text: bool = True) -> dict[str, Any]:
    return {
        "Process": round(min(max(percent, 0.0), 100.0), 1),
        "TotalDuration": str(round(total)) if text else round(total),
        "RemainingDuration": round(remaining),
    }
