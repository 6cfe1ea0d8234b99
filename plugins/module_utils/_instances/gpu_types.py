# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""The GPU types that zones sell: sizes, stock, prices."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from .._api import values
from .._api.client import PARALLEL, Client
from .._api.errors import CompShareError, OptionError, RefusedError, ResponseError, Retry, printable
from .._api.pages import rows_of
from .._api.parallel import each_in_parallel
from .pricing import NOT_SOLD_CODES, Offer, Size, price_of
from .query import list_zones, requested_zones

_TYPES = "DescribeAvailableCompShareInstanceTypes"
_INVENTORY = "DescribeCompShareGpuInventory"
#: Where the counts by zone stand: seen in production, and documented.
_COUNTS = ("GpuInventory", "GpuInventoryByZone")

#: Every key that an instance type always has, in the order of the documentation.
TYPE_KEYS = (
    "gpu_type",
    "region",
    "zone",
    "pod",
    "status",
    "sold_out",
    "stock",
    "spot_stock",
    "gpu_memory_gb",
    "performance",
    "cpu_platforms",
    "sizes",
    "disks",
    "prices",
)
_KNOWN = frozenset(
    ("Name", "Zone", "Status", "GraphicsMemory", "Performance", "CpuPlatforms", "MachineSizes", "Disks", "Region")
)


@dataclass(frozen=True)
class TypeQuery:
    """The filters; the fields are the options of compshare_instance_type_info, None for those that are omitted."""

    zones: Sequence[str] | None = None
    gpu_types: Sequence[str] | None = None
    in_stock: bool | None = None
    prices: bool = True
    gpu_count: int = 1
    cpu: int | None = None
    memory_gb: int | None = None
    disk_gb: int = 100
    charge_type: str | None = None

    @classmethod
    def from_options(cls, options: Mapping[str, t.Any]) -> TypeQuery:
        """Return the query in a module's options; raises OptionError for a size that nothing has."""
        given = {field.name: options.get(field.name) for field in fields(cls)}
        query = cls(**{name: value for name, value in given.items() if value is not None})
        for name in ("gpu_count", "cpu", "memory_gb", "disk_gb"):
            value = getattr(query, name)
            if value is not None and value < 1:
                raise OptionError(f"{name} is {value}; it must be 1 or more.")
        return query


class FoundTypes(t.NamedTuple):
    """The GPU types, and warnings for the user."""

    types: list[dict[str, t.Any]]
    warnings: list[str]


def find_types(client: Client, query: TypeQuery) -> FoundTypes:
    """Return the GPU types that match, with stock and, if requested, prices. Raises the client's errors."""
    zones = requested_zones(client, query.zones)
    every_type = list_types(client, zones)
    types = [entry for entry in every_type if _is_requested(entry, query.gpu_types)]
    warnings = [_unknown_types(every_type, query.gpu_types or ()), add_stock(client, types, zones)]
    if query.in_stock is not None:
        types = [entry for entry in types if _in_stock(entry) == query.in_stock]
    if query.prices:
        by_name = {zone["zone"]: zone for zone in zones}
        found = each_in_parallel(types, lambda entry: _prices(client, by_name[entry["zone"]], entry, query), PARALLEL)
        for entry, prices in zip(types, found):
            entry["prices"] = prices
    return FoundTypes(types, [warning for warning in warnings if warning])


def unknown_gpu_types(client: Client, names: Sequence[str]) -> str | None:
    """Return a warning if no zone sells one of these GPU types, with those that there are; None otherwise."""
    if not names:
        return None
    try:
        return _unknown_types(list_types(client, list_zones(client)), names)
    except CompShareError:  # it is only about a warning
        return None


def _unknown_types(types: Sequence[Mapping[str, t.Any]], names: Sequence[str]) -> str | None:
    unknown = [printable(name, 40) for name in names if not any(_is_requested(entry, [name]) for entry in types)]
    if not unknown:
        return None
    known = sorted({entry["gpu_type"] for entry in types if entry["gpu_type"]})
    return f"No zone sells the GPU type {' or '.join(map(repr, unknown))}. There are: {', '.join(known) or 'none'}."


def _is_requested(entry: Mapping[str, t.Any], names: Sequence[str] | None) -> bool:
    return names is None or (entry["gpu_type"] or "").casefold() in {name.strip().casefold() for name in names}


def _in_stock(entry: Mapping[str, t.Any]) -> bool:
    return bool(entry["stock"]) if entry["stock"] is not None else entry["sold_out"] is not True


def _prices(
    client: Client, zone: Mapping[str, t.Any], entry: Mapping[str, t.Any], query: TypeQuery
) -> list[dict[str, t.Any]]:
    sizes = [Size(**size) for size in entry["sizes"]]
    size = next((size for size in sizes if size.fits(query.gpu_count, query.cpu, query.memory_gb)), None)
    if size is None:
        return []
    boot = {"IsBoot": True, "Type": "CLOUD_SSD", "Size": query.disk_gb}
    try:
        prices = price_of(client, zone, Offer(entry["gpu_type"], None, query.charge_type, (boot,)), size)
    except RefusedError as error:
        if error.ret_code not in NOT_SOLD_CODES:
            raise
        return []
    matching = [price for price in prices if query.charge_type in (None, price["charge_type"])]
    return [{**price, **size._asdict()} for price in matching]


