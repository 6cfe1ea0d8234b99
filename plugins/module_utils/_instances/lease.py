# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""A dead man's switch: the scheduled stop of an instance moves on while a process of this machine runs."""

from __future__ import annotations

import math
import os
import typing as t
from contextlib import suppress
from pathlib import Path

from .._api.errors import CompShareError, OptionError, printable
from .._api.values import iso_time
from .._task import Task
from .model import FAILED, RUNNING, STOPPED, Instance, describe, place_of
from .query import read_by_id
from .stop_schedule import UPDATE, parse_stop, project_of

#: The API takes times from five minutes ahead on, so a shorter lease would leave no room for a retry.
_SHORTEST = 600
#: The stop is moved on when so large a share of the lease has passed.
_RENEW_AFTER = 1 / 3
#: Seconds between two looks at the process, and before the API is tried again where it refused or was unreachable.
_LOOK_INTERVAL = 5.0
_RETRY_AFTER = 30.0
#: So many looks in a row must miss an instance before it counts as gone.
_MISSED_LOOKS = 3
#: The fields of /proc/PID/stat after the program's name, which may hold anything, begin with the state.
_ENDED_STATES = ("Z", "X")


def keep_lease(task: Task) -> dict[str, t.Any]:
    """Move the scheduled stop on until the process has ended or the instance is stopped or gone; return what was done.

    The first move happens whether or not the process still runs, so the instance has a stop in any case.
    """
    return _Lease(task).keep(lambda: is_running(task.options["process"]))


def lease_seconds(text: str) -> int:
    """Return the length of a lease, such as C(30m), in seconds; raises OptionError where it is none."""
    after = parse_stop(text).after
    if after is None or after < _SHORTEST:
        raise OptionError(f"lease is {text!r}; it must be a duration of ten minutes or more, such as 30m or 2h.")
    return after


def is_running(process: int) -> bool:
    """Return whether a process of this machine runs. One that has ended but was not waited for does not."""
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    # Other systems than Linux have no such file, and nothing more is known there.
    with suppress(OSError, IndexError):
        fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        return fields[0] not in _ENDED_STATES
    return True


class _Lease:
    def __init__(self, task: Task) -> None:
        self._client = task.client
        self._id = t.cast(str, task.options["instance_id"])
        self._length = lease_seconds(task.options["lease"])
        if not task.options["process"] or task.options["process"] < 0:
            raise OptionError("process must be the id of a process, which is a number above 0.")
        self._check_mode = task.check_mode
        self._project: str | None = None
        self._renewals = 0
        self._missed = 0
        self._seen = False
        self._trouble: CompShareError | None = None
        self._stop: int | None = None

    def keep(self, is_held: t.Callable[[], bool]) -> dict[str, t.Any]:
        clock = self._client.clock
        if self._check_mode:
            return self._result(changed=True, ended="check_mode")
        self._require_instance()
        next_move = clock.now()
        while True:
            if clock.now() >= next_move:
                pause = self._move_on()
                if pause is None and not self._seen:
                    raise OptionError(
                        f"There is no instance {printable(self._id)}.",
                        hint="Check instance_id, project_id and the account of the key.",
                    )
                if pause is None:
                    return self._result(changed=self._renewals > 0, ended="instance")
                next_move = clock.now() + pause
            if not is_held():
                if self._trouble is not None and not self._renewals:
                    if self._trouble.outcome_unknown:
                        self._trouble.add_sentence("It may have been done.")
                    self._trouble.add_sentence(
                        f"{printable(self._id)} may have no scheduled stop, and then runs until somebody stops it."
                    )
                    raise self._trouble
                return self._result(changed=self._renewals > 0, ended="process")
            clock.sleep(min(_LOOK_INTERVAL, max(next_move - clock.now(), 0.1)))

    def _require_instance(self) -> None:
        """Raise OptionError for an instance that has no lease to keep."""
        instance = self._look()
        if instance is not None and instance["spot"]:
            raise OptionError(
                f"{describe(instance)} is a spot instance, and the API has no scheduled stop for these.",
                hint="Use charge_type=Postpay for an instance that must stop when nobody is left to stop it.",
            )

    def _look(self) -> Instance | None:
        return read_by_id(self._client, [self._id]).get(self._id)

    def _move_on(self) -> float | None:
        """Move the stop on where that is possible now; return the seconds until the next time, None after the end.

        The API takes a new time only while the instance runs; while it is being imaged, say, this is tried again.
        """
        try:
            instance = self._look()
            if instance is None:
                self._missed += 1
                return None if self._missed >= _MISSED_LOOKS else _LOOK_INTERVAL
            self._missed, self._seen = 0, True
            if instance["state"] == STOPPED or instance["state"] in FAILED:
                return None
            if instance["state"] != RUNNING:
                return _RETRY_AFTER
            if self._project is None:
                self._project = project_of(self._client)
            moment = math.ceil(self._client.clock.epoch()) + self._length
            params = {
                **place_of(instance),
                "ProjectId": self._project,
                "SchedulerStopTime": moment,
            }
            self._client.call(UPDATE, params, write=True)
        except CompShareError as error:
            # While the process runs nobody reads a report, and the stop that is set is the safe end of it.
            self._trouble = error
            return _RETRY_AFTER
        self._trouble = None
        self._renewals += 1
        self._stop = moment
        return self._length * _RENEW_AFTER

    def _result(self, *, changed: bool, ended: str) -> dict[str, t.Any]:
        return {
            "changed": changed,
            "ended": ended,
            "renewals": self._renewals,
            "scheduled_stop_time": None if self._stop is None else iso_time(self._stop),
        }
