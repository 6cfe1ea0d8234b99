"""The monitor: one shape for virtual machines and pods, whichever the API has."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import OptionError, ResponseError
from ansible_collections.compshare.cloud.plugins.module_utils._instances.monitor import read_monitor
from ansible_collections.compshare.cloud.tests.simulator.world import World

from ..in_process import new_world, task_in

ACTION = "GetCompShareInstanceMonitor"
ROWS = [
    {"UHostId": "uhost-a", "Name": "vm-a", "GPU": 2, "StartTime": 2_000_000_000 - 1200},
    {"UHostId": "cpod-a", "Name": "pod-a", "Zone": "cn-sh2-01", "Region": "cn-sh2", "StartTime": 1_999_000_000},
    {"UHostId": "uhost-off", "Name": "off", "State": "Stopped"},
]


def world_of(**settings: Any) -> World:
    rows = {"instances": ROWS}
    return new_world(start=2_000_000_000, replace=["instances"], rows=rows, **settings)


def run(world: World, **options: Any) -> dict[str, Any]:
    return read_monitor(task_in(world, "compshare_instance_monitor_info", options))


@pytest.mark.parametrize("dialect", ["recorded", "documented"])
@pytest.mark.parametrize("types", ["plain", "mixed"])
def test_one_shape_for_every_kind_of_instance(dialect: str, types: str) -> None:
    world = world_of(dialect=dialect, types=types)
    world.set_usage("uhost-a", gpu=3, cpu=12.5)
    world.set_usage("cpod-a", gpu=0, vram=40)
    found = run(world, period="10m")
    pod, machine = found["instances"]
    assert [pod["id"], machine["id"]] == ["cpod-a", "uhost-a"]
    assert machine["gpu"] == {"latest": 3, "average": 3, "maximum": 3, "points": 10}
    assert machine["cpu"]["average"] == 12.5
    assert len(machine["gpus"]) == 2 and machine["gpus"][1]["gpu"]["maximum"] == 3
    assert pod["gpu"]["maximum"] == 0 and pod["gpu_memory"]["latest"] == 40
    assert set(pod) == set(machine)
    assert (found["start_time"], found["end_time"]) == ("2033-05-18T03:23:20Z", "2033-05-18T03:33:20Z")


def test_points_begin_with_the_last_start() -> None:
    machine = run(world_of(), names=["vm-a"], period="1h", include_points=True)["instances"][0]
    assert machine["cpu"]["points"] == len(machine["cpu"]["series"]) == 20
    assert machine["cpu"]["series"][0]["time"] == "2033-05-18T03:14:00Z"


def test_a_stopped_instance_has_no_points() -> None:
    (stopped,) = run(world_of(), instance_ids=["uhost-off"])["instances"]
    assert stopped["gpu"] == {"latest": None, "average": None, "maximum": None, "points": 0}


@pytest.mark.parametrize("rows", [[1, 2], "none", {"UHostId": "uhost-a"}])
@pytest.mark.parametrize("key", ["List", "PodList"])
def test_something_else_than_rows_is_an_error_and_no_idleness(key: str, rows: Any) -> None:
    world = world_of()
    body = json.dumps({"RetCode": 0, "Data": {key: rows}})
    world.add_faults({"kind": "raw", "action": ACTION, "body": body})
    with pytest.raises(ResponseError, match=f"where its list {key} should stand"):
        run(world)


@pytest.mark.parametrize("response", [{}, {"Data": "none"}, {"Data": [1]}, {"List": [{"UHostId": "uhost-a"}]}])
def test_a_response_without_data_is_an_error_and_no_idleness(response: dict[str, Any]) -> None:
    world = world_of()
    world.add_faults({"kind": "raw", "action": ACTION, "body": json.dumps({"RetCode": 0, **response})})
    with pytest.raises(ResponseError, match="has no Data"):
        run(world)


def test_null_where_the_data_should_be_is_none() -> None:
    world = world_of()
    world.add_faults({"kind": "raw", "action": ACTION, "body": '{"RetCode": 0, "Data": null}'})
    assert {one["cpu"]["points"] for one in run(world)["instances"]} == {0}


def test_ten_instances_are_requested_at_a_time() -> None:
    rows = [{"UHostId": f"uhost-{number:02}"} for number in range(25)]
    world = new_world(replace=["instances"], rows={"instances": rows}, dialect={"monitor_batch": "10"})
    assert len(run(world)["instances"]) == 25
    assert len(world.requests(ACTION)) == 3


@pytest.mark.parametrize("period", ["", "10", "30s", "0m", "31d", "10 minutes", "2026-11-22T20:00:00Z"])
def test_a_period_that_is_none_is_refused(period: str) -> None:
    with pytest.raises(
        OptionError, match=r"period is .*(which is not a time|it must be a duration of one minute to 30 days)"
    ):
        run(world_of(), period=period)


@pytest.mark.parametrize("options", [{"instance_ids": ["uhost-none"]}, {"names": ["vm-a", "uhost-none"]}])
def test_an_instance_that_does_not_exist_is_named(options: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match="There is no instance 'uhost-none'"):
        run(world_of(), **options)
