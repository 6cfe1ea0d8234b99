"""compshare_image_favorite against the simulator."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import (
    CompShareError,
    NoResponseError,
    OptionError,
    RefusedError,
)
from ansible_collections.compshare.cloud.plugins.module_utils._images.favorites import ensure_favorite
from ansible_collections.compshare.cloud.tests.simulator.world import World

from ..in_process import new_world, task_in, writes
from .test_create_with_faults import LASTING, PASSING, UNKNOWN, fault_name

GROUP = {
    "GroupId": "planted",
    "ImageName": "Planted",
    "Data": [
        {"CompShareImageId": "compshareImage-p1"},
        {"CompShareImageId": "compshareImage-p2", "VersionName": "v2.0"},
    ],
}
ACTIONS = {"present": "CreateCompShareImageFavorite", "absent": "DeleteCompShareImageFavorite"}


def world_with(favorite: bool, **settings: Any) -> World:
    counts = {"platform": 10, "community_groups": 3}
    return new_world(rows={"community": [{**GROUP, "IsFavorite": favorite}]}, counts=counts, **settings)


def run(world: World, *, check_mode: bool = False, **options: Any) -> dict[str, Any]:
    options = {"group_id": None if "image_id" in options else "planted", **options}
    return ensure_favorite(task_in(world, "compshare_image_favorite", options, check_mode=check_mode))


@pytest.mark.parametrize("by", [{"group_id": "planted"}, {"image_id": "compshareImage-p2"}])
@pytest.mark.parametrize("types", ["plain", "mixed"])
@pytest.mark.parametrize("state", ["present", "absent"])
def test_check_run_real_run_second_run(state: str, types: str, by: dict[str, Any]) -> None:
    desired = state == "present"
    world = world_with(not desired, types=types)
    predicted = run(world, check_mode=True, state=state, **by)
    assert writes(world) == []
    changed = run(world, state=state, **by)
    again = run(world, state=state, **by)
    assert ("planted" in world.images.favorites) is desired
    assert (predicted["changed"], changed["changed"], again["changed"]) == (True, True, False)
    assert writes(world) == [ACTIONS[state]]
    for result in (predicted, changed, again):
        assert (result["group_id"], result["group_name"], result["is_favorite"]) == ("planted", "Planted", desired)
        assert [image["version_name"] for image in result["images"]] == ["v1.0", "v2.0"]
        assert {image["is_favorite"] for image in result["images"]} == {desired}
    assert (
        predicted["diff"]
        == changed["diff"]
        == {"before": {"is_favorite": not desired}, "after": {"is_favorite": desired}}
    )


@pytest.mark.parametrize("by", [{"group_id": "none"}, {"image_id": "compshareImage-none"}])
def test_what_the_community_does_not_have(by: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match="No group of the community list"):
        run(world_with(False), **by)


@pytest.mark.slow
@pytest.mark.parametrize("state", ["present", "absent"])
@pytest.mark.parametrize("effect", [True, False])
@pytest.mark.parametrize("fault", [fault for fault in UNKNOWN if not fault.get("late")], ids=fault_name)
def test_lost_responses(fault: dict[str, Any], effect: bool, state: str) -> None:
    world = world_with(state == "absent")
    world.add_faults({**fault, "effect": effect, "action": ACTIONS[state], "count": 1})
    assert run(world, state=state)["changed"]
    assert ("planted" in world.images.favorites) is (state == "present")


@pytest.mark.parametrize("fault", PASSING, ids=fault_name)
def test_faults_that_pass(fault: dict[str, Any]) -> None:
    world = world_with(False)
    world.add_faults({**fault, "action": ACTIONS["present"]})
    assert run(world)["changed"]
    assert "planted" in world.images.favorites


@pytest.mark.parametrize("fault", LASTING, ids=fault_name)
def test_refusals(fault: dict[str, Any]) -> None:
    world = world_with(False)
    world.add_faults({**fault, "action": ACTIONS["present"]})
    with pytest.raises(RefusedError) as caught:
        run(world)
    assert caught.value.facts["is_favorite"] is False and caught.value.facts["changed"] is False


def test_a_state_that_cannot_be_read_is_not_made_up() -> None:
    world = world_with(False)
    world.add_faults(
        {"kind": "reset_after", "action": ACTIONS["present"]},
        {"kind": "reset_before", "action": "DescribeCommunityImages", "after": 1},
    )
    with pytest.raises(NoResponseError) as caught:
        run(world)
    assert caught.value.facts["is_favorite"] is None


def test_an_action_that_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    world = world_with(False)
    world.add_faults({"kind": "raw", "action": ACTIONS["present"], "body": '{"RetCode": 0}'})
    with pytest.raises(CompShareError, match="the API does not show that the group planted is a favorite"):
        run(world)
