"""One spec, one instance: every fault on every write, two tasks at a time, and hundreds of seeded runs."""

from __future__ import annotations

import random
from typing import Any

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import CompShareError
from ansible_collections.compshare.cloud.plugins.module_utils._instances import create
from ansible_collections.compshare.cloud.plugins.module_utils._instances.ensure import ensure_instances
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
from ..in_process import WorldTransport, instance_in, new_world, task_in, writes

CREATE, START, STOP = "CreateCompShareInstance", "StartCompShareInstance", "StopCompShareInstance"
REBOOT, REINSTALL, TERMINATE = (
    "RebootCompShareInstance",
    "ReinstallCompShareInstance",
    "TerminateCompShareInstance",
)
NAME = "new-vm"
ORDER: dict[str, Any] = {"name": NAME, "image": "compshareImage-1old", "gpu_type": "4090"}
IMAGE = {"CompShareImageId": "compshareImage-1old", "Name": "old", "ImageType": "System", "Container": "False"}
NEXT_IMAGE = {**IMAGE, "CompShareImageId": "compshareImage-2new", "Name": "new"}
#: Refusals.
LASTING: list[dict[str, Any]] = [
    {"kind": "ret_code", "code": code} for code in (171, 210, 230, 299, 520, 8095, 8333, 226601, 226603, 424242)
]
#: How each state is reached from a running instance, and the write that does it.
MOVES: list[tuple[str, str, dict[str, Any]]] = [
    ("stopped", STOP, {}),
    ("restarted", REBOOT, {}),
    ("reinstalled", REINSTALL, {"image": "compshareImage-2new"}),
    ("absent", TERMINATE, {}),
]


def a_world(**settings: Any) -> World:
    rows = {"platform": [IMAGE, NEXT_IMAGE]}
    return new_world(counts={"platform": 0, "instances": 8}, rows=rows, **settings)


def run(world: World, **options: Any) -> dict[str, Any]:
    return ensure_instances(task_in(world, "compshare_instance", options))


def make(world: World, **options: Any) -> dict[str, Any]:
    return run(world, **{**ORDER, **options})


def all_named(world: World, name: str = NAME) -> list[dict[str, Any]]:
    """Return the rows of the instances of a name, whether or not lists show them yet."""
    return [one.row for one in world.instances.all.values() if one.row["Name"] == name]


@pytest.fixture
def world() -> World:
    return a_world()


@pytest.mark.slow
@pytest.mark.parametrize("fault", UNKNOWN, ids=fault_name)
def test_a_create_that_took_effect_without_a_good_response(world: World, fault: dict[str, Any]) -> None:
    world.add_faults({**fault, "effect": True, "action": CREATE, "count": 1})
    created = make(world)
    assert created["changed"] and created["instance"]["state"] == "Running"
    assert len(all_named(world)) == 1 and writes(world) == [CREATE]


@pytest.mark.slow
@pytest.mark.parametrize("fault", [fault for fault in UNKNOWN if fault["kind"] != "slow"], ids=fault_name)
def test_a_create_that_had_no_effect_and_no_good_response(world: World, fault: dict[str, Any]) -> None:
    world.add_faults({**fault, "effect": False, "action": CREATE, "count": 1})
    with pytest.raises(CompShareError) as caught:
        make(world)
    error = caught.value
    assert "Whether the instance 'new-vm' was created is not known" in str(error)
    assert "Run the task again: it looks for the instance before it creates one." in str(error)
    assert error.retryable and error.action == CREATE and error.facts["changed"] is False
    assert all_named(world) == [] and writes(world) == [CREATE]
    assert make(world)["changed"]
    assert len(all_named(world)) == 1


@pytest.mark.parametrize("fault", PASSING, ids=fault_name)
def test_a_create_that_provably_had_no_effect_is_retried(world: World, fault: dict[str, Any]) -> None:
    world.add_faults({**fault, "action": CREATE})
    assert make(world)["changed"]
    assert len(all_named(world)) == 1


@pytest.mark.parametrize("fault", LASTING, ids=fault_name)
def test_a_create_that_is_refused(world: World, fault: dict[str, Any]) -> None:
    world.add_faults({**fault, "action": CREATE})
    with pytest.raises(CompShareError) as caught:
        make(world)
    assert caught.value.ret_code == fault["code"] and caught.value.facts["changed"] is False
    assert writes(world) == [CREATE] and all_named(world) == []


def test_a_create_whose_instance_shows_late(world: World) -> None:
    world.scenario.instances.visible_after = 60
    world.add_faults({"kind": "reset_after", "action": CREATE, "count": 1})
    assert make(world)["instance"]["state"] == "Running"
    assert len(all_named(world)) == 1 and writes(world) == [CREATE]


