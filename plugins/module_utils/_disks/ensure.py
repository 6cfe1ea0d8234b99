# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What compshare_disk does: look, create the disk if it is missing, then step by step until it is as desired."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from dataclasses import dataclass, field

from .._api.client import Client
from .._api.errors import CompShareError, OptionError, RefusedError, WaitError, printable
from .._api.values import check_name
from .._instances.model import Instance, normalise_instance
from .._instances.model import describe as describe_instance
from .._instances.query import one_named, read_by_id, read_rows
from .._task import Task
from .._waiting import Backoff, DeadlineError, apply_and_confirm, wait_until
from .create import ACTION as CREATE
from .create import create_disk, create_params
from .model import Disk, describe, is_attached, is_passing
from .pricing import Price, price_of_growth, price_of_new
from .query import find_disk, is_unknown_disk, pick, read_disks
from .transitions import DELETE, GROW, Goal, Step, as_settled, next_step, steps_to, took_effect

SMALLEST_GB, LARGEST_GB = 10, 1500
#: In check mode, the id of an instance that an earlier task would create.
_TO_COME = "(to be created)"
#: A disk has gone when so many looks in a row did not show it: one response may lack a row.
_GONE_LOOKS = 2
_BACKOFF = Backoff(first=2.0, longest=10.0)


@dataclass
class _Work:
    """What is known of the disk on the way: as it was, as it was seen last, and what was done."""

    before: Disk | None = None
    disk: Disk | None = None
    actions: list[dict[str, t.Any]] = field(default_factory=list)
    price: Price | None = None

    def note(self, action: str, disk_id: str | None) -> None:
        self.actions.append({"action": action, "disk_id": disk_id})

    def result(self, task: Task) -> dict[str, t.Any]:
        disk = self.disk
        if disk is not None and disk["instance_id"] == _TO_COME:
            disk = {**disk, "instance_id": None}
        result: dict[str, t.Any] = {
            "changed": bool(self.actions),
            "disk": disk,
            "actions": self.actions,
            "price": self.price,
            "mount_hint": _mount_hint(disk, new=self.before is None),
        }
        if task.diff:
            result["diff"] = {"before": _shown(self.before), "after": _shown(disk)}
        return result


def ensure_disk(task: Task) -> dict[str, t.Any]:
    """Do what the options of compshare_disk say, and return its result; raises CompShareError with facts."""
    options, client = task.options, task.client
    _check_options(options)
    deadline = client.clock.now() + options["wait_timeout"]
    work = _Work()
    work.before = work.disk = find_disk(client, disk_id=options["disk_id"], name=options["name"])
    try:
        instance = _target(task)
        if work.disk is None:
            if options["state"] == "absent":
                return work.result(task)
            work.disk = _create(task, work, instance, deadline)
        _bring(task, work, work.disk, _goal(options, instance), deadline)
    except CompShareError as error:
        error.facts = {**work.result(task), **error.facts}
        if work.actions:
            error.facts["changed"] = True
        raise
    return work.result(task)


def _check_options(options: Mapping[str, t.Any]) -> None:
    state, size = options["state"], options["size_gb"]
    target = options["instance_id"] or options["instance_name"]
    if options["name"] is not None:
        check_name("disk", options["name"], 63)
    if state == "attached" and not target:
        raise OptionError("state=attached needs instance_id or instance_name: the instance that gets the disk.")
    if state in ("detached", "absent") and target:
        raise OptionError(f"instance_id and instance_name are not for state={state}.")
    if size is not None and not SMALLEST_GB <= size <= LARGEST_GB:
        raise OptionError(f"size_gb is {size}; a data disk has {SMALLEST_GB} to {LARGEST_GB} GB.")
    if state == "absent" and size is not None:
        raise OptionError("size_gb is not for state=absent.")


