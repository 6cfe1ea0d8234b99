"""Lists that show a new instance late, or lack a row once: nothing is ordered twice, and nothing is believed gone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.transport import HttpResponse, Transport
from ansible_collections.compshare.cloud.tests.simulator.fixtures import MakeWorld
from ansible_collections.compshare.cloud.tests.simulator.world import World

from .operations import START, instance_named
from .public_runs import Outcome, WorldClock, run_module

CREATE, LIST = "CreateCompShareInstance", "DescribeCompShareInstance"
LAGS = (0, 40, 100, 140)
NAME = "late-vm"
ORDER = {"name": NAME, "image": "Ubuntu 22.04", "gpu_type": "4090", "wait_timeout": 1500}
#: What becomes of the response to an order that took effect.
RESPONSES: dict[str, dict[str, Any]] = {
    "comes": {},
    "lost": {"kind": "reset_after"},
    "HTTP 504": {"kind": "http", "status": 504, "effect": True},
    "cut off": {"kind": "cut_off", "effect": True},
}


def run(world: World, options: Mapping[str, Any]) -> Outcome:
    keys = {"api_url": world.url, "public_key": world.public_key, "private_key": world.private_key}
    return run_module("compshare_instance", {**keys, "api_timeout": 5, **options}, clock=WorldClock(world))


def orders(world: World) -> int:
    return sum(1 for entry in world.requests(CREATE) if entry["carried_out"] and entry["ret_code"] == 0)


def states(world: World) -> list[str]:
    world.advance(0)
    return [one.state for one in world.instances.all.values() if one.row["Name"] == NAME]


@pytest.mark.parametrize("response", RESPONSES)
@pytest.mark.parametrize("lag", LAGS)
def test_an_order_whose_instance_shows_late(make_world: MakeWorld, lag: int, response: str) -> None:
    world = make_world(start=START, instances={"visible_after": lag})
    if RESPONSES[response]:
        world.add_faults({**RESPONSES[response], "action": CREATE, "count": 1})
    first = run(world, ORDER)
    assert not first.failed and first.changed, first.message
    second = run(world, ORDER)
    assert not second.failed and not second.changed
    assert orders(world) == 1 and states(world) == ["Running"]


def without_row(monkeypatch: pytest.MonkeyPatch, identity: str, responses: frozenset[int]) -> None:
    """Leave an instance out of some responses of the list, counted from 1."""
    post, count = Transport.post, [0]

    def lacking(self: Transport, body: Mapping[str, str] | bytes, timeout: float) -> HttpResponse:
        response = post(self, body, timeout)
        if isinstance(body, Mapping) and body["Action"] == LIST:
            count[0] += 1
            if count[0] in responses:
                content = json.loads(response.body)
                content["UHostSet"] = [row for row in content["UHostSet"] or [] if row["UHostId"] != identity]
                return response._replace(body=json.dumps(content).encode())
        return response

    monkeypatch.setattr(Transport, "post", lacking)


@pytest.mark.parametrize("lacks", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("by_id", [False, True], ids=["by name", "by id"])
@pytest.mark.parametrize(
    ("options", "end"),
    [
        ({"state": "present"}, "Running"),
        ({"state": "running"}, "Running"),
        ({"state": "stopped"}, "Stopped"),
        ({"state": "restarted"}, "Running"),
        ({"state": "absent"}, None),
        ({"resize": True, "gpu_count": 2}, "Running"),
        ({"schedule_stop": "8h"}, "Running"),
    ],
    ids=["present", "running", "stopped", "restarted", "absent", "resize", "schedule"],
)
def test_a_row_that_one_response_lacks(
    make_world: MakeWorld,
    monkeypatch: pytest.MonkeyPatch,
    options: dict[str, Any],
    end: str | None,
    by_id: bool,
    lacks: int,
) -> None:
    world = make_world(start=START)
    identity = instance_named(world, "train-vm")
    without_row(monkeypatch, identity, frozenset((lacks,)))
    order = {"instance_id": identity} if by_id else {**ORDER, "name": "train-vm"}
    outcome = run(world, {**order, "wait_timeout": 1500, **options})
    assert not outcome.failed, outcome.message
    assert orders(world) == 0
    world.advance(0)
    instance = world.instances.all.get(identity)
    assert (instance and instance.state) == end