@pytest.mark.parametrize("lag", [0, 40, 100, 140])
def test_a_lost_response_is_recovered_however_late_the_list_shows_the_instance(world: World, lag: int) -> None:
    """Seen from outside with a lag of 100 s: the advice after 75 s, to run the task again, ordered a second one."""
    world.scenario.instances.visible_after = lag
    world.add_faults({"kind": "reset_after", "action": CREATE, "count": 1})
    assert make(world)["changed"] is True
    assert make(world)["changed"] is False
    assert [row["State"] for row in all_named(world)] == ["Running"] and carried_out(world, CREATE) == 1


@pytest.mark.parametrize("effect", [True, False], ids=["with effect", "without effect"])
@pytest.mark.parametrize("lag", [0, 40, 100, 140])
def test_a_run_that_is_killed_while_it_orders(
    world: World, monkeypatch: pytest.MonkeyPatch, lag: int, effect: bool
) -> None:
    """The next run, at once, ordered a second one if the list was late. Its record is what it waits for now."""
    world.scenario.instances.visible_after = lag
    kill_once_at(monkeypatch, CREATE, effect=effect)
    with pytest.raises(Killed):
        make(world)
    began = world.clock.now()
    assert make(world)["changed"] is not effect
    assert [row["State"] for row in all_named(world)] == ["Running"] and carried_out(world, CREATE) == 1
    if not effect:
        assert all_named(world)[0]["CreateTime"] - began == pytest.approx(150, abs=10)


def test_a_run_that_is_killed_again_and_again_orders_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever request it dies at, in run after run."""
    world.scenario.instances.visible_after = 100
    post, count = WorldTransport.post, [0]

    def kill(self: WorldTransport, fields: Any, timeout: float) -> Any:
        count[0] += 1
        response = post(self, fields, timeout)
        if count[0] >= limit:
            raise Killed
        return response

    monkeypatch.setattr(WorldTransport, "post", kill)
    for limit in range(1, 60, 2):  # noqa: B007 -- kill() reads it
        count[0] = 0
        try:
            make(world)
        except Killed:
            continue
        break
    assert carried_out(world, CREATE) == 1 and [row["State"] for row in all_named(world)] == ["Running"]


def test_a_create_whose_instance_shows_after_the_task_has_given_up(world: World) -> None:
    world.scenario.instances.visible_after = 400
    world.add_faults({"kind": "reset_after", "action": CREATE, "count": 1})
    with pytest.raises(CompShareError, match="none of this name has appeared"):
        make(world)
    world.advance(400)
    assert make(world)["changed"] is False
    assert len(all_named(world)) == 1 and writes(world) == [CREATE]


def test_a_create_after_which_nothing_can_be_read(world: World) -> None:
    world.add_faults(
        {"kind": "reset_after", "action": CREATE, "count": 1},
        {"kind": "ret_code", "code": 130, "action": "DescribeCompShareInstance", "after": 3},
    )
    with pytest.raises(CompShareError, match="The list of instances could not be read"):
        make(world)
    world.clear_faults()
    assert make(world)["changed"] is False
    assert len(all_named(world)) == 1 and writes(world) == [CREATE]


def test_a_response_without_an_id(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    respond_without_id(monkeypatch, CREATE)
    assert make(world)["instance"]["state"] == "Running"
    assert len(all_named(world)) == 1


# --- Requests about an instance that is there ---


@pytest.mark.slow
@pytest.mark.parametrize("effect", [True, False], ids=["with effect", "without effect"])
@pytest.mark.parametrize("fault", UNKNOWN, ids=fault_name)
@pytest.mark.parametrize(("state", "action", "options"), MOVES, ids=[row[0] for row in MOVES])
def test_a_lost_response_is_recovered(
    world: World, state: str, action: str, options: dict[str, Any], fault: dict[str, Any], effect: bool
) -> None:
    identity = instance_in(world, "train-vm")
    world.instances.all[identity].row["CompShareImageId"] = "compshareImage-1old"
    if fault["kind"] != "slow":
        fault = {**fault, "effect": effect}
    world.add_faults({**fault, "action": action, "count": 1})
    done = run(world, instance_id=identity, state=state, **options)
    assert done["changed"]
    assert carried_out(world, action) == 1
    if state == "absent":
        assert identity not in world.instances.all
    else:
        assert world.instances.all[identity].state == ("Stopped" if state == "stopped" else "Running")
    if state != "restarted":
        assert run(world, instance_id=identity, state=state, **options)["changed"] is False


def carried_out(world: World, action: str) -> int:
    return sum(1 for entry in world.requests(action) if entry["carried_out"] and entry["ret_code"] == 0)


@pytest.mark.slow
@pytest.mark.parametrize("fault", PASSING, ids=fault_name)
@pytest.mark.parametrize(("state", "action", "options"), MOVES, ids=[row[0] for row in MOVES])
def test_what_passes_is_waited_out(
    world: World, state: str, action: str, options: dict[str, Any], fault: dict[str, Any]
) -> None:
    world.add_faults({**fault, "action": action})
    assert run(world, name="train-vm", state=state, **options)["changed"]
    assert carried_out(world, action) == 1


@pytest.mark.parametrize("fault", LASTING, ids=fault_name)
@pytest.mark.parametrize(("state", "action", "options"), MOVES, ids=[row[0] for row in MOVES])
def test_what_is_refused_for_good_is_an_error(
    world: World, state: str, action: str, options: dict[str, Any], fault: dict[str, Any]
) -> None:
    world.add_faults({**fault, "action": action})
    with pytest.raises(CompShareError) as caught:
        run(world, name="train-vm", state=state, **options)
    assert caught.value.ret_code == fault["code"]
    assert caught.value.facts["instance"]["id"] == instance_in(world, "train-vm")
    assert caught.value.facts["changed"] is (state in ("reinstalled", "absent"))  # these two stop it first
    assert carried_out(world, action) == 0


@pytest.mark.parametrize("state", ["stopped", "absent"])
def test_an_instance_may_go_between_the_look_and_the_request(
    world: World, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    identity = instance_in(world, "train-vm")
    action = {"stopped": STOP, "absent": TERMINATE}[state]
    post = WorldTransport.post

    def too_late(self: WorldTransport, fields: Any, timeout: float) -> Any:
        if fields["Action"] == action:
            world.instances.all.pop(identity, None)
        return post(self, fields, timeout)

    monkeypatch.setattr(WorldTransport, "post", too_late)
    if state == "absent":
        assert run(world, instance_id=identity, state=state)["instance"] is None
    else:
        with pytest.raises(CompShareError, match="has not been in the list of instances for"):
            run(world, instance_id=identity, state=state)
    assert len(world.requests(action)) == 1


def test_a_request_whose_response_was_lost_is_given_time_before_it_is_retried(world: World) -> None:
    identity = instance_in(world, "train-vm")
    for late in (61, 65, 75):  # a request waits 60 s for its response
        world.add_faults({"kind": "slow", "seconds": late, "late": True, "action": REBOOT, "count": 1})
        assert run(world, instance_id=identity, state="restarted")["changed"]
    assert [entry["ret_code"] for entry in world.requests(REBOOT) if entry["carried_out"]] == [0, 0, 0]


# --- Two tasks at a time ---


@pytest.fixture
def two_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tasks on two machines do not wait for each other."""
    run_on_two_machines(monkeypatch, create)


