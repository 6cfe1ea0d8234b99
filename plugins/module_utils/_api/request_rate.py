# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""The rate of requests that is learned from refusals. Arithmetic only; the limiter keeps it and waits.

Requests draw numbered tickets. At first, every ticket is due at once. Refusals set or lower the rate at which tickets
become due. Then it returns to a little below where it was refused, stays about there for some seconds, and grows ever
faster: a limit is used up and rarely crossed, and where there is none, the rate is soon free again. A refusal now and
then comes at any rate and changes nothing: only several among few requests show a limit.
"""

from __future__ import annotations

import json
import math

#: A server may request a longer pause than ours, up to this many seconds.
LONGEST_RETRY_AFTER = 60.0
#: So many refusals in a row show that the rate is too high, and so many requests outweigh one refusal.
CONVINCING, OUTWEIGH = 5.0, 7.0
#: What is left of a rate that was too high; of one that was lowered within so many seconds before; and of one that was
#: only measured, with all that a limit serves at once.
LOWERED, LOWERED_AGAIN, SOON, MEASURED = 0.72, 0.6, 1.0, 0.36
#: Then it is so much below its ceiling, to which it returns in so many seconds; after so many, the limit is forgotten.
BELOW, RETURN, FORGET = 0.2, 10.0, 60.0
#: Requests a second, at least.
SLOWEST = 0.5
#: The rate before the first refusal is measured over so many seconds, at least and at most.
_SHORTEST_WINDOW, _LONGEST_WINDOW = 0.2, 2.0
#: More waiting tickets than this are garbage.
_MOST_WAITING = 100_000
#: Shorter waits are none: they are below what a clock can show.
_INSTANT = 0.001


# A plain class, like Credentials: a dataclass takes most of a millisecond to create, in each process with a lookup.
class RequestRate:
    """Tickets drawn, tickets due, and the requests a second; 0 is no limit. Arithmetic only, in seconds since 1970."""

    def __init__(self) -> None:
        # In the order in which they are written.
        self.rate = 0.0
        self.drawn = 0.0
        #: Tickets up to this one may go, as counted at the time C(counted).
        self.due = 0.0
        self.counted = 0.0
        #: No ticket becomes due before: the API said so in a Retry-After.
        self.held_until = 0.0
        #: The rate at which it stays for some seconds: a tenth below the one that was too high, or less.
        self.ceiling = 0.0
        self.lowered_at = 0.0
        self.lowerings = 0.0
        #: Requests that were sent since the time C(window).
        self.window = 0.0
        self.sent = 0.0
        #: Refusals that were not outweighed since.
        self.evidence = 0.0

    @classmethod
    def read(cls, data: bytes) -> RequestRate:
        """Return what C(write) returned, or a rate without a limit if C(data) is anything else."""
        found = cls()
        try:
            values = json.loads(data)
            if len(values) == len(vars(found)) and all(map(math.isfinite, values)):
                vars(found).update(zip(vars(found), values))
            if (found.rate == 0 or found.rate > _INSTANT) and abs(found.drawn - found.due) < _MOST_WAITING:
                return found
        except (ValueError, TypeError, OverflowError, RecursionError):
            pass
        return cls()

    def write(self) -> bytes:
        """Return everything as bytes."""
        return json.dumps(list(vars(self).values())).encode()

    def advance(self, now: float, fixed: float | None = None) -> None:
        """Let the tickets become due that are due at C(now), at the rate C(fixed) if it was set by hand."""
        if self.held_until > now + LONGEST_RETRY_AFTER:
            self.held_until = now  # the clock was set back
        self.lowered_at = min(self.lowered_at, now)
        lowered_for = now - self.lowered_at
        if fixed is not None:
            self.rate = fixed
        elif lowered_for > FORGET:
            self.rate = 0.0
        elapsed = min(now - max(self.counted, min(self.held_until, now)), FORGET)
        self.counted = now
        if elapsed > 0:
            # At most one ticket is due in advance: what was not used does not add up to a burst.
            self.due = min(self.due + self.rate * elapsed, self.drawn + 1)
        if fixed is None and self.rate:
            # The curve of TCP CUBIC (RFC 9438): steep, flat about the ceiling, and steep again.
            self.rate = max(self.ceiling * (1 + BELOW * (lowered_for / RETURN - 1) ** 3), SLOWEST)

    def draw(self, *, again: bool = False) -> float:
        """Return a new ticket: the last one, or for a request that was refused the first of those that wait."""
        if again:
            self.due -= 1  # all others wait for one more
            return min(math.floor(self.due) + 1, self.drawn)
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
        return int(self.lowerings)

    def refuse(self, sent_after: int, retry_after: float = 0.0, fixed: float | None = None) -> None:
        """Lower the rate if this and earlier refusals show that it is too high; hold all for C(retry_after).

        A request that was sent before the rate was lowered says nothing about it.
        """
        if fixed is None and sent_after == self.lowerings:
            self.evidence += 1 + 1 / OUTWEIGH
            if self.evidence >= CONVINCING or retry_after > 0:
                self._lower()
        if retry_after > 0:
            self.held_until = max(self.held_until, self.counted + min(retry_after, LONGEST_RETRY_AFTER))

    def _lower(self) -> None:
        left = LOWERED if self.counted - self.lowered_at > SOON else LOWERED_AGAIN
        if not self.rate:
            left = MEASURED
            self.rate = self.sent / max(self.counted - self.window, _SHORTEST_WINDOW)
            self.due = self.drawn
        self.rate = max(self.rate * left, SLOWEST)
        self.ceiling = self.rate / (1 - BELOW)
        self.lowerings += 1
        self.lowered_at = self.counted
        # If it is still too high, a single refusal soon after shows it.
        self.evidence = CONVINCING
