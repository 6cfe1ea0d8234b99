"""What time does to instances: the seventh day, planned stops on a fast clock, and what the monitor has seen."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from ansible_collections.compshare.cloud.tests.simulator import World
from ansible_collections.compshare.cloud.tests.simulator.caller import Caller
from ansible_collections.compshare.cloud.tests.simulator.fixtures import MakeWorld

PLACE = {"Region": "cn-wlcb", "Zone": "cn-wlcb-01"}
CHINA = timezone(timedelta(hours=8))
START = datetime(2026, 11, 26, 15, 30, tzinfo=CHINA)


@pytest.fixture
def world(make_world: MakeWorld) -> World:
    rows = [{"UHostId": "uhost-a"}, {"UHostId": "uhost-month", "ChargeType": "Month"}, {"UHostId": "cpod-a"}]
    return make_world(start=START.timestamp(), rows={"instances": rows}, replace=["instances"])


def shown(world: World, instance_id: str) -> dict[str, Any] | None:
    found = Caller.of(world).call("DescribeCompShareInstance", UHostIds=[instance_id])["UHostSet"]
    return found[0] if found else None


def stop(world: World, instance_id: str) -> None:
    Caller.of(world).call("StopCompShareInstance", **PLACE, UHostId=instance_id)
    world.advance(20)


def test_a_stopped_instance_is_deleted_at_noon_on_the_seventh_day(world: World) -> None:
    stop(world, "uhost-a")
    stop(world, "uhost-month")
    row = shown(world, "uhost-a")
    assert row is not None and row["ReleaseTime"] == row["StopTime"] + 7 * 86400
    noon = datetime(2026, 12, 3, 12, 0, tzinfo=CHINA).timestamp()
    world.advance(noon - world.clock.now() - 1)
    assert shown(world, "uhost-a") is not None
    world.advance(1)
    assert shown(world, "uhost-a") is None and "uhost-a" in world.released
    assert (shown(world, "uhost-month") or {})["ReleaseTime"] == 0


def test_each_stop_moves_the_day(world: World) -> None:
    stop(world, "uhost-a")
    first = (shown(world, "uhost-a") or {})["ReleaseTime"]
    world.advance(6 * 86400)
    Caller.of(world).call("StartCompShareInstance", **PLACE, UHostId="uhost-a", WithoutGpuSpec="A")
    world.advance(41)
    assert (shown(world, "uhost-a") or {})["ReleaseTime"] == 0
    stop(world, "uhost-a")
    world.advance(2 * 86400)
    assert (shown(world, "uhost-a") or {})["ReleaseTime"] > first + 6 * 86400


def test_a_planned_stop_counts_in_the_time_of_a_world_that_runs_fast(make_world: MakeWorld) -> None:
    world = make_world(speed=60, rows={"instances": [{"UHostId": "uhost-a"}]})
    world.advance(86400)
    moment = int(time.time()) + 1800
    params = {**PLACE, "ProjectId": "org-default1", "UHostId": "uhost-a"}
    caller = Caller.of(world)
    assert caller.call("UpdateCompShareStopScheduler", **params, SchedulerStopTime=moment - 1700)["RetCode"] == 230
    assert caller.call("UpdateCompShareStopScheduler", **params, SchedulerStopTime=moment)["RetCode"] == 0
    assert (shown(world, "uhost-a") or {})["SchedulerStopTime"] == moment
    world.advance(1600)
    assert (shown(world, "uhost-a") or {})["State"] == "Running"
    world.advance(240)
    assert (shown(world, "uhost-a") or {})["State"] == "Stopped"


def monitor_of(world: World, *ids: str, **window: int) -> dict[str, Any]:
    params = {"Region": "cn-wlcb", "UHostIds": list(ids), **window}
    response: dict[str, Any] = Caller.of(world).post_json("GetCompShareInstanceMonitor", params).json()
    return response


def test_the_monitor_has_one_shape_for_machines_and_one_for_pods(make_world: MakeWorld) -> None:
    rows = [
        {"UHostId": "uhost-a"},
        {"UHostId": "cpod-a", "Zone": "cn-wlcb-03"},
        {"UHostId": "uhost-off", "State": "Stopped"},
    ]
    world = make_world(start=2_000_000_000, rows={"instances": rows}, instances={"usage": {"uhost-a": {"gpu": 3}}})
    world.set_usage("cpod-a", gpu=0, vram=12.5)
    data = monitor_of(world, "uhost-a", "cpod-a", "uhost-off")["Data"]
    machine, stopped = data["List"]
    metrics = {one["MetricKey"]: one["Results"] for one in machine["Metrics"]}
    assert metrics["cloudwatch_gpu_util"][0]["Values"] == [{"Timestamp": 1_999_999_980, "Value": 3.0}]
    assert metrics["cloudwatch_gpu_util"][0]["TagMap"] == {"gpu_bus_id": "00:03.0"}
    assert not any(result["Values"] for one in stopped["Metrics"] for result in one["Results"])
    (pod,) = data["PodList"]
    assert pod["Metrics"]["Gpu"] == [
        {
            "Util": [{"Timestamp": 1_999_999_980, "Value": 0.0}],
            "Memory": [{"Timestamp": 1_999_999_980, "Value": 12.5}],
        }
    ]


def test_the_monitor_shows_a_window_since_the_last_start(make_world: MakeWorld) -> None:
    world = make_world(start=2_000_000_000, rows={"instances": [{"UHostId": "uhost-a", "StartTime": 1_999_999_900}]})
    window = {"StartTime": 1_999_999_000, "EndTime": 2_000_000_000}
    machine = monitor_of(world, "uhost-a", **window)["Data"]["List"][0]
    (cpu,) = machine["Metrics"][0]["Results"]
    assert [point["Timestamp"] for point in cpu["Values"]] == [1_999_999_920, 1_999_999_980]
    assert monitor_of(world, "uhost-a", StartTime=1, EndTime=2_000_000_000)["RetCode"] == 230
    assert monitor_of(world, "uhost-none")["RetCode"] == 230


def test_ports_of_a_pod_are_replaced_and_two_are_always_there(make_world: MakeWorld) -> None:
    rows = [{"UHostId": "cpod-a", "Zone": "cn-wlcb-03"}, {"UHostId": "uhost-a"}]
    world = make_world(rows={"instances": rows})
    params: dict[str, Any] = {"Region": "cn-wlcb", "Zone": "cn-wlcb-03", "UHostId": "cpod-a"}
    action = "UpdateCompShareInstancePorts"
    done = Caller.of(world).call(action, **params, HttpPorts=[8188, 9000], TcpPorts=[6006], UdpPorts=[53])
    assert done["AddedServicePorts"] == [9000, 6006, 53] and done["RemovedServicePorts"] == [8889]
    assert world.instances.all["cpod-a"].row["Ports"] == {
        "HttpPorts": [8188, 9000, 8888],
        "TcpPorts": [6006, 23],
        "UdpPorts": [53],
    }
    assert Caller.of(world).call(action, **params, HttpPorts=list(range(1, 12)))["RetCode"] == 230
    assert Caller.of(world).call(action, **params, HttpPorts=[70000])["RetCode"] == 230
    assert Caller.of(world).call(action, **PLACE, UHostId="uhost-a", HttpPorts=[1])["RetCode"] == 230


def test_the_balance_is_text(make_world: MakeWorld) -> None:
    world = make_world(account={"balance": 12.5})
    assert Caller.of(world).call("GetBalance")["AccountInfo"] == {
        "Amount": "12.50",
        "AmountAvailable": "12.50",
        "AmountCredit": "0.00",
        "AmountFree": "0.00",
        "AmountFreeze": "0.00",
    }


def test_the_price_of_another_size(make_world: MakeWorld) -> None:
    world = make_world(rows={"instances": [{"UHostId": "uhost-a"}]})
    params = {**PLACE, "UHostId": "uhost-a", "CPU": 32, "Memory": 131072, "GPU": 2}
    assert Caller.of(world).call("GetCompShareInstanceUpgradePrice", **params)["Price"] == 1.48
    assert Caller.of(world).call("GetCompShareInstanceUpgradePrice", **{**params, "CPU": 31})["RetCode"] == 8333
