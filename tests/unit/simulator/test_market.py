"""Zones, GPU types, stock and prices."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.compshare.cloud.tests.simulator.caller import Caller
from ansible_collections.compshare.cloud.tests.simulator.fixtures import MakeWorld

PLACE = {"Region": "cn-wlcb", "Zone": "cn-wlcb-01"}
SIZE = {**PLACE, "GpuType": "4090", "GPU": 1, "CPU": 16, "Memory": 65536}


def test_zones_need_no_region(caller: Caller) -> None:
    zones = caller.call("DescribeCompShareSupportZone")["ZoneInfo"]
    assert {zone["Zone"] for zone in zones} == {
        "cn-wlcb-01",
        "cn-wlcb-03",
        "cn-sh2-01",
        "cn-sh2-02",
        "cn-sh2-03",
        "cn-bj2-03",
    }
    assert {zone["Zone"] for zone in zones if zone["IsPod"]} == {"cn-wlcb-03", "cn-sh2-01", "cn-bj2-03"}
    assert next(zone for zone in zones if zone["Zone"] == "cn-wlcb-01")["ZoneId"] == 10027


def test_gpu_types_and_their_sizes_in_gb(caller: Caller) -> None:
    rows = caller.call("DescribeAvailableCompShareInstanceTypes", **PLACE)["AvailableInstanceTypes"]
    card = next(row for row in rows if row["Name"] == "4090")
    assert (card["Zone"], card["Status"], card["GraphicsMemory"]["Value"]) == ("cn-wlcb-01", "Normal", 24)
    two = next(size for size in card["MachineSizes"] if size["Gpu"] == 2)
    assert {(one["Cpu"], tuple(one["Memory"])) for one in two["Collection"]} == {(24, (64, 96)), (32, (128, 192))}
    assert next(row for row in rows if row["Name"] == "A800")["Status"] == "SoldOut"
    assert {row["Zone"] for row in caller.call("DescribeAvailableCompShareInstanceTypes")["AvailableInstanceTypes"]} > {
        "cn-wlcb-01"
    }
    spot = caller.call("DescribeAvailableCompShareInstanceTypes", **PLACE, InstanceType="spot")
    assert spot["AvailableInstanceTypes"] is None


def test_capacity_shows_what_can_be_created(caller: Caller) -> None:
    check: dict[str, Any] = {"action": "CheckCompShareResourceCapacity", **PLACE}
    specs = caller.call(**check, GpuType="4090", GPU=1)["Specs"]
    assert {"Gpu": 1, "Cpu": 16, "Mem": 64, "ResourceEnough": True} in specs
    assert {one["ResourceEnough"] for one in caller.call(**check, GpuType="A800")["Specs"]} == {False}
    assert caller.call(**check, GpuType="2080Ti")["Specs"] is None
    assert caller.call(**check, GpuType="9090")["Message"] == "Params [GpuType] not available"
    assert caller.call("CheckCompShareResourceCapacity", Region="cn-wlcb")["Message"] == "Missing params [Zone]"
    missing = caller.call(**check, GpuType="4090", CompShareImageId="compshareImage-none")
    assert missing["Message"] == "Params [CompShareImageId] not available"


def test_inventory_by_kind_of_zone(make_world: MakeWorld) -> None:
    caller = Caller.of(make_world(instances={"stock": {"cn-wlcb-01": {"4090": 3}}}))
    official = caller.call("DescribeCompShareGpuInventory")
    assert official["GpuInventory"]["Exclusive"]["10027"]["4090"] == 3
    assert "8100" not in official["GpuInventory"]["Exclusive"]
    pods = caller.call("DescribeCompShareGpuInventory", zone_id=8100)
    assert set(pods["GpuInventory"]["Exclusive"]) == {"8100", "5001", "10033"}
    assert "A800" in official["SpotUnsupportedGpuTypes"]


@pytest.mark.parametrize(
    ("action", "types"),
    [
        ("GetCompShareInstancePrice", {"Year", "Month", "Day", "Dynamic", "Postpay", "Spot"}),
        ("GetCompShareInstanceUserPrice", {"Month", "Day", "Dynamic", "Postpay", "Spot"}),
    ],
)
def test_prices_by_charge_type(caller: Caller, action: str, types: set[str]) -> None:
    assert {one["ChargeType"] for one in caller.call(action, **SIZE)["PriceDetails"]} == types
    disks = [{"IsBoot": True, "Size": 200}, {"IsBoot": False, "Size": 100}]
    (price,) = caller.call(action, **SIZE, ChargeType="Postpay", Disks=disks, Count=3)["PriceDetails"]
    assert (price["Instance"], price["Disks"], price["SystemDisks"]) == (1.48, 0.06, 0.06)
    assert caller.call(action, **{**SIZE, "Memory": 64})["Message"] == "Params [Memory] not available"


def test_a_price_is_no_proof_of_sale(caller: Caller) -> None:
    size = {**SIZE, "GpuType": "2080Ti", "Gpu": 1, "Cpu": 6}
    assert caller.call("GetCompShareInstancePrice", **size)["RetCode"] == 0


def test_prices_follow_the_scenario(make_world: MakeWorld) -> None:
    caller = Caller.of(make_world(instances={"price_factor": 2.0}))
    (price,) = caller.call("GetCompShareInstancePrice", **SIZE, ChargeType="Postpay")["PriceDetails"]
    assert price["Instance"] == 2.96


def test_projects(caller: Caller) -> None:
    rows = caller.call("GetProjectList")["ProjectSet"]
    assert [(row["ProjectId"], row["IsDefault"]) for row in rows] == [("org-default1", True), ("org-second01", False)]


def test_actions_that_do_not_exist(caller: Caller) -> None:
    for action in ("PoweronCompShareInstance", "GetSoftwareURL", "DescribeFavoriteImages", "AddFavoriteImage"):
        assert caller.call(action)["RetCode"] == 161
