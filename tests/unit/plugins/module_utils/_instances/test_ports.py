"""Ports of pods: what is not mentioned stays, and two ports always do."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import CompShareError, OptionError
from ansible_collections.compshare.cloud.tests.simulator.world import World

from ..api_faults import UNKNOWN, fault_name
from ..in_process import new_world, writes
from .tasks import failed, named, put, run, run_task

UPDATE = "UpdateCompShareInstancePorts"
NAME = "comfy-pod"


def ports_of(world: World) -> dict[str, set[int]]:
    return {key: set(ports) for key, ports in named(world, NAME)[0]["Ports"].items()}


@pytest.fixture(params=["kept", "removed"])
def world(request: pytest.FixtureRequest) -> World:
    """A world in which the ports of a protocol that is not sent are kept, or removed."""
    world = new_world(dialect={"ports_missing": request.param, "ports_zone_id": "required"})
    put(world, NAME, State="Running", Ports={"HttpPorts": [8888, 8188], "TcpPorts": [23], "UdpPorts": [5000]})
    return world


@pytest.mark.parametrize(
    ("ports", "after"),
    [
        ({"http": [6006]}, ({8888, 6006}, {23}, {5000})),
        ({"http": []}, ({8888}, {23}, {5000})),
        ({"tcp": [22, 23], "udp": [5000, 5001]}, ({8888, 8188}, {22, 23}, {5000, 5001})),
        ({"http": [8188, 8888], "tcp": [8022]}, ({8888, 8188}, {23, 8022}, {5000})),
    ],
)
def test_ports_twice_and_predicted(world: World, ports: dict[str, list[int]], after: tuple[set[int], ...]) -> None:
    """The API replaces all ports: those of the other protocols were lost."""
    predicted = run(world, check_mode=True, name=NAME, ports=ports)
    assert writes(world) == []
    done = run(world, name=NAME, ports=ports)
    assert tuple(ports_of(world).values()) == after and writes(world) == [UPDATE]
    for result in (predicted, done):
        assert result["changed"]
        assert tuple(set(result["instance"]["ports"][key]) for key in ("http", "tcp", "udp")) == after
    assert run(world, name=NAME, ports=ports)["changed"] is False


def test_ports_that_are_there_are_not_sent(world: World) -> None:
    assert run(world, name=NAME, ports={"http": [8188], "udp": [5000]})["changed"] is False
    assert writes(world) == []


def test_the_last_udp_port_can_be_removed_only_where_the_api_lets_it() -> None:
    """An empty list cannot be sent."""
    for dialect, gone in (("removed", True), ("kept", False)):
        world = new_world(dialect={"ports_missing": dialect})
        put(world, NAME, State="Running", Ports={"HttpPorts": [8888], "TcpPorts": [23], "UdpPorts": [5000]})
        if gone:
            assert run(world, name=NAME, ports={"udp": []})["changed"] and ports_of(world)["UdpPorts"] == set()
        else:
            with pytest.raises(CompShareError, match="the API does not show that the ports of comfy-pod"):
                run(world, name=NAME, ports={"udp": []})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": NAME, "ports": {"http": [0]}}, "http port 0; ports are from 1 to 65535"),
        ({"name": NAME, "ports": {"udp": [65536]}}, "udp port 65536"),
        ({"name": NAME, "ports": {"tcp": list(range(100, 110))}}, "11 tcp ports; a pod has at most 10, 23 among them"),
        ({"name": "train-vm", "ports": {"http": [80]}}, "is not a pod, and only pods have ports"),
    ],
)
def test_what_cannot_be(world: World, options: dict[str, Any], message: str) -> None:
    assert message in str(failed(world, OptionError, **options)) and writes(world) == []


def test_a_stopped_pod_keeps_its_ports(world: World) -> None:
    put(world, NAME, State="Stopped")
    done, task = run_task(world, name=NAME, ports={"http": [6006]})
    assert done["changed"] is False and "is not running, so ports has no effect" in task.warnings[0]


@pytest.mark.parametrize("effect", [True, False], ids=["with effect", "without effect"])
@pytest.mark.parametrize("fault", UNKNOWN, ids=fault_name)
def test_a_lost_response_is_recovered(world: World, fault: dict[str, Any], effect: bool) -> None:
    if fault["kind"] != "slow":
        fault = {**fault, "effect": effect}
    world.add_faults({**fault, "action": UPDATE, "count": 1})
    run(world, name=NAME, ports={"http": [6006]})
    assert ports_of(world)["HttpPorts"] == {8888, 6006}


def test_a_new_pod_gets_its_ports() -> None:
    image = {"CompShareImageId": "compshareImage-1c", "Name": "boxed", "Container": "True", "Zone": "cn-sh2-01"}
    world = new_world(rows={"custom": [{**image, "Status": "Available"}]})
    created = run(world, name="box", image="boxed", gpu_type="5090", ports={"http": [7860]})
    assert set(created["instance"]["ports"]["http"]) == {8888, 7860}