def list_types(client: Client, zones: Sequence[Mapping[str, t.Any]]) -> list[dict[str, t.Any]]:
    """Return the GPU types of each zone, in the order of the zones and of their names, without stock and prices."""

    def read(zone: Mapping[str, t.Any]) -> list[dict[str, t.Any]]:
        params = {"Region": zone["region"], "Zone": zone["zone"], "InstanceType": "uhost"}
        response = client.call(_TYPES, params)
        rows = rows_of(_TYPES, response, "AvailableInstanceTypes")
        # A row that names its zone belongs there, whatever the request was for.
        own = [row for row in rows if row.get("Zone") in (None, "", zone["zone"])]
        return sorted((normalise_type(row, zone) for row in own), key=lambda entry: entry["gpu_type"] or "")

    return [entry for found in each_in_parallel(zones, read, PARALLEL) for entry in found]


def normalise_type(row: Mapping[str, t.Any], zone: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the GPU type in a row, with TYPE_KEYS and then its other fields; stock and prices are still unknown."""
    status = values.text(row.get("Status"))
    platforms = values.dictionary(row.get("CpuPlatforms"))
    entry: dict[str, t.Any] = dict.fromkeys(TYPE_KEYS)
    entry.update(
        gpu_type=values.text(row.get("Name")),
        region=zone["region"],
        zone=zone["zone"],
        pod=zone["pod"],
        status=status,
        sold_out=None if status is None else status.casefold() == "soldout",
        gpu_memory_gb=values.number(values.dictionary(row.get("GraphicsMemory")).get("Value")),
        performance=values.number(values.dictionary(row.get("Performance")).get("Value")),
        cpu_platforms=[name for names in platforms.values() for name in values.text_list(names)],
        sizes=[{"gpu_count": gpu, "cpu": cpu, "memory_gb": memory} for gpu, cpu, memory in _sizes(row)],
        disks=_disk_kinds(row.get("Disks")),
        prices=[],
    )
    for name, value in row.items():
        if name not in _KNOWN:
            entry.setdefault(values.snake_case(str(name)), value)
    return entry


def _sizes(row: Mapping[str, t.Any]) -> list[Size]:
    """Return the sizes of a GPU type, smallest first. Here the memory is in GB, one number or several."""
    found = set()
    for machine in values.dictionaries(row.get("MachineSizes")):
        gpu = values.integer(machine.get("Gpu"))
        for pair in values.dictionaries(machine.get("Collection")):
            cpu, reported = values.integer(pair.get("Cpu")), pair.get("Memory")
            for memory in map(values.integer, reported if isinstance(reported, list) else [reported]):
                if gpu is not None and cpu is not None and memory is not None:
                    found.add(Size(gpu, cpu, memory))
    return sorted(found)


def _disk_kinds(disks: object) -> list[dict[str, t.Any]]:
    return [
        {
            "type": values.text(kind.get("Name")),
            "boot": boot,
            "min_gb": values.integer(kind.get("MinimalSize")),
            "max_gb": values.integer(kind.get("MaximalSize")),
        }
        for group in values.dictionaries(disks)
        for key, boot in (("BootDisk", True), ("DataDisk", False))
        for kind in values.dictionaries(group.get(key))
    ]


def _object(value: object) -> dict[str, t.Any]:
    """Return an object that may have come as JSON text; an empty one for anything else."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return {}
    return values.dictionary(value)


def add_stock(client: Client, types: Sequence[dict[str, t.Any]], zones: Sequence[Mapping[str, t.Any]]) -> str | None:
    """Fill in how many GPUs are free, and return a warning if the API does not say."""
    try:
        stock = read_stock(client, zones)
    except CompShareError as error:
        if not isinstance(error, (RefusedError, ResponseError)):
            raise
        return f"The stock is unknown: {error}"
    for entry in types:
        entry["stock"], entry["spot_stock"] = stock.get((entry["zone"], entry["gpu_type"]), (None, None))
    return None


def read_stock(
    client: Client, zones: Sequence[Mapping[str, t.Any]]
) -> dict[tuple[str, str], tuple[int | None, int | None]]:
    """Return how many GPUs are free by zone and type, and how many for spot instances; up to five minutes old.

    The API counts by zone id, in two halves: virtual machines, and pods (requested with the id of any pod zone). Raises
    the client's errors, and ResponseError if the counts are missing.
    """
    ids = {zone["zone_id"]: zone["zone"] for zone in zones if zone["zone_id"] is not None}
    pod_id = next((zone["zone_id"] for zone in zones if zone["pod"] and zone["zone_id"] is not None), None)
    halves: list[dict[str, t.Any]] = []
    if any(not zone["pod"] for zone in zones):
        halves.append({})
    if pod_id is not None:
        halves.append({"zone_id": pod_id})
    counts: dict[str, dict[tuple[str, str], int]] = {"Exclusive": {}, "Spot": {}}
    for response in [client.call(_INVENTORY, params) for params in halves]:
        by_zone = next((reported for key in _COUNTS if (reported := _object(response.get(key)))), None)
        if by_zone is None:
            raise ResponseError(
                f"the response to {_INVENTORY} has no {' or '.join(_COUNTS)}.", action=_INVENTORY, retry=Retry.NEVER
            )
        for use, found in counts.items():
            for zone_id, numbers in values.dictionary(by_zone.get(use)).items():
                zone = ids.get(values.integer(zone_id) or 0)
                for gpu_type, number in values.dictionary(numbers).items():
                    free = values.integer(number)
                    if zone is not None and free is not None:
                        found[zone, gpu_type] = free
    exclusive, spot = counts["Exclusive"], counts["Spot"]
    return {key: (exclusive.get(key), spot.get(key)) for key in {*exclusive, *spot}}
