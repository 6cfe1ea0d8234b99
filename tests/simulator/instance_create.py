"""Creating and reinstalling instances: the two operations that need an image."""

from __future__ import annotations

import base64
import math
from typing import TYPE_CHECKING

from .catalogue import Row
from .errors import ApiError, unavailable
from .gpu_market import CHARGE_TYPES, GPU_TYPES, hourly_disk_price, hourly_price
from .instance_moves import (
    NOT_PREPAID,
    check_free,
    check_name,
    check_password,
    check_sold,
    check_state,
    move,
    requested_size,
)
from .instance_reads import instance_at
from .instance_store import CONTAINER, POD, VM, WINDOWS, Instance, addresses, disk_set, set_image, ssh_command
from .params import Params
from .places import ZONE_BY_NAME, Zone, check_place
from .registry import Response, action

if TYPE_CHECKING:
    from .world import World

MAX_AT_ONCE = 20
PREPAID_DAYS = {"Day": 1, "Month": 30, "Year": 365}


@action("CreateCompShareInstance", required=("Region", "Zone", "GpuType", "GPU", "CPU", "Memory", "CompShareImageId"))
def create_instance(world: World, params: Params) -> Response:
    """Create instances; they get ready one state after the other. Without ChargeType a whole month is bought."""
    check_place(world, params)
    zone = ZONE_BY_NAME[params.required("Zone")]
    gpu_type, cards, cpus, memory = requested_size(params)
    check_sold(world, zone.name, gpu_type, cards, cpus, memory)
    image = image_for_zone(world, params, zone)
    charge_type = charge_type_of(world, params, zone, gpu_type)
    boot_gb, data_gb, disk_type = _disks(params, image)
    password, name = check_password(world, params), check_name(params)
    count = params.integer("MaxCount") or 1
    if not 1 <= count <= MAX_AT_ONCE:
        raise unavailable("MaxCount")
    rules = world.scenario.instances
    if len(world.instances.all) + count > rules.quota:
        raise ApiError(8095, "The quota of instances is exhausted")
    group = params.text("SecurityGroupId")
    if group is not None and group not in world.scenario.account.security_groups:
        raise ApiError(8052, "The security group does not exist")
    if not world.stock.has(zone.name, gpu_type, cards * count):
        raise ApiError(226604, "This GPU type is currently out of resources")
    created = []
    for _unused in range(count):
        instance = world.instances.blank(kind_of(zone, image), zone, gpu_type=gpu_type, image=image, shape="-s1")
        now = int(world.clock.now())
        instance.row.update(
            Name=name or "host",
            Remark=params.text("Remark") or "",
            Tag=params.text("Tag") or "Default",
            GPU=cards,
            CPU=cpus,
            Memory=memory * 1024,
            ChargeType=charge_type,
            IsSpot=charge_type == "Spot",
            DiskSet=disk_set(instance.identifier, boot_gb, data_gb, disk_type),
            TotalDiskSpace=data_gb,
            InstancePrice=hourly_price(gpu_type, cards, charge_type, rules.price_factor),
            DiskPrice=hourly_disk_price(boot_gb, data_gb),
            AutoRenew="No" if charge_type in NOT_PREPAID else "Yes",
            Password=password or generated_password(instance),
            CreateTime=now,
            StartTime=0,
            ExpireTime=now + PREPAID_DAYS.get(charge_type, 0) * 86400 if charge_type in PREPAID_DAYS else 0,
        )
        instance.visible_at = world.clock.now() + rules.visible_after
        world.instances.all[instance.identifier] = instance
        world.disks.adopt(instance)
        world.stock.take(instance, cards)
        _install(world, instance)
        created.append(instance.identifier)
    return {"UHostIds": created, "Warning": None}


def _install(world: World, instance: Instance) -> None:
    rules = world.scenario.instances
    third = rules.create_seconds / 3
    first = world.dialect["first_pod_state"] if instance.is_pod else "Initializing"
    steps = [(0.0, first), (third, "Install")]
    if rules.fail_installs > 0:
        rules.fail_installs -= 1
        move(world, instance, [*steps, (third, "Install Fail")])
    else:
        move(world, instance, [*steps, (third, "Starting"), (third, "Running")])


def kind_of(zone: Zone, image: Row) -> str:
    """What an instance becomes that runs this image in this zone."""
    if zone.is_pod:
        return POD
    if image.get("Container") == "True":
        return CONTAINER
    return WINDOWS if str(image["Name"]).startswith("Windows") else VM


def generated_password(instance: Instance) -> str:
    return base64.b64encode(f"Simulator-{instance.identifier[-6:]}".encode()).decode()


