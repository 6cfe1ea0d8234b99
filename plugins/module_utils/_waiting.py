# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Requests that change something: patient where the API is busy, never blind where an answer was lost."""

from __future__ import annotations

import random
import typing as t

from ._api.client import Client
from ._api.errors import CompShareError, WaitError
from ._api.retcodes import Retry

#: Pauses between two tries of a request that the API was too busy for, in seconds: the first and the longest one.
_BUSY_PAUSES = (2.0, 20.0)
#: For so many seconds a list may still show what was before a change. Not documented; other clouds need about as long.
VISIBLE_WITHIN = 45.0
#: For so many seconds a request without an answer may still take effect: the gateway gives up after 60 seconds.
LOST_WITHIN = 75.0
#: How often a request that may be repeated is sent again after a lost answer that had no effect.
_REPEATS = 2


class Pauses:
    """Growing pauses with jitter: from C(first) to C(longest) seconds, each half as long again as the one before."""

    def __init__(self, client: Client, first: float = 1.0, longest: float = 15.0) -> None:
        self._clock = client.clock
        self._next = first
        self._longest = longest
        self._random = random.Random()

    def pause(self, until: float) -> bool:
        """Sleep, at most until C(until) (a value of C(clock.now())); False, without sleeping, where that has passed."""
        left = until - self._clock.now()
        if left <= 0:
            return False
        self._clock.sleep(min(left, self._next * self._random.uniform(0.8, 1.0)))
        self._next = min(self._next * 1.5, self._longest)
        return True


def send_patiently(
    client: Client,
    action: str,
    params: t.Mapping[str, t.Any],
    *,
    deadline: float,
    while_busy: t.Callable[[], bool] | None = None,
) -> dict[str, t.Any] | None:
    """Send a request that changes something; where the API is busy with another operation, wait until it is not.

    C(while_busy) is called after each such answer; where it returns True, the request is no longer needed: nothing is
    sent, and None returned. Raises the client's errors; the busy answer itself when C(deadline) has passed.
    """
    pauses = Pauses(client, *_BUSY_PAUSES)
    began = client.clock.now()
    while True:
        try:
            return client.call(action, params, write=True, deadline=deadline)
        except CompShareError as error:
            if error.retry is not Retry.BUSY:
                raise
            if while_busy is not None and while_busy():
                return None
            if not pauses.pause(deadline):
                error.summary += f" It was so for {client.clock.now() - began:.0f} s, until wait_timeout."
                raise


def see_within(client: Client, seen: t.Callable[[], bool], seconds: float) -> bool:
    """Ask C(seen) until it returns True, for C(seconds) at most; tell whether it did.

    A question that fails is asked again; the last one's error is raised.
    """
    pauses = Pauses(client)
    ends = client.clock.now() + seconds
    while True:
        trouble: CompShareError | None = None
        try:
            if seen():
                return True
        except CompShareError as error:
            if not error.retryable:
                raise
            trouble = error
        if not pauses.pause(ends):
            if trouble is not None:
                raise trouble
            return False


def see_after(client: Client, seen: t.Callable[[], bool], seconds: float, *, action: str, accepted: bool) -> bool:
    """Do what see_within() does after a request that was sent, so that its error also says what was sent.

    C(accepted) tells whether the API has answered that it does what was asked; otherwise the answer was lost.
    """
    try:
        return see_within(client, seen, seconds)
    except CompShareError as unreadable:
        if accepted:
            unreadable.add_sentence(f"Before that, {action} was accepted; what came of it could not be checked.")
            unreadable.facts = {**unreadable.facts, "changed": True}
        else:
            unreadable.add_sentence(f"Before that, {action} was sent and not answered; it may have been done.")
        raise


def bring_about(
    client: Client,
    action: str,
    params: t.Mapping[str, t.Any],
    seen: t.Callable[[], bool],
    *,
    deadline: float,
    wish: str,
    check: t.Callable[[dict[str, t.Any]], None] = lambda _answer: None,
) -> None:
    """Send a request that may be repeated without harm, and see that it took effect.

    C(seen) reads the state and tells whether it is as it should be, C(wish) says in words what should be ("the tags are
    changed"). C(check) raises where an answer with RetCode 0 says that nothing was done. Where the answer is lost, the
    state decides, and the request is sent again only where it had no effect.
    Raises the client's errors, and WaitError where the API accepts the request without doing what it says. An error
    after the request was accepted has C(changed) in its facts.
    """
    for repeat in range(_REPEATS + 1):
        try:
            check(send_patiently(client, action, params, deadline=deadline) or {})
        except CompShareError as error:
            if not error.outcome_unknown:
                raise
            if see_after(client, seen, VISIBLE_WITHIN, action=action, accepted=False):
                return
            if repeat == _REPEATS:
                raise
        else:
            if see_after(client, seen, VISIBLE_WITHIN, action=action, accepted=True):
                return
            raise WaitError(
                f"{action} was accepted, but {VISIBLE_WITHIN:g} s later it cannot be seen that {wish}.",
                action=action,
                hint="The API may not support this here; look in the console.",
            )
