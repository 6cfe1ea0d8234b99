"""The simulator's limit of requests: a token bucket for each key."""

from __future__ import annotations

import pytest
import requests

from ansible_collections.compshare.cloud.tests.simulator.caller import Caller
from ansible_collections.compshare.cloud.tests.simulator.fixtures import MakeWorld
from ansible_collections.compshare.cloud.tests.simulator.scenario import ScenarioError
from ansible_collections.compshare.cloud.tests.simulator.world import World

ZONES = "DescribeCompShareSupportZone"


def codes(world: World, count: int) -> list[int]:
    caller = Caller.of(world)
    return [caller.call(ZONES)["RetCode"] for _number in range(count)]


def test_a_burst_is_served_and_then_as_many_as_flow_in(make_world: MakeWorld) -> None:
    world = make_world(speed=0, limit={"rate": 2, "burst": 3, "clock": "world"})
    assert codes(world, 5) == [0, 0, 0, 153, 153]
    world.advance(1)
    assert codes(world, 3) == [0, 0, 153]
    world.advance(3600)
    assert codes(world, 4) == [0, 0, 0, 153]
    assert world.state()["limit"] == {"rate": 2, "burst": 3, "served": 8, "refused": 4}


def test_a_refused_request_changes_nothing_and_is_in_the_log(make_world: MakeWorld) -> None:
    world = make_world(speed=0, limit={"rate": 1, "burst": 1, "clock": "world"})
    caller = Caller.of(world)
    image = {"CompShareImageId": next(iter(world.images.own)), "Name": "renamed"}
    caller.call(ZONES)
    assert caller.call("UpdateCompShareImage", Region="cn-wlcb", **image)["RetCode"] == 153
    served, refused = world.requests()
    assert (served["fault"], served["carried_out"]) == (None, True)
    assert (refused["fault"], refused["carried_out"], refused["ret_code"]) == ("limit", False, 153)
    assert "renamed" not in [one.row["Name"] for one in world.images.own.values()]


def test_the_limit_of_one_key_is_not_that_of_another(make_world: MakeWorld) -> None:
    first, second = (make_world(speed=0, limit={"rate": 1, "burst": 1, "clock": "world"}) for _number in range(2))
    assert codes(first, 2) == [0, 153]
    assert codes(second, 2) == [0, 153]


@pytest.mark.parametrize(("retry_after", "header"), [(None, None), (7, "7"), ("exact", "3")])
def test_a_refusal_as_an_http_status(make_world: MakeWorld, retry_after: object, header: str | None) -> None:
    limit = {"rate": 0.4, "burst": 1, "status": 429, "retry_after": retry_after, "clock": "world"}
    caller = Caller.of(make_world(speed=0, limit=limit))
    assert caller.post(ZONES).status_code == 200
    refused = caller.post(ZONES)
    assert refused.status_code == 429
    assert refused.headers.get("Retry-After") == header


def test_another_ret_code(make_world: MakeWorld) -> None:
    world = make_world(speed=0, limit={"rate": 1, "burst": 1, "ret_code": 226619, "clock": "world"})
    assert codes(world, 2) == [0, 226619]


def test_the_control_api_sets_the_limit_and_takes_it_away(make_world: MakeWorld) -> None:
    world = make_world(speed=0)
    address, body = f"{world.url}/_simulator/limit", {"public_key": world.public_key}
    response = requests.post(address, json={**body, "rate": 1, "burst": 2, "clock": "world"}, timeout=10)
    assert response.json() == {"rate": 1, "burst": 2, "served": 0, "refused": 0}
    assert codes(world, 3) == [0, 0, 153]
    requests.post(address, json=body, timeout=10)
    assert codes(world, 30) == [0] * 30


@pytest.mark.parametrize("rules", [{"rate": 0}, {"rate": -1}, {"burst": 0}, {"clock": "wall"}, {"rte": 1}])
def test_rules_that_make_no_sense(make_world: MakeWorld, rules: dict[str, object]) -> None:
    with pytest.raises(ScenarioError):
        make_world(limit=rules)


def test_a_limit_in_real_seconds(make_world: MakeWorld) -> None:
    world = make_world(limit={"rate": 0.001, "burst": 2})
    assert codes(world, 3) == [0, 0, 153]
