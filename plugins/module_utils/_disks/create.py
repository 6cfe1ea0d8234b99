# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Creating a data disk: one for each name, whatever happens on the way. The API has no other way than with an instance.

The request is recorded on disk and sent once. If its response is lost, the list decides: once the name appears, that is
the disk; if it does not, the task fails and says so, and the next run reads the list before it creates one.
"""

from __future__ import annotations

import typing as t

from .._api.client import Client
from .._api.errors import CompShareError, WaitError, printable
from .._instances.model import Instance
from .._pending import order_lock
from .._waiting import SHOWN_WITHIN
from .model import Disk
from .query import pick, read_disks

ACTION = "CreateAndAttachCompshareDisk"


def create_params(name: str, instance: Instance, size_gb: int, disk_type: str, charge_type: str) -> dict[str, t.Any]:
    """Return what creates a disk for an instance."""
    return {
        "Region": instance["region"],
        "Zone": instance["zone"],
        "UHostId": instance["id"],
        "Name": name,
        "Size": size_gb,
        "DiskType": disk_type,
        # If omitted, it would be a whole month.
        "ChargeType": charge_type,
        "Quantity": 1,
    }


def create_disk(
    client: Client, name: str, params: dict[str, t.Any], *, deadline: float, warn: t.Callable[[str], None]
) -> tuple[Disk, bool]:
    """Create a disk, and return it as the list shows it, with True; or the one that another task has just created, with
    False.

    Waits until C(deadline) (a value of C(clock.now())) while the API is busy. Raises CompShareError, which after a lost
    response says what is known.
    """
    found: list[Disk] = []

    def appeared() -> bool:
        disk = pick(read_disks(client), disk_id=None, name=name)
        found[:] = [disk] if disk else []
        return bool(found)

    with order_lock(client, "disk", name, deadline=deadline, warn=warn) as pending:
        if appeared() or pending.wait_until_shown(appeared, deadline=deadline):
            pending.settle()
            return found[0], False
        applied = pending.send(
            ACTION,
            params,
            appeared,
            deadline=deadline,
            doubt=f"Whether the disk {printable(name, 80)!r} was created is not known",
        )
        if applied.response is None:
            return found[0], applied.lost is not None
        # Nothing shortens this, not even wait_timeout: a disk that is in no list yet would be ordered again.
        try:
            shown = pending.wait_until_shown(appeared) or appeared()
        except CompShareError as error:
            error.add_sentence(f"Before that, {ACTION} was accepted: the disk {printable(name, 80)!r} is paid for.")
            error.facts = {**error.facts, "changed": True}
            raise
        if not shown:
            raise WaitError(
                f"{ACTION} was accepted, but {SHOWN_WITHIN:g} s later the list shows no disk {printable(name, 80)!r}.",
                action=ACTION,
                hint="Look in the console before you run the task again: if it is there, it is being paid for.",
                facts={"changed": True},
            )
        return found[0], True
