"""Run the corpus through the real waiting code on the virtual clock, and hold the figures against the targets."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from random import Random
from statistics import mean
from typing import Any
from unittest import mock

from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import WaitError
from ansible_collections.compshare.cloud.plugins.module_utils._builds import state
from ansible_collections.compshare.cloud.plugins.module_utils._builds.schedule import PollSettings
from ansible_collections.compshare.cloud.plugins.module_utils._builds.state import BuildTarget
from ansible_collections.compshare.cloud.plugins.module_utils._builds.wait import SET, wait_for_builds

from .corpus import FAMILIES, UNPREDICTABLE, Trace, accurate, corpus
from .virtual import VirtualAccount

OURS = "compshare.cloud"
BUILDS = 150
"""Builds in each family."""
MAX_POLL_INTERVAL = PollSettings.max_poll_interval
FIFTY_LENGTHS = (60.0, 300.0, 1200.0, 3600.0, 7200.0)
SET_SIZES = (2, 5, 12, 50, 200)
GOOD_ESTIMATES = ("accurate", "too long by up to 50 %", "too short by up to 50 %")


@dataclass(frozen=True)
class Noticed:
    """One wait: the requests it cost, and the seconds from the end of the (last) build to its end.

    Of several builds, how late the end of each was noticed: on average, and at most.
    """

    requests: int
    lag: float
    lag_mean: float = 0.0
    lag_max: float = 0.0


def fixed(interval: float) -> Callable[[float], Noticed]:
    """Poll every so many seconds, from the start on; one request each time, which shows everything."""

    def wait(length: float) -> Noticed:
        requested = math.ceil(length / interval)
        return Noticed(requested + 1, requested * interval - length)

    return wait


def exponential(first: float, factor: float, longest: float) -> Callable[[float], Noticed]:
    """Poll at intervals that grow up to a limit; one request each time, which shows everything."""

    def wait(length: float) -> Noticed:
        now, interval, requests = 0.0, first, 1
        while now < length:
            now, interval, requests = now + interval, min(longest, interval * factor), requests + 1
        return Noticed(requests, now - length)

    return wait


OTHERS: dict[str, Callable[[float], Noticed]] = {
    "every 5 s (vendor's CLI)": fixed(5),
    "every 15 s (amazon.aws waiters)": fixed(15),
    "exponential to 5 s (hetzner.hcloud)": exponential(1, 2, 5),
}
"""The ways of others, reduced to when they poll; each poll is counted as one request."""
EVERY_5, EVERY_15, _EXPONENTIAL = OTHERS


def wait_for(traces: Sequence[Trace]) -> Noticed:
    """Wait for builds, all in one task, as the modules do."""
    account = VirtualAccount(traces)
    targets = [BuildTarget(image_id) for image_id in account.builds]
    rng = Random(f"{traces[0].family} {traces[0].number} {len(traces)}")
    noticed: list[float] = []

    def report(event: dict[str, Any]) -> None:
        ended = event["complete"] + event["failed"]
        if event["kind"] == "builds":
            noticed.extend([event["elapsed"]] * (ended - len(noticed)))
        elif ended and len(traces) <= SET:
            noticed.append(event["elapsed"])

    try:
        with mock.patch.object(state, "each_in_parallel", account.in_parallel):
            wait_for_builds(account, targets, wait_timeout=1e6, rng=rng, report=report)  # type: ignore[arg-type]  # stands in for the client
    except WaitError as error:
        if [build["failed"] for build in error.facts["builds"]] != [one.end_status == "UnAvailable" for one in traces]:
            raise RuntimeError(f"The wait ended wrongly: {error}") from error
    ends = sorted(trace.length for trace in traces)
    # An end is noticed by the first look after it, so the first one that was noticed is the first end.
    lags = [max(0.0, seen - end) for seen, end in zip(noticed, ends, strict=True)]
    return Noticed(account.requests_sent, account.clock.time - ends[-1], mean(lags), max(lags))


@dataclass(frozen=True)
class Row:
    """The figures of one way of asking for one set of builds; lags in seconds."""

    requests: float
    lag_mean: float
    lag_p95: float
    lag_max: float

    @classmethod
    def of(cls, waits: Iterable[Noticed]) -> Row:
        """Sum up waits: requests for each build on average, and the lags."""
        waits = list(waits)
        lags = sorted(wait.lag for wait in waits)
        p95 = lags[math.ceil(0.95 * len(lags)) - 1]
        return cls(mean(wait.requests for wait in waits), mean(lags), p95, lags[-1])


@dataclass(frozen=True)
class Family:
    """One family of the corpus: how many builds, and the figures of ours and of the others."""

    builds: int
    rows: dict[str, Row]


@dataclass(frozen=True)
class Figures:
    """All families, those that cannot be predicted last, and the corpus (without these) as a whole."""

    families: dict[str, Family]
    whole: Family


def measure_corpus(per_family: int) -> Figures:
    """Run the corpus with so many builds in each family."""
    families: dict[str, Family] = {}
    all_waits: dict[str, list[Noticed]] = {}
    for name in {**FAMILIES, **UNPREDICTABLE}:
        traces = list(corpus(per_family, {name: {**FAMILIES, **UNPREDICTABLE}[name]}))
        waits = {OURS: [wait_for([trace]) for trace in traces]}
        waits.update({other: [wait(trace.length) for trace in traces] for other, wait in OTHERS.items()})
        families[name] = Family(len(traces), {way: Row.of(found) for way, found in waits.items()})
        if name in FAMILIES:
            for way, found in waits.items():
                all_waits.setdefault(way, []).extend(found)
    whole = {way: Row.of(found) for way, found in all_waits.items()}
    return Figures(families, Family(len(all_waits[OURS]), whole))


def accurate_20_minutes(builds: int = 200) -> Row:
    """The figures for builds of 20 minutes with an accurate estimate."""
    return Row.of(wait_for([trace]) for trace in corpus(builds, {"accurate": accurate}, 1200.0))


def fifty_builds() -> dict[float, tuple[float, Noticed]]:
    """For some lengths: the requests of one build on average, and the wait for fifty of that length in one task."""
    found = {}
    for length in FIFTY_LENGTHS:
        one = mean(wait_for([trace]).requests for trace in corpus(20, {"accurate": accurate}, length))
        found[length] = (one, wait_for(list(corpus(50, {"accurate": accurate}, length))))
    return found


def sets_of_builds() -> dict[int, Noticed]:
    """For some sizes: the wait for so many builds of all lengths, whose estimates are good, in one task."""
    found = {}
    for size in SET_SIZES:
        traces = list(corpus(size, {name: FAMILIES[name] for name in GOOD_ESTIMATES}))
        Random(size).shuffle(traces)
        parts = [traces[start : start + size] for start in range(0, len(traces), size)]
        waits = [wait_for(part) for part in parts]
        found[size] = Noticed(
            round(mean(wait.requests for wait in waits)),
            max(wait.lag for wait in waits),
            mean(wait.lag_mean for wait in waits),
            max(wait.lag_max for wait in waits),
        )
    return found


@dataclass(frozen=True)
class Findings:
    """Everything that is held against targets."""

    figures: Figures
    twenty_minutes: Row
    fifty: dict[float, tuple[float, Noticed]]
    sets: dict[int, Noticed]

    @property
    def unmet(self) -> list[str]:
        """Return the targets that are not met; an empty list is good."""
        whole, every_5 = self.figures.whole.rows[OURS], self.figures.whole.rows[EVERY_5]
        unpredicted = self.figures.families["ends without a sign"].rows[OURS]
        held = {
            "20 minutes, accurate: at most 14 requests": self.twenty_minutes.requests <= 14,
            "20 minutes, accurate: mean lag at most 1.5 s": self.twenty_minutes.lag_mean <= 1.5,
            "20 minutes, accurate: 95 % of lags at most 4 s": self.twenty_minutes.lag_p95 <= 4,
            "corpus: at most a ninth of the requests of every 5 s": whole.requests <= every_5.requests / 9,
            "corpus: mean lag at most 4 s": whole.lag_mean <= 4,
            "corpus: no lag above 30 s": whole.lag_max <= 30,
            "ends without a sign: no lag above max_poll_interval": unpredicted.lag_max <= MAX_POLL_INTERVAL,
        }
        for name in FAMILIES:
            rows = self.figures.families[name].rows
            held[f"{name}: no more requests than every 15 s"] = rows[OURS].requests <= rows[EVERY_15].requests
        for length, (one, many) in self.fifty.items():
            held[f"50 builds of {length:g} s: at most 5 times the requests of one"] = many.requests <= 5 * one
            held[f"50 builds of {length:g} s: no lag above 5 s"] = many.lag_max <= 5
        for size, waited in self.sets.items():
            held[f"{size} builds of all lengths: mean lag at most 2.5 s"] = waited.lag_mean <= 2.5
        return [target for target, met in held.items() if not met]


def measure(per_family: int = BUILDS) -> Findings:
    """Run everything, with so many builds in each family of the corpus."""
    return Findings(measure_corpus(per_family), accurate_20_minutes(), fifty_builds(), sets_of_builds())
