# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Bringing instances into the desired state: poll, decide, send, poll again, until each is there or on a timeout.

What is sent follows from the state that was just seen, so nothing depends on what earlier requests promised: a state
that passes is waited for, a lost response is replaced by what is seen next, and one deadline holds for all.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .._api.client import Client
from .._api.errors import CompShareError, RefusedError, Retry, WaitError
from .._api.pages import PAGE_SIZE, rows_of
from .._api.retcodes import GONE_CODES
from .._waiting import Backoff, DeadlineError, wait_until
from .model import Instance, normalise_instance, settled
from .query import ACTION, describe, is_unknown_id, read_rows

#: Refusals that mean: not in this state. What was seen is outdated, so it is looked at again.
_STATE_CODES = frozenset((8010, 8905, 226607))
#: A request without a response that shows no effect for this long, in seconds, is retried if that does no harm.
_LOST_AFTER = 20.0
#: An instance counts as gone when it was missing from this many responses in a row: one may be empty by a fault.
_MISSING_LOOKS = 2
#: One whose deletion was not accepted must have been missing for so many seconds, too: it may still be charged.
_MISSING_FOR = 30.0
#: An instance is stuck when its state has not changed, and nothing was tried, for so many seconds. The vendor speaks of
#: two or three minutes for a start; whoever stops or removes an instance need not wait for the whole of it.
_STUCK_AFTER = 120.0
_BACKOFF = Backoff(first=2.0, longest=10.0)


class Send(t.NamedTuple):
    """A request to send: its action and parameters beside the instance's id and place.

    C(last): none follows it. C(forced): it may be refused in this state, which then is no error.
    """

    action: str
    params: Mapping[str, t.Any]
    last: bool = True
    forced: bool = False


class Wait(t.NamedTuple):
    """Nothing to do but to poll again."""


class Done(t.NamedTuple):
    """The instance is where it should be. C(gone): it does not exist any more."""

    gone: bool = False


Move = t.Union[Send, Wait, Done]


@dataclass
class _Sent:
    """A request that was sent: when it ended, whether it was accepted (False: no response), and the state before."""

    action: str
    at: float
    accepted: bool
    state: str | None
    start_time: str | None
    moved: bool = False


@dataclass
class Course:
    """What happened to one instance on its way. C(instance) is how it was seen last."""

    instance: Instance
    now: float = 0.0
    sent: list[_Sent] = field(default_factory=list)
    missing: int = 0
    #: Since when no response shows the instance, None while they do.
    missing_since: float | None = None
    refusal: RefusedError | None = None
    #: Since when the instance is in the state that it is in, as far as this task has seen.
    since: float = 0.0
    #: What was tried in which state, and when.
    tried: dict[tuple[str, str | None], float] = field(default_factory=dict)
    #: What was refused in which state, because of that state or because it was forced.
    refusals: dict[tuple[str, str | None], RefusedError] = field(default_factory=dict)

    def was_sent(self, action: str) -> bool:
        """Return whether a request of this action was sent."""
        return any(sent.action == action for sent in self.sent)

    def was_accepted(self, action: str) -> bool:
        """Return whether a request of this action was accepted."""
        return any(sent.action == action and sent.accepted for sent in self.sent)

    def acted(self, action: str) -> bool:
        """Return whether something has come of a request: the state moved, or it has been as it is for long enough."""
        last = next((sent for sent in reversed(self.sent) if sent.action == action), None)
        if last is None:
            return False
        started_anew = self.instance["start_time"] != last.start_time
        return last.moved or started_anew or (last.accepted and self.now - last.at >= _LOST_AFTER)

    def send_once(self, action: str, params: Mapping[str, t.Any] | None = None, *, last: bool = True) -> Move:
        """Return the move that sends a request, unless it was sent and may still take effect.

        Raises WaitError where the instance came back to the state from which it was sent: sending again would not help.
        """
        before = next((sent for sent in reversed(self.sent) if sent.action == action), None)
        if before is None:
            return Send(action, params or {}, last)
        if before.moved and before.state != self.instance["state"]:
            return Send(action, params or {}, last)  # it was forced in another state
        if before.moved:
            raise WaitError(
                f"{describe(self.instance)} is {self.instance['state']} again, after {action} had been accepted.",
                action=action,
                hint="Look in the console for the reason.",
            )
        if not before.accepted and self.now - before.at >= _LOST_AFTER:
            return Send(action, params or {}, last)
        return Wait()

    def refused_here(self, action: str) -> bool:
        """Return whether a request was refused in the state that the instance is still in."""
        return (action, self.instance["state"]) in self.refusals

    def force(self, *requests: Send) -> Move:
        """Return the next of C(requests) to try on an instance that is stuck in its state, each after a while."""
        state = self.instance["state"]
        last_try = max(
            [self.since, *(moment for (_action, tried_in), moment in self.tried.items() if tried_in == state)]
        )
        if self.now - last_try < _STUCK_AFTER:
            return Wait()
        return min(requests, key=lambda request: self.tried.get((request.action, state), 0.0))._replace(forced=True)

    def see(self, instance: Instance | None, now: float) -> None:
        """Take what the API says of the instance now, None where it says nothing."""
        self.now = now
        if instance is None:
            self.missing += 1
            self.missing_since = now if self.missing_since is None else self.missing_since
            return
        if instance["state"] != self.instance["state"]:
            self.since = now
        self.instance, self.missing, self.missing_since = instance, 0, None
        for sent in self.sent:
            sent.moved = sent.moved or instance["state"] != sent.state

    def note(self, action: str, now: float, *, accepted: bool) -> None:
        """Record a sent request and whether it was acknowledged, at C(now)."""
        state, start_time = self.instance["state"], self.instance["start_time"]
        self.sent.append(_Sent(action, now, accepted, state, start_time))

    def outdated_by(self, refusal: RefusedError) -> bool:
        """Return whether a refusal means that what was seen is outdated, so that it is to be looked at again.

        One that blames the id says so once: the instance may have gone since it was seen. Where it is still there, the
        next refusal means what it says.
        """
        blames_id = refusal.names_parameter("UHostId")
        blamed_before = self.refusal is not None and self.refusal.names_parameter("UHostId")
        return refusal.ret_code in _STATE_CODES | GONE_CODES or (blames_id and not blamed_before)

    def gone(self, removal: str) -> bool:
        """Return whether the instance does not exist any more; C(removal) is the action that removes it."""
        if self.missing_since is None or self.missing < _MISSING_LOOKS:
            return False
        return self.was_accepted(removal) or self.now - self.missing_since >= _MISSING_FOR


