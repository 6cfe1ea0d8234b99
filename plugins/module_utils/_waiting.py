# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Waiting: whatever waits outside of the client does it with one of these.

wait_until() polls anything. look_again() repeats a look that finds nothing. confirm_within() polls a state with the
usual back-off. send_when_free() sends a write and retries it while the API is busy. apply() sends a write and lets the
list decide if its response is lost; apply_and_confirm() then confirms it, too. All deadlines are values of
C(client.clock.now()).
"""

from __future__ import annotations

import contextlib
import functools
import random
import typing as t
from collections.abc import Iterator
from dataclasses import dataclass

from ._api.client import Client
from ._api.clock import Clock, duration_text
from ._api.errors import CompShareError, Retry, WaitError

_T = t.TypeVar("_T")

#: For so many seconds a list may still show what was before a change. Not documented; other clouds need about as long.
VISIBLE_WITHIN = 45.0
#: Seconds after an order within which the list must show what it created. The gateway gives up on a request after 60;
#: the rest is for the list. Waits, records and the advice in messages all follow this one clock.
SHOWN_WITHIN = 150.0
#: How often a request that may be repeated is retried after a lost response that had no effect.
REPEATS = 2


@dataclass(frozen=True)
class Backoff:
    """Pauses in seconds: C(first), each C(growth) times the one before, C(longest) at most.

    Each is shortened by a random share of up to C(jitter), so that many tasks do not poll in step.
    """

    first: float = 1.0
    longest: float = 15.0
    growth: float = 1.5
    jitter: float = 0.2

    def pauses(self, rng: random.Random) -> t.Iterator[float]:
        """Yield the pauses, without end."""
        pause = self.first
        while True:
            yield min(pause, self.longest) * rng.uniform(1.0 - self.jitter, 1.0)
            pause = min(pause * self.growth, self.longest)


#: For a request that the API is too busy for.
BUSY_BACKOFF = Backoff(first=2.0, longest=20.0)


class DeadlineError(Exception):
    """The deadline passed. C(error) is what the last probe raised, None if it only returned None."""

    def __init__(self, error: CompShareError | None) -> None:
        super().__init__("the deadline passed")
        self.error = error


def raise_lasting(error: CompShareError) -> None:
    """Raise an error that polling again cannot help; let transient ones pass."""
    if not error.retryable:
        raise error


def wait_until(
    clock: Clock,
    probe: t.Callable[[], _T | None],
    *,
    deadline: float,
    backoff: Backoff | None = None,
    on_error: t.Callable[[CompShareError], None] = raise_lasting,
) -> _T:
    """Call C(probe) until it returns something other than None, and return that.

    The first probe runs at once, the last one at the deadline. C(on_error) takes each CompShareError of a probe: it
    raises what ends the wait, and returns to go on. Raises DeadlineError when the deadline has passed.
    """
    pauses = (backoff or Backoff()).pauses(random.Random())
    while True:
        last_error: CompShareError | None = None
        try:
            result = probe()
        except CompShareError as error:
            on_error(error)
            last_error = error
        else:
            if result is not None:
                return result
        left = deadline - clock.now()
        if left <= 0:
            raise DeadlineError(last_error)
        clock.sleep(min(left, next(pauses)))


def look_again(clock: Clock, look: t.Callable[[], _T | None], pauses: t.Iterable[float]) -> _T | None:
    """Return what C(look) returns, called once more after each of C(pauses) (seconds) while that is None.

    For absence, which no single response proves.
    """
    found = look()
    for pause in pauses:
        if found is not None:
            break
        clock.sleep(pause)
        found = look()
    return found


def confirm_within(client: Client, confirmed: t.Callable[[], bool], seconds: float) -> bool:
    """Poll C(confirmed) until it returns True, for C(seconds) at most; return whether it did.

    A transient error is retried; the last one is raised on the timeout.
    """
    try:
        return wait_until(client.clock, lambda: confirmed() or None, deadline=client.clock.now() + seconds)
    except DeadlineError as late:
        if late.error is not None:
            raise late.error from None
        return False


def confirm_accepted(client: Client, action: str, confirmed: t.Callable[[], bool], seconds: float) -> bool:
    """Do what confirm_within() does after the API has accepted C(action), with errors that say so."""
    with sent_before_errors(action, accepted=True):
        return confirm_within(client, confirmed, seconds)


@contextlib.contextmanager
def sent_before_errors(action: str, *, accepted: bool) -> Iterator[None]:
    """Let errors of the C(with) block say that C(action) was sent before, and whether the API has accepted it."""
    try:
        yield
    except CompShareError as unreadable:
        if accepted:
            unreadable.add_sentence(f"Before that, {action} was accepted; its effect could not be checked.")
            unreadable.facts = {**unreadable.facts, "changed": True}
        else:
            unreadable.add_sentence(f"Before that, {action} was sent without a response; it may have been done.")
        raise


def send_when_free(
    client: Client,
    action: str,
    params: t.Mapping[str, t.Any],
    *,
    deadline: float,
    unless: t.Callable[[], bool] | None = None,
    before_try: t.Callable[[], None] | None = None,
    body_format: str = "form",
    check: t.Callable[[dict[str, t.Any]], None] = lambda _response: None,
) -> dict[str, t.Any] | None:
    """Send a write and return the response; retry it until C(deadline) while the API is busy with another operation.

    C(unless) is called after each busy response; if it returns True, the request is no longer needed: nothing more is
    sent, and None is returned. C(before_try) is called before each try. C(check) raises the refusal that a response
    with RetCode 0 contains. Raises the client's errors, and the busy one after the deadline.
    """
    began = client.clock.now()
    no_longer_needed = False

    def send() -> list[dict[str, t.Any]] | None:
        nonlocal no_longer_needed
        try:
            response = client.call(
                action, params, write=True, deadline=deadline, before_try=before_try, body_format=body_format
            )
            check(response)
            return [response]
        except CompShareError as error:
            no_longer_needed = error.retry is Retry.BUSY and unless is not None and unless()
            if no_longer_needed:
                return []
            raise

    try:
        responses = wait_until(client.clock, send, deadline=deadline, backoff=BUSY_BACKOFF, on_error=_raise_unless_busy)
    except DeadlineError as late:
        busy = t.cast(CompShareError, late.error)  # only a busy response lets the wait go on
        busy.summary += f" It was still busy after {duration_text(client.clock.now() - began)} (wait_timeout)."
        raise busy from None
    return responses[0] if responses else None


def _raise_unless_busy(error: CompShareError) -> None:
    if error.retry is not Retry.BUSY:
        raise error


class Applied(t.NamedTuple):
    """What came of a write: the API accepted it, or its response was lost and the list decided.

    C(response): None if it was lost, or if the write was no longer needed. C(lost): the error of the lost response;
    then C(done) is whether the list shows the effect, and C(unreadable) why that is not known.
    """

    response: dict[str, t.Any] | None
    lost: CompShareError | None = None
    done: bool = True
    unreadable: CompShareError | None = None

    def raise_unless_done(self, action: str) -> None:
        """Raise why the list cannot be read after a lost response, or the lost one if the list shows no effect."""
        if self.unreadable is not None:
            with sent_before_errors(action, accepted=False):
                raise self.unreadable
        if self.lost is not None and not self.done:
            raise self.lost  # pylint: disable=raising-bad-type  # which takes the default of a field for its value


def apply(
    client: Client,
    action: str,
    params: t.Mapping[str, t.Any],
    look: t.Callable[[], bool],
    *,
    deadline: float,
    repeats: int = 0,
    leaves_open: t.Callable[[CompShareError], bool] = lambda _error: False,
    **settings: t.Any,
) -> Applied:
    """Send a write as send_when_free() does, which gets C(settings), and let the list decide if its response is lost.

    C(look) polls the list until it shows the effect or must have shown it, and returns whether it does. A write that
    does no harm when repeated is retried if it had no effect, C(repeats) times at most. C(leaves_open) returns
    whether the list decides after a refusal, too. Raises all other errors of the client.
    """
    while True:
        try:
            return Applied(send_when_free(client, action, params, deadline=deadline, **settings))
        except CompShareError as error:
            if not (error.outcome_unknown or leaves_open(error)):
                raise
            lost = error
        try:
            done = look()
        except CompShareError as unreadable:
            return Applied(None, lost, done=False, unreadable=unreadable)
        if done or not repeats or not lost.outcome_unknown:
            return Applied(None, lost, done=done)
        repeats -= 1


def apply_and_confirm(
    client: Client,
    action: str,
    params: t.Mapping[str, t.Any],
    confirmed: t.Callable[[], bool],
    *,
    deadline: float,
    desired: str,
    check: t.Callable[[dict[str, t.Any]], None] = lambda _response: None,
) -> None:
    """Send a write that does no harm when repeated, and confirm that it took effect.

    C(confirmed) reads the state and returns whether it is as desired; C(desired) says in words what that is ("the tags
    are changed"). C(check) raises if a response with RetCode 0 says that nothing was done.
    Raises the client's errors, and WaitError if the API accepts the request without doing what it says. An error after
    the request was accepted has C(changed) in its facts.
    """
    look = functools.partial(confirm_within, client, confirmed, VISIBLE_WITHIN)
    applied = apply(client, action, params, look, repeats=REPEATS, deadline=deadline, check=check)
    applied.raise_unless_done(action)
    if applied.lost is None and not confirm_accepted(client, action, confirmed, VISIBLE_WITHIN):
        raise WaitError(
            f"{action} was accepted, but {VISIBLE_WITHIN:g} s later the API does not show that {desired}.",
            action=action,
            hint="The API may not support this here; look in the console.",
        )
