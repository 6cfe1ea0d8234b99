# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""One data disk, the same dictionary wherever it is needed."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping

from .._api import values
from .._api.errors import printable
from .._api.values import region_of

#: A disk as results have it.
Disk = dict[str, t.Any]

IN_USE = "InUse"
AVAILABLE = "Available"
#: States that pass by themselves, without case: only the words of clients and of the vendor's generic disks are known.
_PASSING = frozenset(
    ("attaching", "detaching", "initializing", "initializating", "creating", "deleting", "resizing", "cloning")
)
#: Every key that a disk always has, in the order of the documentation.
DISK_KEYS = (
    "id",
    "name",
    "state",
    "size_gb",
    "type",
    "region",
    "zone",
    "instance_id",
    "device",
    "charge_type",
    "source",
    "create_time",
    "expire_time",
)
_KNOWN = frozenset(
    (
        "ResourceId",
        "Name",
        "Status",
        "Configuration",
        "DiskType",
        "Region",
        "Zone",
        "MountInstance",
        "MountPoint",
        "ChargeType",
        "Source",
        "CreateTime",
        "ExpiredTime",
        "Size",
    )
)
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(GB|GiB|G|TB|TiB|T)?\s*\Z", re.IGNORECASE)


def normalise_disk(row: Mapping[str, t.Any]) -> Disk:
    """Return the disk in a row of DescribeCompshareDisk, with DISK_KEYS and then its other fields."""
    zone = values.text(row.get("Zone"))
    disk: Disk = {
        "id": values.text(row.get("ResourceId")),
        "name": values.text(row.get("Name")),
        "state": values.text(row.get("Status")),
        "size_gb": size_gb(row.get("Configuration"), row.get("Size")),
        "type": values.text(row.get("DiskType")),
        "region": values.text(row.get("Region")) or region_of(zone),
        "zone": zone,
        "instance_id": values.text(row.get("MountInstance")),
        "device": values.text(row.get("MountPoint")),
        "charge_type": values.text(row.get("ChargeType")),
        "source": values.text(row.get("Source")),
        "create_time": values.iso_time(row.get("CreateTime")),
        "expire_time": values.iso_time(row.get("ExpiredTime")),
    }
    for key, value in row.items():
        if key not in _KNOWN:
            disk.setdefault(values.snake_case(str(key)), value)
    return disk


def size_gb(*candidates: object) -> int | float | None:
    """Return a size in GB: the first of the values that is one. The list of disks has it as text, C(100GB)."""
    for value in candidates:
        found = _SIZE.match(value) if isinstance(value, str) else None
        if found:
            factor = 1024 if (found.group(2) or "g").lower().startswith("t") else 1
            return values.number(float(found.group(1)) * factor)
        if not isinstance(value, str) and values.number(value) is not None:
            return values.number(value)
    return None


def is_passing(disk: Mapping[str, t.Any]) -> bool:
    """Return whether a disk is on its way from one state to another."""
    return (disk["state"] or "").casefold() in _PASSING


def is_attached(disk: Mapping[str, t.Any]) -> bool:
    """Return whether an instance has the disk."""
    return disk["instance_id"] is not None


def describe(disk: Mapping[str, t.Any]) -> str:
    """Return C(data (bsi-1a, InUse, 100 GB, cn-wlcb-01)): a disk in words, for messages."""
    size = None if disk["size_gb"] is None else f"{disk['size_gb']} GB"
    details = [disk["id"] or "no id yet", disk["state"], size, disk["zone"]]
    return f"{printable(disk['name'] or 'without a name')} ({', '.join(printable(text) for text in details if text)})"
