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

import re
import typing as t
from collections.abc import Mapping, Sequence
from contextlib import suppress

from .._api import values
from .._api.client import Client
from .._api.errors import CompShareError, OptionError, RefusedError, ResponseError, printable
from .._images.query import ImageQuery, find_images, no_such_image, pick_image
from .._images.sources import SOURCES
from .._pending import order_lock
from .login import encode_password
from .model import CREATING, Instance, describe, normalise_instance
from .placement import Selection, StockWait, offer_for
from .pricing import SOLD_OUT_CODES
from .query import named, one_named, read_by_id, read_rows, requested_zones
from .spec import Order, OrderedImage, charge_warnings, check_password_for
from .steps import InstanceWork
from .transitions import Ready

ACTION = "CreateCompShareInstance"
#: The sources in which an image's name is looked up if none is given: the vendor's, and the account's own.
_USUAL_SOURCES = ("platform", "custom")
_IMAGE_ID = re.compile(r"compshareImage-[0-9A-Za-z]+\Z")


# --- The missing instances of a task ---


def create_missing(work: InstanceWork, orders: Sequence[Order]) -> dict[int, Order]:
    """Create each instance that is not there, the first of C(orders) that can be had; return the order of each index.

    What would fail only after an instance was created, and is charged, is checked before.
    """
    image = resolve_image(work.client, orders[0].image, orders[0].image_source)
    check_password_for(orders[0].password, image.found)
    zones = requested_zones(work.client, work.options["zones"])
    patience = 0.0 if work.check_mode else work.options["wait_for_stock"]
    stock = StockWait(
        work.client,
        [(order, offer_for(order, image)) for order in orders],
        zones,
        deadline=work.client.clock.now() + patience,
        report=lambda message: work.note(work.options["name"], message),
    )
    warned: set[str] = set()
    return {index: _create_at(work, index, stock, warned) for index in work.outcome.missing()}


def _create_at(work: InstanceWork, index: int, stock: StockWait, warned: set[str]) -> Order:
    name, sold_out = t.cast("str", work.outcome.names[index]), set[tuple[Order, str]]()
    while True:
        began = work.client.clock.now()
        selected = stock.select(title=f"The instance {printable(name)!r}", sold_out=sold_out)
        work.deadline += work.client.clock.now() - began  # the wait for stock has a time of its own
        _note_choice(work, index, selected, warned)
        if work.check_mode:
            _note_new(work, index, predicted_instance(name, selected))
            return selected.order
        work.ordering = name
        try:
            created = create_instance(
                work.client,
                name,
                selected,
                deadline=work.deadline,
                accepted=lambda instance: _note_new(work, index, instance),
                warn=work.warn,
            )
        except RefusedError as error:
            # The last one was taken since stock was read; nothing was created.
            if error.ret_code not in SOLD_OUT_CODES or error.outcome_unknown:
                raise
            sold_out.add((selected.order, selected.choice.zone["zone"]))
            work.ordering = None
            continue
        if created.begun:
            _note_new(work, index, created.instance)
        work.outcome.instances[index] = created.instance
        work.ordering = None
        return selected.order


def _note_choice(work: InstanceWork, index: int, selected: Selection, warned: set[str]) -> None:
    choice = selected.choice
    work.outcome.prices[index] = choice.price
    if choice.price is None:
        work.warn(f"The API returns no price for {choice.size} in {choice.zone['zone']}.")
    for warning in charge_warnings(selected.order.charge_type):
        if warning not in warned:
            warned.add(warning)
            work.warn(warning)


def _note_new(work: InstanceWork, index: int, instance: Instance) -> None:
    work.ordering = None
    if index in work.outcome.new:
        return
    work.outcome.note(index, instance, ACTION)
    work.outcome.new.add(index)
    price = work.outcome.prices.get(index)
    cost = "" if price is None else f" for {price['per_hour']:g} CNY per hour"
    if not work.check_mode:
        work.note(instance, f"ordered in {instance['zone']}{cost}")
        work.new_seen(instance)


def settle(work: InstanceWork, ordered: Mapping[int, Order]) -> None:
    """Wait until new instances run; raises if one could not be installed, or is not what was ordered."""
    waiting = [
        instance
        for index, instance in enumerate(work.outcome.instances)
        if instance is not None and (index in work.outcome.new or instance["state"] in CREATING)
    ]
    if not work.check_mode and work.options["wait"]:
        work.bring(waiting, Ready())
    work.check_installed()
    if not work.check_mode and work.options["wait"]:
        for instance in work.outcome.created():
            _check_delivery(instance, ordered[work.outcome.index_of(instance)])


def _check_delivery(instance: Instance, order: Order) -> None:
    """Raise if a new instance is not what was ordered: it is charged."""
    requested = {key: getattr(order, key) for key in ("gpu_type", "gpu_count", "cpu", "memory_gb", "charge_type")}
    wrong = [
        f"{key} is {instance[key]}, not {value}"
        for key, value in requested.items()
        if value is not None and instance[key] is not None and instance[key] != value
    ]
    if wrong:
        raise ResponseError(
            f"{describe(instance)} was created, but {' and '.join(wrong)}.",
            action=ACTION,
            hint="It is charged. Delete it with state=absent if you do not want it like this.",
        )


