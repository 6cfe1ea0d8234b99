# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Creating an instance: one for each name, whatever happens on the way.

Directly before the create request, all instances are listed once more. The request is recorded on disk and sent once.
If its response is lost, the list decides: once the name appears, that is the instance; if it does not, the task fails
and says so; the next run reads the list before it creates one. Tasks on one machine wait for each other. The API has
no means against tasks elsewhere that create the same one at the same moment, so they are looked for afterwards.
"""

from __future__ import annotations

import typing as t
from contextlib import suppress

from .._api import values
from .._api.client import Client
from .._api.errors import CompShareError, ResponseError, printable
from .._pending import SHOWN_WITHIN, PendingOrder, order_lock
from .._waiting import send_when_free
from .login import encode_password
from .model import Instance, normalise_instance
from .placement import Choice
from .pricing import Offer
from .query import describe, one_named, read_rows
from .reconcile import read_by_id
from .spec import Order

ACTION = "CreateCompShareInstance"


class Created(t.NamedTuple):
    """The instance as a list shows it, or will, and whether this task created it (False: another one just did)."""

    instance: Instance
    begun: bool


def predicted_instance(
    name: str, order: Order, offer: Offer, choice: Choice, *, instance_id: str | None = None, state: str = "Running"
) -> Instance:
    """Return the instance that a create request gives, as far as that is known before."""
    disks = [{"Size": disk["Size"], "DiskType": disk["Type"], "IsBoot": disk["IsBoot"]} for disk in offer.disks]
    row = {
        "UHostId": instance_id,
        "Name": name,
        "State": state,
        "Remark": order.remark,
        "Region": choice.zone["region"],
        "Zone": choice.zone["zone"],
        "MachineType": "G",
        "GpuType": order.gpu_type,
        "GPU": choice.size.gpu_count,
        "CPU": choice.size.cpu,
        "Memory": choice.size.memory_gb * 1024,
        "CompShareImageId": offer.image_id,
        "ChargeType": order.charge_type,
        "DiskSet": disks,
        "TotalDiskSpace": sum(disk["Size"] for disk in offer.disks if not disk["IsBoot"]),
        "InstancePrice": (choice.price or {}).get("instance"),
    }
    return normalise_instance(row)


def create_instance(
    client: Client,
    name: str,
    order: Order,
    offer: Offer,
    choice: Choice,
    *,
    deadline: float,
    accepted: t.Callable[[Instance], None],
    warn: t.Callable[[str], None] = lambda _message: None,
) -> Created:
    """Create an instance, or return the one of this name that another task has created meanwhile.

    C(accepted) is called with the instance as soon as its id is known, C(warn) if no record can be kept of the order.
    Waits until C(deadline) (a value of C(clock.now())) while the API is busy. Raises CompShareError, which after a lost
    response says what is known, and after a success, that another task has created a second one of this name. A refusal
    (RefusedError) means that nothing was created.
    """
    with order_lock(client, "instance", name, deadline=deadline, warn=warn) as pending:
        return _make(client, name, order, offer, choice, deadline, accepted, pending)


def _make(
    client: Client,
    name: str,
    order: Order,
    offer: Offer,
    choice: Choice,
    deadline: float,
    accepted: t.Callable[[Instance], None],
    pending: PendingOrder,
) -> Created:
    found: list[Instance] = []

    def appeared() -> bool:
        instance = find_named(client, name)
        found[:] = [instance] if instance else []
        return bool(found)

    if appeared() or pending.wait_until_shown(appeared, deadline=deadline):
        pending.settle()
        return Created(found[0], begun=False)
    try:
        response = send_when_free(
            client,
            ACTION,
            _params(name, order, offer, choice),
            deadline=deadline,
            unless=appeared,
            before_try=pending.record,
        )
        if response is None:
            pending.settle()
            return Created(found[0], begun=False)
        instance_id = next(iter(values.text_list(response.get("UHostIds"))), None)
        if instance_id is None:
            raise ResponseError(f"The response to {ACTION} names no instance.", action=ACTION)
    except CompShareError as error:
        if not error.outcome_unknown:
            pending.settle()
            raise
        _find_lost(client, name, pending, appeared, error)
        return Created(found[0], begun=True)
    stub = predicted_instance(name, order, offer, choice, instance_id=instance_id, state="Initializing")
    accepted(stub)
    # The task must not end while the instance is in no list yet, so nothing shortens this, not even wait_timeout. An
    # instance that stays away is waited for below; the record stays for the next run if the list cannot be read.
    with suppress(CompShareError):
        pending.wait_until_shown(lambda: instance_id in read_by_id(client, [instance_id]))
    _check_alone(client, stub)
    return Created(stub, begun=True)


def _check_alone(client: Client, new: Instance) -> None:
    """Raise if another instance has the name of the one that was just created: both are charged."""
    try:
        rows = read_rows(client)
    except CompShareError:  # the next run reads the list again and reports it then
        return
    named = [normalise_instance(row) for row in rows if row.get("Name") == new["name"]]
    others = [instance for instance in named if instance["id"] != new["id"]]
    if others:
        raise CompShareError(
            f"{describe(new)} was created, and another instance of this name was created elsewhere at the same time: "
            f"{', '.join(map(describe, others[:10]))}.",
            action=ACTION,
            hint="All of them are charged. Delete those that are not needed, with instance_id and state=absent.",
        )


def find_named(client: Client, name: str) -> Instance | None:
    """Return the only instance of this name in the whole account, None if there is none; raises OptionError."""
    found = one_named([normalise_instance(row) for row in read_rows(client) if row.get("Name") == name], name)
    return None if found is None else dict(found)


def _params(name: str, order: Order, offer: Offer, choice: Choice) -> dict[str, t.Any]:
    return {
        "Region": choice.zone["region"],
        "Zone": choice.zone["zone"],
        "MachineType": "G",
        "MinimalCpuPlatform": "Auto",
        "GpuType": order.gpu_type,
        "GPU": choice.size.gpu_count,
        "CPU": choice.size.cpu,
        # In MB, and whole GB of them, as recorded.
        "Memory": choice.size.memory_gb * 1024,
        "CompShareImageId": offer.image_id,
        "Disks": list(offer.disks),
        # If omitted, it would be a whole month.
        "ChargeType": order.charge_type,
        "Quantity": 1,
        "MaxCount": 1,
        "Name": name,
        "Remark": order.remark,
        "SecurityGroupId": order.security_group_id,
        "LoginMode": "Password" if order.password else None,
        "Password": encode_password(order.password) if order.password else None,
    }


def _find_lost(
    client: Client, name: str, pending: PendingOrder, appeared: t.Callable[[], bool], error: CompShareError
) -> None:
    """Look for the instance of a create without a response; if it stays away, raise the error with what is known."""
    unreadable = ""
    try:
        if pending.wait_until_shown(appeared):
            return
    except CompShareError as fault:
        unreadable = f" The list of instances could not be read: {fault.summary}"
    error.summary += (
        f" Whether the instance {printable(name, 80)!r} was created is not known: none of this name has appeared in "
        f"the {SHOWN_WITHIN:g} s since.{unreadable}"
    )
    error.hint = "Run the task again: it looks for the instance before it creates one."
    error.retryable = True
    raise error
