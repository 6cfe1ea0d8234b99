"""What the zones sell: GPU types, sizes, stock and prices. Prices and stock are invented."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class GpuType:
    """``memory`` of a card in GB; ``hourly`` CNY for one card; ``sizes``: CPUs and GB that go with one card."""

    name: str
    memory: int
    rate: int
    hourly: float
    sizes: tuple[tuple[int, int], ...]
    max_cards: int = 8
    spot: bool = True


_USUAL = ((12, 32), (12, 48), (16, 64), (16, 96))
GPU_TYPES: Mapping[str, GpuType] = {
    one.name: one
    for one in (
        GpuType("4090", 24, 83, 1.48, _USUAL),
        GpuType("4090_48G", 48, 83, 2.38, ((16, 64), (16, 96)), spot=False),
        GpuType("5090", 32, 105, 2.88, ((14, 48), (16, 96))),
        GpuType("3090", 24, 36, 1.18, _USUAL),
        GpuType("3080Ti", 12, 34, 0.88, ((8, 16), (12, 32))),
        GpuType("2080Ti", 11, 13, 0.58, ((6, 16), (8, 24)), spot=False),
        GpuType("H20", 96, 148, 6.98, ((16, 128), (22, 192)), spot=False),
        GpuType("A800", 80, 312, 7.98, ((14, 100), (28, 200)), spot=False),
        GpuType("P40", 24, 12, 0.68, ((8, 24), (8, 48)), max_cards=4, spot=False),
    )
}

# Cards in stock by zone as a world begins; 0 is a type that the zone sells but has none of.
STOCK: Mapping[str, Mapping[str, int]] = {
    "cn-wlcb-01": {"4090": 64, "4090_48G": 16, "3090": 24, "3080Ti": 40, "H20": 8, "A800": 0, "P40": 12},
    "cn-wlcb-03": {"4090": 16, "5090": 0},
    "cn-sh2-01": {"5090": 32, "4090": 0},
    "cn-sh2-02": {"4090": 24, "2080Ti": 48, "3090": 0},
    "cn-sh2-03": {"4090": 8, "5090": 8},
    "cn-bj2-03": {"5090": 16, "H20": 16},
}

CHARGE_TYPES = ("Year", "Month", "Day", "Dynamic", "Postpay", "Spot")
# Hours that one charge covers, and the discount on the hourly price.
_HOURS = {"Year": 8760.0, "Month": 720.0, "Day": 24.0, "Dynamic": 1.0, "Postpay": 1.0, "Spot": 1.0}
_DISCOUNT = {"Year": 0.7, "Month": 0.8, "Day": 0.95, "Dynamic": 1.0, "Postpay": 1.0, "Spot": 0.5}
FREE_BOOT_DISK_GB = 100
DISK_GB_HOUR = 0.0006


def instance_price(gpu_type: str, cards: int, charge_type: str, factor: float = 1.0) -> float:
    """CNY for one charge: an hour for Dynamic, Postpay and Spot, else the day, month or year."""
    hourly = GPU_TYPES[gpu_type].hourly * cards * factor * _DISCOUNT[charge_type]
    return round(hourly * _HOURS[charge_type], 4)


def hourly_price(gpu_type: str, cards: int, charge_type: str, factor: float = 1.0) -> float:
    """CNY for an hour, whatever the charge covers: what the row of an instance shows (documented)."""
    return round(GPU_TYPES[gpu_type].hourly * cards * factor * _DISCOUNT[charge_type], 4)


def hourly_disk_price(boot_gb: int, data_gb: int) -> float:
    return round((max(0, boot_gb - FREE_BOOT_DISK_GB) + data_gb) * DISK_GB_HOUR, 4)


def disk_price(boot_gb: int, data_gb: int, charge_type: str) -> float:
    """CNY for the disks for one charge; a part of the boot disk is free."""
    paid = max(0, boot_gb - FREE_BOOT_DISK_GB) + data_gb
    return round(paid * DISK_GB_HOUR * _HOURS[charge_type], 4)


def legal_size(gpu_type: str, cards: int, cpus: int, memory_gb: int) -> bool:
    """Whether so many CPUs and so much memory are sold with so many cards."""
    known = GPU_TYPES[gpu_type]
    return 1 <= cards <= known.max_cards and (cpus, memory_gb) in [
        (cpu * cards, memory * cards) for cpu, memory in known.sizes
    ]
