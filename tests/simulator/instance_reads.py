"""Reading instances, zones and projects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import unavailable
from .instance_store import Instance
from .paging import cut, page_bounds, total_fields
from .params import Params
from .places import ZONES, check_place, is_in
from .registry import Response, action

if TYPE_CHECKING:
    from .world import World


@action("DescribeCompShareInstance", reads=True)
def instances(world: World, params: Params) -> Response:
    """Without Region and Zone every region is seen; with them, strictly only what is there (recorded)."""
    region, zone = check_place(world, params)
    rules = world.scenario.list_rules("DescribeCompShareInstance")
    bounds = page_bounds(params, rules)
    requested = params.texts("UHostIds")
    now = world.clock.now()
    found = [
        one
        for one in world.instances.all.values()
        if one.visible_at <= now and is_in(one.zone, region, zone) and (not requested or one.identifier in requested)
    ]
    page = cut(world, found, bounds, rules)
    totals = total_fields(len(found), len(page), rules, world.dice)
    return {**totals, "UHostSet": [one.shown(world.dialect) for one in page] or None}


def instance_at(world: World, params: Params) -> Instance:
    """The instance that a request names by UHostId; Region and Zone must be its own.

    :raises ApiError: 230 for one that is not there, or is elsewhere.
    """
    region, zone = check_place(world, params)
    instance = world.instances.all.get(params.required("UHostId"))
    if instance is None or instance.visible_at > world.clock.now():
        raise unavailable("UHostId")
    if zone is not None and zone != instance.zone:
        raise unavailable("Zone")
    if not is_in(instance.zone, region, None):
        raise unavailable("Region")
    return instance


@action("DescribeCompShareSupportZone", reads=True)
def support_zones(world: World, params: Params) -> Response:
    region, _unused = check_place(world, params)
    return {
        "ZoneInfo": [
            {
                "Region": zone.region,
                "RegionId": zone.region_id,
                "Zone": zone.name,
                "ZoneId": zone.zone_id,
                "Describe": zone.description,
                "IsPod": zone.is_pod,
                "DisableImageSync": zone.no_image_sync,
                "UnsupportedImageTypes": list(zone.unsupported_types),
            }
            for zone in ZONES
            if region in (None, zone.region)
        ]
    }
