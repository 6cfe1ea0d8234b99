# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""When a request that failed may be retried, and after how long. Pure decisions; the client sleeps."""

from __future__ import annotations

import random

from .clock import Clock
from .errors import CompShareError, Retry

#: The pause before the second try, in seconds; each further one is four times as long.
FIRST_PAUSE = 0.1
GROWTH = 4.0
LONGEST_PAUSE = 30.0
#: A server may request a longer pause than ours, up to this many seconds.
LONGEST_RETRY_AFTER = 60.0


def may_repeat(error: CompShareError, *, write: bool) -> bool:
    """Return whether the request that ended in C(error) may be retried.

    A write only where nothing can have happened: the API says that it was too busy to look, or was never reached.
    """
    if error.retry is Retry.THROTTLE:
        return True
    return error.retry is Retry.READ and not (write and error.outcome_unknown)


def pause_before(attempt: int, retry_after: float | None, rng: random.Random, longest: float = LONGEST_PAUSE) -> float:
    """Return the seconds to wait before try C(attempt) (1 for the second one), with jitter."""
    pause = min(FIRST_PAUSE * GROWTH ** min(attempt - 1, 9), longest) * rng.uniform(0.5, 1.0)
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
