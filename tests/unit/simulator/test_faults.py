"""Every fault does on the wire what its name says, and the log says whether the action was carried out."""

from __future__ import annotations

import contextlib
import gc
import socket
import time
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from ansible_collections.compshare.cloud.tests.simulator import ScenarioError, Simulator, World
from ansible_collections.compshare.cloud.tests.simulator.caller import Caller
from ansible_collections.compshare.cloud.tests.simulator.fixtures import MakeWorld

SHARED = "DescribeCompShareSharingImages"
FAVORITE = "CreateCompShareImageFavorite"


def arm(world: World, kind: str, **rule: Any) -> None:
    world.add_faults({"kind": kind, **rule})


def new_favorite(world: World) -> str:
    return next(one for one in world.images.groups if one not in world.images.favorites)


@pytest.mark.parametrize(
    ("kind", "carried_out"),
    [("reset_before", False), ("reset_after", True), ("close_before", False), ("close_after", True)],
)
def test_connections_end_before_and_after_the_effect(
    caller: Caller, world: World, kind: str, carried_out: bool
) -> None:
    arm(world, kind, action=FAVORITE, count=1)
    group = new_favorite(world)
    with pytest.raises(requests.ConnectionError):
        caller.call(FAVORITE, GroupId=group)
    assert (group in world.images.favorites) is carried_out
    (entry,) = world.requests(FAVORITE)
    assert (entry["fault"], entry["carried_out"]) == (kind, carried_out)
    assert caller.call(FAVORITE, GroupId=group)["RetCode"] == 0


def test_a_reset_is_a_tcp_reset(caller: Caller, world: World) -> None:
    arm(world, "reset_before")
    with pytest.raises(requests.ConnectionError, match="reset by peer"):
        caller.call(SHARED)


def test_connections_are_refused_for_a_while() -> None:
    with Simulator(speed=0) as simulator:
        caller = Caller.of(simulator.world)
        simulator.world.add_faults({"kind": "refuse", "count": 1, "seconds": 0.3})
        with pytest.raises(requests.ConnectionError):
            caller.call(SHARED)
        with pytest.raises(requests.ConnectionError, match="refused"):
            caller.call(SHARED)
        # No other process gets the port meanwhile.
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", urlsplit(simulator.url).port))
        give_up = time.monotonic() + 10
        while time.monotonic() < give_up:
            try:
                assert caller.call(SHARED)["RetCode"] == 0
                return
            except requests.ConnectionError:
                continue
        pytest.fail("the listener did not come back")


def test_a_request_that_is_cut_off_by_that_is_no_failure(caplog: pytest.LogCaptureFixture) -> None:
    with Simulator(speed=0) as simulator:
        simulator.world.add_faults({"kind": "refuse", "count": 1, "seconds": 0.01})
        address = urlsplit(simulator.url)
        with socket.create_connection((address.hostname, address.port)) as half_sent:
            half_sent.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nAction=")
            with pytest.raises(requests.ConnectionError):
                Caller.of(simulator.world).call(SHARED)
            assert half_sent.recv(1) == b""
    assert simulator.crashes == []
    assert [record for record in caplog.records if record.exc_info] == []


@pytest.mark.parametrize(("late", "carried_out"), [(False, True), (True, False)])
def test_slow_responses_outlast_a_timeout(make_world: MakeWorld, late: bool, carried_out: bool) -> None:
    world = make_world()
    arm(world, "slow", seconds=5, late=late)
    group = new_favorite(world)
    with pytest.raises(requests.ReadTimeout):
        Caller.of(world, timeout=0.1).call(FAVORITE, GroupId=group)
    assert (group in world.images.favorites) is carried_out


def test_stopping_ends_requests_in_progress(caplog: pytest.LogCaptureFixture) -> None:
    with Simulator(speed=0) as simulator:
        arm(simulator.world, "slow", seconds=5)
        with pytest.raises(requests.ReadTimeout):
            Caller.of(simulator.world, timeout=0.1).call(SHARED)
    del simulator
    gc.collect()
    assert caplog.text == ""


def test_delays_can_be_in_the_worlds_time(make_world: MakeWorld) -> None:
    world = make_world(speed=1000)
    arm(world, "slow", seconds=100, clock="world")
    begun = time.perf_counter()
    assert Caller.of(world).call(SHARED)["RetCode"] == 0
    assert 0.1 <= time.perf_counter() - begun < 50


def test_responses_can_drip(caller: Caller, world: World) -> None:
    arm(world, "drip", seconds=0.2)
    begun = time.perf_counter()
    assert caller.call(SHARED)["RetCode"] == 0
    assert time.perf_counter() - begun >= 0.15


@pytest.mark.parametrize("kind", ["drip_head", "continue", "trailers"])
def test_responses_that_drip_for_as_long_as_they_like(caller: Caller, world: World, kind: str) -> None:
    arm(world, kind, seconds=0.2, count=1)
    begun = time.perf_counter()
    with contextlib.suppress(requests.exceptions.RequestException):  # some libraries take the end of a header for good
        caller.post(SHARED)
    assert time.perf_counter() - begun >= 0.15
    assert world.requests()[-1]["carried_out"]


