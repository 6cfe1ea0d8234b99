"""Updating, publishing, sharing and deleting the account's own images."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.compshare.cloud.tests.simulator import World
from ansible_collections.compshare.cloud.tests.simulator.caller import Caller
from ansible_collections.compshare.cloud.tests.simulator.fixtures import MakeWorld

IMAGE = "compshareImage-mine"
BOX = "compshareImage-box"
ROWS = [
    {"CompShareImageId": IMAGE, "Name": "mine"},
    {"CompShareImageId": BOX, "Name": "box", "Container": "True"},
]


@pytest.fixture
def world(make_world: MakeWorld) -> World:
    return make_world(rows={"custom": ROWS}, traces=[{"image_id": "compshareImage-making"}])


def call(caller: Caller, action: str, image: str = IMAGE, **params: Any) -> dict[str, Any]:
    return caller.call(action, **{"Region": "cn-wlcb", "CompShareImageId": image, **params})


def row(caller: Caller, image: str) -> dict[str, Any] | None:
    rows = caller.rows("DescribeCompShareCustomImages", "ImageSet")
    return next((one for one in rows if one["CompShareImageId"] == image), None)


def publish(caller: Caller, image: str = BOX, **changes: Any) -> dict[str, Any]:
    params: dict[str, Any] = {"VersionName": "v1.0", "CommunityImageName": "Box", **changes}
    return call(caller, "PublishCompShareImage", image, **params)


def refused(response: dict[str, Any]) -> tuple[int, str]:
    return response["RetCode"], response.get("Message", "")


def test_update_changes_what_it_names(caller: Caller, world: World) -> None:
    changes: dict[str, Any] = {
        "Name": "new",
        "Description": "d",
        "Tags": ["a", "b"],
        "Price": 0.5,
        "AutoStart": True,
        "Readme": "r",
    }
    assert call(caller, "UpdateCompShareImage", **changes)["RetCode"] == 0
    changed = row(caller, IMAGE)
    assert changed is not None
    assert {key: changed[key] for key in changes if key != "Readme"} == {
        k: v for k, v in changes.items() if k != "Readme"
    }
    assert world.images.own[IMAGE].row["Readme"] == "r"


@pytest.mark.parametrize(
    ("image", "params", "response"),
    [
        (IMAGE, {"Name": "box"}, (230, "Params [Name] not available, an image named box exists")),
        (IMAGE, {"Name": "a b"}, (230, "Params [Name] not available")),
        (IMAGE, {"Tags": ["a", "b", "c", "d"]}, (230, "Params [Tags] not available")),
        (IMAGE, {"Price": -1}, (230, "Params [Price] not available")),
        (IMAGE, {"Visibility": 1}, (230, "Params [Visibility] not available")),
        (IMAGE, {"Visibility": "x"}, (230, "Params [Visibility] not available")),
        (IMAGE, {"Zone": "cn-sh2-02", "Region": "cn-sh2"}, (230, "Params [Zone] not available")),
        (IMAGE, {"Region": ""}, (210, "Missing params [Region]")),
        ("compshareImage-making", {"Name": "x"}, (8436, "The image cannot be modified at this moment")),
        ("compshareImage-none", {"Name": "x"}, (230, "Params [CompShareImageId] not available")),
    ],
)
def test_wrong_updates(caller: Caller, image: str, params: dict[str, Any], response: tuple[int, str]) -> None:
    assert refused(call(caller, "UpdateCompShareImage", image, **params)) == response


def test_publish_review_withdraw_and_delete(caller: Caller, world: World) -> None:
    assert publish(caller, Readme="# Box", Tags=["LLM"], Price=0.2)["RetCode"] == 0
    assert row(caller, BOX)["Status"] == "Reviewing"  # type: ignore[index]  # it is listed
    groups = caller.call("DescribeSelfCommunityImages", Limit=100)["CompshareImageGroup"]
    group = next(one for one in groups if one["ImageName"] == "Box")
    assert (group["Status"], group["Data"][0]["Price"]) == ("UnAvailable", 0.2)
    assert BOX not in world.expected_ids("community")
    world.advance(601)
    assert BOX in world.expected_ids("community")
    assert refused(publish(caller)) == (8436, "The image is published already")
    delete = {"action": "TerminateCompShareCustomImage", "image": BOX}
    assert refused(call(caller, **delete)) == (8436, "The image is published, withdraw it first")
    assert call(caller, "UpdateCompShareImage", BOX, Visibility=0)["RetCode"] == 0
    assert row(caller, BOX)["Status"] == "Offline"  # type: ignore[index]  # it is listed
    assert call(caller, **delete)["RetCode"] == 0
    assert row(caller, BOX) is not None
    world.advance(4)
    assert row(caller, BOX) is None
    assert BOX not in world.expected_ids("published")
    assert refused(call(caller, **delete)) == (8039, "The resource is not found or already released")


def test_a_withdrawn_version_can_be_offered_again(caller: Caller, world: World) -> None:
    publish(caller)
    call(caller, "UpdateCompShareImage", BOX, Visibility=0)
    call(caller, "UpdateCompShareImage", BOX, Visibility=1)
    world.advance(599)
    assert row(caller, BOX)["Status"] == "Reviewing"  # type: ignore[index]  # it is listed
    world.advance(2)
    assert row(caller, BOX)["Status"] == "Available"  # type: ignore[index]  # it is listed


def test_reviews_can_reject(make_world: MakeWorld) -> None:
    world = make_world(rows={"custom": ROWS}, publish={"outcome": "rejected", "review_seconds": 5})
    caller = Caller.of(world)
    publish(caller)
    world.advance(6)
    rejected = row(caller, BOX)
    assert rejected is not None
    assert (rejected["Status"], rejected["FailedReason"]) == ("UnAvailable", "Readme is missing")


def test_a_second_version_of_a_group(caller: Caller, world: World) -> None:
    groups = caller.call("DescribeSelfCommunityImages", Limit=100)["CompshareImageGroup"]
    group = groups[0]["GroupId"]
    taken = groups[0]["Data"][0]["VersionName"]
    assert publish(caller, GroupId=group, VersionName=taken)["RetCode"] == 8968
    assert publish(caller, GroupId=group, VersionName="v7.0")["RetCode"] == 0
    groups = caller.call("DescribeSelfCommunityImages", Limit=100)["CompshareImageGroup"]
    assert BOX in [one["CompShareImageId"] for one in groups[0]["Data"]]


@pytest.mark.parametrize(
    ("image", "params", "ret_code"),
    [
        (IMAGE, {}, 8017),
        ("compshareImage-making", {}, 8017),
        (BOX, {"VersionName": "1.0"}, 230),
        (BOX, {"VersionName": "v1"}, 230),
        (BOX, {"CommunityImageName": ""}, 210),
        (BOX, {"GroupId": "somebody-elses"}, 230),
        (BOX, {"VersionName": ""}, 210),
    ],
)
def test_wrong_publications(caller: Caller, image: str, params: dict[str, Any], ret_code: int) -> None:
    assert publish(caller, image, **params)["RetCode"] == ret_code


def test_an_image_being_built_cannot_be_deleted(caller: Caller) -> None:
    assert call(caller, "TerminateCompShareCustomImage", "compshareImage-making")["RetCode"] == 8436


def accounts(caller: Caller) -> list[int]:
    rows = call(caller, "DescribeCompShareImageShareAccounts")["AccountSet"]
    return [one["AccountId"] for one in rows or []]


def share(caller: Caller, add: list[int], remove: list[int] | None = None) -> dict[str, Any]:
    return call(caller, "ModifyCompShareImageShareAccount", AddAccounts=add, RemoveAccounts=remove or [])


def test_sharing(caller: Caller) -> None:
    assert accounts(caller) == []
    assert share(caller, [11, 12])["InvalidAccounts"] is None
    assert share(caller, [12, 13], [11])["RetCode"] == 0
    assert accounts(caller) == [12, 13]


def test_one_invalid_account_and_nothing_is_shared_though_the_response_is_0(caller: Caller) -> None:
    response = share(caller, [11, 99999999])
    assert (response["RetCode"], response["InvalidAccounts"]) == (0, [99999999])
    assert accounts(caller) == []


def test_wrong_shares(caller: Caller, world: World) -> None:
    assert share(caller, list(range(1, 12)))["Message"] == "Params [AddAccounts] not available"
    assert share(caller, [])["Message"] == "Missing params [AddAccounts]"
    assert call(caller, "ModifyCompShareImageShareAccount", AddAccounts=["x"])["RetCode"] == 230
    shared = next(iter(world.expected_ids("shared")))
    assert call(caller, "ModifyCompShareImageShareAccount", shared, AddAccounts=[11])["RetCode"] == 8350
    assert call(caller, "ModifyCompShareImageShareAccount", "compshareImage-making", AddAccounts=[1])["RetCode"] == 8017
