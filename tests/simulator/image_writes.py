"""Creating, updating, sharing, publishing and deleting the account's own images."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from .builds import begin_build, next_plan
from .catalogue import Row, custom_row
from .catalogue_groups import group_row
from .errors import ApiError, missing, unavailable
from .image_store import OwnImage
from .instance_reads import instance_at
from .instance_store import Instance
from .params import Params
from .places import ZONE_BY_NAME, check_place, is_in
from .registry import Response, action

if TYPE_CHECKING:
    from .world import World

NAME_PATTERN = re.compile(r"[\w,.:\-]{1,50}")
VERSION_PATTERN = re.compile(r"v\d+(\.\d+)+")
MAX_ACCOUNTS, MAX_TAGS = 10, 3
_UPDATES = {"Name": "Name", "Description": "Description", "Readme": "Readme", "Cover": "Cover"}
_UPDATES.update(VersionName="VersionName", VersionDesc="VersionDesc")


@action("CreateCompShareCustomImage", required=("Region", "Zone", "UHostId", "Name"))
def create_custom_image(world: World, params: Params) -> Response:
    """Begin a build; the id comes at once. Until the end the source is ImageMaking, and a VM without a public IP."""
    instance = instance_at(world, params)
    name = params.required("Name")
    _check_source(world, instance)
    check_image_name(world, name, instance.zone)
    row = _new_row(world, instance, name, params)
    plan = next_plan(world, name)
    disk_gb = instance.boot_disk_gb
    before = instance.state

    def give_back() -> None:
        ours = world.sources.pop(image.identifier, None) is not None
        if ours and instance.state == "ImageMaking":
            instance.row["State"] = before

    image = OwnImage(row, from_community=instance.row["CompShareImageType"] == "Community")
    begin_build(
        world,
        image,
        plan,
        duration=max(10.0, world.scenario.builds.seconds_per_100gb * disk_gb / 100),
        size_mb=disk_gb * 1024 if not image.is_container else disk_gb * 400,
        on_end=give_back,
    )
    if world.dialect.is_("source_while_making", "ImageMaking"):
        instance.row["State"] = "ImageMaking"
        instance.changes += 1
    world.sources[image.identifier] = instance.identifier
    return {"CompShareImageId": image.identifier}


def _check_source(world: World, instance: Instance) -> None:
    """May this instance be imaged now? A VM must be Running or Stopped, a container Running."""
    if world.is_being_imaged(instance):
        raise ApiError(8964, "The instance is making an image")
    if len(world.sources) >= 20 and world.dialect.is_("parallel_builds", "20"):
        raise ApiError(8095, "The quota of images that are being made is exhausted")
    if instance.without_gpu is not None and (
        instance.without_gpu == "A" or world.dialect.is_("image_without_gpu", "never")
    ):
        raise ApiError(226607, "An instance without its GPU cannot be imaged")
    if instance.locked_until > world.clock.now():
        raise ApiError(226609, "Another operation is in progress")
    if instance.state not in (("Running",) if instance.is_container else ("Running", "Stopped")):
        raise ApiError(8905, f"The power state {instance.state} does not allow it")
    if instance.row["CompShareImageType"] == "Community" and float(instance.row["CompShareImagePrice"] or 0):
        raise ApiError(226644, "The source instance uses a paid image, only its publisher may image it")


def check_image_name(world: World, name: str, zone: str) -> None:
    if not NAME_PATTERN.fullmatch(name):
        raise unavailable("Name")
    refusal = world.dialect["duplicate_name"]
    if refusal != "accepted" and any(_holds_name(world, image, name, zone) for image in world.images.own.values()):
        raise ApiError(int(refusal), f"Params [Name] not available, an image named {name} exists")


def _holds_name(world: World, image: OwnImage, name: str, zone: str) -> bool:
    """Whether an image stands in the way of another of this name in this zone."""
    if image.row["Name"] != name:
        return False
    if image.row["Status"] == "UnAvailable" and world.dialect.is_("failed_name", "free"):
        return False
    return image.row["Zone"] == zone or world.dialect.is_("name_scope", "account")


def _new_row(world: World, instance: Instance, name: str, params: Params) -> Row:
    account = world.scenario.account
    zone = ZONE_BY_NAME[instance.zone]
    row = custom_row(
        world.images.new_id(), name, zone, container=instance.is_container, owner=(account.id, account.name)
    )
    row.update(Description=params.text("Description") or "", SourceGpuType=instance.row["GpuType"])
    fields = ("Framework", "FrameworkVersion", "CUDAVersion")
    given = {one: value for one in fields if (value := params.text(f"Softwares.{one}")) is not None}
    applications = params.texts("Softwares.Application")
    if given or applications:
        row["Softwares"] = {**dict.fromkeys(fields, ""), **given, "Applications": applications or None}
    return row


def own_image(world: World, params: Params) -> OwnImage:
    """The account's image that a request names; Region and Zone must be the image's own, where given."""
    region, zone = check_place(world, params)
    image = world.images.own.get(params.required("CompShareImageId"))
    if image is None or not world.is_visible(image):
        raise unavailable("CompShareImageId")
    if not is_in(image.row["Zone"], None, zone):
        raise unavailable("Zone")
    if not is_in(image.row["Zone"], region, None):
        raise unavailable("Region")
    return image


@action("UpdateCompShareImage", required=("Region", "CompShareImageId"))
def update_image(world: World, params: Params) -> Response:
    """Change texts, price and tags; Visibility 0 withdraws a published version, 1 offers it for review again."""
    image = own_image(world, params)
    if image.row["Status"] == "Making":
        raise ApiError(8436, "The image cannot be modified at this moment")
    changes = {row_field: value for name, row_field in _UPDATES.items() if (value := params.text(name)) is not None}
    if changes.get("Name", image.row["Name"]) != image.row["Name"]:
        check_image_name(world, str(changes["Name"]), str(image.row["Zone"]))
    version = changes.get("VersionName", image.row["VersionName"])
    if version != image.row["VersionName"]:
        _check_version(world, str(image.row["GroupId"]), str(version))
    changes.update(_listing_fields(params))
    _check_visibility(image, params.integer("Visibility"))
    image.row.update(changes, UpdateTime=int(world.clock.now()))
    _set_visibility(world, image, params.integer("Visibility"))
    return {}


def _listing_fields(params: Params) -> dict[str, Any]:
    """What publishing and updating have in common: price, tags, GPU types, start-up script support."""
    fields: dict[str, Any] = {}
    if len(params.texts("Tags")) > MAX_TAGS:
        raise unavailable("Tags")
    for name in ("Tags", "SupportedGpuTypes"):
        if params.has_list(name):
            fields[name] = params.texts(name)
    price = params.number("Price")
    if price is not None:
        if price < 0:
            raise unavailable("Price")
        fields.update(Price=price, ImageCharge=price > 0)
    auto_start = params.boolean("AutoStart")
    if auto_start is not None:
        fields["AutoStart"] = auto_start
    return fields


def _check_visibility(image: OwnImage, visibility: int | None) -> None:
    if visibility not in (None, 0, 1) or (visibility == 1 and not image.row["GroupId"]):
        raise unavailable("Visibility")


def _set_visibility(world: World, image: OwnImage, visibility: int | None) -> None:
    if visibility == 0 and image.is_published:
        image.row.update(Status="Offline", Visibility=0)
    elif visibility == 1 and image.row["Status"] == "Offline":
        _review(world, image)


@action("PublishCompShareImage", required=("Region", "CompShareImageId", "VersionName"))
def publish_image(world: World, params: Params) -> Response:
    """Offer an image as a version of a community group; it is reviewed before others see it."""
    image = own_image(world, params)
    version = params.required("VersionName")
    if image.is_published:
        raise ApiError(8436, "The image is published already")
    if not image.is_container or image.row["Status"] not in ("Available", "Offline") or image.from_community:
        raise ApiError(8017, "Only an available container image that is no community image can be published")
    fields = _listing_fields(params)
    group_id, name = params.text("GroupId"), params.text("CommunityImageName")
    if group_id is None and name is None:
        raise missing("CommunityImageName")
    account = world.scenario.account
    if group_id is not None and world.images.groups.get(group_id, {}).get("_owner") != account.id:
        raise unavailable("GroupId")
    if group_id is None:
        _check_version(world, "", version)
        group_id = f"sim{world.images.new_id()[-9:]}"
        world.images.groups[group_id] = group_row(group_id, str(name), [], account.id)
    else:
        _check_version(world, group_id, version)
    world.images.groups[group_id]["_rows"].append(image.row)
    if group_id != image.row["GroupId"]:
        _leave_group(world, image)
    else:
        world.images.groups[group_id]["_rows"].remove(image.row)
    texts = {one: params.text(one) for one in ("VersionDesc", "Cover", "Description", "Readme")}
    image.row.update({key: value for key, value in texts.items() if value is not None}, **fields)
    image.row.update(GroupId=group_id, VersionName=version)
    _review(world, image)
    return {"CompShareImageId": image.identifier}


def _check_version(world: World, group_id: str, version: str) -> None:
    if not VERSION_PATTERN.fullmatch(version):
        raise unavailable("VersionName")
    rows = world.images.groups.get(group_id, {"_rows": []})["_rows"]
    if any(row["VersionName"] == version for row in rows):
        raise ApiError(8968, "The image version name exists already")


def _review(world: World, image: OwnImage) -> None:
    rules = world.scenario.publish
    image.reviews += 1
    this_review = image.reviews
    image.row.update(Status="Reviewing", Visibility=1, FailedReason="", UpdateTime=int(world.clock.now()))

    def decide() -> None:
        if image.row["Status"] != "Reviewing" or image.reviews != this_review:
            return
        if rules.outcome == "rejected":
            status = world.dialect["rejected_status"]
            image.row.update(Status=status, FailedReason=rules.rejected_reason, Visibility=0)
        else:
            image.row.update(Status="Available", PubTime=int(world.clock.now()))

    world.clock.after(rules.review_seconds, decide)


def _leave_group(world: World, image: OwnImage) -> None:
    """Take a version out of its group, and the group away with its last version."""
    group = world.images.groups.get(str(image.row["GroupId"]))
    if group is not None:
        group["_rows"] = [row for row in group["_rows"] if row is not image.row]
        if not group["_rows"]:
            del world.images.groups[group["GroupId"]]


@action("TerminateCompShareCustomImage", required=("Region", "CompShareImageId"))
def terminate_custom_image(world: World, params: Params) -> Response:
    """Delete an image. It stays listed for some seconds. A published one must be withdrawn first."""
    if params.required("CompShareImageId") not in world.images.own:
        ret_code = int(world.dialect["delete_missing"])
        if not ret_code:
            return {}
        raise ApiError(ret_code, "The resource is not found or already released")
    image = own_image(world, params)
    if image.row["Status"] == "Making" and world.dialect.is_("delete_while_making", "8436"):
        raise ApiError(8436, "The image is being made, it cannot be modified at this moment")
    if image.is_published:
        raise ApiError(8436, "The image is published, withdraw it first")
    if not image.leaving:
        image.leaving = True

        def go() -> None:
            _leave_group(world, image)
            world.images.own.pop(image.identifier, None)
            build = world.builds.pop(image.identifier, None)
            if build is not None:
                build.let_go()

        world.clock.after(world.scenario.builds.delete_seconds, go)
    return {}


@action("ModifyCompShareImageShareAccount", required=("Region", "CompShareImageId"))
def modify_share_accounts(world: World, params: Params) -> Response:
    """Share with accounts, or stop sharing. One account that does not exist, and nothing is applied, with RetCode 0."""
    identifier = params.required("CompShareImageId")
    if any(row["CompShareImageId"] == identifier for row in world.images.shared):
        raise ApiError(8350, "A shared image cannot be shared again")
    image = own_image(world, params)
    add, remove = params.integers("AddAccounts"), params.integers("RemoveAccounts")
    if not add and not remove:
        raise missing("AddAccounts")
    for name, accounts in (("AddAccounts", add), ("RemoveAccounts", remove)):
        if len(accounts) > MAX_ACCOUNTS:
            raise unavailable(name)
    if image.row["Status"] not in ("Available", "Offline"):
        raise ApiError(8017, "The image is not available")
    account = world.scenario.account
    invalid = [one for one in (*add, *remove) if one <= 0 or one == account.id or one in account.invalid_accounts]
    if not invalid:
        kept = [one for one in image.shared_with if one not in remove]
        image.shared_with = kept + [one for one in dict.fromkeys(add) if one not in kept]
    return {"InvalidAccounts": invalid or None}


@action("DescribeCompShareImageShareAccounts", required=("Region", "CompShareImageId"), reads=True)
def share_accounts(world: World, params: Params) -> Response:
    image = own_image(world, params)
    rows = [{"AccountId": one, "AccountName": f"account {one}"} for one in image.shared_with]
    return {"AccountSet": rows or None}
