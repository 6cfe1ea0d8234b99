"""Copies of images in other zones, by each of the two actions."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.compshare.cloud.tests.simulator import World
from ansible_collections.compshare.cloud.tests.simulator.caller import Caller
from ansible_collections.compshare.cloud.tests.simulator.fixtures import MakeWorld

SOURCE = "compshareImage-a"
ROWS = {
    "custom": [
        {"CompShareImageId": SOURCE, "Name": "a", "Size": 40960},
        {"CompShareImageId": "compshareImage-making", "Name": "b", "Status": "Making"},
    ]
}


def sync(world: World, *zone_ids: int, source: str = SOURCE, name: str = "copy") -> dict[str, Any]:
    params = {"SourceCompShareImageId": source, "TargetImageName": name, "TargetZoneIds": list(zone_ids)}
    response: dict[str, Any] = Caller.of(world).post_json("SyncCompShareCustomImage", params).json()
    return response


def progress(world: World, image_id: str, zone_id: int) -> Any:
    params = {"CompShareImageId": image_id, "zone_id": zone_id}
    response = Caller.of(world).call("DescribeCompShareCustomImageSyncDetail", **params)
    return response.get("Progress", response["RetCode"])


def test_a_copy_is_an_image_of_its_own(make_world: MakeWorld) -> None:
    world = make_world(rows=ROWS)
    done = sync(world, 8200)
    (result,) = done["Results"]
    copy = world.images.own[result["CompShareImageId"]].row
    assert (copy["Name"], copy["Zone"], copy["Status"]) == ("copy", "cn-sh2-02", "Making")
    world.advance(75)
    assert (progress(world, SOURCE, 8200), progress(world, copy["CompShareImageId"], 8200)) == ("25", "25")
    world.advance(226)
    assert (copy["Status"], copy["Size"]) == ("Available", 40960)
    assert progress(world, SOURCE, 8200) == "100"
    assert progress(world, SOURCE, 10027) == 230


def test_what_fails_for_one_zone_hides_behind_success(make_world: MakeWorld) -> None:
    done = sync(make_world(rows=ROWS), 10027, 8300, 5001, 1, 8200)
    assert (done["RetCode"], done["SuccessCount"], done["FailedCount"]) == (0, 1, 4)
    assert [one["RetCode"] for one in done["Results"]] == [230, 226636, 226637, 230, 0]


@pytest.mark.parametrize(
    ("source", "ret_code"), [("compshareImage-none", 230), ("compshareImage-making", 8017)], ids=["unknown", "making"]
)
def test_only_an_available_image_is_copied(make_world: MakeWorld, source: str, ret_code: int) -> None:
    assert sync(make_world(rows=ROWS), 8200, source=source)["RetCode"] == ret_code


def test_the_documented_action_copies_to_its_zone(make_world: MakeWorld) -> None:
    world = make_world(rows=ROWS, dialect={"image_copy": "copy"})
    assert sync(world, 8200)["RetCode"] == 161
    params = {"Region": "cn-sh2", "Zone": "cn-sh2-02", "CompShareImageId": SOURCE, "TargetImageName": "there"}
    created = Caller.of(world).call("CopyCompShareCustomImage", **params)["NewCompShareImageId"]
    assert world.images.own[created].row["Zone"] == "cn-sh2-02"
    assert Caller.of(world).call("CopyCompShareCustomImage", **{**params, "Zone": "cn-wlcb-01"})["RetCode"] == 230
