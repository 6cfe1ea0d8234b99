"""Regions and zones that sell GPUs, as recorded from the API; the numbers of some zones are invented."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .errors import unavailable
from .params import Params

if TYPE_CHECKING:
    from .world import World


@dataclass(frozen=True)
class Zone:
    name: str
    region: str
    zone_id: int
    region_id: int
    description: str
    is_pod: bool = False
    no_image_sync: bool = False
    unsupported_types: tuple[str, ...] = ()


ZONES: tuple[Zone, ...] = (
    Zone("cn-wlcb-01", "cn-wlcb", 10027, 1000039, "华北二A"),
    Zone("cn-wlcb-03", "cn-wlcb", 10033, 1000039, "华北二C", is_pod=True, unsupported_types=("System", "Other")),
    Zone("cn-sh2-01", "cn-sh2", 8100, 1000009, "上海二A", is_pod=True),
    Zone("cn-sh2-02", "cn-sh2", 8200, 1000009, "上海二B"),
    Zone("cn-sh2-03", "cn-sh2", 8300, 1000009, "上海二C", no_image_sync=True),
    Zone("cn-bj2-03", "cn-bj2", 5001, 1000001, "华北一C", is_pod=True),
)
ZONE_BY_NAME = {zone.name: zone for zone in ZONES}
REGIONS = tuple(dict.fromkeys(zone.region for zone in ZONES))
DEFAULT_ZONE = ZONES[0]


def is_in(place: str, region: str | None, zone: str | None) -> bool:
    """Whether a zone is within the Region and Zone of a request; None is everywhere."""
    known = ZONE_BY_NAME.get(place)
    return zone in (None, place) and (region is None or (known is not None and known.region == region))


def check_place(world: World, params: Params) -> tuple[str | None, str | None]:
    """The Region and Zone of a request, where given; refused when they do not exist or do not belong together."""
    if params.is_empty("Region") and world.dialect.is_("empty_region", "refused"):
        raise unavailable("Region")
    region, zone = params.text("Region"), params.text("Zone")
    if region is not None and region not in REGIONS:
        raise unavailable("Region")
    if zone is not None and (zone not in ZONE_BY_NAME or region not in (None, ZONE_BY_NAME[zone].region)):
        raise unavailable("Zone")
    return region, zone
