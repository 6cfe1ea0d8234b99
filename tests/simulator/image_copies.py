"""Copies of the account's own images in other zones. Which of the two actions is served is a matter of dialect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .builds import begin_build
from .catalogue import Row, custom_row
from .errors import ApiError, missing, unavailable
from .image_store import OwnImage
from .image_writes import check_image_name, own_image
from .params import Params
from .places import DEFAULT_ZONE, ZONE_BY_NAME, ZONES, Zone
from .registry import Response, action
from .scenario import BuildPlan

if TYPE_CHECKING:
    from .world import World


@action("SyncCompShareCustomImage", required=("SourceCompShareImageId", "TargetImageName"))
def sync_image(world: World, params: Params) -> Response:
    """Copy an image to zones. What went wrong with one of them hides behind a RetCode of 0 (relied on by a client)."""
    _check_served(world, "sync")
    if not params.came_as_json and world.dialect.is_("sync_body", "JSON"):
        raise missing("TargetZoneIds")
    targets = params.integers("TargetZoneIds")
    if not targets:
        raise missing("TargetZoneIds")
    source = _source(world, params.required("SourceCompShareImageId"))
    results = [_copy_to(world, source, target, params) for target in targets]
    good = sum(one["RetCode"] == 0 for one in results)
    return {"SuccessCount": good, "FailedCount": len(results) - good, "Results": results}


def _copy_to(world: World, source: OwnImage, zone_id: int, params: Params) -> dict[str, Any]:
    zone = next((one for one in ZONES if one.zone_id == zone_id), None)
    result: dict[str, Any] = {"TargetZoneId": zone_id, "CompShareImageId": "", "RetCode": 0, "Message": "OK"}
    try:
        if zone is None:
            raise unavailable("TargetZoneIds")
        name, description = params.required("TargetImageName"), params.text("TargetImageDescription")
        result["CompShareImageId"] = copy(world, source, zone, name, description).identifier
    except ApiError as error:
        result.update(RetCode=error.ret_code, Message=error.message)
    return result


@action("CopyCompShareCustomImage", required=("Region", "CompShareImageId"))
def copy_image(world: World, params: Params) -> Response:
    """Copy an image to the zone that is named (documented)."""
    _check_served(world, "copy")
    zone = ZONE_BY_NAME.get(params.text("Zone") or DEFAULT_ZONE.name)
    if zone is None:
        raise unavailable("Zone")
    source = _source(world, params.required("CompShareImageId"))
    name = params.text("TargetImageName") or f"{source.row['Name']}-copy"
    return {"NewCompShareImageId": copy(world, source, zone, name, None).identifier}


def _check_served(world: World, action_of: str) -> None:
    if not world.dialect.is_("image_copy", action_of):
        raise ApiError(161, "The Action does not exist")


def _source(world: World, identifier: str) -> OwnImage:
    image = world.images.own.get(identifier)
    if image is None or not world.is_visible(image):
        raise unavailable("CompShareImageId")
    if image.row["Status"] != "Available":
        raise ApiError(8017, "The image is not available")
    return image


def copy(world: World, source: OwnImage, zone: Zone, name: str, description: str | None) -> OwnImage:
    """Begin a copy, which is an image of its own from the start."""
    if zone.name == source.row["Zone"]:
        raise unavailable("TargetZoneIds")
    if zone.no_image_sync:
        raise ApiError(226636, "The zone does not support image sync")
    if zone.is_pod and not source.is_container:
        raise ApiError(226637, "The zone does not support this type of image")
    check_image_name(world, name, zone.name)
    account = world.scenario.account
    row: Row = custom_row(
        world.images.new_id(), name, zone, container=source.is_container, owner=(account.id, account.name)
    )
    kept = ("Softwares", "SourceGpuType", "Description", "SupportedGpuTypes", "Tags")
    row.update({field: source.row.get(field) for field in kept})
    if description is not None:
        row["Description"] = description
    image = OwnImage(row, from_community=source.from_community)
    duration = world.scenario.builds.copy_seconds
    begin_build(world, image, BuildPlan(), duration=duration, size_mb=int(source.row["Size"]))
    image.row["Status"] = world.dialect["copied_status"]
    image.copy_of = source.identifier
    return image


@action("DescribeCompShareCustomImageSyncDetail", required=("CompShareImageId", "zone_id"), reads=True)
def sync_detail(world: World, params: Params) -> Response:
    """How far a copy is, as text. It may be requested by the source and the zone, or by the copy (decided here)."""
    _check_served(world, "sync")
    identifier, zone_id = params.required("CompShareImageId"), params.required_integer("zone_id")
    for image in world.images.own.values():
        zone = ZONE_BY_NAME[image.row["Zone"]]
        if identifier in (image.identifier, image.copy_of) and image.copy_of and zone.zone_id == zone_id:
            build = world.builds[image.identifier]
            done = (world.clock.now() - build.started) / build.duration
            return {"Progress": str(min(100, int(done * 100)))}
    own_image(world, params)
    raise unavailable("zone_id")
