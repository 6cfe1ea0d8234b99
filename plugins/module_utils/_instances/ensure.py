# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Instances as code: what each C(state) of compshare_instance does, and what it would do in check mode."""

from __future__ import annotations

import typing as t
from collections.abc import Sequence

from .._api.errors import CompShareError, OptionError, RefusedError, printable
from .._task import Task
from .._waiting import SHOWN_WITHIN, look_again
from .charge_type import switch_charge_type
from .create import create_missing, resolve_image, settle
from .model import RUNNING, Instance, describe, normalise_instance, release_warning, settled
from .no_gpu import check_no_gpu, check_started_without_gpu
from .ports import check_ports, set_ports
from .query import is_unknown_id, named, one_named, read_by_id, read_rows
from .reinstall import reinstall
from .resize import resize
from .spec import Order, check_instance_name
from .ssh_wait import wait_for_ssh
from .steps import InstanceWork
from .stop_schedule import StopSchedule, parse_stop
from .transitions import (
    Absent,
    Restarted,
    Running,
    Stopped,
    predict_removal,
    predict_restart,
    predict_start,
    predict_stop,
    start_params,
)

STATES = ("present", "running", "stopped", "restarted", "reinstalled", "absent")
RENAME = "ModifyCompShareInstanceName"
_MOST_AT_ONCE = 100
#: An instance that is missing is looked up again after so many seconds. An id says that there was one.
_LOOK_AGAIN_BY_NAME = (5.0,)
_LOOK_AGAIN_BY_ID = (5.0, 15.0)


def ensure_instances(task: Task) -> dict[str, t.Any]:
    """Do what the options of compshare_instance say, and return its result; raises CompShareError with facts."""
    _check_options(task.options)
    return _Ensure(InstanceWork(task)).run()


def _check_identity(options: t.Mapping[str, t.Any]) -> None:
    for option in ("name", "instance_id"):
        if options[option] is not None and not options[option].strip():
            raise OptionError(f"{option} is empty.", hint="Omit it if it is not known.")
    name, count = options["name"], options["count"]
    if count is not None:
        if not name or options["instance_id"]:
            raise OptionError("count needs name, and no instance_id: the instances are named NAME-1, NAME-2 and so on.")
        if not 1 <= count <= _MOST_AT_ONCE:
            raise OptionError(f"count is {count}; it must be from 1 to {_MOST_AT_ONCE}.")
    if name is not None:
        check_instance_name(name if count is None else f"{name}-{count}")


def _check_options(options: t.Mapping[str, t.Any]) -> None:
    _check_identity(options)
    if options["state"] == "reinstalled" and not options["image"]:
        raise OptionError("state=reinstalled needs image, the image to put on the instance.")
    if options["force"] and options["state"] != "reinstalled":
        raise OptionError("force is for state=reinstalled only.")
    if options["without_gpu"] and options["state"] not in ("running", "restarted"):
        raise OptionError("without_gpu is for state=running and state=restarted only.")
    if options["resize"] and options["state"] not in ("present", "running", "stopped"):
        raise OptionError("resize is for state=present, state=running and state=stopped only.")
    if options["resize"] and not options["wait"]:
        raise OptionError("resize=true needs wait=true: an instance is stopped for it and started again.")
    if options["ports"] is not None:
        check_ports(options["ports"])
    if options["wait_for_ssh"] and not options["wait"]:
        raise OptionError("wait_for_ssh=true needs wait=true.")
    if options["schedule_stop"] is not None:
        planned = parse_stop(options["schedule_stop"])
        spot = "Spot" in (options["charge_type"], *(options["charge_types"] or ()))
        if spot and not planned.is_never:
            raise OptionError("schedule_stop is not possible with charge_type=Spot: the API has no schedule for these.")
    Order.preferences(options)


