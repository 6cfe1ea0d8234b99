"""One spec, one image: every fault on every write, two tasks at a time, and hundreds of seeded runs."""

from __future__ import annotations

import random
from datetime import datetime, timezone
from typing import Any

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import CompShareError
from ansible_collections.compshare.cloud.plugins.module_utils._images import create
from ansible_collections.compshare.cloud.plugins.module_utils._images.ensure import ensure_image
from ansible_collections.compshare.cloud.tests.simulator.world import World

from ..api_faults import (
    PASSING,
    UNKNOWN,
    Killed,
    fault_name,
    kill_once_at,
    respond_without_id,
    run_on_two_machines,
)
from ..api_faults import random_faults as faults_on
from ..in_process import REQUEST_TIME, WorldTransport, images_named, instance_in, new_world, task_in, writes

CREATE, UPDATE, DELETE = "CreateCompShareCustomImage", "UpdateCompShareImage", "TerminateCompShareCustomImage"
NAME = "env-1"
#: Refusals.
LASTING: list[dict[str, Any]] = [
    {"kind": "ret_code", "code": code} for code in (171, 210, 230, 299, 520, 8095, 8968, 226601, 226644, 424242)
]


def build(world: World, transport: type[WorldTransport] = WorldTransport, **options: Any) -> dict[str, Any]:
    options = {"name": NAME, "instance_id": instance_in(world, "train-vm"), **options}
    return ensure_image(task_in(world, "compshare_image", options, transport=transport))


@pytest.fixture(params=[True, False], ids=["duplicates possible", "names unique"])
def world(request: pytest.FixtureRequest) -> World:
    """A world in which the API would accept a second image of the name, and one in which it would not."""
    return new_world(dialect={"duplicate_name": "accepted" if request.param else "230"})


@pytest.mark.slow
@pytest.mark.parametrize("fault", UNKNOWN, ids=fault_name)
def test_a_create_that_took_effect_without_a_good_response(world: World, fault: dict[str, Any]) -> None:
    world.add_faults({**fault, "effect": True, "action": CREATE, "count": 1})
    created = build(world)
    assert created["changed"] and created["image"]["status"] == "Available"
    assert len(images_named(world, NAME)) == 1
    assert writes(world) == [CREATE]


@pytest.mark.slow
@pytest.mark.parametrize("fault", [fault for fault in UNKNOWN if fault["kind"] != "slow"], ids=fault_name)
def test_a_create_that_had_no_effect_and_no_good_response(world: World, fault: dict[str, Any]) -> None:
    world.add_faults({**fault, "effect": False, "action": CREATE, "count": 1})
    with pytest.raises(CompShareError) as caught:
        build(world)
    error = caught.value
    assert "Whether the image 'env-1' is being created is not known" in str(error)
    # The gateway gives up after 60 s, and the list may be late: 150 s after the request, as the record says.
    sent = next(entry["time"] for entry in world.requests() if entry["action"] == CREATE)
    shown_by = datetime.fromtimestamp(sent + 150 - REQUEST_TIME, timezone.utc).strftime("%H:%M:%S UTC")
    assert f"it creates the image only if the list still does not show it at {shown_by}." in str(error)
    assert error.retryable and error.action == CREATE and error.facts == {"changed": False, "image": None}
    assert images_named(world, NAME) == [] and writes(world) == [CREATE]
    assert build(world)["changed"]
    assert len(images_named(world, NAME)) == 1


@pytest.mark.slow
@pytest.mark.parametrize("fault", PASSING, ids=fault_name)
def test_a_create_that_provably_had_no_effect_is_retried(world: World, fault: dict[str, Any]) -> None:
    world.add_faults({**fault, "action": CREATE})
    assert build(world)["changed"]
    assert len(images_named(world, NAME)) == 1


@pytest.mark.parametrize("fault", LASTING, ids=fault_name)
def test_a_create_that_is_refused(world: World, fault: dict[str, Any]) -> None:
    world.add_faults({**fault, "action": CREATE})
    with pytest.raises(CompShareError) as caught:
        build(world)
    assert caught.value.ret_code == fault["code"]
    assert caught.value.facts == {"changed": False, "image": None}
    assert writes(world) == [CREATE] and images_named(world, NAME) == []


def test_a_create_whose_image_shows_late(world: World) -> None:
    world.scenario.builds.default.visible_after = 60
    world.add_faults({"kind": "reset_after", "action": CREATE, "count": 1})
    assert build(world)["image"]["status"] == "Available"
    assert len(images_named(world, NAME)) == 1 and writes(world) == [CREATE]


