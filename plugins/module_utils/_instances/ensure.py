# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Instances as code: what each C(state) of compshare_instance does, and what it would do in check mode."""

from __future__ import annotations

import typing as t

from .._api.errors import CompShareError, OptionError
from .._api.values import printable
from .._pending import SHOWN_WITHIN
from .._task import Task
from .login import encode_password
from .model import Instance
from .query import describe
from .spec import Order, check_instance_name, check_reinstall, resolve_image
from .states import FAILED, RUNNING, STOPPED, settled
from .steps import InstanceWork
from .stop_schedule import parse_wish
from .transitions import REBOOT, REINSTALL, START, STOP, TERMINATE, Absent, Reinstalled, Restarted, Running, Stopped

STATES = ("present", "running", "stopped", "restarted", "reinstalled", "absent")
#: What a start without the GPU has: CPUs and GB of memory, as documented.
WITHOUT_GPU = ("A", "B")
_MOST_AT_ONCE = 100
_Foreseen = list[tuple[str, t.Optional[Instance]]]


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
        return " ".join((*_stops(work), "Run it again: it looks at what there is before it does anything."))
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


def _check_identity(options: t.Mapping[str, t.Any]) -> None:
    for option in ("name", "instance_id"):
        if options[option] is not None and not options[option].strip():
            raise OptionError(f"{option} is empty.", hint="Leave it out where it is not known.")
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
    if options["wait_for_ssh"] and not options["wait"]:
        raise OptionError("wait_for_ssh=true needs wait=true.")
    if options["schedule_stop"] is not None:
        wish = parse_wish(options["schedule_stop"])
        if options["charge_type"] == "Spot" and not wish.is_never:
            raise OptionError("schedule_stop cannot be kept with charge_type=Spot: the API has no schedule for these.")
    Order.from_options(options)


# --- States ---


def _present(work: InstanceWork) -> None:
    work.make_missing()
    work.settle()
    _finish(work)


def _running(work: InstanceWork) -> None:
    if work.options["without_gpu"] and None in work.outcome.instances:
        if work.options["instance_id"]:
            work.require_all()
        raise OptionError(
            "An instance cannot be made without its GPU.",
            hint="Make it with state=present, stop it, then start it with without_gpu.",
        )
    work.make_missing()
    work.settle()
    _start(work)
    _finish(work)


def _stopped(work: InstanceWork) -> None:
    work.require_all()
    work.check_installed()
    work.bring(work.outcome.present(), Stopped(), _foresee_stop)
    _finish(work, reach=False)


def _restarted(work: InstanceWork) -> None:
    work.require_all()
    work.check_installed()
    _check_gpu_wish(work)
    spec = work.options["without_gpu"]
    work.bring(
        work.outcome.present(), Restarted(_start_params(spec)), lambda instance: _foresee_restart(instance, spec)
    )
    _check_without_gpu(work)
    _finish(work)


def _reinstalled(work: InstanceWork) -> None:
    work.require_all()
    image = resolve_image(work.client, work.options["image"], work.options["image_source"])
    image_id = image.image_id
    targets = [
        instance for instance in work.outcome.present() if work.options["force"] or instance["image_id"] != image_id
    ]
    for instance in targets:
        check_reinstall(instance, image)
    before = {str(instance["id"]): settled(instance["state"]) for instance in targets}
    ran = [describe(instance) for instance in targets if before[str(instance["id"])] == RUNNING]
    password = work.options["password"]
    params = {"LoginMode": "Password", "Password": encode_password(password)} if password else {}
    try:
        work.bring(targets, Reinstalled(image_id, params), lambda instance: _foresee_reinstall(instance, image_id))
        if work.options["wait"]:
            # Whichever state a reinstalled instance is left in: what ran runs, and nothing runs that was not paid for.
            for state, goal, foreseen in ((RUNNING, Running(), _foresee_start), (STOPPED, Stopped(), _foresee_stop)):
                work.bring(
                    [instance for instance in work.outcome.present() if before.get(str(instance["id"])) == state],
                    goal,
                    foreseen,
                )
    except CompShareError as error:
        if ran and work.outcome.changed:
            error.add_sentence(
                f"Before this task ran: {', '.join(ran)}. The next one cannot know that; where it ends with one "
                "stopped that should run, start it with state=running."
            )
        raise
    _finish(work, reach=bool(work.options["wait"]))


def _absent(work: InstanceWork) -> None:
    work.bring(work.outcome.present(), Absent(work.options["release_disks"]), _foresee_removal)


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
    """Do what goes with every state but absent: the name, the schedule, and waiting for SSH."""
    work.rename()
    work.schedule()
    if reach and work.options["wait_for_ssh"]:
        work.reach()


def _start(work: InstanceWork) -> None:
    _check_gpu_wish(work)
    for instance in work.outcome.present():
        if instance["without_gpu"] and settled(instance["state"]) == RUNNING and not work.options["without_gpu"]:
            work.warn(f"{describe(instance)} runs without its GPU. Stop it first to start it with its GPU.")
    spec = work.options["without_gpu"]
    work.bring(work.outcome.present(), Running(_start_params(spec)), lambda instance: _foresee_start(instance, spec))
    _check_without_gpu(work)


def _start_params(spec: str | None) -> dict[str, t.Any]:
    """Return what a start needs beside the place.

    The documentation knows a truth value, the vendor's client a size. The API ignores what it does not know and then
    starts the GPU, so both are sent.
    """
    return {"WithoutGpu": True, "WithoutGpuSpec": spec} if spec else {}


def _check_gpu_wish(work: InstanceWork) -> None:
    """Raise OptionError where an instance that runs with its GPU is to run without it: only a start can change that."""
    if not work.options["without_gpu"]:
        return
    for instance in work.outcome.present():
        if settled(instance["state"]) == RUNNING and not instance["without_gpu"]:
            raise OptionError(
                f"{describe(instance)} runs with its GPU.", hint="Stop it first; then it can be started without_gpu."
            )
        if instance["supports_start_without_gpu"] is False:
            raise OptionError(f"{describe(instance)} cannot be started without its GPU, the API says.")


def _check_without_gpu(work: InstanceWork) -> None:
    """Raise where an instance was started with its GPU although it should not be: that is being paid for."""
    if not work.options["without_gpu"] or work.check_mode or not work.options["wait"]:
        return
    for instance in work.outcome.present():
        if instance["without_gpu"] is False:
            raise CompShareError(
                f"{describe(instance)} was to start without its GPU, but runs with it.",
                action=START,
                hint="The GPU is being paid for. Stop the instance if you do not want that.",
            )


# --- What check mode foresees ---


def _foresee_start(instance: Instance, spec: str | None = None) -> _Foreseen:
    if settled(instance["state"]) == RUNNING:
        return []
    return [(START, {**instance, "state": RUNNING, "without_gpu": spec is not None})]


def _foresee_stop(instance: Instance) -> _Foreseen:
    return [] if settled(instance["state"]) == STOPPED else [(STOP, {**instance, "state": STOPPED})]


def _foresee_restart(instance: Instance, spec: str | None) -> _Foreseen:
    return _foresee_start(instance, spec) or [(REBOOT, {**instance, "state": RUNNING})]


def _foresee_reinstall(instance: Instance, image_id: str) -> _Foreseen:
    stop = [] if instance["state"] in FAILED else _foresee_stop(instance)
    return [*stop, (REINSTALL, {**instance, "state": RUNNING, "image_id": image_id})]


def _foresee_removal(instance: Instance) -> _Foreseen:
    stop = [] if instance["state"] in FAILED else _foresee_stop(instance)
    return [*stop, (TERMINATE, None)]
