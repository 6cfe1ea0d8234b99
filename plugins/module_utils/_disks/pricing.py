# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What data disks cost."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence

from .._api import values
from .._api.client import PARALLEL, Client
from .._api.errors import RefusedError
from .._api.parallel import each_in_parallel
from .._instances.gpu_types import list_types
from .._instances.model import Instance
from .._instances.pricing import HOURS, UNITS, Offer, Size, price_of
from .._instances.query import list_zones
from .model import Disk

UPGRADE = "GetCompShareAttachedDiskUpgradePrice"
Price = dict[str, t.Any]


def price_of_new(client: Client, instance: Instance, size_gb: int, charge_type: str) -> Price | None:
    """Return what a new disk for an instance costs, None if the API does not report it.

    There is no price list of disks alone: it is the part for data disks of the price of such an instance.
    """
    zone = {"region": instance["region"], "zone": instance["zone"]}
    size = Size(instance["gpu_count"] or 1, instance["cpu"], instance["memory_gb"])
    return _disk_part(client, zone, instance["gpu_type"], size, size_gb, charge_type)


def price_of_growth(client: Client, disk: Disk, size_gb: int) -> Price | None:
    """Return what a larger attached disk costs more for one charge, None for a detached one: only attached ones have a
    price of growing.
    """
    if disk["instance_id"] is None:
        return None
    params = {
        "Region": disk["region"],
        "Zone": disk["zone"],
        "UHostId": disk["instance_id"],
        "DiskId": disk["id"],
        "DiskSpace": size_gb,
    }
    try:
        amount = values.number(client.call(UPGRADE, params).get("Price"))
    except RefusedError:
        return None  # a price is returned where it can be had; the growth itself says what is wrong
    return None if amount is None else _price(amount, disk["charge_type"])


def add_prices(client: Client, disks: Sequence[Disk]) -> None:
    """Fill in C(price) of each disk: what it costs now, by the price of a new one like it; None if unknown."""
    zones = {zone["zone"]: zone for zone in list_zones(client)}
    keys = {(disk["zone"], disk["size_gb"], disk["charge_type"]) for disk in disks}
    known = sorted((key for key in keys if key[0] in zones and key[1] is not None and key[2] in HOURS), key=str)
    types: dict[str, Mapping[str, t.Any]] = {}
    for entry in list_types(client, [zones[name] for name in sorted({key[0] for key in known})]):
        if entry["sizes"]:
            types.setdefault(entry["zone"], entry)

    def fetch(key: tuple[str, int, str]) -> Price | None:
        zone, size_gb, charge_type = key
        if zone not in types:
            return None
        size = Size(**types[zone]["sizes"][0])
        return _disk_part(client, zones[zone], types[zone]["gpu_type"], size, size_gb, charge_type)

    prices = dict(zip(known, each_in_parallel(known, fetch, PARALLEL)))
    for disk in disks:
        disk["price"] = prices.get((disk["zone"], disk["size_gb"], disk["charge_type"]))


def _disk_part(
    client: Client, zone: Mapping[str, t.Any], gpu_type: str, size: Size, size_gb: int, charge_type: str
) -> Price | None:
    disks = ({"IsBoot": False, "Type": "CLOUD_SSD", "Size": size_gb},)
    try:
        prices = price_of(client, zone, Offer(gpu_type, None, charge_type, disks), size)
    except RefusedError:
        return None
    part = next((price["data_disks"] for price in prices if price["charge_type"] == charge_type), None)
    return None if part is None else _price(part, charge_type)


def _price(amount: float, charge_type: str | None) -> Price:
    hours = HOURS.get(charge_type or "", 1)
    return {
        "charge_type": charge_type,
        "amount": amount,
        "unit": UNITS[hours],
        "per_hour": values.number(round(amount / hours, 4)),
    }
