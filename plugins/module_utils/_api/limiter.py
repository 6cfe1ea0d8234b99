# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""When a request may be sent: the pauses between its tries, and a rate that the processes of one user share for a key.

They keep the rate in a file, locked for the moment of each change. Each process sleeps until its own ticket is due, so
no two wake at the same time.
"""

from __future__ import annotations

import os
import random
import threading
import typing as t
from functools import partial

from .clock import Clock
from .errors import CompShareError
from .private_files import NotShared, digest, locked, shared_folder
from .request_rate import LONGEST_RETRY_AFTER, RequestRate

_T = t.TypeVar("_T")

#: The pause before the second try, in seconds; each further one is four times as long.
_FIRST_PAUSE = 0.1
_GROWTH = 4.0
LONGEST_PAUSE = 30.0
#: Whoever waits checks the ticket again after this share of a wait, and so many seconds at most: the rate may have
#: changed. Waits up to C(_SHORT_WAIT) are slept through.
_CHECK, _CHECK_SHARE, _SHORT_WAIT = 2.0, 0.8, 0.05
#: A request that was refused pauses for so many seconds at most, and for so many if no shared file paces it.
_LONGEST_PACED_PAUSE, _LONGEST_UNPACED_PAUSE = 0.5, 10.0
_LOCK_PATIENCE = 2.0
#: The file has one size, so that no write has to shorten or extend it.
_SIZE = 512


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
        elif self._error is not None and self._error.retry_after:
            self._error.add_sentence(
                f"The API requests a pause of {self._error.retry_after:g} s"
                f" (api_throttle_timeout is {self._timeout:g} s)."
            )
        return self._error


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
            self._clock.sleep(wait if wait <= _SHORT_WAIT else min(wait * _CHECK_SHARE, _CHECK))

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
        # Threads of a process wait for each other here, which ends at once; a wait for the file looks again and again.
        with self._own_lock:
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
            return change(self._own)
