"""Builds run on the world's clock, and progress is reported as well or as badly as the model says."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.compshare.cloud.tests.simulator import World
from ansible_collections.compshare.cloud.tests.simulator.caller import Caller
from ansible_collections.compshare.cloud.tests.simulator.fixtures import MakeWorld
from ansible_collections.compshare.cloud.tests.simulator.progress import MODELS

PLACE = {"Region": "cn-wlcb", "Zone": "cn-wlcb-01"}
CREATE = "CreateCompShareCustomImage"
B1 = "compshareImage-b1"


def progress(caller: Caller, image_id: str = B1, **place: str) -> dict[str, Any]:
    return caller.call("GetCompShareImageCreateProgress", **{**PLACE, **place}, CompShareImageId=image_id)


def row(caller: Caller, image_id: str) -> dict[str, Any] | None:
    rows = caller.rows("DescribeCompShareCustomImages", "ImageSet")
    return next((one for one in rows if one["CompShareImageId"] == image_id), None)


def source(world: World, name: str) -> str:
    return next(one.identifier for one in world.instances.all.values() if one.row["Name"] == name)


def shown(caller: Caller, instance_id: str) -> dict[str, Any]:
    (found,) = caller.call("DescribeCompShareInstance", UHostIds=[instance_id])["UHostSet"]
    assert isinstance(found, dict)
    return found


def create(caller: Caller, world: World, instance: str = "train-vm", **params: Any) -> dict[str, Any]:
    return caller.call(CREATE, **{**PLACE, "UHostId": source(world, instance), "Name": "env-1", **params})


def test_a_build_from_beginning_to_end(caller: Caller, world: World) -> None:
    created = create(
        caller, world, Description="for tests", Softwares={"Framework": "PyTorch", "Application": ["a", "b"]}
    )
    image_id = created["CompShareImageId"]
    making = row(caller, image_id)
    assert making is not None
    assert (making["Status"], making["Name"], making["Container"]) == ("Making", "env-1", "False")
    assert making["Softwares"]["Applications"] == ["a", "b"]
    begun = progress(caller, image_id)
    assert (begun["Process"], begun["TotalDuration"], begun["RemainingDuration"]) == (0, 900, 900)
    world.advance(589.5)
    middle = progress(caller, image_id)
    assert (middle["Process"], middle["RemainingDuration"]) == (65.5, 310)
    world.advance(310)
    assert row(caller, image_id)["Status"] == "Making"  # type: ignore[index]  # None would be a failure, too
    world.advance(1)
    done = row(caller, image_id)
    assert done is not None
    assert (done["Status"], done["Size"]) == ("Available", 102400)
    assert progress(caller, image_id)["Process"] == 100.0


def test_the_source_is_busy_and_without_public_address_while_it_is_imaged(caller: Caller, world: World) -> None:
    vm = source(world, "train-vm")
    before = shown(caller, vm)
    create(caller, world)
    during = shown(caller, vm)
    assert (during["State"], during["SshLoginCommand"]) == ("ImageMaking", "")
    assert [one["Type"] for one in during["IPSet"]] == ["Private"]
    assert create(caller, world, Name="env-2")["RetCode"] == 8964
    world.advance(901)
    assert shown(caller, vm) == before
    assert create(caller, world, Name="env-2")["RetCode"] == 0


@pytest.mark.parametrize(
    ("change", "ret_code", "message"),
    [
        ({"Name": "no spaces"}, 230, "Params [Name] not available"),
        ({"Name": "x" * 51}, 230, "Params [Name] not available"),
        (
            {"Name": "golden-ubuntu-22.04"},
            230,
            "Params [Name] not available, an image named golden-ubuntu-22.04 exists",
        ),
        ({"Name": ""}, 210, "Missing params [Name]"),
        ({"UHostId": "uhost-nowhere"}, 230, "Params [UHostId] not available"),
        ({"Region": "cn-sh2", "Zone": "cn-sh2-02"}, 230, "Params [Zone] not available"),
    ],
)
def test_wrong_creates_are_refused_and_nothing_is_created(
    caller: Caller, world: World, change: dict[str, str], ret_code: int, message: str
) -> None:
    before = world.expected_ids("custom")
    response = create(caller, world, **change)
    assert (response["RetCode"], response["Message"]) == (ret_code, message)
    assert world.expected_ids("custom") == before


def test_which_sources_can_be_imaged(make_world: MakeWorld) -> None:
    instances = [
        {"UHostId": "uhost-off", "Name": "vm-off", "State": "Stopped"},
        {"UHostId": "uhost-boot", "Name": "vm-boot", "State": "Starting"},
        {"UHostId": "uhost-box", "Name": "box", "State": "Stopped", "InstanceType": "Container"},
        {"UHostId": "uhost-paid", "Name": "paid", "CompShareImageType": "Community", "CompShareImagePrice": 0.5},
    ]
    world = make_world(rows={"instances": instances})
    caller = Caller.of(world)
    codes = {name: create(caller, world, name, Name=name)["RetCode"] for name in ("vm-off", "vm-boot", "box", "paid")}
    assert codes == {"vm-off": 0, "vm-boot": 8905, "box": 8905, "paid": 226644}


def test_duplicate_names_can_be_allowed(make_world: MakeWorld) -> None:
    world = make_world(dialect={"duplicate_name": "accepted"})
    assert create(Caller.of(world), world, Name="golden-ubuntu-22.04")["RetCode"] == 0


def test_progress_of_container_images_is_refused(caller: Caller, world: World) -> None:
    created = create(caller, world, "jupyter-4090")
    assert progress(caller, created["CompShareImageId"])["RetCode"] == 8433
    assert row(caller, created["CompShareImageId"])["Container"] == "True"  # type: ignore[index]  # it is listed


@pytest.mark.parametrize(
    ("image_id", "place", "message"),
    [
        ("compshareImage-none", {}, "Params [CompShareImageId] not available"),
        (B1, {"Region": "cn-sh2", "Zone": "cn-sh2-02"}, "Params [Zone] not available"),
        (B1, {"Zone": ""}, "Missing params [Zone]"),
        ("", {}, "Missing params [CompShareImageId]"),
    ],
)
def test_progress_needs_the_right_image_and_zone(
    make_world: MakeWorld, image_id: str, place: dict[str, str], message: str
) -> None:
    caller = Caller.of(make_world(traces=[{"image_id": B1}]))
    assert progress(caller, image_id, **place)["Message"] == message


def test_builds_fail_as_planned(make_world: MakeWorld) -> None:
    plan = {"duration": 100, "fails_at": 0.5, "failed_reason": "Disk full"}
    world = make_world(builds={"plans": [{"name": "other", "duration": 7}, plan]})
    caller = Caller.of(world)
    image_id = create(caller, world)["CompShareImageId"]
    world.advance(51)
    failed = row(caller, image_id)
    assert failed is not None
    assert (failed["Status"], failed["FailedReason"]) == ("UnAvailable", "Disk full")
    assert progress(caller, image_id)["Process"] == 50
    assert [plan.name for plan in world.scenario.builds.plans] == ["other"]


def test_a_share_of_builds_fails(make_world: MakeWorld) -> None:
    world = make_world(builds={"failure_share": 1.0})
    caller = Caller.of(world)
    image_id = create(caller, world)["CompShareImageId"]
    world.advance(900)
    assert row(caller, image_id)["Status"] == "UnAvailable"  # type: ignore[index]  # it is listed


def test_a_new_image_may_be_seen_late_and_its_status_lag(make_world: MakeWorld) -> None:
    world = make_world(builds={"default": {"duration": 60, "visible_after": 10, "status_lag": 5}})
    caller = Caller.of(world)
    image_id = create(caller, world)["CompShareImageId"]
    assert row(caller, image_id) is None
    assert progress(caller, image_id)["RetCode"] == 230
    world.advance(11)
    assert progress(caller, image_id)["Process"] == 18.3
    world.advance(50)
    assert progress(caller, image_id)["Process"] == 100
    assert row(caller, image_id)["Status"] == "Making"  # type: ignore[index]  # it is listed
    world.advance(5)
    assert row(caller, image_id)["Status"] == "Available"  # type: ignore[index]  # it is listed


def test_builds_can_be_planted_at_any_moment_of_their_life(make_world: MakeWorld) -> None:
    traces = [
        {"image_id": B1, "name": "b1", "duration": 300, "started_ago": 195, "row": {"Description": "{{ x }}"}},
        {"image_id": "compshareImage-b2", "zone": "cn-sh2-02", "duration": 50, "started_ago": 60},
        {"image_id": "compshareImage-b3", "container": True},
    ]
    world = make_world(traces=traces)
    caller = Caller.of(world)
    assert progress(caller)["Process"] == 65
    assert row(caller, B1)["Description"] == "{{ x }}"  # type: ignore[index]  # it is listed
    assert row(caller, "compshareImage-b2")["Status"] == "Available"  # type: ignore[index]  # it is listed
    assert progress(caller, "compshareImage-b3")["RetCode"] == 8433


def course(make_world: MakeWorld, model: str, **trace: Any) -> list[dict[str, Any]]:
    world = make_world(traces=[{"image_id": B1, "duration": 100, "model": model, **trace}])
    caller = Caller.of(world)
    reported = []
    for _unused in range(11):
        reported.append({key: value for key, value in progress(caller).items() if key not in ("Action", "RetCode")})
        world.advance(10)
    return reported


@pytest.mark.parametrize("model", MODELS)
def test_every_model_ends_with_100_per_cent(make_world: MakeWorld, model: str) -> None:
    assert float(course(make_world, model)[-1]["Process"]) == 100.0


def test_models_mislead_as_they_say(make_world: MakeWorld) -> None:
    stuck = [one["Process"] for one in course(make_world, "stuck_at_99")]
    assert stuck[7:10] == [99.0, 99.0, 99.0]
    biased = course(make_world, "biased", bias=0.5)
    assert [one["RemainingDuration"] for one in biased[:7]] == [50, 40, 30, 20, 10, 0, 0]
    restarting = [one["Process"] for one in course(make_world, "restarting")]
    assert restarting[4] > restarting[5] == 0
    noisy = [one["RemainingDuration"] for one in course(make_world, "noisy")]
    assert noisy != sorted(noisy, reverse=True)
    assert "RemainingDuration" not in course(make_world, "no_estimate")[3]
    assert course(make_world, "null_first")[0]["Process"] is None
    assert {type(one["Process"]) for one in course(make_world, "mixed")} == {str, float}
    assert isinstance(course(make_world, "as_text")[2]["RemainingDuration"], str)
    assert min(one["RemainingDuration"] for one in course(make_world, "negative")) < 0


def test_at_speed_the_durations_are_those_of_the_watcher(make_world: MakeWorld) -> None:
    world = make_world(speed=60, traces=[{"image_id": B1, "duration": 600}])
    reported = Caller.of(world).call(
        "GetCompShareImageCreateProgress", CompShareImageId=B1, Region="cn-wlcb", Zone="cn-wlcb-01"
    )
    assert reported["TotalDuration"] == 10
    assert reported["RemainingDuration"] <= 10


def test_at_speed_a_build_ends_by_itself(make_world: MakeWorld) -> None:
    world = make_world(speed=100_000, traces=[{"image_id": B1, "duration": 3600}])
    caller = Caller.of(world)
    for _unused in range(200):
        if row(caller, B1)["Status"] == "Available":  # type: ignore[index]  # it is listed
            return
    pytest.fail("the build did not end")
