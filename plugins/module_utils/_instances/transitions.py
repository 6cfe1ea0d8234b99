# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Where instances can be brought, and the next step from each state: pure decisions, no requests.

Documented: an instance starts only from Stopped, stops and reboots only from Running, is reinstalled and deleted only
when it is stopped, and does all of this over time. Seen in production: one that is stuck in Initializing can be
stopped, and a container takes another container image only while it runs.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from dataclasses import dataclass, field

from .._api.errors import RefusedError, WaitError
from .._api.retcodes import GONE_CODES
from .._waiting import SHOWN_WITHIN
from .model import FAILED, IMAGE_MAKING, INITIALIZING, INTERRUPTED, RUNNING, STOPPED, Instance, describe, settled

START = "StartCompShareInstance"
STOP = "StopCompShareInstance"
REBOOT = "RebootCompShareInstance"
REINSTALL = "ReinstallCompShareInstance"
TERMINATE = "TerminateCompShareInstance"
_AT_REST = (STOPPED, INTERRUPTED)
#: Refusals that mean: not in this state. What was seen is outdated, so it is looked at again.
STATE_CODES = frozenset((8010, 8905, 226607))
#: A request without a response that shows no effect for this long, in seconds, is retried if that does no harm.
_LOST_AFTER = 20.0
#: An instance counts as gone when it was missing from this many responses in a row: one may be empty by a fault.
_MISSING_LOOKS = 2
#: One whose deletion was not accepted must have been missing for so many seconds, too: it may still be charged.
_MISSING_FOR = 30.0
#: An instance is stuck when its state has not changed, and nothing was tried, for so many seconds. The vendor speaks of
#: two or three minutes for a start; whoever stops or removes an instance need not wait for the whole of it.
_STUCK_AFTER = 120.0
#: What a start without the GPU has: 2 CPUs and 4 GB of memory, or 8 and 16, as documented.
WITHOUT_GPU = ("A", "B")
_TIER_A_CPUS = 2
Predicted = list[tuple[str, t.Optional[Instance]]]


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
        return refusal.ret_code in STATE_CODES | GONE_CODES or (blames_id and not blamed_before)

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


# --- The goals ---


class InstallFailedError(WaitError):
    """An instance could not be installed. It exists, and does not get better by itself."""


def check_course(course: Course) -> None:
    """Raise if the instance has failed, or has been missing for too long."""
    instance = course.instance
    if course.missing_since is not None and course.now - course.missing_since >= SHOWN_WITHIN:
        raise WaitError(
            f"{describe(instance)} has not been in the list of instances for {SHOWN_WITHIN:g} s.",
            hint="Look in the console before you run the task again: if it is there, it will appear.",
        )
    if instance["state"] in FAILED and not course.missing:
        raise InstallFailedError(
            f"The installation of {describe(instance)} failed.",
            hint="Delete it with state=absent, and run the task again; the API gives no reason.",
        )


def stop_params(course: Course) -> Mapping[str, t.Any]:
    """Return the parameters of a stop besides the zone: a spot instance stops only by force, as documented."""
    return {"Force": True} if course.instance["spot"] else {}


def start_params(spec: str | None) -> dict[str, t.Any]:
    """Return what a start needs beside the place.

    The documentation knows a truth value, the vendor's client a size. The API ignores what it does not know and then
    starts the GPU, so both are sent.
    """
    return {"WithoutGpu": True, "WithoutGpuSpec": spec} if spec else {}


def no_gpu_spec(instance: Instance) -> str | None:
    """Return the size that an instance has without its GPU, None if it has its GPU."""
    if not instance["without_gpu"]:
        return None
    return WITHOUT_GPU[1] if (instance["cpu"] or 0) > _TIER_A_CPUS else WITHOUT_GPU[0]


@dataclass(frozen=True)
class Ready:
    """New, or about to be: until it runs."""

    purpose: str = "get ready"
    ends_in: str | None = RUNNING

    def next_move(self, course: Course) -> Move:
        """Wait until it runs. One that is stopped meanwhile is ready, too."""
        check_course(course)
        return Done() if not course.missing and course.instance["state"] in (RUNNING, STOPPED) else Wait()


@dataclass(frozen=True)
class Running:
    """Running; started with C(params) where it is stopped."""

    params: Mapping[str, t.Any] = field(default_factory=dict)
    purpose: str = "run"
    ends_in: str | None = RUNNING

    def next_move(self, course: Course) -> Move:
        """Start it if it is stopped."""
        check_course(course)
        if course.missing:
            return Wait()
        if course.instance["state"] == RUNNING:
            return Done()
        return course.send_once(START, self.params) if course.instance["state"] in _AT_REST else Wait()


@dataclass(frozen=True)
class Stopped:
    """Stopped."""

    purpose: str = "stop"
    ends_in: str | None = STOPPED

    def next_move(self, course: Course) -> Move:
        """Stop it if it runs, or is on its way and does not get there."""
        check_course(course)
        state = course.instance["state"]
        if course.missing:
            return Wait()
        if state in _AT_REST:
            return Done()
        if state == RUNNING:
            if course.instance["spot"] and course.refused_here(STOP):
                raise WaitError(
                    f"{describe(course.instance)} is a spot instance, and the API refuses to stop it: "
                    f"{course.refusals[STOP, RUNNING].summary}",
                    action=STOP,
                    hint="It runs and is paid for until the platform takes it back, or until you delete it with "
                    "state=absent.",
                )
            return course.send_once(STOP, stop_params(course))
        return _force_stop(course, Send(STOP, stop_params(course)))