def image_for_zone(world: World, params: Params, zone: Zone) -> Row:
    """The image that a request wants to run in a zone; 230 also means that it is not there (recorded)."""
    image = world.images.find_anywhere(params.required("CompShareImageId"))
    if image is None:
        raise unavailable("CompShareImageId")
    if image["Status"] != "Available":
        raise ApiError(8017, "The image is not available")
    if image.get("Zone", zone.name) != zone.name or (zone.is_pod and image.get("Container") != "True"):
        raise unavailable("CompShareImageId")
    return image


def charge_type_of(world: World, params: Params, zone: Zone, gpu_type: str) -> str:
    charge_type = params.text("ChargeType") or "Month"
    if charge_type == "Year" and world.dialect.is_("year", "refused"):
        raise unavailable("ChargeType")
    if charge_type not in CHARGE_TYPES or (charge_type == "Dynamic" and zone.name == "cn-sh2-01"):
        raise unavailable("ChargeType")
    if charge_type == "Spot" and not GPU_TYPES[gpu_type].spot:
        raise unavailable("ChargeType")
    return charge_type


def _disks(params: Params, image: Row) -> tuple[int, int, str]:
    """Sizes in GB of the boot disk and of all others, and the boot disk's type. Exactly one must be the boot disk."""
    boot, data, disk_type = [], 0, "CLOUD_SSD"
    for disk in params.objects("Disks"):
        size = disk.integer("Size") or 0
        if size <= 0:
            raise ApiError(8067, "The disk size is wrong")
        if disk.boolean("IsBoot"):
            boot.append(size)
            disk_type = disk.text("Type") or disk_type
        else:
            data += size
    if len(boot) != 1:
        raise ApiError(8360, "The description of the boot disk is wrong")
    check_disk_holds(boot[0], image)
    return boot[0], data, disk_type


def check_disk_holds(boot_gb: int, image: Row) -> None:
    if boot_gb < math.ceil(float(image.get("Size") or 0) / 1024):
        raise ApiError(8315, "The system disk is smaller than the image")


@action("ReinstallCompShareInstance", required=("Region", "Zone", "UHostId", "CompShareImageId"))
def reinstall_instance(world: World, params: Params) -> Response:
    """Put another image on an instance. Its password stays, unless a VM becomes a container."""
    instance = instance_at(world, params)
    if not (instance.is_pod and instance.state == "Stopping"):
        check_free(world, instance)
    zone = ZONE_BY_NAME[instance.zone]
    if world.dialect.is_("reinstall_state", "stopped"):
        check_state(instance, "Stopped", "Install Fail", ret_code=8010)
    image = image_for_zone(world, params, zone)
    if world.dialect.is_("reinstall_state", "by kind"):
        _check_state_by_kind(instance, image)
    if instance.without_gpu is not None:
        raise ApiError(226603, "The image does not support this GPU type")
    supported = image.get("SupportedGpuTypes")
    if supported and instance.row["GpuType"] not in supported:
        raise ApiError(226603, "The image does not support this GPU type")
    check_disk_holds(instance.boot_disk_gb, image)
    password = check_password(world, params)
    was_container = instance.is_container
    _become(instance, kind_of(zone, image), zone, image)
    if world.dialect.is_("reinstall_password", "ignored"):
        password = None
    if password is not None or (instance.is_container and not was_container):
        instance.row["Password"] = password or generated_password(instance)
    rules = world.scenario.instances
    move(world, instance, [(0.0, "Reinstalling"), (rules.reinstall_seconds, rules.reinstall_ends)])
    return {"UHostId": instance.identifier}


def _check_state_by_kind(instance: Instance, image: Row) -> None:
    """Container to container on a VM host wants Running; a pod takes more states; anything else wants Stopped."""
    if instance.is_pod:
        check_state(instance, "Running", "Stopping", "Stopped", "Install Fail", ret_code=8905)
    elif instance.is_container and image.get("Container") == "True":
        check_state(instance, "Running", "Install Fail", ret_code=8905)
    else:
        check_state(instance, "Stopped", "Install Fail", ret_code=8010)


def _become(instance: Instance, kind: str, zone: Zone, image: Row) -> None:
    """Give an instance the looks of its new image's kind; addresses and Pod host names stay."""
    set_image(instance.row, image)
    if zone.is_pod:
        return
    instance.row["InstanceType"] = "Container" if kind == CONTAINER else "UHost"
    instance.row["OsType"] = "Windows" if kind == WINDOWS else "Linux"
    ip_set = instance.row["IPSet"] or addresses(0, kind)
    instance.ssh = ssh_command(kind, "", instance.identifier, 0, ip_set)