def test_a_create_whose_image_shows_only_while_the_instance_shows_it(world: World) -> None:
    world.scenario.builds.default.visible_after = 150
    world.add_faults({"kind": "reset_after", "action": CREATE, "count": 1})
    assert build(world)["image"]["status"] == "Available"
    assert writes(world) == [CREATE]


def test_a_create_whose_image_shows_after_the_task_has_given_up(world: World) -> None:
    world.scenario.builds.default.visible_after = 400
    world.add_faults({"kind": "reset_after", "action": CREATE, "count": 1})
    with pytest.raises(CompShareError, match="The instance is being imaged, so it may still appear"):
        build(world)
    assert build(world)["changed"] is False
    assert len(images_named(world, NAME)) == 1 and writes(world) == [CREATE]


def test_a_create_after_which_nothing_can_be_read(world: World) -> None:
    world.add_faults(
        {"kind": "reset_after", "action": CREATE, "count": 1},
        {"kind": "ret_code", "code": 130, "action": "Describe*", "after": 7},
    )
    with pytest.raises(CompShareError, match="The list of images could not be read"):
        build(world)
    world.clear_faults()
    assert build(world)["changed"] is False
    assert len(images_named(world, NAME)) == 1 and writes(world) == [CREATE]


def test_a_response_without_an_id(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.add_faults({"kind": "null_list", "action": CREATE})
    respond_without_id(monkeypatch, CREATE)
    assert build(world)["image"]["status"] == "Available"
    assert len(images_named(world, NAME)) == 1


# Changing and deleting


def act(world: World, action: str) -> dict[str, Any]:
    """Change or delete the image, and check that it is so afterwards."""
    options = {"description": "new"} if action == UPDATE else {"state": "absent"}
    return ensure_image(task_in(world, "compshare_image", {"name": NAME, **options}))


def is_done(world: World, action: str) -> bool:
    rows = images_named(world, NAME)
    return [row["Description"] for row in rows] == ["new"] if action == UPDATE else rows == []


@pytest.mark.slow
@pytest.mark.parametrize("effect", [True, False])
@pytest.mark.parametrize("fault", UNKNOWN, ids=fault_name)
@pytest.mark.parametrize("action", [UPDATE, DELETE])
def test_without_a_good_response(action: str, fault: dict[str, Any], effect: bool) -> None:
    """Both may be repeated without harm, so the task goes on until it is so."""
    world = new_world()
    build(world)
    world.add_faults({**fault, "effect": effect, "action": action, "count": 1})
    assert act(world, action)["changed"] and is_done(world, action)
    assert act(world, action)["changed"] is False


@pytest.mark.slow
@pytest.mark.parametrize("fault", PASSING, ids=fault_name)
@pytest.mark.parametrize("action", [UPDATE, DELETE])
def test_faults_that_pass(action: str, fault: dict[str, Any]) -> None:
    world = new_world()
    build(world)
    world.add_faults({**fault, "action": action})
    assert act(world, action)["changed"] and is_done(world, action)


@pytest.mark.slow
@pytest.mark.parametrize("fault", LASTING, ids=fault_name)
@pytest.mark.parametrize("action", [UPDATE, DELETE])
def test_refusals(action: str, fault: dict[str, Any]) -> None:
    world = new_world()
    build(world)
    world.add_faults({**fault, "action": action})
    with pytest.raises(CompShareError) as caught:
        act(world, action)
    assert caught.value.ret_code == fault["code"] and caught.value.facts["changed"] is False
    assert caught.value.facts["image"]["name"] == NAME and not is_done(world, action)


# Two tasks at a time


@pytest.mark.slow
@pytest.mark.parametrize("lag", [0, 40, 100, 140])
@pytest.mark.parametrize("effect", [True, False])
def test_a_run_that_is_killed_while_it_creates(monkeypatch: pytest.MonkeyPatch, effect: bool, lag: int) -> None:
    world = new_world(
        dialect={"duplicate_name": "accepted"}, builds={"default": {"duration": 600, "visible_after": lag}}
    )
    kill_once_at(monkeypatch, CREATE, effect=effect, transport=FreedSources)
    with pytest.raises(Killed):
        build(world, FreedSources)
    result = build(world, FreedSources)
    assert result["image"]["status"] == "Available"
    assert result["changed"] is not effect
    assert len(images_named(world, NAME)) == 1


@pytest.fixture
def two_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tasks on two machines do not wait for each other."""
    run_on_two_machines(monkeypatch, create)


@pytest.mark.slow
@pytest.mark.parametrize("after_request", range(1, 12))
@pytest.mark.parametrize("same_source", [True, False])
def test_two_tasks_that_want_the_same_image(
    two_machines: None, monkeypatch: pytest.MonkeyPatch, after_request: int, same_source: bool
) -> None:
    """The second task begins its build between any two requests of the first one."""
    world = new_world()
    other = instance_in(world, "train-vm" if same_source else "jupyter-4090")
    post, count = WorldTransport.post, [0]

    def with_another_task(self: WorldTransport, fields: Any, timeout: float) -> Any:
        count[0] += 1
        if count[0] == after_request:
            count[0] += 1000
            results.append(build(world, instance_id=other, wait=False))
        return post(self, fields, timeout)

    results: list[dict[str, Any]] = []
    monkeypatch.setattr(WorldTransport, "post", with_another_task)
    results.append(build(world))
    [row] = images_named(world, NAME)
    assert [result["image"]["id"] for result in results] == [row["CompShareImageId"]] * 2
    assert [result["changed"] for result in results].count(True) == 1


# Many runs


def random_faults(rng: random.Random) -> list[dict[str, Any]]:
    return faults_on(rng, LASTING, [CREATE, CREATE, UPDATE, DELETE, "*", "Describe*", "Get*"])


class FreedSources(WorldTransport):
    """The instance stays as it was while an image is created from it, as one documentation has it: nothing locks it."""

    def post(self, body: Any, timeout: float) -> Any:
        for instance in self._world.instances.all.values():
            if instance.state == "ImageMaking":
                instance.row["State"] = "Running"
        return super().post(body, timeout)


def random_world(rng: random.Random, *, locked: bool) -> World:
    unique = rng.random() < 0.5
    duration = rng.choice([60, 200, 900, 2400])
    # Where neither a name nor the instance shows a build, at least the list must.
    visible_after = min(duration, rng.choice([0, 0, 5, 30, 60])) if locked or unique else 0
    world = new_world(
        seed=rng.randint(1, 10_000),
        dialect={"duplicate_name": "230" if unique else "accepted"},
        types=rng.choice(["plain", "mixed"]),
        builds={
            "default": {
                "duration": duration,
                "visible_after": visible_after,
                "status_lag": rng.choice([0, 20]),
                "model": rng.choice(["accurate", "noisy", "stuck_at_99", "no_estimate"]),
            },
            "failure_share": rng.choice([0, 0, 0.3]),
        },
    )
    world.add_faults(*random_faults(rng))
    return world


def attempt_to_build(world: World, **options: Any) -> tuple[dict[str, Any] | None, CompShareError | None]:
    try:
        return build(world, **options), None
    except CompShareError as error:
        return None, error


@pytest.mark.slow
@pytest.mark.parametrize("fifty", range(10))
def test_five_hundred_runs_with_random_faults(fifty: int) -> None:
    """However often the task must be run again: never a second image, and one at the end."""
    failures = 0
    for seed in range(fifty * 50, fifty * 50 + 50):
        rng = random.Random(seed)
        transport = rng.choice([WorldTransport, FreedSources])
        world = random_world(rng, locked=transport is WorldTransport)
        for attempt in range(12):
            if attempt == 11:
                world.clear_faults()
                world.scenario.builds.failure_share = 0
            created, error = attempt_to_build(world, transport=transport, description=f"{seed}", replace_failed=True)
            assert len(images_named(world, NAME)) <= 1, seed
            if created is not None:
                break
            assert str(error) and error is not None and set(error.facts) >= {"changed", "image"}, seed
            failures += 1
        assert created is not None, seed
        [row] = images_named(world, NAME)
        assert row["CompShareImageId"] == created["image"]["id"], seed
        assert (row["Status"], row["Description"]) == ("Available", f"{seed}"), seed
    assert failures > 0


@pytest.mark.slow
@pytest.mark.parametrize("twenty", range(5))
def test_a_hundred_rebuilds_with_random_faults(twenty: int) -> None:
    """At every moment there is an image that can be used, and at the end there is one, the new one."""
    for seed in range(twenty * 20, twenty * 20 + 20):
        rng = random.Random(seed)
        world = random_world(rng, locked=True)
        faults = world.faults.state()
        world.clear_faults()
        world.scenario.builds.failure_share, share = 0, world.scenario.builds.failure_share
        old = build(world)["image"]["id"]
        world.scenario.builds.failure_share = share
        world.add_faults(*random_faults(rng))
        assert faults
        for attempt in range(12):
            if attempt == 11:
                world.clear_faults()
                world.scenario.builds.failure_share = 0
            created, _error = attempt_to_build(world, rebuild=True, replace_failed=True)
            rows = images_named(world, NAME)
            assert any(row["Status"] == "Available" for row in rows) and len(rows) <= 3, seed
            if created is not None:
                break
        assert created is not None, seed
        [row] = images_named(world, NAME)
        assert row["Name"] == NAME and row["Status"] == "Available", seed
        assert row["CompShareImageId"] == created["image"]["id"] != old, seed