def _target(task: Task) -> Instance | None:
    """Return the instance that should have the disk, None if the options name none; raises OptionError.

    In check mode, an earlier task may be to create the instance of a name.
    """
    client, options = task.client, task.options
    instance_id, name = options["instance_id"], options["instance_name"]
    if instance_id is not None:
        instance = read_by_id(client, [instance_id]).get(instance_id)
    elif name is not None:
        instance = t.cast("Instance | None", one_named([normalise_instance(row) for row in read_rows(client)], name))
    else:
        return None
    if instance is None and name is not None and task.check_mode:
        task.warn(f"There is no instance {printable(name, 80)!r} yet; an earlier task would have to create it.")
        return {"id": _TO_COME, "name": name, "region": client.scope.region, "zone": client.scope.zone}
    if instance is None:
        requested = printable(str(instance_id or name), 80)
        raise OptionError(
            f"There is no instance {requested!r}.", hint="compshare_instance_info lists the existing ones."
        )
    if instance["kind"] == "pod":
        raise OptionError(
            f"{describe_instance(instance)} is a pod.", hint="Data disks are for virtual machines and their containers."
        )
    return instance


def _goal(options: Mapping[str, t.Any], instance: Instance | None) -> Goal:
    return Goal(
        instance_id=None if instance is None else instance["id"],
        detached=options["state"] == "detached",
        size_gb=options["size_gb"],
        absent=options["state"] == "absent",
    )


def _create(task: Task, work: _Work, instance: Instance | None, deadline: float) -> Disk:
    """Create the disk with the instance that gets it, and return it; or return what check mode predicts."""
    options, client = task.options, task.client
    if options["disk_id"] is not None or options["state"] != "present":
        requested = printable(str(options["disk_id"] or options["name"]), 80)
        raise OptionError(f"There is no disk {requested!r}.", hint="compshare_disk_info lists the existing ones.")
    if instance is None or options["size_gb"] is None:
        raise OptionError(
            f"There is no disk {printable(options['name'], 80)!r}, and the options to create it are missing.",
            hint="A new disk needs size_gb, and instance_id or instance_name: it is created with an instance.",
        )
    name, size, charge_type = options["name"], options["size_gb"], options["charge_type"]
    work.price = None if instance["id"] == _TO_COME else price_of_new(client, instance, size, charge_type)
    if task.check_mode:
        work.note(CREATE, None)
        return _predicted(name, instance, size, options)
    params = create_params(name, instance, size, options["type"], charge_type)
    disk, begun = create_disk(client, name, params, deadline=deadline, warn=task.warn)
    if begun:
        work.note(CREATE, disk["id"])
    return disk


def _predicted(name: str, instance: Instance, size: int, options: Mapping[str, t.Any]) -> Disk:
    """Return the new disk, as far as it is known before it is created."""
    return {
        "id": None,
        "name": name,
        "state": "InUse",
        "size_gb": size,
        "type": options["type"],
        "region": instance["region"],
        "zone": instance["zone"],
        "instance_id": instance["id"],
        "device": None,
        "charge_type": options["charge_type"],
        "source": None,
        "create_time": None,
        "expire_time": None,
    }


def _bring(task: Task, work: _Work, disk: Disk, goal: Goal, deadline: float) -> None:
    """Take one step after the other until the disk is as desired."""
    now = as_settled(disk) if task.check_mode else _settled(task.client, disk, deadline)
    work.disk = now
    if now is None:
        _check_gone(disk, goal)
        return
    _check_disk(now, goal, force=task.options["force"])
    if goal.size_gb is not None and (now["size_gb"] or 0) < goal.size_gb:
        work.price = price_of_growth(task.client, now, goal.size_gb)
    if task.check_mode:
        for predicted in steps_to(now, goal):
            work.note(predicted.action, disk["id"])
            work.disk = predicted.after
        return
    while now is not None:
        step = next_step(now, goal)
        if step is None:
            return
        work.disk = now = _take(task.client, now, step, deadline)
        work.note(step.action, disk["id"])
        if now is not None:
            work.disk = now = _settled(task.client, now, deadline)
    _check_gone(disk, goal)


