# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""When an instance stops by itself."""

from __future__ import annotations

import math
import typing as t
from collections.abc import Sequence
from contextlib import suppress

from .._api import values
from .._api.client import Client
from .._api.errors import CompShareError, OptionError
from .._api.pages import rows_of
from .._api.values import iso_time
from .model import RUNNING, Instance, describe, place_of
from .steps import InstanceWork
from .times import parse_time

UPDATE = "UpdateCompShareStopScheduler"
DELETE = "DeleteCompShareStopScheduler"
NEVER = "never"
_PROJECTS = "GetProjectList"
#: Documented: at least five minutes from now. A little more, for the way there.
SOONEST = 300
_MARGIN = 15
#: An instance is paid for from the order on; it must have had the time to start before it stops.
_SOONEST_FOR_NEW = 900


class PlannedStop(t.NamedTuple):
    """When to stop: at C(epoch) seconds, C(after) so many seconds, or never if both are None.

    C(as_utc): the time named no time zone, so it is one in UTC.
    """

    epoch: int | None = None
    after: int | None = None
    as_utc: bool = False

    @property
    def is_never(self) -> bool:
        """Return whether it is not to stop by itself."""
        return self.epoch is None and self.after is None


def parse_stop(text: str) -> PlannedStop:
    """Return what an option says: V(never), a duration such as V(8h), or a time in ISO 8601. Raises OptionError."""
    text = text.strip()
    if text.lower() == NEVER:
        return PlannedStop()
    time = parse_time("schedule_stop", text, also="never, ")
    if time.after is not None and time.after < SOONEST:
        raise OptionError(f"schedule_stop is {text!r}; it must be five minutes or more.")
    return PlannedStop(*time)


def check_ahead(planned: PlannedStop, now: float) -> None:
    """Raise OptionError if a stop is too soon for an instance that must be created first; C(now) is epoch seconds."""
    if planned.epoch is not None and planned.epoch < now + _SOONEST_FOR_NEW:
        raise OptionError(
            f"schedule_stop is {iso_time(planned.epoch)}, too soon for an instance that must be created first.",
            hint="Nothing was created. Give a time at least fifteen minutes ahead, or a duration.",
        )


def early_stop(planned: PlannedStop, now: float) -> int:
    """Return the moment (epoch seconds) at which an instance that was just ordered stops; C(now) is epoch seconds."""
    if planned.epoch is not None:
        return planned.epoch
    return math.ceil(now) + max(planned.after or 0, _SOONEST_FOR_NEW)


def stop_to_set(planned: PlannedStop, present: str | None, now: float) -> int | None:
    """Return the moment (epoch seconds) to set, 0 to remove the schedule, None if nothing is to be done.

    C(present) is when the instance stops by itself as it is, ISO 8601, C(now) epoch seconds. A duration counts from the
    run that sets it; where a schedule is there, it has been set before. Raises OptionError for a time too soon.
    """
    if planned.after is not None:
        return None if present else math.ceil(now) + max(planned.after, SOONEST + _MARGIN)
    if planned.is_never or planned.epoch is None:
        return 0 if present else None
    if present == iso_time(planned.epoch):
        return None
    if planned.epoch < now + SOONEST:
        raise OptionError(
            f"schedule_stop is {iso_time(planned.epoch)}, which is not five minutes ahead.",
            hint="The API accepts times from five minutes ahead; state=stopped stops now.",
        )
    return planned.epoch


def project_of(client: Client) -> str:
    """Return the project to work in: the configured one, else the account's default. Some actions demand it."""
    if client.scope.project_id:
        return client.scope.project_id
    rows = rows_of(_PROJECTS, client.call(_PROJECTS, {}), "ProjectSet")
    chosen = next((row for row in rows if values.boolean(row.get("IsDefault"))), rows[0] if rows else {})
    project = values.text(chosen.get("ProjectId"))
    if project is None:
        raise OptionError("The API shows no project of the account.", hint="Set project_id.")
    return project