def resolve_image(client: Client, image: str, image_source: str | None) -> OrderedImage:
    """Return the image that an id or an exact name means; raises OptionError if none, or several, have the name.

    An id is taken as it is; the API says whether it can be used in a zone. A name is looked for in C(image_source), or
    if that is None, among the vendor's images and the account's own.
    """
    if _IMAGE_ID.match(image):
        return OrderedImage(image, None)
    sources = (image_source,) if image_source else _USUAL_SOURCES
    title = " and ".join(SOURCES[source].title for source in sources)
    found = pick_image(_listed(client, sources, image), image, most_recent=False, list_title=title)
    if found is None:
        raise no_such_image(_listed(client, sources, None), image, title)
    if found["status"] not in (None, "Available"):
        raise OptionError(
            f"The image {printable(image, 80)!r} ({found['id']}) is not available: its status is {found['status']}.",
            hint="compshare_image_progress waits for an image that is being created.",
        )
    return OrderedImage(found["id"], found)


def _listed(client: Client, sources: Sequence[str], name: str | None) -> list[dict[str, t.Any]]:
    return [image for source in sources for image in find_images(client, ImageQuery(source=source, name=name)).images]


# --- One instance ---


class Created(t.NamedTuple):
    """The instance as a list shows it, or will, and whether this task created it (False: another one just did)."""

    instance: Instance
    begun: bool


def predicted_instance(
    name: str, selected: Selection, *, instance_id: str | None = None, state: str = "Running"
) -> Instance:
    """Return the instance that a create request gives, as far as that is known before."""
    disks = selected.offer.disks
    row = {
        **_common_fields(name, selected),
        "UHostId": instance_id,
        "State": state,
        "DiskSet": [{"Size": disk["Size"], "DiskType": disk["Type"], "IsBoot": disk["IsBoot"]} for disk in disks],
        "TotalDiskSpace": sum(disk["Size"] for disk in disks if not disk["IsBoot"]),
        "InstancePrice": (selected.choice.price or {}).get("instance"),
    }
    return normalise_instance(row)


def create_instance(
    client: Client,
    name: str,
    selected: Selection,
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
    found: list[Instance] = []

    def appeared() -> bool:
        instance = find_named(client, name)
        found[:] = [instance] if instance else []
        return bool(found)

    with order_lock(client, "instance", name, deadline=deadline, warn=warn) as pending:
        if appeared() or pending.wait_until_shown(appeared, deadline=deadline):
            pending.settle()
            return Created(found[0], begun=False)
        applied = pending.send(
            ACTION,
            _params(name, selected),
            appeared,
            deadline=deadline,
            doubt=f"Whether the instance {printable(name, 80)!r} was created is not known",
            check=_check_names_instance,
        )
        if applied.response is None:
            return Created(found[0], begun=applied.lost is not None)
        instance_id = _new_id(applied.response)
        stub = predicted_instance(name, selected, instance_id=instance_id, state="Initializing")
        accepted(stub)
        # The task must not end while the instance is in no list yet, so nothing shortens this, not even wait_timeout.
        # An instance that stays away is waited for below; the record stays for the next run if the list cannot be read.
        with suppress(CompShareError):
            pending.wait_until_shown(lambda: instance_id in read_by_id(client, [str(instance_id)]))
        _check_alone(client, stub)
        return Created(stub, begun=True)


def _new_id(response: Mapping[str, t.Any]) -> str | None:
    return next(iter(values.text_list(response.get("UHostIds"))), None)


def _check_names_instance(response: Mapping[str, t.Any]) -> None:
    if _new_id(response) is None:
        raise ResponseError(f"The response to {ACTION} names no instance.", action=ACTION)


def _check_alone(client: Client, new: Instance) -> None:
    """Raise if another instance has the name of the one that was just created: both are charged."""
    try:
        rows = read_rows(client)
    except CompShareError:  # the next run reads the list again and reports it then
        return
    others = [instance for instance in named(rows, [new["name"]]) if instance["id"] != new["id"]]
    if others:
        raise CompShareError(
            f"{describe(new)} was created, and another instance of this name was created elsewhere at the same time: "
            f"{', '.join(map(describe, others[:10]))}.",
            action=ACTION,
            hint="All of them are charged. Delete those that are not needed, with instance_id and state=absent.",
        )


def find_named(client: Client, name: str) -> Instance | None:
    """Return the only instance of this name in the whole account, None if there is none; raises OptionError."""
    found = one_named(named(read_rows(client), [name]), name)
    return None if found is None else dict(found)


def _params(name: str, selected: Selection) -> dict[str, t.Any]:
    order = selected.order
    return {
        **_common_fields(name, selected),
        "MinimalCpuPlatform": "Auto",
        "Disks": list(selected.offer.disks),
        "Quantity": 1,
        "MaxCount": 1,
        "SecurityGroupId": order.security_group_id,
        "LoginMode": "Password" if order.password else None,
        "Password": encode_password(order.password) if order.password else None,
    }


def _common_fields(name: str, selected: Selection) -> dict[str, t.Any]:
    """Return the fields that a create request and the row of the new instance have in common."""
    order, offer, choice = selected
    return {
        "Region": choice.zone["region"],
        "Zone": choice.zone["zone"],
        "MachineType": "G",
        "GpuType": order.gpu_type,
        "GPU": choice.size.gpu_count,
        "CPU": choice.size.cpu,
        # In MB, and whole GB of them, as recorded.
        "Memory": choice.size.memory_gb * 1024,
        "CompShareImageId": offer.image_id,
        # If omitted, it would be a whole month.
        "ChargeType": order.charge_type,
        "Name": name,
        "Remark": order.remark,
    }
