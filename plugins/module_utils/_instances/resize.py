# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Resizing instances that exist: GPUs, CPUs, memory and the system disk.

The API resizes only what is stopped. So everything that can be known is checked before an instance is stopped, and if a
resize fails, what ran is started again and the error says what the instance is now.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from .._api import values
from .._api.errors import CompShareError, OptionError, RefusedError
from .gpu_types import list_types
from .model import RUNNING, STOPPED, Instance, describe, place_of, settled, system_disk
from .pricing import Size, price_of_existing
from .query import read_by_id, zone_of
from .spec import PREPAID
from .steps import InstanceWork
from .transitions import (
    Course,
    Done,
    Move,
    Predicted,
    Running,
    Stopped,
    Wait,
    check_course,
    predict_start,
    predict_stop,
)

RESIZE = "ResizeCompShareInstance"
UPGRADE_PRICE = "GetCompShareInstanceUpgradePrice"
#: Documented: a system disk has at most so many GB.
_LARGEST_SYSTEM_DISK = 1000
_SHOWN_SIZES = 12


@dataclass(frozen=True)
class Resized:
    """Stopped, with C(desired): values of its keys, and C(system_disk_gb). C(params) request them from the API."""

    desired: Mapping[str, t.Any]
    params: Mapping[str, t.Any]
    purpose: str = "get its size"
    ends_in: str | None = None

    def next_move(self, course: Course) -> Move:
        """Resize it while it is stopped, once."""
        check_course(course)
        if course.missing or course.instance["state"] != STOPPED:
            return Wait()
        if self.desired.items() <= sizes_of(course.instance).items():
            return Done()
        return course.send_once(RESIZE, self.params)


