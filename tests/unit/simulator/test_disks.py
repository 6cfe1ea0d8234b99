"""Data disks: bought, moved, grown and deleted."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.compshare.cloud.tests.simulator import World
from ansible_collections.compshare.cloud.tests.simulator.caller import Caller
from ansible_collections.compshare.cloud.tests.simulator.fixtures import MakeWorld

PLACE = {"Region": "cn-wlcb", "Zone": "cn-wlcb-01"}
LIST = "DescribeCompshareDisk"


@pytest.fixture
def world(make_world: MakeWorld) -> World:
    return make_world(
        replace=["instances"],
        rows={
            "instances": [
                {"UHostId": "uhost-a"},
                {"UHostId": "uhost-b", "State": "Stopped"},
                {"UHostId": "uhost-far", "Zone": "cn-sh2-02", "Region": "cn-sh2"},
                {"UHostId": "uhost-new", "State": "Initializing"},
                {"UHostId": "cpod-a", "Zone": "cn-bj2-03", "Region": "cn-bj2"},
            ],
            "disks": [{"ResourceId": "bsi-free", "Name": "old", "Size": 100}],
        },
    )


@pytest.fixture
def caller(world: World) -> Caller:
    return Caller.of(world)


def listed(caller: Caller, disk_id: str) -> dict[str, Any]:
    return next(row for row in caller.call(LIST)["DiskSet"] if row["ResourceId"] == disk_id)


def create(caller: Caller, **changes: Any) -> dict[str, Any]:
    params = {**PLACE, "UHostId": "uhost-a", "Size": 50, "Name": "data", "ChargeType": "Postpay", **changes}
    return caller.call("CreateAndAttachCompshareDisk", **params)


def test_a_disk_from_purchase_to_end(world: World, caller: Caller) -> None:
    disk_id = create(caller)["UDiskId"]
    assert listed(caller, disk_id)["Status"] == "Attaching"
    world.advance(7)
    assert listed(caller, disk_id) == {
        "ResourceId": disk_id,
        "Name": "data",
        "Configuration": "50GB",
        "DiskType": "CLOUD_SSD",
        "Zone": "cn-wlcb-01",
        "MountInstance": "uhost-a",
        "MountPoint": "/dev/vdb",
        "Status": "InUse",
        "ChargeType": "Postpay",
        "Source": "UDisk",
        "CreateTime": int(world.clock.now()) - 7,
        "ExpiredTime": 0,
    }
    row = caller.call("DescribeCompShareInstance", UHostIds=["uhost-a"])["UHostSet"][0]
    assert [(one["DiskId"], one["Size"], one["Drive"]) for one in row["DiskSet"][1:]] == [(disk_id, 50, "/dev/vdb")]
    assert (row["TotalDiskSpace"], row["DiskPrice"]) == (50, 0.03)
    disk = {"Region": "cn-wlcb", "Zone": "cn-wlcb-01", "UDiskId": disk_id}
    assert caller.call("ResizeCompShareDisk", **disk, Size=80)["UDiskId"] == disk_id
    assert caller.call("ResizeCompShareDisk", **disk, Size=70)["RetCode"] == 8107
    assert caller.call("DetachCompshareDisk", **disk, UHostId="uhost-a", Device="/dev/vdb")["RetCode"] == 0
    assert caller.call("DeleteCompshareDisk", **disk)["RetCode"] == 8434
    assert listed(caller, disk_id)["Status"] == "Detaching"
    world.advance(7)
    free = listed(caller, disk_id)
    assert (free["Status"], free["MountInstance"], free["MountPoint"]) == ("Available", "", "")
    assert caller.call("AttachCompshareDisk", **disk, UHostId="uhost-b")["RetCode"] == 0
    world.advance(7)
    assert listed(caller, disk_id)["MountInstance"] == "uhost-b"
    assert [row["ResourceId"] for row in caller.call(LIST, HostId="uhost-b")["DiskSet"]] == [disk_id]
    assert caller.call("DeleteCompshareDisk", **disk)["UDiskId"] == disk_id
    assert world.deleted_disks == [disk_id]
    assert caller.call("DeleteCompshareDisk", **disk)["RetCode"] == 8039


@pytest.mark.parametrize(
    ("changes", "ret_code"),
    [
        ({"Size": 9}, 8067),
        ({"Size": 1501}, 8067),
        ({"Name": "a b"}, 230),
        ({"ChargeType": "Spot"}, 230),
        ({"UHostId": "uhost-new"}, 8903),
        ({"UHostId": "uhost-far"}, 230),
        ({"UHostId": "cpod-a", "Region": "cn-bj2", "Zone": "cn-bj2-03"}, 230),
        ({"ChargeType": "Year", "Size": 1500}, 520),
    ],
)
def test_what_cannot_be_bought(world: World, caller: Caller, changes: dict[str, Any], ret_code: int) -> None:
    assert create(caller, **changes)["RetCode"] == ret_code
    assert set(world.disks.all) == {"bsi-free"}


@pytest.mark.parametrize(
    ("action", "params", "ret_code"),
    [
        ("AttachCompshareDisk", {"UHostId": "uhost-far", "Region": "cn-sh2"}, 230),
        ("AttachCompshareDisk", {"UHostId": "uhost-a", "UDiskId": "bsi-none"}, 230),
        ("DetachCompshareDisk", {"UHostId": "uhost-a"}, 230),
        ("ResizeCompShareDisk", {"Zone": "cn-wlcb-01", "Size": 2000}, 8067),
        ("ResizeCompShareDisk", {"Zone": "cn-sh2-02", "Region": "cn-sh2", "Size": 200}, 230),
    ],
)
def test_what_cannot_be_done_with_a_free_disk(
    caller: Caller, action: str, params: dict[str, Any], ret_code: int
) -> None:
    assert caller.call(action, **{"Region": "cn-wlcb", "UDiskId": "bsi-free", **params})["RetCode"] == ret_code


def test_the_price_of_growing(world: World, caller: Caller) -> None:
    disk_id = create(caller)["UDiskId"]
    params = {**PLACE, "UHostId": "uhost-a", "DiskId": disk_id}
    assert caller.call("GetCompShareAttachedDiskUpgradePrice", **params, DiskSpace=150)["Price"] == 0.06
    assert caller.call("GetCompShareAttachedDiskUpgradePrice", **params, DiskSpace=40)["RetCode"] == 8107


@pytest.mark.parametrize(("release", "left"), [(None, {"bsi-free", "bsi-own"}), (True, {"bsi-free"})])
def test_disks_outlive_their_instance_unless_released(
    world: World, caller: Caller, release: Any, left: set[str]
) -> None:
    world.disks.all["bsi-free"].entry["Name"] = "old"
    entry = {"DiskId": "bsi-own", "Size": 20, "IsBoot": "False"}
    world.instances.all["uhost-b"].row["DiskSet"].append(entry)
    world.disks.adopt(world.instances.all["uhost-b"])
    params = {} if release is None else {"ReleaseUDisk": release}
    caller.call("TerminateCompShareInstance", **PLACE, UHostId="uhost-b", **params)
    world.advance(6)
    assert {row["ResourceId"] for row in caller.call(LIST)["DiskSet"]} == left
