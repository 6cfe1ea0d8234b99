# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Finding data disks."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence

from .._api.client import Client
from .._api.errors import OptionError, RefusedError, printable
from .._api.pages import PAGE_SIZE, Listing, page_of
from .._api.retcodes import GONE_CODES
from .._waiting import look_again
from .model import Disk, describe, normalise_disk

ACTION = "DescribeCompshareDisk"
#: Pauses in seconds before each further look for a disk that is not listed: by a name, and by an id, which says that
#: it existed once.
LOOKS_BY_NAME = (5.0,)
LOOKS_BY_ID = (5.0, 15.0)


def read_disks(client: Client, *, instance_id: str | None = None) -> list[Disk]:
    """Return all data disks within the client's region and zone, whole or an error, ordered by name and id.

    The vendor's client requests no pages, so a response may always hold the whole list. An empty list is
    believed only when it comes twice.
    """
    scope = client.scope
    place = {"Region": scope.region, "Zone": scope.zone if scope.region else None, "HostId": instance_id}
    listing = Listing(ACTION, place, ("DiskSet",), "ResourceId")
    rows: list[dict[str, t.Any]] = []
    for _reading in range(2):
        first = page_of(listing, client.call(ACTION, {**place, "Limit": PAGE_SIZE, "Offset": 0}))
        whole = len(first.rows) < PAGE_SIZE or first.total == len(first.rows)
        rows = first.rows if whole else client.read_all([listing])[0]
        if rows:
            break
    disks = [normalise_disk(row) for row in rows]
    found = [disk for disk in disks if scope.zone in (None, disk["zone"])]
    return sorted(found, key=lambda disk: (disk["name"] or "", disk["id"] or ""))


def find_disk(client: Client, *, disk_id: str | None, name: str | None) -> Disk | None:
    """Return the disk of an id, or the only one of a name; None if several looks in a row do not show it.

    Raises OptionError if several disks have the name.
    """
    pauses = LOOKS_BY_ID if disk_id is not None else LOOKS_BY_NAME
    return look_again(client.clock, lambda: pick(read_disks(client), disk_id=disk_id, name=name), pauses)


def pick(disks: Sequence[Disk], *, disk_id: str | None, name: str | None) -> Disk | None:
    """Return the disk of an id, or the only one of a name; raises OptionError for several of the name."""
    if disk_id is not None:
        return next((disk for disk in disks if disk["id"] == disk_id), None)
    found = [disk for disk in disks if disk["name"] == name]
    if len(found) > 1:
        listed = ", ".join(describe(disk) for disk in found[:10])
        raise OptionError(
            f"{len(found)} disks are named {printable(str(name))!r}: {listed}.",
            hint="Set disk_id to select one.",
        )
    return found[0] if found else None


def is_unknown_disk(error: RefusedError) -> bool:
    """Return whether a refusal says that there is no disk of an id."""
    return error.ret_code in GONE_CODES or error.names_parameter("UDiskId")


def matches(
    disk: Mapping[str, t.Any],
    *,
    disk_ids: Sequence[str] | None,
    name: str | None,
    instance_id: str | None,
    attached: bool | None,
) -> bool:
    """Return whether a disk passes the filters of compshare_disk_info."""
    return all(
        (
            disk_ids is None or disk["id"] in disk_ids,
            name is None or disk["name"] == name,
            instance_id is None or disk["instance_id"] == instance_id,
            attached is None or attached == (disk["instance_id"] is not None),
        )
    )