def sizes_of(instance: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return what a resize can change of an instance."""
    disk = system_disk(instance) or {}
    return {**{key: instance[key] for key in ("gpu_count", "cpu", "memory_gb")}, "system_disk_gb": disk.get("size_gb")}


class _Plan(t.NamedTuple):
    """How one instance is to be resized: the goals, one request each, and what the result shows."""

    instance: Instance
    goals: list[Resized]
    report: dict[str, t.Any]


def resize(work: InstanceWork, *, start: bool) -> None:
    """Bring the sizes of instances that exist to what the options say, and start what ran if C(start).

    Raises OptionError before anything is done for a size that the API does not sell there, a smaller system disk, or a
    price above max_price; and CompShareError that says what the instance is now if a resize fails.
    """
    plans = [plan for plan in (_plan(work, instance) for instance in work.outcome.existing()) if plan.goals]
    for plan in plans:
        work.outcome.resized.append(plan.report)
        _warn(work, plan)
    for plan in plans:
        _carry_out(work, plan, start=start)


def _carry_out(work: InstanceWork, plan: _Plan, *, start: bool) -> None:
    index = work.outcome.index_of(plan.instance)
    ran = settled(plan.instance["state"]) == RUNNING

    def current() -> list[Instance]:
        return [t.cast("Instance", work.outcome.instances[index])]

    try:
        work.bring(current(), Stopped(), predict_stop)
        for goal in plan.goals:
            work.bring(current(), goal, partial(_predict_resize, goal=goal))
        if ran and start:
            work.bring(current(), Running(), predict_start)
    except CompShareError as error:
        if start:
            work.start_again({str(plan.instance["id"]): plan.instance}, error)
        error.add_sentence(_what_it_is_now(work, plan.instance))
        raise


def _what_it_is_now(work: InstanceWork, instance: Instance) -> str:
    try:
        now = read_by_id(work.client, [str(instance["id"])])[str(instance["id"])]
    except (CompShareError, KeyError):
        return f"What {describe(instance)} is now could not be read."
    before, after = (_in_words(sizes_of(one), now) for one in (instance, now))
    return f"{describe(now)} now has {after}; it had {before} before."


def _in_words(sizes: Mapping[str, t.Any], instance: Mapping[str, t.Any]) -> str:
    return (
        f"{sizes['gpu_count']} x {instance['gpu_type']}, {sizes['cpu']} CPU, {sizes['memory_gb']} GB "
        f"and a system disk of {sizes['system_disk_gb']} GB"
    )


def _predict_resize(instance: Instance, *, goal: Resized) -> Predicted:
    after = {**instance, **{key: value for key, value in goal.desired.items() if key in instance}}
    if "system_disk_gb" in goal.desired:
        after["disks"] = [
            {**disk, "size_gb": goal.desired["system_disk_gb"]} if disk["boot"] else disk for disk in instance["disks"]
        ]
    return [(RESIZE, after)]


# --- Before anything is done ---


def _plan(work: InstanceWork, instance: Instance) -> _Plan:
    options, before = work.options, sizes_of(instance)
    zone = zone_of(work.client, instance)
    present = Size.of(instance)
    size = _desired_size(work, instance, zone, present)
    disk_gb = _desired_disk(options["disks"], instance)
    goals = []
    if size != present:
        params = {"Gpu": size.gpu_count, "Cpu": size.cpu, "Memory": size.memory_gb * 1024}
        goals.append(Resized(size._asdict(), params))
    if disk_gb is not None:
        disk = t.cast("dict[str, t.Any]", system_disk(instance))
        goals.append(Resized({"system_disk_gb": disk_gb}, {"DiskId": disk["id"], "DiskSpace": disk_gb}))
    if goals and instance["without_gpu"]:
        raise OptionError(
            f"{describe(instance)} is in no-GPU mode, in which it has another size.",
            hint="Start it with its GPU first, then resize it.",
        )
    after = {**before, **size._asdict(), **({} if disk_gb is None else {"system_disk_gb": disk_gb})}
    report = {"id": instance["id"], "name": instance["name"], "before": before, "after": after}
    if goals and zone is not None:
        report.update(_prices(work, instance, zone, present, size, disk_gb))
    return _Plan(instance, goals, report)


def _desired_size(work: InstanceWork, instance: Instance, zone: Mapping[str, t.Any] | None, present: Size) -> Size:
    """Return the size that the options request; what they leave open stays as it is, if that is sold together."""
    gpu_count = work.options["gpu_count"] or present.gpu_count
    cpu, memory_gb = work.options["cpu"], work.options["memory_gb"]
    if present.fits(gpu_count, cpu, memory_gb) or instance["without_gpu"]:
        return present
    types = list_types(work.client, [zone]) if zone is not None else []
    sold = [Size(**size) for entry in types if entry["gpu_type"] == instance["gpu_type"] for size in entry["sizes"]]
    fitting = [size for size in sold if size.fits(gpu_count, cpu, memory_gb)]
    if not fitting:
        listed = " or ".join(map(str, sold[:_SHOWN_SIZES])) or "no size at all"
        raise OptionError(
            f"{describe(instance)} cannot be resized to {gpu_count} x GPU, {cpu or 'any'} CPU, "
            f"{memory_gb or 'any'} GB.",
            hint=f"{instance['zone']} sells a {instance['gpu_type']} as {listed}.",
        )
    kept = [size for size in fitting if size.cpu == present.cpu] or fitting
    return next((size for size in kept if size.memory_gb == present.memory_gb), kept[0])


def _desired_disk(disks: t.Sequence[Mapping[str, t.Any]] | None, instance: Instance) -> int | None:
    """Return the size that the system disk is to grow to, None if it stays as it is; raises OptionError."""
    requested = next((disk["size_gb"] for disk in disks or () if disk["boot"]), None)
    disk = system_disk(instance)
    if requested is None or (disk is not None and disk["size_gb"] == requested):
        return None
    if disk is None or disk["size_gb"] is None or disk["id"] is None:
        raise OptionError(f"The API shows no system disk of {describe(instance)} that could be resized.")
    if requested < disk["size_gb"]:
        raise OptionError(
            f"The system disk of {describe(instance)} has {disk['size_gb']} GB and cannot shrink to {requested} GB."
        )
    if requested > _LARGEST_SYSTEM_DISK:
        raise OptionError(f"A system disk has at most {_LARGEST_SYSTEM_DISK} GB; size_gb is {requested}.")
    return t.cast("int", requested)


def _prices(
    work: InstanceWork, instance: Instance, zone: Mapping[str, t.Any], present: Size, size: Size, disk_gb: int | None
) -> dict[str, t.Any]:
    """Return what an instance costs per hour before and after; raises OptionError if that is above max_price."""

    def per_hour(size: Size, disk_gb: int | None) -> float | None:
        price = price_of_existing(work.client, zone, instance, instance["charge_type"], size, disk_gb)
        return None if price is None else t.cast("float", price["per_hour"])

    before, after = per_hour(present, None), per_hour(size, disk_gb)
    limit = work.options["max_price"]
    if limit is not None and (after is None or after > limit):
        cost = "at a price that the API does not say" if after is None else f"at {after:g} CNY per hour"
        raise OptionError(f"{describe(instance)} would run {cost} as {size}, and max_price is {limit:g}.")
    prices = {"price_per_hour_before": before, "price_per_hour_after": after, "charged_at_once": None}
    if instance["charge_type"] in PREPAID and size != present:
        prices["charged_at_once"] = _upgrade_price(work, instance, size)
    return prices


def _upgrade_price(work: InstanceWork, instance: Instance, size: Size) -> float | None:
    params = {
        **place_of(instance),
        "Gpu": size.gpu_count,
        "Cpu": size.cpu,
        "Memory": size.memory_gb * 1024,
    }
    try:
        return values.number(work.client.call(UPGRADE_PRICE, params).get("Price"))
    except RefusedError:
        return None


def _warn(work: InstanceWork, plan: _Plan) -> None:
    if settled(plan.instance["state"]) == STOPPED or not plan.goals:
        return
    work.warn(
        f"{describe(plan.instance)} is stopped to be resized. Its GPU is free for others meanwhile, so the start "
        "afterwards may be refused for lack of stock."
    )