@dataclass(frozen=True)
class Restarted:
    """Started anew: rebooted where it runs, started with C(params) where it is stopped."""

    params: Mapping[str, t.Any] = field(default_factory=dict)
    purpose: str = "restart"
    ends_in: str | None = None

    def next_move(self, course: Course) -> Move:
        """Reboot or start it, once."""
        check_course(course)
        state = course.instance["state"]
        if course.missing:
            return Wait()
        if state == RUNNING:
            if course.acted(REBOOT) or course.acted(START):
                return Done()
            return course.send_once(REBOOT) if not course.was_sent(START) else Wait()
        if state in _AT_REST and not course.was_sent(REBOOT):
            return course.send_once(START, self.params)
        return Wait()


@dataclass(frozen=True)
class Reinstalled:
    """With another image on its system disk; C(container) is whether that is a container image, None if unknown.

    In which state that is possible depends on the kind, and sources disagree. So it is tried in the state that is the
    likelier one, and in the other one if it is refused there. Afterwards it is as the API leaves it.
    """

    image_id: str
    params: Mapping[str, t.Any]
    container: bool | None = None
    purpose: str = "get its image"
    ends_in: str | None = None

    def next_move(self, course: Course) -> Move:
        """Put the image on it, once."""
        state = course.instance["state"]
        if course.acted(REINSTALL):
            check_course(course)
            there = not course.missing and state in (RUNNING, STOPPED)
            return Done() if there and course.instance["image_id"] == self.image_id else Wait()
        if course.missing:
            check_course(course)
            return Wait()
        request = {"CompShareImageId": self.image_id, **self.params}
        if state in FAILED:
            return course.send_once(REINSTALL, request)
        if state not in (RUNNING, STOPPED):
            return Wait()
        if course.refused_here(REINSTALL) or (state == RUNNING and not reinstalls_running(course.instance, self)):
            other = STOPPED if state == RUNNING else RUNNING
            if (REINSTALL, other) in course.refusals:
                raise course.refusals[REINSTALL, other]
            if other == STOPPED:
                return course.send_once(STOP, stop_params(course), last=False)
            return course.send_once(START, last=False)
        return course.send_once(REINSTALL, request)


def reinstalls_running(instance: Mapping[str, t.Any], goal: Reinstalled) -> bool:
    """Return whether an image is first tried on an instance while it runs."""
    return instance["kind"] == "pod" or (instance["kind"] == "container" and goal.container is not False)


@dataclass(frozen=True)
class Absent:
    """Gone, with its data disks if C(release_disks)."""

    release_disks: bool
    purpose: str = "go"
    ends_in: str | None = None

    def next_move(self, course: Course) -> Move:
        """Stop it if it runs, then delete it; try both if it is stuck."""
        state = course.instance["state"]
        stop, delete = (
            Send(STOP, stop_params(course), last=False),
            Send(TERMINATE, {"ReleaseUDisk": self.release_disks}),
        )
        if course.gone(TERMINATE):
            return Done(gone=True)
        if course.missing:
            return Wait()
        if state in _AT_REST or state in FAILED:
            return course.send_once(TERMINATE, delete.params)
        if course.was_accepted(TERMINATE):
            return Wait()
        if state == RUNNING and not course.was_sent(TERMINATE):
            if course.refused_here(STOP) and not course.refused_here(TERMINATE):
                return delete._replace(forced=True)
            return course.send_once(STOP, stop.params, last=False)
        return _force_stop(course, stop, delete)


def _force_stop(course: Course, stop: Send, *others: Send) -> Move:
    """Return what to try on an instance that is on its way and should stop: at once where that was seen to work."""
    state = course.instance["state"]
    if state == IMAGE_MAKING:
        return Wait()  # it ends by itself, and the image is needed
    if state == INITIALIZING and (STOP, state) not in course.tried:
        return stop._replace(forced=True)
    return course.force(stop, *others)


# --- What check mode predicts: actions, and the instance after each ---


def predict_start(instance: Instance, spec: str | None = None) -> Predicted:
    if settled(instance["state"]) == RUNNING:
        return []
    return [(START, {**instance, "state": RUNNING, "without_gpu": spec is not None})]


def predict_stop(instance: Instance) -> Predicted:
    return [] if settled(instance["state"]) in _AT_REST else [(STOP, {**instance, "state": STOPPED})]


def predict_restart(instance: Instance, spec: str | None) -> Predicted:
    return predict_start(instance, spec) or [(REBOOT, {**instance, "state": RUNNING})]


def predict_reinstall(instance: Instance, goal: Reinstalled) -> Predicted:
    stays = instance["state"] in FAILED or reinstalls_running(instance, goal)
    stop = [] if stays else predict_stop(instance)
    return [*stop, (REINSTALL, {**instance, "state": RUNNING, "image_id": goal.image_id})]


def predict_removal(instance: Instance) -> Predicted:
    stop = [] if instance["state"] in FAILED else predict_stop(instance)
    return [*stop, (TERMINATE, None)]
