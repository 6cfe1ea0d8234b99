# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What a task about instances has found and done so far: the keys of its result."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence

from .._api.values import epoch_seconds, iso_time
from .model import Instance, system_disk
from .query import describe

#: What the diff shows of an instance.
_SHOWN = (
    "name",
    "state",
    "zone",
    "gpu_type",
    "gpu_count",
    "cpu",
    "memory_gb",
    "image_id",
    "charge_type",
    "without_gpu",
    "scheduled_stop_time",
)
#: A release that is so near, in seconds, is warned of.
_SOON = 2 * 86400
_LISTED = 10


class Outcome:
    """The instances of one task, and what was done to them.

    C(names) are the names of the instances; a single one is None where only an id says which it is. C(instances) has,
    in the same order, each one as it was last seen or would be, None where there is none.
    """

    def __init__(self, options: Mapping[str, t.Any]) -> None:
        self.names = _names(options)
        self.instances: list[Instance | None] = [None] * len(self.names)
        self.before: list[Instance | None] = list(self.instances)
        self.changed = False
        self.actions: list[dict[str, t.Any]] = []
        #: The indexes of the instances that this task created, or would create.
        self.new: set[int] = set()
        #: What each of them costs, None where the API names no price.
        self.prices: dict[int, dict[str, t.Any] | None] = {}
        #: What was resized, or would be.
        self.resized: list[dict[str, t.Any]] = []
        self._title = options["instance_id"]

    def found(self, instances: Sequence[Instance | None]) -> None:
        """Take the instances as they are before anything is done."""
        self.instances, self.before = list(instances), list(instances)

    def missing(self) -> list[int]:
        """Return the indexes of the instances that are not there."""
        return [index for index, instance in enumerate(self.instances) if instance is None]

    def present(self) -> list[Instance]:
        """Return the instances that are there, or would be."""
        return [instance for instance in self.instances if instance is not None]

    def created(self) -> list[Instance]:
        """Return the instances that this task created, or would create, as far as they are still there."""
        return [instance for index in sorted(self.new) if (instance := self.instances[index]) is not None]

    def existing(self) -> list[Instance]:
        """Return the instances that were there before the task."""
        return [one for index, one in enumerate(self.instances) if one is not None and index not in self.new]

    def index_of(self, instance: Instance) -> int:
        """Return the index of an instance that is there."""
        return next(
            index
            for index, known in enumerate(self.instances)
            if known is not None and (known is instance or (known["id"] is not None and known["id"] == instance["id"]))
        )

    def note(self, index: int, instance: Instance | None, action: str) -> None:
        """Note that something was done, or would be, and how the instance is after it."""
        known = instance or self.instances[index] or {}
        self.note_sent(known, action)
        self.instances[index] = instance

    def note_sent(self, instance: Mapping[str, t.Any], action: str) -> None:
        """Note that a request was sent that may have changed something."""
        self.changed = True
        self.actions.append({"action": action, "id": instance.get("id"), "name": instance.get("name")})

    def per_hour(self, instance: Instance) -> float | None:
        """Return what an instance costs while it runs, in CNY per hour, None where the API does not say."""
        price = self.prices.get(self.index_of(instance))
        if price is not None:
            return t.cast("float", price["per_hour"])
        parts = [instance[key] for key in ("instance_price", "disk_price", "image_price") if instance[key] is not None]
        return round(sum(parts), 4) if parts else None

    def facts(self, *, diff: bool = False) -> dict[str, t.Any]:
        """Return the keys of the result: what was done and which instances there are."""
        present = self.present()
        facts: dict[str, t.Any] = {
            "changed": self.changed,
            "instances": present,
            "instance": present[0] if len(self.names) == 1 and present else None,
            "actions": self.actions,
        }
        prices = [price for index, price in self.prices.items() if index in self.new and price is not None]
        if prices:
            facts["price"] = max(prices, key=lambda price: t.cast("float", price["per_hour"]))
        if self.resized:
            facts["resized"] = self.resized
        if diff:
            facts["diff"] = {"before": self._shown(self.before), "after": self._shown(self.instances)}
        return facts

    def _shown(self, instances: Sequence[Instance | None]) -> dict[str, dict[str, t.Any]]:
        shown = {}
        for index, instance in enumerate(instances):
            if instance is None:
                continue
            shown[str(self._title or self.names[index])] = details = {key: instance[key] for key in _SHOWN}
            details["system_disk_gb"] = (system_disk(instance) or {}).get("size_gb")
            price = self.prices.get(index) if index in self.new else None
            if price is not None:
                details["price_per_hour"] = price["per_hour"]
        return shown


def _names(options: Mapping[str, t.Any]) -> list[str | None]:
    """Return the names of the instances that a task is about; None stands for the one that is known by its id."""
    name, count = options["name"], options["count"]
    if count is None:
        return [name]
    return [f"{name}-{number}" for number in range(1, count + 1)]


def release_warning(instances: Sequence[Mapping[str, t.Any]], now: float) -> str | None:
    """Return a warning about instances that will be released within two days; C(now) is epoch seconds.

    A stopped instance that is not prepaid is deleted with its system disk on the seventh day, its release time.
    """
    due = sorted(
        (released_at, describe(instance))
        for instance in instances
        if (released_at := epoch_seconds(instance["release_time"])) is not None and released_at - now < _SOON
    )
    if not due:
        return None
    listed = "; ".join(f"{name} at {iso_time(released_at)}" for released_at, name in due[:_LISTED])
    more = f" and {len(due) - _LISTED} more" if len(due) > _LISTED else ""
    return (
        f"The platform will soon delete {listed}{more}, with the system disk and the address; data disks are only "
        "detached. A start and a new stop put that off by seven days."
    )
