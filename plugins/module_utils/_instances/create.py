# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Making an instance: once for each wish, whatever happens on the way.

The name is the wish. Directly before a create, all instances are listed once more. A create is sent once; where its
answer is lost, the list is asked whether the name has appeared: if so, that is the instance; if not, the task fails
and says so, and the next run looks again before it makes one. Tasks on one machine wait for each other. Against tasks
elsewhere that make the same one in the same moment the API has no means, so it is looked for afterwards, and told.
"""

from __future__ import annotations

import typing as t

from .._api import values
from .._api.client import Client
from .._api.errors import AnswerError, CompShareError
from .._api.values import printable
from .._waiting import LOST_WITHIN, DeadlineError, send_when_free, wait_until
from .login import encode_password
from .model import Instance, normalise_instance
from .name_lock import one_at_a_time
from .placement import Choice
from .pricing import Offer
from .query import describe, one_named, read_rows
from .reconcile import read_by_id
from .spec import Order

ACTION = "CreateCompShareInstance"


class Made(t.NamedTuple):
    """The instance, as a list shows it or as it will, and whether this task made it (False: somebody else just did)."""

    instance: Instance
    begun: bool


def predicted_instance(
    name: str, order: Order, offer: Offer, choice: Choice, *, instance_id: str | None = None, state: str = "Running"
) -> Instance:
    """Return the instance that a create makes, as far as that is known before."""
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


def make_instance(
    client: Client,
    name: str,
    order: Order,
    offer: Offer,
    choice: Choice,
    *,
    deadline: float,
    accepted: t.Callable[[Instance], None],
) -> Made:
    """Make an instance, or find the one of this name that somebody else made meanwhile.

    C(accepted) is told of the instance as soon as its id is known. Waits until C(deadline) (a value of C(clock.now()))
    where the API is busy. Raises CompShareError, which after a lost answer says what is known, and after a success,
    that somebody else has made another one of this name. A refusal (RefusedError) means that nothing was made.
    """
    with one_at_a_time(client, name, deadline=deadline):
        return _make(client, name, order, offer, choice, deadline, accepted)


def _make(
    client: Client,
    name: str,
    order: Order,
    offer: Offer,
    choice: Choice,
    deadline: float,
    accepted: t.Callable[[Instance], None],
) -> Made:
    found: list[Instance] = []

    def appeared() -> bool:
        instance = find_named(client, name)
        found[:] = [instance] if instance else []
        return bool(found)

    if appeared():
        return Made(found[0], begun=False)
    try:
        answer = send_when_free(client, ACTION, _params(name, order, offer, choice), deadline=deadline, unless=appeared)
        if answer is None:
            return Made(found[0], begun=False)
        instance_id = next(iter(values.text_list(answer.get("UHostIds"))), None)
        if instance_id is None:
            raise AnswerError(f"The answer to {ACTION} names no instance.", action=ACTION)
    except CompShareError as error:
        if not error.outcome_unknown:
            raise
        _find_lost(client, name, appeared, error)
        return Made(found[0], begun=True)
    stub = predicted_instance(name, order, offer, choice, instance_id=instance_id, state="Initializing")
    accepted(stub)
    await_sight(client, lambda: instance_id in read_by_id(client, [instance_id]))
    _check_alone(client, stub)
    return Made(stub, begun=True)


def _check_alone(client: Client, made: Instance) -> None:
    """Raise where another instance has the name of the one that was just made: both are being paid for."""
    try:
        rows = read_rows(client)
    except CompShareError:  # the next run reads the list again, and tells it then
        return
    named = [normalise_instance(row) for row in rows if row.get("Name") == made["name"]]
    others = [instance for instance in named if instance["id"] != made["id"]]
    if others:
        raise CompShareError(
            f"{describe(made)} was made, and somebody else made another instance of this name at the same time: "
            f"{', '.join(map(describe, others[:10]))}.",
            action=ACTION,
            hint="All of them are being paid for. Remove those that are not wanted, with instance_id and state=absent.",
        )


def find_named(client: Client, name: str) -> Instance | None:
    """Return the only instance of this name in the whole account, None where there is none; raises OptionError."""
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
        # Gigabytes are refused here, megabytes of whole gigabytes are taken, as recorded.
        "Memory": choice.size.memory_gb * 1024,
        "CompShareImageId": offer.image_id,
        "Disks": list(offer.disks),
        # Left out, it would be a whole month.
        "ChargeType": order.charge_type,
        "Quantity": 1,
        "MaxCount": 1,
        "Name": name,
        "Remark": order.remark,
        "LoginMode": "Password" if order.password else None,
        "Password": encode_password(order.password) if order.password else None,
    }


def _find_lost(client: Client, name: str, appeared: t.Callable[[], bool], error: CompShareError) -> None:
    """Look for the instance of a create without an answer; where it stays away, raise the error with what is known."""
    began = client.clock.now()
    trouble = await_sight(client, appeared)
    if trouble is None:
        return
    unreadable = f" The list of instances could not be read: {trouble.summary}" if trouble.summary else ""
    error.summary += (
        f" Whether the instance {printable(name, 80)!r} was made is not known: none of this name has appeared in the "
        f"{client.clock.now() - began:.0f} s since.{unreadable}"
    )
    error.hint = "Run the task again: it looks for the instance before it makes one."
    error.retryable = True
    raise error


def await_sight(client: Client, seen: t.Callable[[], bool]) -> CompShareError | None:
    """Ask C(seen) until it is true, whatever goes wrong meanwhile, and return None; after LOST_WITHIN, the trouble.

    A task must not end with an error while the instance that it made is in no list yet: the next run would not see it,
    and make another. So nothing shortens this, also not wait_timeout.
    """
    ends = client.clock.now() + LOST_WITHIN
    try:
        wait_until(client.clock, lambda: seen() or None, deadline=ends, on_error=lambda _error: None)
    except DeadlineError as late:
        return late.error or CompShareError("")
    return None
