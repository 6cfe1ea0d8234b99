"""Data disks: the account's own objects, which an instance has or nobody has, and the actions on them."""

from __future__ import annotations

import string
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .catalogue import NEWEST, Row
from .dice import IdMaker
from .errors import ApiError, unavailable
from .gpu_market import CHARGE_TYPES, disk_price
from .instance_moves import check_name
from .instance_reads import instance_at
from .instance_store import Instance
from .paging import cut, page_bounds, total_fields
from .params import Params
from .places import ZONE_BY_NAME, check_place, is_in
from .registry import Response, action

if TYPE_CHECKING:
    from .world import World

PLACE = ("Region", "Zone")
SMALLEST_GB, LARGEST_GB = 10, 1500
DRIVES = tuple(f"/dev/vd{letter}" for letter in string.ascii_lowercase[1:])
IN_USE, AVAILABLE, ATTACHING, DETACHING = "InUse", "Available", "Attaching", "Detaching"


@dataclass
class Disk:
    """One data disk. ``entry``: as the DiskSet of an instance shows it, and the only place of its size and name."""

    entry: Row
    zone: str
    charge_type: str
    status: str
    owner: Instance | None = None
    visible_at: float = 0.0
    created: int = NEWEST
    changes: int = 0

    @property
    def identifier(self) -> str:
        return str(self.entry["DiskId"])

    @property
    def size(self) -> int:
        return int(self.entry["Size"])

    def row(self) -> Row:
        """As the list of disks shows it."""
        return {
            "ResourceId": self.identifier,
            "Name": self.entry.get("Name", ""),
            "Configuration": f"{self.size}GB",
            "DiskType": self.entry["DiskType"],
            "Zone": self.zone,
            "MountInstance": self.owner.identifier if self.owner else "",
            "MountPoint": self.entry["Drive"] if self.owner else "",
            "Status": self.status,
            "ChargeType": self.charge_type,
            "Source": "UDisk",
            "CreateTime": self.created,
            "ExpiredTime": self.created + 30 * 86400 if self.charge_type == "Month" else 0,
        }