def test_responses_can_be_compressed_twice(caller: Caller, world: World) -> None:
    arm(world, "layers")
    assert caller.post(SHARED).headers["Content-Encoding"] == "gzip, gzip"


@pytest.mark.parametrize(
    ("rule", "status", "headers"),
    [
        ({"status": 429, "retry_after": 3}, 429, {"Retry-After": "3"}),
        ({"status": 429}, 429, {}),
        ({"status": 503, "body": "busy"}, 503, {}),
        ({}, 502, {}),
    ],
)
def test_http_statuses(
    caller: Caller, world: World, rule: dict[str, Any], status: int, headers: dict[str, str]
) -> None:
    arm(world, "http", **rule)
    response = caller.post(SHARED)
    assert response.status_code == status
    assert headers.items() <= dict(response.headers).items()
    assert ("Retry-After" in response.headers) == ("Retry-After" in headers)


def test_redirects_lead_elsewhere(caller: Caller, world: World) -> None:
    arm(world, "redirect")
    response = caller.post(SHARED)
    assert (response.status_code, response.headers["Location"]) == (302, "http://127.0.0.2:9/stolen")


@pytest.mark.parametrize(("kind", "body"), [("html", "<html>"), ("truncated", '{"Action"'), ("empty", "")])
def test_bodies_that_are_no_json(caller: Caller, world: World, kind: str, body: str) -> None:
    arm(world, kind)
    response = caller.post(SHARED)
    assert response.status_code == 200
    assert response.text.startswith(body)
    with pytest.raises(requests.JSONDecodeError):
        response.json()


def test_a_body_can_be_cut_off(caller: Caller, world: World) -> None:
    arm(world, "cut_off")
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        caller.call(SHARED)


def test_odd_json(caller: Caller, world: World) -> None:
    for kind in ("json_list", "no_ret_code", "null_list", "string_list"):
        arm(world, kind, count=1)
        response: Any = caller.call(SHARED)
        world.clear_faults()
        if kind == "json_list":
            assert isinstance(response, list)
        elif kind == "no_ret_code":
            assert "RetCode" not in response
        else:
            assert response["ImageSet"] == (None if kind == "null_list" else "not a list")


def test_huge_bodies(caller: Caller, world: World) -> None:
    arm(world, "huge", size=3_000_000)
    response = caller.post(SHARED)
    assert len(response.content) > 3_000_000
    assert response.json()["RetCode"] == 0


@pytest.mark.parametrize("effect", [False, True])
def test_any_ret_code_before_or_after_the_effect(caller: Caller, world: World, effect: bool) -> None:
    arm(world, "ret_code", code=8903, message="busy", effect=effect)
    group = new_favorite(world)
    response = caller.call(FAVORITE, GroupId=group)
    assert (response["RetCode"], response["Message"]) == (8903, "busy")
    assert (group in world.images.favorites) is effect
    assert world.requests(FAVORITE)[0]["ret_code"] == 8903


def test_any_raw_response(caller: Caller, world: World) -> None:
    arm(world, "raw", body='{"RetCode": "0"}', status=201, headers={"X-Odd": "1"})
    response = caller.post(SHARED)
    assert (response.status_code, response.json(), response.headers["X-Odd"]) == (201, {"RetCode": "0"}, "1")


@pytest.mark.parametrize(
    ("rule", "struck"),
    [
        ({}, [1, 2, 3, 4, 5, 6]),
        ({"nth": 2}, [2]),
        ({"nth": [1, 3]}, [1, 3]),
        ({"every": 2}, [2, 4, 6]),
        ({"count": 2}, [1, 2]),
        ({"after": 3}, [4, 5, 6]),
        ({"after": 1, "every": 2, "count": 1}, [3]),
        ({"where": {"Limit": 7}}, []),
        ({"where": {"Limit": 3}, "nth": 2}, [2]),
        ({"action": "Describe*"}, [1, 2, 3, 4, 5, 6]),
        ({"action": "Create*"}, []),
    ],
)
def test_rules_select_requests(caller: Caller, world: World, rule: dict[str, Any], struck: list[int]) -> None:
    arm(world, "ret_code", **rule)
    codes = [caller.call(SHARED, Limit=3)["RetCode"] for _unused in range(6)]
    assert [number for number, code in enumerate(codes, 1) if code] == struck


def test_a_share_of_requests_is_struck_reproducibly(make_world: MakeWorld) -> None:
    def codes() -> list[int]:
        world = make_world(faults=[{"kind": "ret_code", "share": 0.5}])
        return [Caller.of(world).call(SHARED)["RetCode"] for _unused in range(20)]

    first = codes()
    assert first == codes()
    assert 0 < sum(code > 0 for code in first) < 20


def test_faults_of_one_world_do_not_strike_another(make_world: MakeWorld) -> None:
    struck, other = make_world(), make_world()
    arm(struck, "html")
    assert Caller.of(other).call(SHARED)["RetCode"] == 0


def test_unknown_faults_are_refused(world: World) -> None:
    with pytest.raises(ScenarioError, match="no fault 'earthquake'"):
        arm(world, "earthquake")
    with pytest.raises(ScenarioError, match="no setting 'nht'"):
        arm(world, "html", nht=1)
