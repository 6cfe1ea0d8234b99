"""Waiting on the simulator, over HTTP, on its own clock, while everything that can go wrong does."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.client import Scope
from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import CompShareError, WaitError
from ansible_collections.compshare.cloud.plugins.module_utils._builds.state import BuildTarget
from ansible_collections.compshare.cloud.plugins.module_utils._builds.wait import Outcome, wait_for_builds
from ansible_collections.compshare.cloud.tests.benchmarks.polling.simulated import client_of
from ansible_collections.compshare.cloud.tests.simulator import World
from ansible_collections.compshare.cloud.tests.simulator.fault_rules import KINDS
from ansible_collections.compshare.cloud.tests.simulator.fixtures import MakeWorld
from ansible_collections.compshare.cloud.tests.simulator.progress import MODELS

PROGRESS = "GetCompShareImageCreateProgress"
LIST = "DescribeCompShareCustomImages"
B1 = "compshareImage-b1"
LENGTH = 600.0
# Kept short where the simulator really waits or really sends.
SHORT: dict[str, Any] = {"seconds": 0.02}
WAITS = ("slow", "drip", "drip_head", "continue", "trailers", "refuse")
SMALL: dict[str, dict[str, Any]] = {**dict.fromkeys(WAITS, SHORT), "huge": {"size": 100_000}}
# A redirect is no transient error: it would carry the key elsewhere.
LASTING = {"redirect", "layers"}
# A closed port stays closed for real time, in which the world's clock does not move.
PORT = {"refuse"}


def wait(world: World, *image_ids: str, **settings: Any) -> Outcome:
    targets = [BuildTarget(image_id) for image_id in image_ids or (B1,)]
    return wait_for_builds(client_of(world), targets, rng=Random(1), **settings)


def fault(kind: str, action: str, **selection: Any) -> dict[str, Any]:
    return {"kind": kind, "action": action, **SMALL.get(kind, {}), **selection}


def world_with_build(make_world: MakeWorld, *faults: dict[str, Any], **trace: Any) -> World:
    plan = {"image_id": B1, "name": "training-env", "duration": LENGTH, "model": "accurate", **trace}
    return make_world(traces=[plan], faults=list(faults), counts={"custom": 3})


@pytest.mark.parametrize("action", [*(pytest.param(one, marks=pytest.mark.slow) for one in (PROGRESS, LIST)), "*"])
@pytest.mark.parametrize("kind", sorted(set(KINDS) - LASTING))
def test_a_fault_that_passes_does_not_change_the_outcome(make_world: MakeWorld, kind: str, action: str) -> None:
    world = world_with_build(make_world, fault(kind, action, after=2, count=1 if kind in PORT else 12))
    outcome = wait(world, wait_timeout=1e6)
    assert outcome.builds[0]["complete"] is True
    assert outcome.builds[0]["status"] == "Available"
    # A malformed list is not requested again within a look, so twelve of them outlast the build.
    late = 150 if kind == "string_list" else 60
    assert kind in PORT or LENGTH - 1 <= outcome.elapsed <= LENGTH + late


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(set(KINDS) - LASTING - PORT))
def test_a_progress_request_that_never_works_leaves_the_status(make_world: MakeWorld, kind: str) -> None:
    world = world_with_build(make_world, fault(kind, PROGRESS))
    outcome = wait(world)
    assert outcome.builds[0]["status"] == "Available"
    # The last look may begin with the retries of a progress request, for up to a minute, after an interval of its own.
    assert LENGTH - 1 <= outcome.elapsed <= LENGTH + 120


@pytest.mark.parametrize("kind", sorted(set(KINDS) - LASTING - {"slow", "drip", "huge"}))
def test_a_failure_is_reported_as_one_in_spite_of_faults(make_world: MakeWorld, kind: str) -> None:
    world = world_with_build(make_world, fault(kind, "*", every=3), fails_at=0.5, failed_reason="disk full")
    with pytest.raises(WaitError, match=r"failed: training-env \(compshareImage-b1, disk full\)"):
        wait(world)


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"slow", "drip", "huge"}))
def test_a_fault_that_stays_ends_clearly_within_the_deadline(make_world: MakeWorld, kind: str) -> None:
    world = world_with_build(make_world, fault(kind, "*", after=4))
    began = world.clock.now()
    with pytest.raises(CompShareError) as caught:
        wait(world, wait_timeout=300)
    assert world.clock.now() - began <= 301
    assert "Traceback" not in str(caught.value)
    assert caught.value.facts["builds"][0]["image_id"] == B1
    assert caught.value.facts["complete"] is False


@pytest.mark.parametrize("code", [110, 120, 130, 150, 153, 8434, 8438, 8441, 226619])
def test_every_passing_ret_code_is_waited_out(make_world: MakeWorld, code: int) -> None:
    world = world_with_build(make_world, {"kind": "ret_code", "code": code, "after": 2, "count": 10})
    assert wait(world).builds[0]["complete"] is True


@pytest.mark.slow
@pytest.mark.parametrize("model", sorted(MODELS))
@pytest.mark.parametrize("types", ["plain", "mixed"])
def test_every_way_of_telling_the_progress_ends_right(make_world: MakeWorld, model: str, types: str) -> None:
    plan = {"image_id": B1, "duration": LENGTH, "model": model, "bias": 0.6}
    outcome = wait(make_world(traces=[plan], types=types))
    assert outcome.builds[0]["complete"] is True
    assert LENGTH - 1 <= outcome.elapsed <= LENGTH + 30


@pytest.mark.parametrize("trace", [{"container": True}, {"visible_after": 60.0}, {"status_lag": 45.0}])
def test_kinds_of_builds(make_world: MakeWorld, trace: dict[str, Any]) -> None:
    outcome = wait(world_with_build(make_world, **trace))
    assert outcome.builds[0]["complete"] is True
    assert outcome.elapsed <= LENGTH + 45 + 30


@pytest.mark.parametrize(("allow", "requested"), [(PROGRESS, {PROGRESS, LIST}), (LIST, {PROGRESS, LIST})])
def test_one_permission_is_enough(make_world: MakeWorld, allow: str, requested: set[str]) -> None:
    warnings: list[str] = []
    world = make_world(
        traces=[{"image_id": B1, "duration": LENGTH, "model": "accurate"}], permissions={"allow": [allow]}
    )
    assert wait(world, warn=warnings.append).builds[0]["complete"] is True
    assert len(warnings) == 1
    assert {request["action"] for request in world.requests()} == requested


def test_zone_and_region_are_found_without_options(make_world: MakeWorld) -> None:
    world = make_world(traces=[{"image_id": B1, "duration": LENGTH, "model": "accurate", "zone": "cn-sh2-02"}])
    assert wait_for_builds(client_of(world, Scope()), [BuildTarget(B1)], rng=Random(1)).builds[0]["complete"] is True
    refused = [one for one in world.requests(PROGRESS) if one["ret_code"] != 0]
    assert refused == []


def test_fifty_builds_in_one_task(make_world: MakeWorld) -> None:
    ids = [f"compshareImage-m{number:02}" for number in range(50)]
    traces = [{"image_id": image_id, "duration": 1200, "model": "accurate"} for image_id in ids]
    world = make_world(traces=traces, counts={"custom": 200})
    outcome = wait(world, *ids[::-1])
    assert [build["image_id"] for build in outcome.builds] == ids[::-1]
    assert all(build["complete"] for build in outcome.builds)
    one = make_world(traces=traces[:1], counts={"custom": 200})
    assert outcome.polls <= 5 * wait(one, ids[0]).polls
    assert outcome.polls == len(world.requests())


@pytest.mark.slow
def test_two_hundred_builds_with_mixed_ends(make_world: MakeWorld) -> None:
    ids = [f"compshareImage-x{number:03}" for number in range(200)]
    traces = [
        {"image_id": one, "duration": 60 + 10 * number, "model": list(MODELS)[number % len(MODELS)]}
        for number, one in enumerate(ids)
    ]
    outcome = wait(make_world(traces=traces, types="mixed"), *ids)
    assert all(build["complete"] for build in outcome.builds)
    assert outcome.elapsed <= 60 + 10 * 199 + 30
