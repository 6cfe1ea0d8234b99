"""compshare_image_publication against the simulator."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import (
    CompShareError,
    OptionError,
    RefusedError,
    WaitError,
)
from ansible_collections.compshare.cloud.plugins.module_utils._images.publication import ensure_publication
from ansible_collections.compshare.cloud.tests.simulator.world import World

from ..in_process import RecordedTask, new_world, task_in, writes
from .test_create_with_faults import LASTING, PASSING, UNKNOWN, fault_name

PUBLISH, UPDATE = "PublishCompShareImage", "UpdateCompShareImage"
BOX, SECOND, VM = "compshareImage-box", "compshareImage-box2", "compshareImage-vm"
TEXT = {
    "version_description": "first",
    "description": "what for",
    "readme": "# How\n",
    "tags": ["LLM"],
    "supported_gpu_types": ["4090"],
    "auto_start": True,
    "price": 0.5,
}


def world_of(**settings: Any) -> World:
    rows = [
        {"CompShareImageId": BOX, "Name": "box", "Container": "True"},
        {"CompShareImageId": SECOND, "Name": "box2", "Container": "True"},
        {"CompShareImageId": VM, "Name": "vm"},
    ]
    return new_world(rows={"custom": rows}, **settings)


def task(world: World, *, check_mode: bool = False, **options: Any) -> RecordedTask:
    options = {"image_id": BOX, **options}
    return task_in(world, "compshare_image_publication", options, check_mode=check_mode)


def run(world: World, *, check_mode: bool = False, **options: Any) -> dict[str, Any]:
    return ensure_publication(task(world, check_mode=check_mode, **options))


def publish(world: World, **options: Any) -> dict[str, Any]:
    return run(world, **{"community_name": "Box", "version_name": "v1.0", "readme": "# How", **options})


def fail(world: World, kind: type[CompShareError] = CompShareError, **options: Any) -> CompShareError:
    with pytest.raises(kind) as caught:
        run(world, **options)
    return caught.value


def versions(world: World) -> list[tuple[str, str, str]]:
    return [
        (row["CompShareImageId"], row["VersionName"], row["Status"])
        for group in world.images.groups.values()
        if group["ImageName"] == "Box"
        for row in group["_rows"]
    ]


# Publishing


def test_check_run_real_run_second_run() -> None:
    world = world_of()
    predicted = publish(world, check_mode=True, **TEXT)
    assert writes(world) == []
    published = publish(world, **TEXT)
    again = publish(world, **TEXT)
    check_again = publish(world, check_mode=True, **TEXT)
    assert writes(world) == [PUBLISH]
    assert (predicted["changed"], published["changed"]) == (True, True)
    assert (again["changed"], check_again["changed"]) == (False, False)
    assert predicted["diff"] == published["diff"]
    assert published["diff"]["after"] == {"community_name": "Box", "version_name": "v1.0", **TEXT}
    for result in (predicted, published, again):
        assert result["image"]["id"] == BOX and result["image"]["status"] == "Reviewing" and result["reviewing"]
        assert "is being reviewed as version v1.0 of the group Box" in result["msg"]
        assert {key: result["image"][key] for key in TEXT} == TEXT
    world.advance(700)
    done = publish(world, **TEXT)
    assert (done["changed"], done["reviewing"], done["image"]["status"]) == (False, False, "Available")
    assert "msg" not in done


def test_next_version_of_a_group() -> None:
    world = world_of()
    group = publish(world)["image"]["group_id"]
    second = run(world, image_id=SECOND, group_id=group, version_name="v1.1", readme="#")
    assert second["changed"] and second["image"]["group_id"] == group
    assert versions(world) == [(BOX, "v1.0", "Reviewing"), (SECOND, "v1.1", "Reviewing")]


def test_the_name_of_a_group_that_is_there() -> None:
    world = world_of()
    group = publish(world)["image"]["group_id"]
    second = publish(world, image_id=SECOND, version_name="v1.1")
    assert second["image"]["group_id"] == group
    assert versions(world) == [(BOX, "v1.0", "Reviewing"), (SECOND, "v1.1", "Reviewing")]


def test_two_groups_of_one_name() -> None:
    world = world_of()
    publish(world)
    group = next(group for group in world.images.groups.values() if group["_owner"] == 50000001)
    group["ImageName"] = "Box"
    error = fail(world, OptionError, image_id=SECOND, community_name="Box", version_name="v2.0")
    assert "2 of your community groups are named 'Box'" in str(error) and "group_id" in str(error)


def test_a_version_name_that_is_used() -> None:
    world = world_of()
    group = publish(world)["image"]["group_id"]
    for check_mode in (True, False):
        error = fail(world, OptionError, check_mode=check_mode, image_id=SECOND, group_id=group, version_name="v1.0")
        assert BOX in str(error)
    assert writes(world) == [PUBLISH]


def test_without_readme_is_a_warning() -> None:
    running = task(world_of(), community_name="Box", version_name="v1.0")
    ensure_publication(running)
    assert running.warnings == ["Without readme a version does not pass the vendor's review."]


def test_free_unless_a_price_is_given() -> None:
    world = world_of()
    publish(world)
    assert world.requests(PUBLISH)[0]["params"]["Price"] == "0"
    assert run(world, price=0.5)["image"]["price"] == 0.5
    assert run(world)["image"]["price"] == 0.5


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"version_name": "1.0"}, "'1.0' is not a version name"),
        ({"version_name": None}, "version_name is needed"),
        ({"community_name": None}, "community_name for a new group"),
        ({"image_id": VM}, "only container images can be published"),
        ({"image_id": "compshareImage-none"}, "None of your own images"),
    ],
)
def test_what_cannot_be_published(options: dict[str, Any], said: str) -> None:
    world = world_of()
    for check_mode in (True, False):
        with pytest.raises(OptionError, match=said):
            publish(world, check_mode=check_mode, **options)
    assert writes(world) == []


def test_an_image_that_is_not_available() -> None:
    world = world_of(traces=[{"image_id": "compshareImage-making", "container": True}])
    error = fail(world, image_id="compshareImage-making", community_name="Box", version_name="v1.0")
    assert "its status is Making" in str(error) and error.facts["image"]["status"] == "Making"


# Changing


def test_text_is_changed() -> None:
    world = world_of()
    publish(world)
    world.advance(700)
    text = {**TEXT, "readme": "# How, at length"}
    predicted = run(world, check_mode=True, **text)
    changed = run(world, **text)
    assert predicted["changed"] and changed["changed"] and predicted["diff"] == changed["diff"]
    assert changed["diff"]["before"]["readme"] == "# How" and changed["diff"]["after"] == text
    assert {key: changed["image"][key] for key in TEXT} == text
    assert run(world, **text)["changed"] is False
    assert writes(world) == [PUBLISH, UPDATE]


def test_another_group_is_refused() -> None:
    world = world_of()
    publish(world)
    for elsewhere in ({"group_id": "other"}, {"community_name": "Other"}):
        error = fail(world, OptionError, **elsewhere)
        assert "Withdraw it first" in str(error)


# Withdrawing


def test_withdrawn_and_published_again() -> None:
    world = world_of()
    publish(world)
    predicted = run(world, state="withdrawn", check_mode=True)
    assert writes(world) == [PUBLISH]
    gone = run(world, state="withdrawn")
    again = run(world, state="withdrawn")
    assert (predicted["changed"], gone["changed"], again["changed"]) == (True, True, False)
    assert predicted["diff"] == gone["diff"]
    assert gone["image"]["status"] == predicted["image"]["status"] == "Offline" and not gone["reviewing"]
    assert versions(world) == [(BOX, "v1.0", "Offline")]
    predicted = publish(world, check_mode=True, description="new")
    back = publish(world, description="new")
    assert predicted["changed"] and back["changed"] and predicted["diff"] == back["diff"]
    assert back["reviewing"] and predicted["reviewing"] and back["image"]["description"] == "new"
    assert versions(world) == [(BOX, "v1.0", "Reviewing")]
    assert PUBLISH not in writes(world)[1:]


def test_withdrawn_and_published_as_another_version() -> None:
    world = world_of()
    publish(world)
    run(world, state="withdrawn")
    assert publish(world, version_name="v1.1")["reviewing"]
    assert versions(world) == [(BOX, "v1.1", "Reviewing")]


def test_never_published_is_withdrawn() -> None:
    world = world_of()
    assert run(world, state="withdrawn")["changed"] is False and writes(world) == []


# Reviews


def test_waited_for() -> None:
    world = world_of()
    done = publish(world, wait=True)
    assert done["image"]["status"] == "Available" and not done["reviewing"]


def test_a_review_that_takes_too_long() -> None:
    world = world_of()
    with pytest.raises(WaitError, match="did not end within 1 min") as caught:
        publish(world, wait=True, wait_timeout=60)
    assert caught.value.facts["reviewing"] and caught.value.facts["changed"]


@pytest.mark.parametrize("fault", [{"kind": "http", "status": 502}, {"kind": "reset_before"}], ids=fault_name)
def test_waiting_goes_on_while_the_api_fails(fault: dict[str, Any]) -> None:
    world = world_of()
    world.add_faults({**fault, "action": "DescribeSelfCommunityImages", "after": 3, "count": 12})
    done = publish(world, wait=True)
    assert done["image"]["status"] == "Available" and not done["reviewing"]


def test_waiting_ends_in_time_when_the_api_keeps_failing() -> None:
    world = world_of()
    world.add_faults({"kind": "http", "status": 502, "action": "DescribeSelfCommunityImages", "after": 3})
    with pytest.raises(WaitError, match=r"within 1 min.* The last requests failed: .*status 502") as caught:
        publish(world, wait=True, wait_timeout=60)
    assert caught.value.facts["reviewing"] and caught.value.facts["changed"]


def test_an_error_that_stays_ends_the_wait_and_says_that_the_review_goes_on() -> None:
    world = world_of()
    world.add_faults({"kind": "ret_code", "code": 171, "action": "DescribeSelfCommunityImages", "after": 3})
    with pytest.raises(RefusedError, match=r"The review of the image box .* goes on") as caught:
        publish(world, wait=True)
    assert caught.value.facts["changed"]


def test_rejected() -> None:
    world = world_of(publish={"outcome": "rejected", "rejected_reason": "Readme is too short"})
    with pytest.raises(WaitError, match="was rejected in review: Readme is too short") as caught:
        publish(world, wait=True)
    assert caught.value.facts["image"]["status"] == "UnAvailable" and caught.value.facts["changed"]
    for check_mode in (True, False):
        with pytest.raises(WaitError, match="was rejected in review: Readme is too short") as caught:
            publish(world, check_mode=check_mode)
        assert caught.value.facts["changed"] is False
    assert writes(world) == [PUBLISH]


def test_rejected_and_offered_again_with_a_change() -> None:
    """The simulator refuses that, as it does not know what the API does; the error then says both."""
    world = world_of(publish={"outcome": "rejected", "rejected_reason": "Readme is too short"})
    with pytest.raises(WaitError):
        publish(world, wait=True)
    with pytest.raises(RefusedError, match="It was rejected in review before: Readme is too short"):
        publish(world, readme="# How, at length")
    assert writes(world) == [PUBLISH, PUBLISH]


# Faults


@pytest.mark.slow
@pytest.mark.parametrize("fault", UNKNOWN, ids=fault_name)
def test_published_without_a_good_response(fault: dict[str, Any]) -> None:
    world = world_of()
    world.add_faults({**fault, "effect": True, "action": PUBLISH, "count": 1})
    assert publish(world)["changed"]
    assert versions(world) == [(BOX, "v1.0", "Reviewing")] and writes(world) == [PUBLISH]


@pytest.mark.slow
@pytest.mark.parametrize("fault", [fault for fault in UNKNOWN if fault["kind"] != "slow"], ids=fault_name)
def test_not_published_and_no_good_response(fault: dict[str, Any]) -> None:
    world = world_of()
    world.add_faults({**fault, "effect": False, "action": PUBLISH, "count": 1})
    with pytest.raises(CompShareError, match="not among the published ones") as caught:
        publish(world)
    assert caught.value.retryable and caught.value.facts["changed"] is False and not versions(world)
    assert publish(world)["changed"]
    assert versions(world) == [(BOX, "v1.0", "Reviewing")]


@pytest.mark.parametrize("fault", PASSING, ids=fault_name)
def test_faults_that_pass(fault: dict[str, Any]) -> None:
    world = world_of()
    world.add_faults({**fault, "action": PUBLISH})
    assert publish(world)["changed"]
    assert versions(world) == [(BOX, "v1.0", "Reviewing")]


@pytest.mark.parametrize("fault", LASTING, ids=fault_name)
def test_refusals(fault: dict[str, Any]) -> None:
    world = world_of()
    world.add_faults({**fault, "action": PUBLISH})
    with pytest.raises(RefusedError) as caught:
        publish(world)
    assert caught.value.ret_code == fault["code"]
    assert caught.value.facts["changed"] is False and caught.value.facts["image"]["id"] == BOX


@pytest.mark.slow
@pytest.mark.parametrize("effect", [True, False])
@pytest.mark.parametrize("fault", [fault for fault in UNKNOWN if not fault.get("late")], ids=fault_name)
def test_withdrawn_without_a_good_response(fault: dict[str, Any], effect: bool) -> None:
    world = world_of()
    publish(world)
    world.add_faults({**fault, "effect": effect, "action": UPDATE, "count": 1})
    assert run(world, state="withdrawn")["changed"]
    assert versions(world) == [(BOX, "v1.0", "Offline")]


def test_a_failure_after_it_was_published_says_what_was_sent() -> None:
    world = world_of()
    run(world, check_mode=True, community_name="Box", version_name="v1.0")
    reads = len(world.requests())
    world.add_faults({"kind": "ret_code", "code": 171, "action": "Describe*", "after": reads})
    with pytest.raises(CompShareError, match="Before that, PublishCompShareImage was accepted") as caught:
        publish(world)
    assert caught.value.facts["changed"]