class StopSchedule:
    """The scheduled stop that the options desire for the instances of a task."""

    def __init__(self, work: InstanceWork, schedule_stop: str) -> None:
        self._work = work
        self._client = work.client
        self._planned = parse_stop(schedule_stop)
        if self._planned.as_utc and self._planned.epoch is not None:
            work.warn(f"schedule_stop names no time zone and is taken as UTC: {iso_time(self._planned.epoch)}.")
        self._project: str | None = None
        #: The new instances of which it is known whether they stop by themselves, by id; the time if it was accepted
        #: while they ran.
        self._known: dict[str, str | None] = {}
        work.new_seen = self._set_early

    def check_for_new(self) -> None:
        """Raise OptionError if a new instance could not be given the stop that is desired."""
        if self._planned.is_never:
            return
        if not self._work.options["wait"]:
            raise OptionError(
                "schedule_stop needs wait=true to create an instance: the API may accept it only once that runs."
            )
        check_ahead(self._planned, self._client.clock.epoch())
        self._find_project()

    def _find_project(self) -> str:
        if self._project is None:
            self._project = project_of(self._client)
        return self._project

    def _params(self, moment: int) -> dict[str, t.Any]:
        return {"ProjectId": self._find_project(), "SchedulerStopTime": moment}

    def _set_early(self, instance: Instance) -> None:
        """Try to schedule the stop of a new instance before it runs: if this run dies, it still ends by itself.

        The API may accept that only later, so this is tried again each time that the state changes, and reported as an
        error only when it runs.
        """
        if self._planned.is_never or instance["id"] in self._known:
            return
        moment = early_stop(self._planned, self._client.clock.epoch())
        with suppress(CompShareError):
            self._client.call(
                UPDATE, {**place_of(instance), **self._params(moment)}, write=True, deadline=self._work.deadline
            )
            self._known[instance["id"]] = iso_time(moment) if instance["state"] == RUNNING else None
            self._work.outcome.note_change(instance, {"scheduled_stop_time": iso_time(moment)}, UPDATE)
            self._work.note(instance, f"will stop by itself at {iso_time(moment)}")

    def missing_on(self) -> list[Instance]:
        """Return the new instances whose stop is desired and not scheduled yet."""
        if self._planned.is_never or self._work.check_mode:
            return []
        return [
            instance
            for instance in self._work.outcome.created()
            if instance["id"] not in self._known and not instance["scheduled_stop_time"]
        ]

    def in_words(self) -> list[str]:
        """Return which of the new instances will stop by themselves, as sentences."""
        sentences = [
            f"{describe(instance)} will stop by itself at {instance['scheduled_stop_time']}."
            for instance in self._work.outcome.created()
            if instance["scheduled_stop_time"]
        ]
        missing = self.missing_on()
        if missing:
            names = ", ".join(map(describe, missing))
            sentences.append(f"schedule_stop is not set yet, so {names} will not stop by itself.")
        return sentences

    def set_all(self) -> None:
        """Schedule the stop of running instances, or cancel it; raises the first error after all have been tried."""
        failed: list[tuple[Instance, CompShareError]] = []
        for instance in self._work.outcome.present():
            if not instance["scheduled_stop_time"]:
                # The row that was seen last may be older than the schedule.
                instance["scheduled_stop_time"] = self._known.get(instance["id"])
            moment = stop_to_set(self._planned, instance["scheduled_stop_time"], self._client.clock.epoch())
            if moment is None:
                continue
            if instance["state"] != RUNNING:
                # A stopped instance has no schedule; the API takes one only while it runs.
                self._work.warn(f"{describe(instance)} is not running, so schedule_stop has no effect on it.")
                continue
            try:
                self._set(instance, moment)
            except CompShareError as error:
                failed.append((instance, error))
        if failed:
            raise self._not_set(failed)

    def _set(self, instance: Instance, moment: int) -> None:
        if moment:
            self._work.change(instance, UPDATE, self._params(moment), {"scheduled_stop_time": iso_time(moment)})
        else:
            self._work.change(instance, DELETE, {"ProjectId": self._find_project()}, {"scheduled_stop_time": None})

    def _not_set(self, failed: Sequence[tuple[Instance, CompShareError]]) -> CompShareError:
        error = failed[0][1]
        if not self._planned.is_never:
            error.add_sentence(" ".join(self._runs_on(instance) for instance, _error in failed))
            error.hint = "Run the task again, or stop it with state=stopped."
            self._known.update((instance["id"], None) for instance, _error in failed)
        return error

    def _runs_on(self, instance: Instance) -> str:
        price = self._work.outcome.per_hour(instance)
        cost = "the API does not say what it costs" if price is None else f"costs {price:g} CNY per hour"
        at = instance["scheduled_stop_time"]
        stop = f"will stop at {at} only" if at else "will not stop by itself"
        return f"{describe(instance)} runs, {cost}, and {stop}: schedule_stop is not set."
