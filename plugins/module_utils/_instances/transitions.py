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

from .._api.errors import WaitError
from .._pending import SHOWN_WITHIN
from .model import FAILED, IMAGE_MAKING, INITIALIZING, INTERRUPTED, RUNNING, STOPPED, Instance, settled, system_disk
from .query import describe
from .reconcile import Course, Done, Move, Send, Wait

START = "StartCompShareInstance"
STOP = "StopCompShareInstance"
REBOOT = "RebootCompShareInstance"
REINSTALL = "ReinstallCompShareInstance"
TERMINATE = "TerminateCompShareInstance"
RESIZE = "ResizeCompShareInstance"
_AT_REST = (STOPPED, INTERRUPTED)
Predicted = list[tuple[str, t.Optional[Instance]]]


class InstallFailedError(WaitError):
    """An instance could not be installed. It exists, and does not get better by itself."""


def _check(course: Course) -> None:
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


@dataclass(frozen=True)
class Ready:
    """New, or about to be: until it runs."""

    purpose: str = "get ready"
    ends_in: str | None = RUNNING

    def next_move(self, course: Course) -> Move:
        """Wait until it runs. One that is stopped meanwhile is ready, too."""
        _check(course)
        return Done() if not course.missing and course.instance["state"] in (RUNNING, STOPPED) else Wait()


@dataclass(frozen=True)
class Running:
    """Running; started with C(params) where it is stopped."""

    params: Mapping[str, t.Any] = field(default_factory=dict)
    purpose: str = "run"
    ends_in: str | None = RUNNING

    def next_move(self, course: Course) -> Move:
        """Start it if it is stopped."""
        _check(course)
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
        _check(course)
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
        _check(course)
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
            _check(course)
            there = not course.missing and state in (RUNNING, STOPPED)
            return Done() if there and course.instance["image_id"] == self.image_id else Wait()
        if course.missing:
            _check(course)
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
class Resized:
    """Stopped, with C(desired): values of its keys, and C(system_disk_gb). C(params) request them from the API."""

    desired: Mapping[str, t.Any]
    params: Mapping[str, t.Any]
    purpose: str = "get its size"
    ends_in: str | None = None

    def next_move(self, course: Course) -> Move:
        """Resize it while it is stopped, once."""
        _check(course)
        if course.missing or course.instance["state"] != STOPPED:
            return Wait()
        if self.desired.items() <= sizes_of(course.instance).items():
            return Done()
        return course.send_once(RESIZE, self.params)


def sizes_of(instance: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return what a resize can change of an instance."""
    disk = system_disk(instance) or {}
    return {**{key: instance[key] for key in ("gpu_count", "cpu", "memory_gb")}, "system_disk_gb": disk.get("size_gb")}


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