class DiskStore:
    """Every data disk of a world: those of its instances, and planted ones that nobody has."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._ids = IdMaker("bsi-", world.scenario.seed, 43)
        self._created = 0
        self._disks: dict[str, Disk] | None = None

    @property
    def all(self) -> dict[str, Disk]:
        return self.load() if self._disks is None else self._disks

    def load(self) -> dict[str, Disk]:
        """Create the disks that the world begins with."""
        disks: dict[str, Disk] = {}
        self._disks = disks
        for planted in self._world.scenario.rows.disks:
            self._plant(planted)
        for instance in self._world.instances.all.values():
            self.adopt(instance)
        return disks

    def new_id(self) -> str:
        self._created += 1
        return self._ids.id(self._created)

    def adopt(self, instance: Instance) -> None:
        """Take the data disks that an instance came with into the store."""
        for entry in instance.row["DiskSet"] or []:
            if entry.get("IsBoot") != "True" and entry.get("DiskId"):
                entry.setdefault("Drive", "/dev/vdb")
                entry.setdefault("DiskType", "CLOUD_SSD")
                disk = Disk(entry, instance.zone, instance.row["ChargeType"], IN_USE, instance)
                disk.created = int(instance.row["CreateTime"])
                self.all[disk.identifier] = disk

    def _plant(self, planted: Row) -> None:
        """A planted row, in the field names of the list of disks."""
        entry = new_entry(str(planted.get("ResourceId") or self.new_id()), int(planted.get("Size", 50)))
        entry["Name"] = planted.get("Name", "data")
        disk = Disk(entry, str(planted.get("Zone", "cn-wlcb-01")), str(planted.get("ChargeType", "Postpay")), AVAILABLE)
        owner = planted.get("MountInstance")
        if owner:
            attach(disk, self._world.instances.all[str(owner)])
            disk.status = IN_USE
        self.all[disk.identifier] = disk

    def of(self, instance: Instance) -> list[Disk]:
        return [disk for disk in self.all.values() if disk.owner is instance]

    def let_go(self, instance: Instance, delete: bool) -> None:
        """Detach, or delete, the data disks of an instance that is being released."""
        for disk in self.of(instance):
            disk.owner = None
            disk.status = AVAILABLE
            if delete:
                del self.all[disk.identifier]


def new_entry(identifier: str, size: int, disk_type: str = "CLOUD_SSD") -> Row:
    return {
        "DiskId": identifier,
        "DiskType": disk_type,
        "Drive": "",
        "Encrypted": "false",
        "IsBoot": "False",
        "Name": "",
        "Size": size,
        "Type": "Udisk",
    }


def attach(disk: Disk, instance: Instance) -> None:
    taken = {entry.get("Drive") for entry in instance.row["DiskSet"] or []}
    disk.owner = instance
    disk.entry["Drive"] = next(drive for drive in DRIVES if drive not in taken)
    instance.row["DiskSet"] = [*(instance.row["DiskSet"] or []), disk.entry]
    refresh_price(instance)


def detach(disk: Disk) -> None:
    assert disk.owner is not None
    disk.owner.row["DiskSet"] = [entry for entry in disk.owner.row["DiskSet"] if entry is not disk.entry]
    refresh_price(disk.owner)
    disk.owner, disk.entry["Drive"] = None, ""


def refresh_price(instance: Instance) -> None:
    data_gb = sum(int(entry["Size"]) for entry in instance.row["DiskSet"] if entry["IsBoot"] != "True")
    price = disk_price(instance.boot_disk_gb, data_gb, instance.row["ChargeType"])
    instance.row.update(TotalDiskSpace=data_gb, DiskPrice=price)


@action("DescribeCompshareDisk", reads=True)
def disks(world: World, params: Params) -> Response:
    """All data disks, attached or not; HostId leaves those of one instance."""
    region, zone = check_place(world, params)
    rules = world.scenario.list_rules("DescribeCompshareDisk")
    host, now = params.text("HostId"), world.clock.now()
    found = [
        disk.row()
        for disk in world.disks.all.values()
        if disk.visible_at <= now
        and is_in(disk.zone, region, zone)
        and host in (None, disk.owner.identifier if disk.owner else "")
    ]
    if world.dialect.is_("disk_pages", "ignored"):
        return {**total_fields(len(found), len(found), rules, world.dice), "DiskSet": found or None}
    page = cut(world, found, page_bounds(params, rules), rules)
    return {**total_fields(len(found), len(page), rules, world.dice), "DiskSet": page or None}


@action("CreateAndAttachCompshareDisk", required=(*PLACE, "UHostId", "Size", "Name"))
def create_and_attach(world: World, params: Params) -> Response:
    """Buy a disk for an instance. Without ChargeType a whole month is bought."""
    instance = _host(world, params)
    size = _size(params, "Size", SMALLEST_GB)
    charge_type = params.text("ChargeType") or "Month"
    if charge_type not in CHARGE_TYPES or charge_type == "Spot":
        raise unavailable("ChargeType")
    name = check_name(params)
    if world.scenario.account.balance < disk_price(0, size, charge_type):
        raise ApiError(520, "The balance is not enough")
    entry = new_entry(world.disks.new_id(), size, params.text("DiskType") or "CLOUD_SSD")
    entry["Name"] = name
    disk = Disk(entry, instance.zone, charge_type, ATTACHING, created=int(world.clock.now()))
    disk.visible_at = world.clock.now() + world.scenario.instances.visible_after
    world.disks.all[disk.identifier] = disk
    attach(disk, instance)
    _settle(world, disk, ATTACHING, world.scenario.instances.attach_seconds, IN_USE)
    return {"UDiskId": disk.identifier} if world.dialect.is_("created_disk", "UDiskId") else {}


@action("AttachCompshareDisk", required=("Region", "UDiskId", "UHostId"))
def attach_disk(world: World, params: Params) -> Response:
    """Give a free disk to an instance of its zone."""
    disk, instance = disk_at(world, params), _host(world, params)
    if disk.zone != instance.zone:
        raise unavailable("UDiskId")
    _check_status(disk, AVAILABLE)
    attach(disk, instance)
    _settle(world, disk, ATTACHING, world.scenario.instances.attach_seconds, IN_USE)
    return {}


@action("DetachCompshareDisk", required=("Region", "UDiskId", "UHostId"))
def detach_disk(world: World, params: Params) -> Response:
    disk, instance = disk_at(world, params), _host(world, params)
    if disk.owner is not instance:
        raise unavailable("UHostId")
    if params.text("Device") not in (None, disk.entry["Drive"]):
        raise unavailable("Device")
    _check_status(disk, IN_USE)
    _settle(world, disk, DETACHING, world.scenario.instances.detach_seconds, AVAILABLE, lambda: detach(disk))
    return {}


@action("ResizeCompShareDisk", required=(*PLACE, "UDiskId", "Size"))
def resize_disk(world: World, params: Params) -> Response:
    """Let a disk grow; it never shrinks."""
    disk = disk_at(world, params)
    size = _size(params, "Size", 1)
    if size < disk.size:
        raise ApiError(8107, "A disk cannot shrink")
    _check_status(disk, IN_USE, AVAILABLE)
    running = disk.owner is not None and disk.owner.state == "Running"
    if running and world.dialect.is_("grow_attached", "8010"):
        raise ApiError(8010, "The instance must be stopped first")
    disk.entry["Size"] = size
    if disk.owner is not None:
        refresh_price(disk.owner)
    return {"UDiskId": disk.identifier}


@action("DeleteCompshareDisk", required=(*PLACE, "UDiskId"))
def delete_disk(world: World, params: Params) -> Response:
    """Delete a disk, and detach it before, as the documentation's title for it says."""
    if params.required("UDiskId") not in world.disks.all:
        raise ApiError(8039, "The resource is not found or already released")
    disk = disk_at(world, params)
    if disk.status == DETACHING:
        raise ApiError(8434, "A dependency failed")
    if disk.owner is not None and world.dialect.is_("delete_attached", "8436"):
        raise ApiError(8436, "The disk is attached, it cannot be modified at this moment")
    _check_status(disk, IN_USE, AVAILABLE)
    if disk.owner is not None:
        detach(disk)
    del world.disks.all[disk.identifier]
    world.deleted_disks.append(disk.identifier)
    return {"UDiskId": disk.identifier}