class Goal(t.Protocol):
    """The state that instances should reach."""

    @property
    def purpose(self) -> str:
        """Return the goal in words, for messages: C(run)."""

    @property
    def ends_in(self) -> str | None:
        """Return the state it ends in, if a transition may lead there by itself."""

    def next_move(self, course: Course) -> Move:
        """Return what to do now with an instance that was just seen, or is missing; raises CompShareError."""


class Mover:
    """Brings instances to a goal until C(deadline) (a value of C(clock.now())).

    Without C(wait), an instance is let go when the last request for it was accepted, or when it is on its way.
    C(report) is called with an instance each time that its state has changed, C(sent) with the instance and the action
    of each request.
    """

    def __init__(
        self,
        client: Client,
        *,
        deadline: float,
        wait: bool = True,
        report: t.Callable[[Instance], None] = lambda _instance: None,
        sent: t.Callable[[Instance, str], None] = lambda _instance, _action: None,
    ) -> None:
        self._client = client
        self._deadline = deadline
        self._wait = wait
        self._report = report
        self._sent = sent
        #: How each instance was seen last, None once it is gone.
        self.seen: dict[str, Instance | None] = {}

    def bring(self, instances: Sequence[Instance], goal: Goal) -> list[Instance | None]:
        """Return the instances as they are at the goal, None for those that are gone.

        Raises WaitError, naming each that did not get there, or what the API refused for good.
        """
        now = self._client.clock.now()
        courses = {instance["id"]: Course(instance, now, since=now) for instance in instances}
        for identity, course in courses.items():
            self.seen.setdefault(identity, course.instance)
        pending = set(courses)
        began = self._client.clock.now()
        stepping = False

        def probe() -> bool | None:
            nonlocal stepping
            stepping = False
            self._look([course for identity, course in courses.items() if identity in pending])
            stepping = True
            pending.difference_update([identity for identity in pending if self._step(courses[identity], goal)])
            return None if pending else True

        def on_error(error: CompShareError) -> None:
            # What a step raises is final; only a look is retried.
            if stepping or not error.retryable:
                raise error

        try:
            if pending:
                wait_until(self._client.clock, probe, deadline=self._deadline, backoff=_BACKOFF, on_error=on_error)
        except DeadlineError as late:
            unfinished = [courses[identity] for identity in courses if identity in pending]
            raise self._too_late(unfinished, goal, began, late.error) from None
        return [self.seen[identity] for identity in courses]

    def _look(self, courses: Sequence[Course]) -> None:
        """Show each course how its instance is now."""
        found = read_by_id(self._client, [course.instance["id"] for course in courses])
        now = self._client.clock.now()
        for course in courses:
            instance = found.get(course.instance["id"])
            if instance is not None and instance["state"] != course.instance["state"]:
                self._report(instance)
            course.see(instance, now)
            if instance is not None:
                self.seen[instance["id"]] = instance

    def _step(self, course: Course, goal: Goal) -> bool:
        """Do what is to be done with one instance now; return whether it needs no more."""
        move = goal.next_move(course)
        if isinstance(move, Done):
            if move.gone:
                self.seen[course.instance["id"]] = None
            return True
        if isinstance(move, Send):
            return self._send(course, move) and move.last and not self._wait
        return not self._wait and goal.ends_in is not None and settled(course.instance["state"]) == goal.ends_in

    def _send(self, course: Course, move: Send) -> bool:
        """Send a request; return whether it was accepted. Raises what the API refuses for good."""
        instance = course.instance
        params = {"Region": instance["region"], "Zone": instance["zone"], "UHostId": instance["id"], **move.params}
        course.tried[move.action, instance["state"]] = self._client.clock.now()
        try:
            self._client.call(move.action, params, write=True, deadline=self._deadline)
        except CompShareError as error:
            waits = isinstance(error, RefusedError) and self._note_refusal(course, move, error)
            if not waits and not error.outcome_unknown:
                raise
            if not waits:
                course.note(move.action, self._client.clock.now(), accepted=False)
                self._sent(instance, move.action)
            return False
        course.refusal = None
        course.note(move.action, self._client.clock.now(), accepted=True)
        self._sent(instance, move.action)
        return True

    def _note_refusal(self, course: Course, move: Send, error: RefusedError) -> bool:
        """Note a refusal; return whether it had no effect and lets the wait go on."""
        waits = error.retry is Retry.BUSY or course.outdated_by(error) or (move.forced and not error.outcome_unknown)
        if waits or error.outcome_unknown:
            course.refusal = error
        if move.forced or error.ret_code in _STATE_CODES:
            course.refusals[move.action, course.instance["state"]] = error
        return waits

    def _too_late(
        self, courses: Sequence[Course], goal: Goal, began: float, fault: CompShareError | None
    ) -> CompShareError:
        listed = ", ".join(describe(course.instance) for course in courses[:10])
        more = f" and {len(courses) - 10} more" if len(courses) > 10 else ""
        refusals = [error for course in courses for error in (course.refusal, *course.refusals.values()) if error]
        last = fault or (refusals[-1] if refusals else None)
        if fault is not None or len(refusals) == 1:
            because = f" The last response was: {t.cast('CompShareError', last).summary}"
        else:
            because = "".join(f" {summary}" for summary in dict.fromkeys(error.summary for error in refusals))
        return WaitError(
            f"After {self._client.clock.now() - began:.0f} s, at the end of wait_timeout, "
            f"{listed}{more} did not {goal.purpose}.{because}",
            action=last.action if last is not None else None,
            hint="Run the task again to go on waiting, or raise wait_timeout.",
            retryable=True,
        )


def read_by_id(client: Client, ids: Sequence[str], *, strict: bool = False) -> dict[str, Instance]:
    """Return the instances of these ids that the API shows at the moment. One may be missing that exists.

    The vendor's clients expect other instances in the response than those requested. One that is missing from such
    a response may stand on a later page, so the whole list is read then, and if the API refuses an id as unknown. With
    C(strict), that refusal is raised (C(is_unknown_id())).
    """
    rows: list[dict[str, t.Any]] = []
    try:
        for start in range(0, len(ids), PAGE_SIZE):
            params = {"UHostIds": list(ids[start : start + PAGE_SIZE]), "Limit": PAGE_SIZE, "Offset": 0}
            rows += rows_of(ACTION, client.call(ACTION, params), "UHostSet")
        listed = {row.get("UHostId") for row in rows}
        whole = not (listed - set(ids) and set(ids) - listed)
    except RefusedError as error:
        if strict or not is_unknown_id(error):
            raise
        whole = False
    if not whole:
        rows = read_rows(client)
    instances = (normalise_instance(row) for row in rows)
    return {instance["id"]: instance for instance in instances if instance["id"] in ids}
