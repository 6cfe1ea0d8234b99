# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Instances as code: what each C(state) of compshare_instance does, and what it would do in check mode."""

from __future__ import annotations

import typing as t

from .._api.errors import CompShareError, OptionError, printable
from .._pending import SHOWN_WITHIN
from .._task import Task
from .charge_type import switch_charge_type
from .model import RUNNING, settled
from .no_gpu import check_no_gpu, check_started_without_gpu, start_params
from .outcome import release_warning
from .ports import check_ports, set_ports
from .query import describe
from .reinstall import reinstall
from .resize import resize
from .spec import Order, check_instance_name
from .steps import InstanceWork
from .stop_schedule import parse_stop
from .transitions import (
    Absent,
    Restarted,
    Running,
    Stopped,
    predict_removal,
    predict_restart,
    predict_start,
    predict_stop,
)

STATES = ("present", "running", "stopped", "restarted", "reinstalled", "absent")
_MOST_AT_ONCE = 100


def ensure_instances(task: Task) -> dict[str, t.Any]:
    """Do what the options of compshare_instance say, and return its result; raises CompShareError with facts."""
    _check_options(task.options)
    work = InstanceWork(task)
    try:
        work.find()
        _STATES[task.options["state"]](work)
    except CompShareError as error:
        for sentence in _stops(work) if work.unscheduled() else []:
            error.add_sentence(sentence)
        error.facts = work.facts_after()
        raise
    except KeyboardInterrupt:
        raise work.client.interrupted(hint=_interrupted_hint(work), facts=work.facts()) from None
    return work.facts()


def _interrupted_hint(work: InstanceWork) -> str:
    if work.ordering is None:
        again = "Run it again: it looks at what there is before it does anything."
        return " ".join((*_stops(work), *_stopped_on_the_way(work), again))
    return (
        f"The instance {printable(work.ordering, 80)!r} may have been ordered. Run the task again: where there is a "
        f"record of the order, it waits until the list must show the instance, {SHOWN_WITHIN:g} s after the order, "
        "before it orders one."
    )


def _stops(work: InstanceWork) -> list[str]:
    """Return which of the new instances will stop by themselves, as sentences."""
    if not work.options["schedule_stop"]:
        return []
    unscheduled = work.unscheduled()
    sentences = [
        f"{describe(instance)} will stop by itself at {instance['scheduled_stop_time']}."
        for instance in work.outcome.created()
        if instance["scheduled_stop_time"]
    ]
    if unscheduled:
        names = ", ".join(map(describe, unscheduled))
        sentences.append(f"schedule_stop is not set yet, so {names} will not stop by itself.")
    return sentences


def _stopped_on_the_way(work: InstanceWork) -> list[str]:
    """Return which instances ran before and may be stopped now, as sentences: the next run cannot know that."""
    if not work.outcome.changed or not (work.options["resize"] or work.options["state"] == "reinstalled"):
        return []
    ran = [describe(one) for one in work.outcome.before if one is not None and settled(one["state"]) == RUNNING]
    return [f"Before this task ran: {', '.join(ran)}. Start what should run with state=running."] if ran else []


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
    check_ports(options["ports"])
    if options["wait_for_ssh"] and not options["wait"]:
        raise OptionError("wait_for_ssh=true needs wait=true.")
    if options["schedule_stop"] is not None:
        planned = parse_stop(options["schedule_stop"])
        spot = "Spot" in (options["charge_type"], *(options["charge_types"] or ()))
        if spot and not planned.is_never:
            raise OptionError("schedule_stop is not possible with charge_type=Spot: the API has no schedule for these.")
    Order.preferences(options)


# --- States ---


def _present(work: InstanceWork) -> None:
    work.create_missing()
    work.settle()
    _resize(work)
    _finish(work)


def _running(work: InstanceWork) -> None:
    if work.options["without_gpu"] and None in work.outcome.instances:
        if work.options["instance_id"]:
            work.require_all()
        raise OptionError(
            "An instance cannot be created without its GPU.",
            hint="Create it with state=present, stop it, then start it with without_gpu.",
        )
    work.create_missing()
    work.settle()
    _resize(work)
    _start(work)
    _finish(work)


def _stopped(work: InstanceWork) -> None:
    work.require_all()
    work.check_installed()
    work.bring(work.outcome.present(), Stopped(), predict_stop)
    _resize(work, start=False)
    _finish(work, reach=False)


def _resize(work: InstanceWork, *, start: bool = True) -> None:
    if work.options["resize"]:
        resize(work, start=start)


def _restarted(work: InstanceWork) -> None:
    work.require_all()
    work.check_installed()
    check_no_gpu(work)
    spec = work.options["without_gpu"]
    work.bring(work.outcome.present(), Restarted(start_params(spec)), lambda instance: predict_restart(instance, spec))
    check_started_without_gpu(work)
    _finish(work)


def _reinstalled(work: InstanceWork) -> None:
    reinstall(work)
    _finish(work, reach=bool(work.options["wait"]))


def _absent(work: InstanceWork) -> None:
    work.bring(work.outcome.present(), Absent(work.options["release_disks"]), predict_removal)


_STATES: dict[str, t.Callable[[InstanceWork], None]] = {
    "present": _present,
    "running": _running,
    "stopped": _stopped,
    "restarted": _restarted,
    "reinstalled": _reinstalled,
    "absent": _absent,
}


# --- Parts of states ---


def _finish(work: InstanceWork, *, reach: bool = True) -> None:
    """Do what goes with every state except absent: name, ports, schedule, and waiting for SSH."""
    work.rename()
    if work.options["state"] in ("present", "running"):
        switch_charge_type(work)
    set_ports(work)
    work.schedule()
    warning = release_warning(work.outcome.present(), work.client.clock.epoch())
    if warning:
        work.warn(warning)
    if reach and work.options["wait_for_ssh"]:
        work.reach()


def _start(work: InstanceWork) -> None:
    check_no_gpu(work)
    for instance in work.outcome.present():
        if instance["without_gpu"] and settled(instance["state"]) == RUNNING and not work.options["without_gpu"]:
            work.warn(f"{describe(instance)} runs without its GPU. Stop it first to start it with its GPU.")
    spec = work.options["without_gpu"]
    work.bring(work.outcome.present(), Running(start_params(spec)), lambda instance: predict_start(instance, spec))
    check_started_without_gpu(work)