@pytest.mark.slow
@pytest.mark.usefixtures("two_machines")
@pytest.mark.parametrize("after_request", range(1, 12))
def test_two_tasks_that_want_the_same_instance(monkeypatch: pytest.MonkeyPatch, after_request: int) -> None:
    """The second task makes its instance between any two requests of the first one, up to the create."""
    world = a_world()
    post, count, creates = WorldTransport.post, [0], [0]

    def with_another_task(self: WorldTransport, fields: Any, timeout: float) -> Any:
        count[0] += 1
        creates[0] += fields["Action"] == CREATE and count[0] < 1000
        if count[0] == after_request and not creates[0]:
            count[0] += 1000
            results.append(make(world, wait=False))
        return post(self, fields, timeout)

    results: list[dict[str, Any]] = []
    monkeypatch.setattr(WorldTransport, "post", with_another_task)
    results.append(make(world))
    [row] = all_named(world)
    assert {result["instance"]["id"] for result in results} == {row["UHostId"]}
    assert [result["changed"] for result in results].count(True) == 1


@pytest.mark.usefixtures("two_machines")
def test_two_tasks_that_order_in_the_same_moment(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the last look and the create the API has no means against it. So both are reported at once."""
    post, nested = WorldTransport.post, [False]

    def with_another_task(self: WorldTransport, fields: Any, timeout: float) -> Any:
        if fields["Action"] == CREATE and not nested[0]:
            nested[0] = True
            assert make(world, wait=False)["changed"]
        return post(self, fields, timeout)

    monkeypatch.setattr(WorldTransport, "post", with_another_task)
    with pytest.raises(CompShareError) as caught:
        make(world)
    message = str(caught.value)
    rows = all_named(world)
    assert len(rows) == 2 and all(row["UHostId"] in message for row in rows)
    assert "All of them are charged" in message and caught.value.facts["changed"] is True
    with pytest.raises(CompShareError, match="2 instances are named"):
        make(world)


def test_a_second_task_on_this_machine_waits_for_the_first(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """However late the instance of the first one shows: it is in the list before the second one looks."""
    world.scenario.instances.visible_after = 30
    post, refused = WorldTransport.post, []

    def with_another_task(self: WorldTransport, fields: Any, timeout: float) -> Any:
        if fields["Action"] == CREATE and not refused:
            # It would wait for longer if the first one could go on meanwhile.
            refused.append(None)
            refused[0] = attempt(world, wait_timeout=5)[1]
        return post(self, fields, timeout)

    monkeypatch.setattr(WorldTransport, "post", with_another_task)
    assert make(world)["changed"]
    assert "Another task on this machine is creating the instance 'new-vm'" in str(refused[0])
    assert make(world)["changed"] is False and len(all_named(world)) == 1


# --- Many runs ---


def random_faults(rng: random.Random) -> list[dict[str, Any]]:
    return faults_on(rng, LASTING, [CREATE, CREATE, CREATE, START, STOP, TERMINATE, "*", "Describe*", "*Price"])


def random_world(rng: random.Random) -> World:
    world = a_world(
        seed=rng.randint(1, 10_000),
        types=rng.choice(["plain", "mixed"]),
        lists={"DescribeCompShareInstance": {"total": rng.choice(["right", "page", "text", "as_total", "low"])}},
        instances={
            "create_seconds": rng.choice([10, 120, 400]),
            "visible_after": rng.choice([0, 0, 5, 30, 60, 100, 140]),
            "lock_seconds": rng.choice([0, 0, 60]),
            "fail_installs": rng.choice([0, 0, 0, 1]),
        },
    )
    world.add_faults(*random_faults(rng))
    return world


def attempt(world: World, **options: Any) -> tuple[dict[str, Any] | None, CompShareError | None]:
    try:
        return make(world, **options), None
    except CompShareError as error:
        return None, error


def run_until_it_is_there(seed: int) -> int:
    """Run the task, under random faults, until it succeeds; return how often it failed.

    However often that is, there is never a second instance of a name, and at the end there is one.
    """
    rng = random.Random(seed)
    world = random_world(rng)
    state, count = rng.choice(["present", "running"]), rng.choice([None, None, 1, 2, 3])
    names = [NAME] if count is None else [f"{NAME}-{number}" for number in range(1, count + 1)]
    for failures in range(12):
        if failures == 11:
            world.clear_faults()
        created, error = attempt(world, state=state, count=count)
        assert all(len(all_named(world, name)) <= 1 for name in names), seed
        if created is not None:
            break
        assert error is not None and str(error) and set(error.facts) >= {"changed", "instances", "actions"}, seed
        for row in [row for name in names for row in all_named(world, name) if row["State"] == "Install Fail"]:
            attempt(world, name=None, instance_id=row["UHostId"], state="absent")
    assert created is not None, seed
    rows = [row for name in names for row in all_named(world, name)]
    assert [row["UHostId"] for row in rows] == [instance["id"] for instance in created["instances"]], seed
    assert {(row["State"], row["ChargeType"]) for row in rows} == {("Running", "Postpay")}, seed
    return failures


@pytest.mark.slow
def test_some_runs_with_random_faults() -> None:
    assert sum(run_until_it_is_there(seed) for seed in range(1000, 1020)) > 0


@pytest.mark.slow
@pytest.mark.parametrize("fifty", range(10))
def test_five_hundred_runs_with_random_faults(fifty: int) -> None:
    assert sum(run_until_it_is_there(seed) for seed in range(fifty * 50, fifty * 50 + 50)) > 0


@pytest.mark.slow
@pytest.mark.parametrize("twenty", range(5))
def test_a_hundred_lives_with_random_faults(twenty: int) -> None:
    """Created, stopped, started and deleted under faults: each step is reached, with one instance or none."""
    for seed in range(twenty * 20, twenty * 20 + 20):
        rng = random.Random(seed)
        world = random_world(rng)
        world.scenario.instances.fail_installs = 0
        for state, end in (("present", "Running"), ("stopped", "Stopped"), ("running", "Running"), ("absent", None)):
            world.add_faults(*random_faults(rng))
            for number in range(12):
                if number == 11:
                    world.clear_faults()
                done, _error = attempt(world, state=state)
                assert len(all_named(world)) <= 1, seed
                if done is not None:
                    break
            assert done is not None, (seed, state)
            assert [row["State"] for row in all_named(world)] == ([end] if end else []), (seed, state)