class _Ensure:
    """One task of compshare_instance: finds the instances, and takes one step after the other."""

    def __init__(self, work: InstanceWork) -> None:
        self.work = work
        self.options = options = work.options
        self.stop = StopSchedule(work, options["schedule_stop"]) if options["schedule_stop"] is not None else None

    def run(self) -> dict[str, t.Any]:
        states: dict[str, t.Callable[[], None]] = {
            "present": self._present,
            "running": self._running,
            "stopped": self._stopped,
            "restarted": self._restarted,
            "reinstalled": self._reinstalled,
            "absent": self._absent,
        }
        work = self.work
        try:
            self._find()
            states[self.options["state"]]()
        except CompShareError as error:
            if self.stop is not None and self.stop.missing_on():
                for sentence in self.stop.in_words():
                    error.add_sentence(sentence)
            error.facts = work.facts_after()
            raise
        except KeyboardInterrupt:
            raise work.client.interrupted(hint=self._interrupted_hint(), facts=work.facts()) from None
        return work.facts()

    def _interrupted_hint(self) -> str:
        if self.work.ordering is None:
            stops = [] if self.stop is None else self.stop.in_words()
            again = "Run it again: it checks the current state before it changes anything."
            return " ".join((*stops, *self._stopped_on_the_way(), again))
        return (
            f"The instance {printable(self.work.ordering, 80)!r} may have been ordered. Run the task again: where "
            f"there is a record of the order, it waits until the list must show the instance, {SHOWN_WITHIN:g} s after "
            "the order, before it orders one."
        )

    def _stopped_on_the_way(self) -> list[str]:
        """Return which instances ran before and may be stopped now, as sentences: the next run cannot know that."""
        outcome = self.work.outcome
        if not outcome.changed or not (self.options["resize"] or self.options["state"] == "reinstalled"):
            return []
        ran = [describe(one) for one in outcome.before if one is not None and settled(one["state"]) == RUNNING]
        return [f"Before this task ran: {', '.join(ran)}. Start what should run with state=running."] if ran else []

    # --- Looking ---

    def _find(self) -> None:
        """Note the instances that are there; raises OptionError if several have a name.

        One response may lack a row, so absence is believed only after further looks.
        """
        pauses = _LOOK_AGAIN_BY_ID if self.options["instance_id"] else _LOOK_AGAIN_BY_NAME
        look_again(self.work.client.clock, lambda: self._look() or None, pauses)

    def _look(self) -> bool:
        """Note the instances as the API shows them now; return whether further looks can show no more of them."""
        client = self.work.client
        instance_id, name = self.options["instance_id"], self.options["name"]
        found: list[Instance | None]
        if instance_id and not name:
            try:
                found = [read_by_id(client, [instance_id], strict=True).get(instance_id)]
            except RefusedError as error:
                if not is_unknown_id(error):
                    raise
                return True
        elif instance_id:
            rows = read_rows(client)
            row = next((row for row in rows if row.get("UHostId") == instance_id), None)
            found = [None if row is None else normalise_instance(row)]
            self._check_name_is_free(found[0], rows)
        else:
            there = named(read_rows(client), [name for name in self.work.outcome.names if name is not None])
            one_by_one = [one_named(there, t.cast("str", name)) for name in self.work.outcome.names]
            found = [None if instance is None else dict(instance) for instance in one_by_one]
        self.work.outcome.found(found)
        return None not in found

    def _check_name_is_free(self, instance: Instance | None, rows: Sequence[dict[str, t.Any]]) -> None:
        """Raise OptionError if an instance, named by its id, is to get a name that another one has."""
        name = self.options["name"]
        if instance is None or not name or instance["name"] == name or self.options["state"] == "absent":
            return
        other = next(iter(named(rows, [name])), None)
        if other is not None:
            raise OptionError(
                f"{describe(instance)} cannot be named {printable(name)!r}: {describe(other)} has this name.",
                hint="Instances are identified by name, so choose another one.",
            )

    def _require_all(self) -> None:
        """Raise OptionError if an instance is not there."""
        missing = [self.work.outcome.names[index] for index in self.work.outcome.missing()]
        if not missing:
            return
        if self.options["instance_id"]:
            raise OptionError(
                f"There is no instance {printable(self.options['instance_id'])}.",
                hint="Check instance_id, project_id and the account of the key.",
            )
        raise OptionError(
            f"There is no instance named {', '.join(repr(printable(str(name))) for name in missing)}.",
            hint="Names are exact. state=present or state=running creates one.",
        )

    # --- States ---

    def _present(self) -> None:
        self._create_missing()
        self._resize()
        self._finish()

    def _running(self) -> None:
        if self.options["without_gpu"] and None in self.work.outcome.instances:
            if self.options["instance_id"]:
                self._require_all()
            raise OptionError(
                "An instance cannot be created without its GPU.",
                hint="Create it with state=present, stop it, then start it with without_gpu.",
            )
        self._create_missing()
        self._resize()
        self._start()
        self._finish()

    def _stopped(self) -> None:
        self._require_all()
        self.work.check_installed()
        self.work.bring(self.work.outcome.present(), Stopped(), predict_stop)
        self._resize(start=False)
        self._finish(reach=False)

    def _restarted(self) -> None:
        self._require_all()
        self.work.check_installed()
        check_no_gpu(self.work)
        spec = self.options["without_gpu"]
        goal = Restarted(start_params(spec))
        self.work.bring(self.work.outcome.present(), goal, lambda instance: predict_restart(instance, spec))
        check_started_without_gpu(self.work)
        self._finish()

    def _reinstalled(self) -> None:
        self._require_all()
        image = resolve_image(self.work.client, self.options["image"], self.options["image_source"])
        reinstall(self.work, image)
        self._finish(reach=bool(self.options["wait"]))

    def _absent(self) -> None:
        self.work.bring(self.work.outcome.present(), Absent(self.options["release_disks"]), predict_removal)

    # --- Parts of states ---

    def _create_missing(self) -> None:
        """Create each instance that is not there, and wait for it; raises OptionError if the options do not say how."""
        ordered: dict[int, Order] = {}
        missing = self.work.outcome.missing()
        if missing:
            if self.options["instance_id"]:
                self._require_all()
            orders = Order.preferences(self.options)
            if not orders:
                names = ", ".join(repr(printable(str(self.work.outcome.names[index]))) for index in missing)
                raise OptionError(
                    f"There is no instance named {names}.",
                    hint="To create it, give at least image and gpu_type or gpu_types.",
                )
            if self.stop is not None:
                self.stop.check_for_new()
            ordered = create_missing(self.work, orders)
        settle(self.work, ordered)

    def _resize(self, *, start: bool = True) -> None:
        if self.options["resize"]:
            resize(self.work, start=start)

    def _start(self) -> None:
        work, spec = self.work, self.options["without_gpu"]
        check_no_gpu(work)
        for instance in work.outcome.present():
            if instance["without_gpu"] and settled(instance["state"]) == RUNNING and not spec:
                work.warn(f"{describe(instance)} runs without its GPU. Stop it first to start it with its GPU.")
        goal = Running(start_params(spec))
        work.bring(work.outcome.present(), goal, lambda instance: predict_start(instance, spec))
        check_started_without_gpu(work)

    def _finish(self, *, reach: bool = True) -> None:
        """Do what goes with every state except absent: name, ports, schedule, and waiting for SSH."""
        self._rename()
        if self.options["state"] in ("present", "running") and self.options["charge_type"] is not None:
            switch_charge_type(self.work)
        if self.options["ports"] is not None:
            set_ports(self.work)
        if self.stop is not None:
            self.stop.set_all()
        else:
            self._warn_of_lost_stops()
        warning = release_warning(self.work.outcome.present(), self.work.client.clock.epoch())
        if warning:
            self.work.warn(warning)
        if reach and self.options["wait_for_ssh"] and not self.work.check_mode:
            self._reach()

    def _rename(self) -> None:
        """Give an instance that was named by its id the name in the options."""
        instance, name = self.work.outcome.instances[0], self.options["name"]
        if not self.options["instance_id"] or not name or instance is None or instance["name"] == name:
            return
        self.work.change(instance, RENAME, {"Name": name}, {"name": name})

    def _warn_of_lost_stops(self) -> None:
        """Warn if an instance would have stopped by itself, and lost that when it was stopped and started meanwhile."""
        for before, instance in zip(self.work.outcome.before, self.work.outcome.instances):
            if before is None or instance is None or instance["state"] != RUNNING:
                continue
            if before["scheduled_stop_time"] and not instance["scheduled_stop_time"]:
                self.work.warn(
                    f"{describe(instance)} was to stop by itself at {before['scheduled_stop_time']}, and no longer "
                    "will. Set schedule_stop again."
                )

    def _reach(self) -> None:
        """Wait until SSH responds on each instance."""
        work = self.work
        for instance in wait_for_ssh(work.client, work.outcome.present(), deadline=work.deadline):
            work.outcome.instances[work.outcome.index_of(instance)] = instance
            work.note(instance, f"SSH responds after {work.elapsed}")
