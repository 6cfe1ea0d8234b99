# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""When a request may be sent: the pauses between its tries, and a rate that the processes of one user share for a key.

They keep the rate in a file, locked for the moment of each change. Each process sleeps until its own ticket is due, so
no two wake at the same time.

The rate is learned from refusals. Requests draw numbered tickets. At first, every ticket is due at once. Refusals set
or halve the rate at which tickets become due; then the rate grows again, and a minute without another halving ends the
limit. A refusal now and then comes at any rate and changes nothing: only several among few requests show a limit.
"""

from __future__ import annotations

import json
import math
import os
import random
import threading
import typing as t
from dataclasses import dataclass
from functools import partial

from .clock import Clock
from .errors import CompShareError
from .private_files import NotShared, digest, locked, shared_folder

_T = t.TypeVar("_T")

#: The pause before the second try, in seconds; each further one is four times as long.
_FIRST_PAUSE = 0.1
_GROWTH = 4.0
LONGEST_PAUSE = 30.0
#: A server may request a longer pause than ours, up to this many seconds.
LONGEST_RETRY_AFTER = 60.0
#: Whoever waits checks the ticket again after so many seconds: the rate may have changed.
_CHECK = 2.0
#: A request that was refused pauses for so many seconds at most, and for so many if no shared file paces it.
_LONGEST_PACED_PAUSE, _LONGEST_UNPACED_PAUSE = 0.5, 10.0
_LOCK_PATIENCE = 2.0
#: The file has one size, so that no write has to shorten or extend it.
_SIZE = 512
#: So many refusals in a row show that the rate is too high, and so many requests outweigh one refusal.
CONVINCING, OUTWEIGH = 3.0, 7.0
#: Seconds in which the rate doubles while nothing is refused, and after which a limit is forgotten.
DOUBLING, FORGET = 20.0, 60.0
#: Requests a second, at least.
SLOWEST = 1.0
#: The rate before the first refusal is measured over so many seconds, at least and at most.
_SHORTEST_WINDOW, _LONGEST_WINDOW = 0.2, 2.0
#: More waiting tickets than this are garbage.
_MOST_WAITING = 100_000
#: Shorter waits are none: they are below what a clock can show.
_INSTANT = 0.001


def silent(_reason: str) -> None:
    """Drop a sentence that nobody looks for."""


def pause_before(attempt: int, retry_after: float | None, rng: random.Random, longest: float = LONGEST_PAUSE) -> float:
    """Return the seconds to wait before try C(attempt) (1 for the second one), with jitter."""
    pause = min(_FIRST_PAUSE * _GROWTH ** min(attempt - 1, 9), longest) * rng.uniform(0.5, 1.0)
    return max(pause, min(retry_after or 0.0, LONGEST_RETRY_AFTER))


class Throttling:
    """How often, and since when, one request was refused as one too many; retried for C(timeout) seconds."""

    def __init__(self, clock: Clock, timeout: float) -> None:
        self._clock = clock
        self._timeout = timeout
        self._since = 0.0
        self._error: CompShareError | None = None
        self.refusals = 0

    def refused(self, error: CompShareError) -> None:
        """Count a refusal."""
        if not self.refusals:
            self._since = self._clock.now()
        self.refusals += 1
        self._error = error

    def ends(self, deadline: float | None) -> float | None:
        """Return the latest time for the next try, None if there is no limit."""
        if not self.refusals:
            return deadline
        ends = self._since + self._timeout
        return ends if deadline is None else min(ends, deadline)

    def given_up(self) -> CompShareError | None:
        """Return the last refusal, which says how long and how often there were some; None if there was none."""
        if self._error is not None and self.refusals > 1:
            seconds = self._clock.now() - self._since
            self._error.add_sentence(
                f"It was refused {self.refusals} times within {seconds:.0f} s"
                f" (api_throttle_timeout is {self._timeout:g} s)."
            )
        return self._error


@dataclass
class RequestRate:
    """Tickets drawn, tickets due, and the requests a second; 0 is no limit. Arithmetic only, in seconds since 1970."""

    rate: float = 0.0
    drawn: float = 0.0
    #: Tickets up to this one may go, as counted at the time C(counted).
    due: float = 0.0
    counted: float = 0.0
    #: No ticket becomes due before: the API said so in a Retry-After.
    held_until: float = 0.0
    halved_at: float = 0.0
    halvings: float = 0.0
    window: float = 0.0
    sent: float = 0.0
    #: Refusals that were not outweighed since.
    evidence: float = 0.0

    @classmethod
    def read(cls, data: bytes) -> RequestRate:
        """Return what C(write) returned, or a rate without a limit if C(data) is anything else."""
        try:
            found = cls(*json.loads(data))
            if all(math.isfinite(value) for value in vars(found).values()) and (
                (found.rate == 0 or found.rate > _INSTANT) and abs(found.drawn - found.due) < _MOST_WAITING
            ):
                return found
        except (ValueError, TypeError, OverflowError, RecursionError):
            pass
        return cls()

    def write(self) -> bytes:
        """Return everything as bytes."""
        return json.dumps(list(vars(self).values())).encode()

    def advance(self, now: float, fixed: float | None = None) -> None:
        """Let the tickets become due that are due at C(now), at the rate C(fixed) if it was set by hand."""
        if fixed is not None:
            self.rate = fixed
        elif now - min(self.halved_at, now) > FORGET:
            self.rate = 0.0
        if self.held_until > now + LONGEST_RETRY_AFTER:
            self.held_until = now  # the clock was set back
        elapsed = min(now - max(self.counted, min(self.held_until, now)), FORGET)
        self.counted = now
        if elapsed > 0:
            # At most one ticket is due in advance: what was not used does not add up to a burst.
            self.due = min(self.due + self.rate * elapsed, self.drawn + 1)
            if fixed is None:
                self.rate *= 2 ** (elapsed / DOUBLING)

    def draw(self, *, again: bool = False) -> float:
        """Return a new ticket: the last one, or for a request that was refused the first of those that wait."""
        if again:
            self.due -= 1  # all others wait for one more
            return self.due + 1
        self.drawn += 1
        return self.drawn

    def wait_for(self, ticket: float) -> float:
        """Return in how many seconds after the last C(advance) a ticket becomes due at the present rate."""
        if not self.rate:
            return 0.0
        wait = max(0.0, self.held_until - self.counted) + max(0.0, ticket - self.due) / self.rate
        return wait if wait > _INSTANT else 0.0

    def send(self) -> int:
        """Count a request that is sent now; return what C(refuse) needs to know of it."""
        if not 0 <= self.counted - self.window <= _LONGEST_WINDOW:
            self.window, self.sent = self.counted, 0
        self.sent += 1
        self.evidence = max(0.0, self.evidence - 1 / OUTWEIGH)
        return int(self.halvings)

    def refuse(self, sent_after: int, retry_after: float = 0.0, fixed: float | None = None) -> None:
        """Halve the rate if this and earlier refusals show that it is too high; hold all for C(retry_after).

        A request that was sent before the last halving says nothing about the rate.
        """
        if fixed is None and sent_after == self.halvings:
            self.evidence += 1 + 1 / OUTWEIGH
            if self.evidence >= CONVINCING or retry_after > 0:
                self._halve()
        if retry_after > 0:
            self.held_until = max(self.held_until, self.counted + min(retry_after, LONGEST_RETRY_AFTER))

    def _halve(self) -> None:
        if not self.rate:
            self.rate = self.sent / max(self.counted - self.window, _SHORTEST_WINDOW)
            self.due = self.drawn
        self.rate = max(self.rate / 2, SLOWEST)
        self.halvings += 1
        self.halved_at = self.counted
        # If it is still too high, a single refusal soon after shows it.
        self.evidence = CONVINCING


class Limiter:
    """Gives requests leave to be sent; several threads and processes may use it at once.

    Without C(path), and when that file cannot be used, each process is on its own. C(rate) sets the requests a second
    by hand.
    """

    def __init__(
        self,
        clock: Clock,
        path: str | None = None,
        *,
        rate: float | None = None,
        debug: t.Callable[[str], None] = silent,
    ) -> None:
        self._clock = clock
        self._path = path
        self._rate = rate
        self._debug = debug
        self._own = RequestRate()
        self._own_lock = threading.Lock()
        self._rng = random.Random()

    @classmethod
    def of_key(
        cls, clock: Clock, endpoint: str, public_key: str, rate: float | None, debug: t.Callable[[str], None]
    ) -> Limiter:
        """Return the limiter that all processes of this user share for a key at an address."""
        try:
            path = os.path.join(shared_folder(), f"limit-{digest(endpoint, public_key, str(rate))}.json")
        except NotShared as reason:
            debug(f"The limit of requests is not shared with other processes: {reason}.")
            return cls(clock, rate=rate)
        return cls(clock, path, rate=rate, debug=debug)

    @property
    def shared(self) -> bool:
        """Return whether other processes know of refusals."""
        return self._path is not None

    def wait(self, deadline: float | None, refusals: int = 0, *, of_key: bool = True) -> int | None:
        """Wait until a request may be sent that was refused C(refusals) times; return what C(refused) takes.

        Returns None at once if it may not be sent before C(deadline) (a value of C(clock.now())). C(of_key) is false if
        it was refused for another reason than the rate of the key.
        """
        if refusals:
            longest = _LONGEST_PACED_PAUSE if self.shared and of_key else _LONGEST_UNPACED_PAUSE
            pause = pause_before(refusals, None, self._rng, longest)
            if deadline is not None and self._clock.now() + pause > deadline:
                return None
            self._clock.sleep(pause)
        ticket: float | None = None
        while True:
            ticket, wait, sent_after = self._update(partial(self._try, ticket, refusals > 0 and of_key))
            if sent_after is not None:
                return sent_after
            if deadline is not None and self._clock.now() + wait > deadline:
                return None
            self._clock.sleep(min(wait, _CHECK))

    def _try(self, ticket: float | None, again: bool, state: RequestRate) -> tuple[float, float, int | None]:
        state.advance(self._clock.epoch(), self._rate)
        # A ticket higher than any is of a state that is lost.
        if ticket is None or ticket > state.drawn + 1:
            ticket = state.draw(again=again)
        wait = state.wait_for(ticket)
        return ticket, wait, None if wait else state.send()

    def refused(self, sent_after: int, retry_after: float | None) -> None:
        """Take notice that a request was refused as one too many."""

        def refuse(state: RequestRate) -> None:
            state.advance(self._clock.epoch(), self._rate)
            state.refuse(sent_after, retry_after or 0.0, self._rate)

        self._update(refuse)

    def _update(self, change: t.Callable[[RequestRate], _T]) -> _T:
        if self._path is not None:
            try:
                with locked(self._path, self._clock, _LOCK_PATIENCE) as file:
                    state = RequestRate.read(os.pread(file, _SIZE, 0))
                    result = change(state)
                    os.pwrite(file, state.write().ljust(_SIZE), 0)
                    return result
            except (OSError, NotShared) as reason:
                self._path = None
                self._debug(f"The limit of requests is not shared with other processes: {reason}.")
        with self._own_lock:
            return change(self._own)
