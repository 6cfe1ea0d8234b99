"""What can be bought: GPU types and sizes, stock, capacity and prices."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .errors import unavailable
from .gpu_market import CHARGE_TYPES, GPU_TYPES, disk_price, instance_price
from .instance_create import charge_type_of, image_for_zone
from .instance_moves import requested_size
from .params import Params
from .places import ZONE_BY_NAME, ZONES, Zone, check_place, is_in
from .registry import Response, action

if TYPE_CHECKING:
    from .world import World

PLATFORMS = ("Auto", "Intel/Auto", "Amd/Auto")


@action("DescribeAvailableCompShareInstanceTypes", reads=True)
def instance_types(world: World, params: Params) -> Response:
    """GPU types by zone, with their sizes. Memory is GB here, MB everywhere else. Spot has no rows (recorded)."""
    region, zone = check_place(world, params)
    rows = [
        _type_row(world, place, gpu_type)
        for place in ZONES
        if is_in(place.name, region, zone) and params.text("InstanceType") != "spot"
        for gpu_type in world.stock.left.get(place.name, {})
        if gpu_type in GPU_TYPES
    ]
    return {"AvailableInstanceTypes": rows or None}


def _type_row(world: World, zone: Zone, name: str) -> dict[str, Any]:
    known = GPU_TYPES[name]
    return {
        "Name": name,
        "Zone": zone.name,
        "Status": "Normal" if world.stock.has(zone.name, name, 1) else world.dialect["sold_out"],
        "GraphicsMemory": {"Value": known.memory, "Rate": known.rate},
        "Performance": {"Value": known.rate, "Rate": known.rate},
        "CpuPlatforms": {"Intel": ["Intel/Auto"], "Amd": ["Amd/Auto"]},
        "Disks": [{"Name": "CLOUD_SSD", "BootDisk": [{"Name": "CLOUD_SSD"}], "DataDisk": [{"Name": "CLOUD_SSD"}]}],
        "MachineSizes": [
            {
                "Gpu": cards,
                "Collection": [
                    {
                        "Cpu": cpus * cards,
                        "Memory": [memory * cards for one, memory in known.sizes if one == cpus],
                        "MinimalCpuPlatform": list(PLATFORMS),
                    }
                    for cpus in dict.fromkeys(cpus for cpus, _unused in known.sizes)
                ],
            }
            for cards in range(1, known.max_cards + 1)
            if cards in (1, 2, 4, 8)
        ],
    }


@action("CheckCompShareResourceCapacity", required=("Region", "Zone", "GpuType"), reads=True)
def resource_capacity(world: World, params: Params) -> Response:
    """Which sizes can be created now; nothing where the zone does not sell the GPU."""
    check_place(world, params)
    zone = ZONE_BY_NAME[params.required("Zone")]
    gpu_type = params.required("GpuType")
    if gpu_type not in GPU_TYPES:
        raise unavailable("GpuType")
    if params.text("CompShareImageId") is not None:
        image_for_zone(world, params, zone)
    if params.text("ChargeType") is not None:
        charge_type_of(world, params, zone, gpu_type)
    requested = params.integer("GPU") or params.integer("Gpu")
    known = GPU_TYPES[gpu_type]
    specs = [
        {
            "Gpu": cards,
            "Cpu": cpus * cards,
            "Mem": memory * cards,
            "ResourceEnough": world.stock.has(zone.name, gpu_type, cards),
        }
        for cards in (1, 2, 4, 8)
        if cards <= known.max_cards and requested in (None, cards) and world.stock.sells(zone.name, gpu_type)
        for cpus, memory in known.sizes
    ]
    return {"Specs": specs or None}


@action("DescribeCompShareGpuInventory", reads=True)
def gpu_inventory(world: World, params: Params) -> Response:
    """Cards in stock. ``zone_id`` chooses the kind of zones, Pods or others, and does not filter them (recorded)."""
    check_place(world, params)
    requested = params.integer("zone_id")
    pods = any(zone.zone_id == requested and zone.is_pod for zone in ZONES)
    by_zone: dict[str, dict[str, int]] = {
        str(zone.zone_id): dict(world.stock.left.get(zone.name, {})) for zone in ZONES if zone.is_pod == pods
    }
    counts: Any = {"Exclusive": by_zone, "Spot": {key: _spot(types) for key, types in by_zone.items()}}
    if world.dialect.is_("inventory_type", "JSON text"):
        counts = json.dumps(counts)
    unsupported = [one.name for one in GPU_TYPES.values() if not one.spot]
    return {world.dialect["inventory_key"]: counts, "SpotUnsupportedGpuTypes": unsupported}


def _spot(types: dict[str, int]) -> dict[str, int]:
    return {name: count // 2 for name, count in types.items() if name in GPU_TYPES and GPU_TYPES[name].spot}


PRICE_NEEDS = ("Region", "Zone", "GpuType", "Memory")


@action("GetCompShareInstancePrice", required=PRICE_NEEDS, reads=True)
def instance_prices(world: World, params: Params) -> Response:
    """Prices by charge type. A price is no proof that the zone sells the card (recorded)."""
    return _prices(world, params, CHARGE_TYPES)


@action("GetCompShareInstanceUserPrice", required=PRICE_NEEDS, reads=True)
def instance_user_prices(world: World, params: Params) -> Response:
    """The same for this user; Year only on request."""
    return _prices(world, params, tuple(one for one in CHARGE_TYPES if one != "Year"))


def _prices(world: World, params: Params, default: tuple[str, ...]) -> Response:
    check_place(world, params)
    zone = ZONE_BY_NAME[params.required("Zone")]
    gpu_type, cards, _unused, _unused = requested_size(params)
    if params.text("ChargeType") is not None:
        charge_types = [charge_type_of(world, params, zone, gpu_type)]
    else:
        sold = [one for one in default if one != "Year" or world.dialect.is_("year", "sold")]
        charge_types = [one for one in sold if one != "Spot" or GPU_TYPES[gpu_type].spot]
    disks = params.objects("Disks")
    boot = sum(disk.integer("Size") or 0 for disk in disks if disk.boolean("IsBoot"))
    data = sum(disk.integer("Size") or 0 for disk in disks if not disk.boolean("IsBoot"))
    image = world.images.find_anywhere(params.text("CompShareImageId") or "")
    image_price = float((image or {}).get("Price") or 0)
    factor = world.scenario.instances.price_factor

    def details(rate: float) -> list[dict[str, Any]]:
        return [
            {
                "ChargeType": one,
                "Instance": round(instance_price(gpu_type, cards, one, factor) * rate, 4),
                "Disks": disk_price(0, data, one),
                "SystemDisks": disk_price(boot, 0, one),
                "CompShareImage": image_price * cards,
                "InstanceDiscountType": "None",
            }
            for one in charge_types
        ]

    key = world.dialect["price_key"]
    return {key: details(1.0), f"Original{key}": details(1.25), f"List{key}": details(1.5)}
