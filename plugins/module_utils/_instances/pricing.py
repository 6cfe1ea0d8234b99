# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What a rented instance costs, and whether there is one left."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from dataclasses import dataclass

from .._api import values
from .._api.client import Client
from .._api.errors import RefusedError, ResponseError
from .._api.pages import rows_of
from .spec import DEFAULT_DISK_TYPE

_PRICE = "GetCompShareInstancePrice"
_CAPACITY = "CheckCompShareResourceCapacity"
#: Hours that a price is for, by the way of charging. A month counts 30 days, a year 365.
HOURS = {"Postpay": 1, "Dynamic": 1, "Spot": 1, "Day": 24, "Month": 720, "Year": 8760}
UNITS = {1: "hour", 24: "day", 720: "month", 8760: "year"}
#: Refusals that mean: this zone does not sell it. 8333 was recorded for every size of a GPU that a zone does not have.
NOT_SOLD_CODES = frozenset((230, 8333, 8116, 293, 226603, 226612, 226637))
#: Refusals that mean: this zone has none left.
SOLD_OUT_CODES = frozenset((8357, 226604))


class Size(t.NamedTuple):
    """GPUs, CPUs and memory (GB) that belong together."""

    gpu_count: int
    cpu: int
    memory_gb: int

    @classmethod
    def of(cls, instance: Mapping[str, t.Any]) -> Size:
        """Return the size of an instance that exists."""
        return cls(instance["gpu_count"] or 0, instance["cpu"] or 0, instance["memory_gb"] or 0)

    def fits(self, gpu_count: int, cpu: int | None, memory_gb: int | None) -> bool:
        """Return whether this has the given numbers; None fits any."""
        return gpu_count == self.gpu_count and cpu in (None, self.cpu) and memory_gb in (None, self.memory_gb)

    def __str__(self) -> str:
        return f"{self.gpu_count} x GPU, {self.cpu} CPU, {self.memory_gb} GB"


@dataclass(frozen=True)
class Offer:
    """What a price or the stock is read for: a GPU, the image and disks with it, the charge type.

    C(disks) is as the API takes it: dictionaries with IsBoot, Type and Size (GB). C(image_type) is None if unknown.
    """

    gpu_type: str
    image_id: str | None
    charge_type: str | None
    disks: tuple[Mapping[str, t.Any], ...]
    image_type: str | None = None


def price_of(client: Client, zone: Mapping[str, t.Any], offer: Offer, size: Size) -> list[dict[str, t.Any]]:
    """Return what one instance costs, one entry for each way of charging that the API names.

    An entry has C(charge_type), C(amount) (CNY for one C(unit)), C(per_hour), and its parts C(instance),
    C(system_disk), C(data_disks) and C(image). A price is no proof that the zone sells it. Raises the client's errors.
    """
    params = {
        "Region": zone["region"],
        "Zone": zone["zone"],
        "GpuType": offer.gpu_type,
        "Gpu": size.gpu_count,
        "Cpu": size.cpu,
        "Memory": size.memory_gb * 1024,
        "ChargeType": offer.charge_type,
        "Disks": list(offer.disks),
        "CompShareImageId": offer.image_id,
        "Quantity": 1,
    }
    rows = rows_of(_PRICE, client.call(_PRICE, params), "PriceDetails", "PriceDetail")
    return [price for price in map(_price, rows) if price["amount"] is not None]


def _price(row: Mapping[str, t.Any]) -> dict[str, t.Any]:
    parts = {
        "instance": values.number(row.get("Instance")),
        "system_disk": values.number(row.get("SystemDisks")),
        "data_disks": values.number(row.get("Disks")),
        "image": values.number(row.get("CompShareImage")),
    }
    known = [part for part in parts.values() if part is not None]
    charge_type = values.text(row.get("ChargeType"))
    hours = HOURS.get(charge_type or "", 1)
    amount = round(sum(known), 4) if known else None
    return {
        "charge_type": charge_type,
        "amount": values.number(amount),
        "unit": UNITS[hours],
        "per_hour": None if amount is None else values.number(round(amount / hours, 4)),
        **parts,
    }


def price_of_existing(
    client: Client,
    zone: Mapping[str, t.Any],
    instance: Mapping[str, t.Any],
    charge_type: str,
    size: Size,
    system_disk_gb: int | None = None,
) -> dict[str, t.Any] | None:
    """Return what an instance that exists would cost by today's prices; None if the API names no such price.

    C(system_disk_gb) is the size of its system disk, None if that stays as it is.
    """
    disks = tuple(
        {
            "IsBoot": bool(disk["boot"]),
            "Type": disk["type"] or DEFAULT_DISK_TYPE,
            "Size": system_disk_gb if disk["boot"] and system_disk_gb is not None else disk["size_gb"],
        }
        for disk in instance["disks"]
    )
    try:
        prices = price_of(client, zone, Offer(instance["gpu_type"], instance["image_id"], charge_type, disks), size)
    except RefusedError as error:
        if error.ret_code not in NOT_SOLD_CODES:
            raise
        return None
    return next((price for price in prices if price["charge_type"] in (None, charge_type)), None)


class Stock(t.NamedTuple):
    """A size that a zone sells, and whether there is one left."""

    size: Size
    in_stock: bool


def stock_of(client: Client, zone: Mapping[str, t.Any], offer: Offer) -> list[Stock]:
    """Return the sizes of this offer in a zone, smallest first, and which are in stock.

    This is the API's own check whether it can be created here, for image and disks too. Raises the client's errors:
    a refusal with one of NOT_SOLD_CODES or SOLD_OUT_CODES speaks of the zone.
    """
    params = {
        "Region": zone["region"],
        "Zone": zone["zone"],
        "GpuType": offer.gpu_type,
        "MachineType": "G",
        "MinimalCpuPlatform": "Auto",
        "CompShareImageId": offer.image_id,
        "ChargeType": offer.charge_type,
        "Disks": list(offer.disks),
    }
    response = client.call(_CAPACITY, params)
    found: dict[Size, bool] = {}
    for row in rows_of(_CAPACITY, response, "Specs"):
        numbers = [values.integer(row.get(name)) for name in ("Gpu", "Cpu", "Mem")]
        if None in numbers:
            raise ResponseError(
                f"The response to {_CAPACITY} has a size without Gpu, Cpu or Mem.",
                action=_CAPACITY,
            )
        size = Size(*t.cast("list[int]", numbers))
        found[size] = found.get(size, False) or bool(values.boolean(row.get("ResourceEnough")))
    return [Stock(size, found[size]) for size in sorted(found)]
