# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Where instances can be brought, and the next step from each state: pure decisions, no requests.

Documented: an instance starts only from Stopped, stops and reboots only from Running, is reinstalled and removed only
when it is stopped, and does all of this over time.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from dataclasses import dataclass, field

from .._api.errors import WaitError
from .._pending import SHOWN_WITHIN
from .query import describe
from .reconcile import Course, Done, Move, Wait
from .states import FAILED, RUNNING, STOPPED

START = "StartCompShareInstance"
STOP = "StopCompShareInstance"
REBOOT = "RebootCompShareInstance"
REINSTALL = "ReinstallCompShareInstance"
TERMINATE = "TerminateCompShareInstance"


class InstallFailedError(WaitError):
    """An instance could not be installed. It exists, and does not get better by itself."""


def _check(course: Course) -> None:
    """Raise where the instance has failed, or has been missing for too long."""
    instance = course.instance
    if course.missing_since is not None and course.now - course.missing_since >= SHOWN_WITHIN:
        raise WaitError(
            f"{describe(instance)} has not been in the list of instances for {SHOWN_WITHIN:g} s.",
            hint="Look in the console before you run the task again: if it is there, it will appear.",
        )
    if instance["state"] in FAILED and not course.missing:
        raise InstallFailedError(
            f"The installation of {describe(instance)} failed.",
            hint="Remove it with state=absent, and run the task again; the API tells no reason.",
        )


def stop_params(course: Course) -> Mapping[str, t.Any]:
    """Return what a stop needs beside the place: a spot instance stops only by force, as documented."""
    return {"Force": True} if course.instance["spot"] else {}


@dataclass(frozen=True)
class Ready:
    """New, or about to be: until it runs."""

    wish: str = "get ready"
    ends_in: str | None = RUNNING

    def next_move(self, course: Course) -> Move:
        """Wait until it runs. One that is stopped meanwhile is ready, too."""
        _check(course)
        return Done() if not course.missing and course.instance["state"] in (RUNNING, STOPPED) else Wait()


@dataclass(frozen=True)
class Running:
    """Running; started with C(params) where it is stopped."""

    params: Mapping[str, t.Any] = field(default_factory=dict)
    wish: str = "run"
    ends_in: str | None = RUNNING

    def next_move(self, course: Course) -> Move:
        """Start it where it is stopped."""
        _check(course)
        if course.missing:
            return Wait()
        if course.instance["state"] == RUNNING:
            return Done()
        return course.send_once(START, self.params) if course.instance["state"] == STOPPED else Wait()


@dataclass(frozen=True)
class Stopped:
    """Stopped."""

    wish: str = "stop"
    ends_in: str | None = STOPPED

    def next_move(self, course: Course) -> Move:
        """Stop it where it runs."""
        _check(course)
        if course.missing:
            return Wait()
        if course.instance["state"] == STOPPED:
            return Done()
        return course.send_once(STOP, stop_params(course)) if course.instance["state"] == RUNNING else Wait()


@dataclass(frozen=True)
class Restarted:
    """Started anew: rebooted where it runs, started with C(params) where it is stopped."""

    params: Mapping[str, t.Any] = field(default_factory=dict)
    wish: str = "restart"
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
        if state == STOPPED and not course.was_sent(REBOOT):
            return course.send_once(START, self.params)
        return Wait()


@dataclass(frozen=True)
class Reinstalled:
    """With another image on its system disk. It is stopped for that; afterwards it is as the API leaves it."""

    image_id: str
    params: Mapping[str, t.Any]
    wish: str = "get its image"
    ends_in: str | None = None

    def next_move(self, course: Course) -> Move:
        """Stop it, and put the image on it, once."""
        state = course.instance["state"]
        if course.acted(REINSTALL):
            _check(course)
            there = not course.missing and state in (RUNNING, STOPPED)
            return Done() if there and course.instance["image_id"] == self.image_id else Wait()
        if course.missing:
            _check(course)
            return Wait()
        if state == STOPPED or state in FAILED:
            return course.send_once(REINSTALL, {"CompShareImageId": self.image_id, **self.params})
        if state == RUNNING and not course.was_sent(REINSTALL):
            return course.send_once(STOP, stop_params(course), last=False)
        return Wait()


@dataclass(frozen=True)
class Absent:
    """Gone, with its data disks where C(release_disks)."""

    release_disks: bool
    wish: str = "go"
    ends_in: str | None = None

    def next_move(self, course: Course) -> Move:
        """Stop it where it runs, then release it."""
        state = course.instance["state"]
        if course.gone(TERMINATE):
            return Done(gone=True)
        if course.missing:
            return Wait()
        if state == STOPPED or state in FAILED:
            return course.send_once(TERMINATE, {"ReleaseUDisk": self.release_disks})
        if state == RUNNING and not course.was_sent(TERMINATE):
            return course.send_once(STOP, stop_params(course), last=False)
        return Wait()