@action("GetCompShareAttachedDiskUpgradePrice", required=(*PLACE, "UHostId", "DiskId", "DiskSpace"), reads=True)
def disk_upgrade_price(world: World, params: Params) -> Response:
    """What a larger disk costs more for one charge."""
    instance = _host(world, params)
    entry = next((one for one in instance.row["DiskSet"] if one["DiskId"] == params.text("DiskId")), None)
    if entry is None:
        raise unavailable("DiskId")
    more = params.required_integer("DiskSpace") - int(entry["Size"])
    if more < 0:
        raise ApiError(8107, "A disk cannot shrink")
    price = disk_price(0, more, instance.row["ChargeType"])
    return {"Price": price, "OriginalPrice": price, "ListPrice": price, "PriceDetail": {"UDisk": price}}


def disk_at(world: World, params: Params) -> Disk:
    """The disk that a request names; Region and Zone must be its own, where given."""
    region, zone = check_place(world, params)
    disk = world.disks.all.get(params.required("UDiskId"))
    if disk is None or disk.visible_at > world.clock.now():
        raise unavailable("UDiskId")
    if zone not in (None, disk.zone):
        raise unavailable("Zone")
    if not is_in(disk.zone, region, None):
        raise unavailable("Region")
    return disk


def _host(world: World, params: Params) -> Instance:
    """The instance that a request names. A Pod has no disks of this kind."""
    instance = instance_at(world, params)
    if instance.is_pod or ZONE_BY_NAME[instance.zone].is_pod:
        raise unavailable("UHostId")
    if instance.leaving or instance.state not in ("Running", "Stopped"):
        raise ApiError(8903, "The instance is busy with another task")
    return instance


def _size(params: Params, name: str, smallest: int) -> int:
    size = params.required_integer(name)
    if not smallest <= size <= LARGEST_GB:
        raise ApiError(8067, "The disk size is wrong")
    return size


def _check_status(disk: Disk, *statuses: str) -> None:
    if disk.status not in statuses:
        raise ApiError(8436, f"The disk is {disk.status}, it cannot be modified at this moment")


def _settle(
    world: World, disk: Disk, now: str, seconds: float, then: str, effect: Callable[[], None] = lambda: None
) -> None:
    """Let a disk be in one state for some seconds, and in another one afterwards."""
    disk.status = now
    disk.changes += 1
    this_change = disk.changes

    def settle() -> None:
        if disk.changes == this_change and disk.status == now:
            effect()
            disk.status = then

    world.clock.after(seconds, settle)
