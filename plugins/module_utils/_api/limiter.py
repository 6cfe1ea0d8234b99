# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Leave to send requests, at a rate that the processes of one user share for a key.

They keep the rate in a file, locked for the moment of each change. Each process sleeps until its own ticket is due, so
no two wake at the same time.
"""

from __future__ import annotations

import os
import random
import threading
import typing as t
from functools import partial

from .backoff import pause_before
from .clock import Clock
from .private_files import NotShared, digest, locked, shared_folder
from .request_rate import RequestRate

_T = t.TypeVar("_T")

#: Whoever waits checks the ticket again after so many seconds: the rate may have changed.
_CHECK = 2.0
#: Without a shared file, a process that was refused pauses for so many seconds at most.
_LONGEST_PAUSE = 10.0
_LOCK_PATIENCE = 2.0
#: The file has one size, so that no write has to shorten or extend it.
_SIZE = 512


def silent(_reason: str) -> None:
    """Drop a sentence that nobody looks for."""


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

    def wait(self, deadline: float | None, refusals: int = 0) -> int | None:
        """Wait until a request may be sent that was refused C(refusals) times; return what C(refused) takes.

        Returns None at once if it may not be sent before C(deadline) (a value of C(clock.now())).
        """
        if refusals and not self.shared:
            # Others that were refused, too, are not known.
            pause = pause_before(refusals, None, self._rng, _LONGEST_PAUSE)
            if deadline is not None and self._clock.now() + pause > deadline:
                return None
            self._clock.sleep(pause)
        ticket: float | None = None
        while True:
            ticket, wait, sent_after = self._update(partial(self._try, ticket, refusals > 0))
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
