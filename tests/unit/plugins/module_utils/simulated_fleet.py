"""Many processes that send requests one after the other, on a clock that only their sleep moves."""

from __future__ import annotations

import heapq
import itertools
import random
import threading
from collections.abc import Callable
from typing import NamedTuple, Optional

from ansible_collections.compshare.cloud.plugins.module_utils._api.limiter import Limiter

#: What an API says of a request at a time: None serves it, a number refuses it with that Retry-After, 0 without one.
Api = Callable[[float], Optional[float]]

#: The share by which a latency varies, and how many seconds late a sleeper wakes at most.
_VARIES, _LATE = 0.1, 0.001


def bucket(rate: float, burst: float, *, says_when: bool = False) -> Api:
    """A limit of C(rate) requests a second and C(burst) at once."""
    left, counted = burst, 0.0

    def serve(now: float) -> float | None:
        nonlocal left, counted
        left, counted = min(burst, left + rate * (now - counted)), now
        if left >= 1:
            left -= 1
            return None
        return max(1.0, (1 - left) / rate) if says_when else 0.0

    return serve


def chance(share: float, seed: int = 1) -> Api:
    """No limit, but C(share) of all requests is refused."""
    dice = random.Random(seed)
    return lambda _now: 0.0 if dice.random() < share else None


class Ended(BaseException):
    """The time is up."""


class SharedClock:
    """The time of threads of which one runs at a time: the one whose sleep ends first."""

    def __init__(self, ends: float) -> None:
        self._time = 0.0
        self._ends = ends
        self._sleepers: list[tuple[float, int, threading.Semaphore]] = []
        self._numbers = itertools.count()
        self._late = random.Random(0)

    def now(self) -> float:
        return self._time

    def epoch(self) -> float:
        return 1_790_000_000 + self._time

    def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            return
        woken = self._enter(seconds + self._late.uniform(0, _LATE))
        self._wake_next()
        woken.acquire()
        if self._time > self._ends:
            raise Ended

    def _enter(self, seconds: float) -> threading.Semaphore:
        woken = threading.Semaphore(0)
        heapq.heappush(self._sleepers, (self._time + seconds, next(self._numbers), woken))
        return woken

    def _wake_next(self) -> None:
        self._time, _number, woken = heapq.heappop(self._sleepers)
        woken.release()

    def run(self, jobs: list[Callable[[], None]], interval: float) -> None:
        """Run every job in a thread of its own, each begun C(interval) after the one before, until the time is up."""

        def run(job: Callable[[], None], begins: threading.Semaphore) -> None:
            begins.acquire()
            try:
                job()
            except Ended:
                pass
            finally:
                self._wake_next()

        threads = [
            threading.Thread(target=run, args=(job, self._enter(number * interval)), daemon=True)
            for number, job in enumerate(jobs)
        ]
        over = self._enter(self._ends * 10)
        for thread in threads:
            thread.start()
        self._wake_next()
        over.acquire()
        for thread in threads:
            thread.join()


class Figures(NamedTuple):
    """What came of the requests of a fleet."""

    each_second: float
    refused: float
    requests: int
    ended: float


def run_fleet(
    path: str,
    api: Api,
    processes: int,
    *,
    seconds: float = 100.0,
    requests: int | None = None,
    latency: float = 0.025,
    seed: int = 0,
) -> Figures:
    """Let C(processes) send requests, each again until it is served: for C(seconds), or so many in all."""
    clock = SharedClock(seconds)
    left = iter(range(requests)) if requests else itertools.count()
    jitter, seeds = random.Random(seed), itertools.count(seed)
    results: list[tuple[float, bool]] = []

    def travel() -> None:
        clock.sleep(latency / 2 * jitter.uniform(1 - _VARIES, 1 + _VARIES))

    def process() -> None:
        limiter = Limiter(clock, path)
        limiter._rng = random.Random(next(seeds))
        for _request in left:
            refusals = 0
            while True:
                turn = limiter.wait(None, refusals)
                assert turn is not None
                travel()
                refusal = api(clock.now())
                travel()
                results.append((clock.now(), refusal is None))
                if refusal is None:
                    break
                limiter.refused(turn, refusal or None)
                refusals += 1

    clock.run([process] * processes, interval=0.02)
    served = sum(each for _moment, each in results)
    ended = results[-1][0]
    return Figures(served / ended, 1 - served / len(results), len(results), ended)
