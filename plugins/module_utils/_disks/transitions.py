# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Where a data disk can be brought, and the next step from each state: pure decisions, no requests."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from dataclasses import dataclass

from .model import AVAILABLE, IN_USE, Disk, is_attached, is_passing

ATTACH = "AttachCompshareDisk"
DETACH = "DetachCompshareDisk"
GROW = "ResizeCompShareDisk"
DELETE = "DeleteCompshareDisk"


@dataclass(frozen=True)
class Goal:
    """What a disk should be like; None and False leave it as it is.

    C(instance_id): attached to this instance. C(detached): attached to none. C(size_gb): of this size at least.
    C(absent): deleted.
    """

    instance_id: str | None = None
    detached: bool = False
    size_gb: int | None = None
    absent: bool = False


class Step(t.NamedTuple):
    """A request to send, and the disk after it; C(None) for C(after) if it deletes it."""

    action: str
    params: Mapping[str, t.Any]
    after: Disk | None


def next_step(disk: Disk, goal: Goal) -> Step | None:
    """Return what to send next, None if the disk is as desired. The disk must be in a settled state."""
    elsewhere = is_attached(disk) and (
        goal.absent or goal.detached or goal.instance_id not in (None, disk["instance_id"])
    )
    if elsewhere:
        params = {"UHostId": disk["instance_id"], "Device": disk["device"]}
        return Step(DETACH, params, {**disk, "instance_id": None, "device": None, "state": AVAILABLE})
    if goal.absent:
        return Step(DELETE, {}, None)
    if goal.size_gb is not None and (disk["size_gb"] or 0) < goal.size_gb:
        # Before it is attached: some disks cannot grow while a running instance has them.
        return Step(GROW, {"Size": goal.size_gb, "UHostId": disk["instance_id"]}, {**disk, "size_gb": goal.size_gb})
    if goal.instance_id is not None and not is_attached(disk):
        after = {**disk, "instance_id": goal.instance_id, "state": IN_USE}
        return Step(ATTACH, {"UHostId": goal.instance_id}, after)
    return None


def as_settled(disk: Disk) -> Disk:
    """Return what a disk becomes by itself, for check mode: one that is being detached has no instance then."""
    if (disk["state"] or "").casefold() != "detaching":
        return disk
    return {**disk, "instance_id": None, "device": None, "state": AVAILABLE}


def steps_to(disk: Disk, goal: Goal) -> list[Step]:
    """Return every step from here to the goal, as check mode predicts them."""
    steps: list[Step] = []
    now: Disk | None = disk
    while now is not None:
        step = next_step(now, goal)
        if step is None:
            break
        steps.append(step)
        now = step.after
    return steps


def took_effect(step: Step, before: Disk, now: Disk | None) -> bool:
    """Return whether a list that shows C(now) shows an effect of a step that was sent when it showed C(before)."""
    if now is None:
        return step.after is None
    if step.action == GROW:
        return bool((now["size_gb"] or 0) >= (step.after or {})["size_gb"])
    moved = now["instance_id"] != before["instance_id"]
    return moved or (is_passing(now) and now["state"] != before["state"])
