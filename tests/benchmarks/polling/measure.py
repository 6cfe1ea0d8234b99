"""Run the corpus through the real waiting code on the virtual clock, and hold the figures against the targets."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from random import Random
from statistics import mean
from unittest import mock

from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import WaitError
from ansible_collections.compshare.cloud.plugins.module_utils._builds import requests as build_questions
from ansible_collections.compshare.cloud.plugins.module_utils._builds.follow import follow
from ansible_collections.compshare.cloud.plugins.module_utils._builds.schedule import PollSettings
from ansible_collections.compshare.cloud.plugins.module_utils._builds.state import BuildTarget

from .corpus import FAMILIES, UNFORESEEABLE, Trace, accurate, corpus
from .virtual import VirtualAccount

OURS = "compshare.cloud"
BUILDS = 150
"""Builds in each family."""
MAX_POLL_INTERVAL = PollSettings.max_poll_interval
FIFTY_LENGTHS = (60.0, 300.0, 1200.0, 3600.0, 7200.0)


@dataclass(frozen=True)
class Noticed:
    """One wait: the requests it cost, and the seconds from the end of the (last) build to its end."""

    requests: int
    lag: float


def fixed(interval: float) -> Callable[[float], Noticed]:
    """Ask every so many seconds, from the start on; one request each time, which tells everything."""

    def wait(length: float) -> Noticed:
        asked = math.ceil(length / interval)
        return Noticed(asked + 1, asked * interval - length)

    return wait


def exponential(first: float, factor: float, longest: float) -> Callable[[float], Noticed]:
    """Ask at intervals that grow up to a limit; one request each time, which tells everything."""

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
"""The ways of others, reduced to when they ask; each question is counted as one request."""
EVERY_5, EVERY_15, _EXPONENTIAL = OTHERS


def wait_for(traces: Sequence[Trace]) -> Noticed:
    """Wait for builds, all in one task, as the modules do, but with one request at a time.

    Which of several comes first would differ from run to run, and with it what is answered to whom.
    """
    account = VirtualAccount(traces)
    targets = [BuildTarget(image_id) for image_id in account.builds]
    rng = Random(f"{traces[0].family} {traces[0].number} {len(traces)}")
    try:
        with mock.patch.object(build_questions, "PARALLEL", 1):
            follow(account, targets, wait_timeout=1e6, rng=rng)  # type: ignore[arg-type]  # stands in for the client
    except WaitError as error:
        if [build["failed"] for build in error.facts["builds"]] != [one.end_status == "UnAvailable" for one in traces]:
            raise RuntimeError(f"The wait ended wrongly: {error}") from error
    return Noticed(account.requests_sent, account.clock.time - max(trace.length for trace in traces))


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
    """All families, those that cannot be foreseen last, and the corpus (without these) as a whole."""

    families: dict[str, Family]
    whole: Family


def measure_corpus(per_family: int) -> Figures:
    """Run the corpus with so many builds in each family."""
    families: dict[str, Family] = {}
    all_waits: dict[str, list[Noticed]] = {}
    for name in {**FAMILIES, **UNFORESEEABLE}:
        traces = list(corpus(per_family, {name: {**FAMILIES, **UNFORESEEABLE}[name]}))
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


def unmet_targets(figures: Figures, twenty_minutes: Row, fifty: dict[float, tuple[float, Noticed]]) -> list[str]:
    """Say which targets the figures miss; an empty list is good."""
    whole, every_5 = figures.whole.rows[OURS], figures.whole.rows[EVERY_5]
    held = {
        "20 minutes, accurate: at most 12 requests": twenty_minutes.requests <= 12,
        "20 minutes, accurate: mean lag at most 2 s": twenty_minutes.lag_mean <= 2,
        "20 minutes, accurate: 95 % of lags at most 4 s": twenty_minutes.lag_p95 <= 4,
        "corpus: at most a tenth of the requests of every 5 s": whole.requests <= every_5.requests / 10,
        "corpus: mean lag at most 5 s": whole.lag_mean <= 5,
        "corpus: no lag above max_poll_interval": whole.lag_max <= MAX_POLL_INTERVAL,
    }
    for name in FAMILIES:
        rows = figures.families[name].rows
        held[f"{name}: no more requests than every 15 s"] = rows[OURS].requests <= rows[EVERY_15].requests
    for length, (one, many) in fifty.items():
        held[f"50 builds of {length:g} s: at most 5 times the requests of one"] = many.requests <= 5 * one
        held[f"50 builds of {length:g} s: no lag above max_poll_interval"] = many.lag <= MAX_POLL_INTERVAL
    return [target for target, met in held.items() if not met]
