"""What the list of instances warns of and refuses, against the simulator."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.client import Scope
from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import OptionError
from ansible_collections.compshare.cloud.plugins.module_utils._api.values import iso_time
from ansible_collections.compshare.cloud.plugins.modules.compshare_instance_info import list_instances
from ansible_collections.compshare.cloud.tests.simulator.world import World

from ..module_utils.in_process import RecordedTask, instance_in, new_world, task_in

DAY = 86400


@pytest.fixture
def world() -> World:
    return new_world()


def listed(world: World, *, scope: Scope | None = None, **options: Any) -> tuple[list[Any], RecordedTask]:
    task = task_in(world, "compshare_instance_info", options, scope=scope)
    found = list_instances(task)["instances"]
    assert isinstance(found, list)
    return found, task


def releases(world: World, name: str, *, in_days: float) -> None:
    row = world.instances.all[instance_in(world, name)].row
    row.update(State="Stopped", ReleaseTime=int(world.clock.now() + in_days * DAY))


@pytest.mark.parametrize(
    ("limit", "names"),
    [("36h", {"train-vm"}), ("4d", {"train-vm", "jupyter-4090"}), ("1h", set())],
)
def test_instances_that_are_released_soon(world: World, limit: str, names: set[str]) -> None:
    releases(world, "train-vm", in_days=1)
    releases(world, "jupyter-4090", in_days=3)
    assert {one["name"] for one in listed(world, released_before=limit)[0]} == names
    moment = iso_time(world.clock.now() + 2 * DAY)
    assert {one["name"] for one in listed(world, released_before=moment)[0]} == {"train-vm"}


def test_a_release_that_is_near_is_warned_of(world: World) -> None:
    releases(world, "train-vm", in_days=1)
    releases(world, "jupyter-4090", in_days=3)
    _found, task = listed(world)
    (warning,) = task.warnings
    assert "will soon delete train-vm (" in warning and "jupyter-4090" not in warning


def test_many_releases_make_one_warning() -> None:
    world = new_world(counts={"instances": 30, "platform": 10})
    for one in world.instances.all.values():
        one.row.update(State="Stopped", ReleaseTime=int(world.clock.now() + DAY))
    (warning,) = listed(world)[1].warnings
    assert "and 20 more" in warning


def test_a_time_that_is_none_is_refused(world: World) -> None:
    with pytest.raises(OptionError, match="released_before is 'soon', which is not a time"):
        listed(world, released_before="soon")
    assert world.requests() == []


@pytest.mark.parametrize(
    ("scope", "message"),
    [
        (Scope(region="cn-nowhere"), "There is no region 'cn-nowhere'. There are: cn-wlcb, cn-sh2"),
        (Scope(region="cn-wlcb", zone="cn-wlcb-99"), "There is no zone 'cn-wlcb-99'. There are: cn-wlcb-01"),
        (Scope(zone="cn-wlcb-99"), "There is no zone 'cn-wlcb-99'"),
    ],
)
def test_a_place_that_does_not_exist_is_an_error_that_lists_those_that_do(
    world: World, scope: Scope, message: str
) -> None:
    with pytest.raises(OptionError) as caught:
        listed(world, scope=scope)
    assert message in str(caught.value)


def test_an_account_without_instances_in_a_region_that_exists_is_no_error() -> None:
    assert listed(new_world(counts={"instances": 0, "platform": 10}), scope=Scope(region="cn-bj2"))[0] == []


def test_values_that_the_api_does_not_know_are_warned_of(world: World) -> None:
    found, task = listed(world, states=["Runing"])
    assert found == [] and "No instance is ever in the state 'Runing'. States are:" in task.warnings[0]
    found, task = listed(world, gpu_type="RTX4090")
    assert found == [] and "No zone sells the GPU type 'RTX4090'. There are: 2080Ti" in task.warnings[0]
    found, task = listed(world, gpu_type="4090", states=["running"])
    assert found and task.warnings == []
    before = len(world.requests())
    assert listed(world, gpu_type="H20", name="nobody")[1].warnings == [] and len(world.requests()) > before


def test_the_password_of_the_file_browser_is_decoded(world: World) -> None:
    """Documented as base64; it was shown as it came."""
    world.instances.all[instance_in(world, "comfy-pod")].row["FileBrowserPassword"] = "YnJvd3NlLW1l"
    found, task = listed(world, name="comfy-pod", include_secrets=True)
    assert found[0]["file_browser_password"] == "browse-me" and "browse-me" in task.secrets