def _check_gone(disk: Disk, goal: Goal) -> None:
    """Raise WaitError if a disk is in no list any more that should not be deleted."""
    if not goal.absent:
        raise WaitError(
            f"{describe(disk)} is not in the list any more.",
            hint="Somebody may have deleted it; compshare_disk_info lists the existing ones.",
        )


def _check_disk(disk: Disk, goal: Goal, *, force: bool) -> None:
    if goal.size_gb is not None and disk["size_gb"] is not None and disk["size_gb"] > goal.size_gb:
        raise OptionError(
            f"{describe(disk)} has {disk['size_gb']} GB, and size_gb is {goal.size_gb}: a disk cannot shrink.",
            hint="Create a smaller one and copy the data, or omit size_gb.",
        )
    if goal.absent and is_attached(disk) and not force:
        raise OptionError(
            f"{describe(disk)} is attached to {printable(str(disk['instance_id']))}.",
            hint="Nothing was deleted. Unmount it and run state=detached before, or set force=true.",
        )


def _settled(client: Client, disk: Disk, deadline: float) -> Disk | None:
    """Wait until a disk is in no passing state, and return it; None once it is in no list. Raises WaitError."""
    seen = [disk]
    looks = 0

    def probe() -> list[Disk] | None:
        nonlocal looks
        now = pick(read_disks(client), disk_id=disk["id"], name=None)
        if now is None:
            looks += 1
            return [] if looks >= _GONE_LOOKS else None
        looks, seen[:] = 0, [now]
        return None if is_passing(now) else seen

    try:
        found = wait_until(client.clock, probe, deadline=deadline, backoff=_BACKOFF)
    except DeadlineError as late:
        if late.error is not None:
            raise late.error from None
        raise WaitError(
            f"{describe(seen[0])} was still {seen[0]['state']} at the end of wait_timeout.",
            hint="Run the task again later: it continues from there.",
            retryable=True,
        ) from None
    return found[0] if found else None


def _take(client: Client, disk: Disk, step: Step, deadline: float) -> Disk | None:
    """Send one step, wait until the list shows that it took effect, and return the disk; None once it is deleted."""
    misses = 0
    now: Disk | None = disk

    def confirmed() -> bool:
        nonlocal misses, now
        now = pick(read_disks(client), disk_id=disk["id"], name=None)
        misses = misses + 1 if now is None else 0
        if now is None and misses < _GONE_LOOKS:
            return False
        return took_effect(step, disk, now)

    params = {"Region": disk["region"], "Zone": disk["zone"], "UDiskId": disk["id"], **step.params}
    try:
        apply_and_confirm(
            client,
            step.action,
            params,
            confirmed,
            deadline=deadline,
            desired=f"{describe(disk)} has changed",
        )
    except RefusedError as error:
        if step.action == DELETE and is_unknown_disk(error):
            return None
        error.add_sentence(f"It was about {describe(disk)}.")
        if step.action == GROW and error.ret_code in (8010, 8905):
            error.hint = "Stop the instance, or detach the disk, then run the task again: it cannot grow while in use."
        raise
    return now


def _mount_hint(disk: Disk | None, *, new: bool) -> str | None:
    """Return what is left to do on the instance, None if it has no such disk."""
    if disk is None or not is_attached(disk) or not disk["device"]:
        return None
    device = printable(disk["device"], 60)
    if new:
        todo = f"It is empty: create a file system (mkfs.ext4 {device}), and mount it."
    else:
        todo = f"Mount it; after it has grown, grow its file system (resize2fs {device})."
    return f"The disk is {device} on the instance. {todo}"


def _shown(disk: Disk | None) -> dict[str, t.Any]:
    keys = ("id", "name", "state", "size_gb", "instance_id", "device")
    return {} if disk is None else {key: disk[key] for key in keys}
