"""Switching how an instance is paid for: said before, once, and only where the API does it."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import CompShareError, OptionError
from ansible_collections.compshare.cloud.tests.simulator.world import World

from ..api_faults import UNKNOWN, Killed, fault_name, kill_once_at
from ..in_process import new_world, writes
from .tasks import failed, named, put, run, run_task

SWITCH = "SwitchChargeType"


@pytest.fixture
def world() -> World:
    world = new_world()
    put(world, "train-vm", State="Running", ChargeType="Postpay")
    return world


def orders(world: World) -> int:
    return sum(1 for entry in world.requests(SWITCH) if entry["carried_out"] and entry["ret_code"] == 0)


@pytest.mark.parametrize("desired", ["Month", "Day", "Dynamic"])
def test_a_switch_is_said_before_and_done_once(world: World, desired: str) -> None:
    predicted, task = run_task(world, check_mode=True, name="train-vm", charge_type=desired)
    assert f"is switched from Postpay to {desired}, which costs " in task.warnings[0]
    assert "This cannot be undone." in task.warnings[0] and writes(world) == []
    assert ("prepaid and renews automatically" in task.warnings[0]) is (desired != "Dynamic")
    done, task = run_task(world, name="train-vm", charge_type=desired)
    assert predicted["changed"] is done["changed"] is True and len(task.warnings) == 1
    assert done["instance"]["charge_type"] == predicted["instance"]["charge_type"] == desired
    assert named(world, "train-vm")[0]["ChargeType"] == desired
    again, task = run_task(world, name="train-vm", charge_type=desired)
    assert again["changed"] is False and task.warnings == [] and orders(world) == 1


def test_an_instance_stays_as_it_is_where_no_charge_type_is_given(world: World) -> None:
    put(world, "train-vm", ChargeType="Month")
    done, task = run_task(world, name="train-vm", charge_types=["Spot", "Postpay"])
    assert done["changed"] is False and task.warnings == []


@pytest.mark.parametrize(
    ("fields", "name", "desired", "why"),
    [
        ({"ChargeType": "Month"}, "train-vm", "Postpay", "switches from Postpay to Dynamic, Day, Month, Year only"),
        ({}, "train-vm", "Spot", "switches from Postpay to Dynamic"),
        ({"ChargeType": "Spot", "IsSpot": True}, "train-vm", "Month", "switches from Postpay to Dynamic"),
        ({"State": "Stopped"}, "train-vm", "Month", "switches only what runs"),
        ({}, "comfy-pod", "Month", "does not switch pods"),
    ],
)
def test_what_cannot_be_switched_is_warned_of(
    world: World, fields: dict[str, Any], name: str, desired: str, why: str
) -> None:
    put(world, name, **{"ChargeType": "Postpay", **fields})
    done, task = run_task(world, name=name, charge_type=desired)
    assert done["changed"] is False and writes(world) == []
    assert "stays charged as" in task.warnings[0] and why in task.warnings[0]


def test_a_switch_is_held_to_max_price(world: World) -> None:
    error = failed(world, OptionError, name="train-vm", charge_type="Month", max_price=0.5)
    assert "CNY per hour as Month, and max_price is 0.5" in str(error) and writes(world) == []


@pytest.mark.parametrize("fault", UNKNOWN, ids=fault_name)
def test_a_lost_response_never_switches_twice(world: World, fault: dict[str, Any]) -> None:
    fault = fault if fault["kind"] == "slow" else {**fault, "effect": True}
    world.add_faults({**fault, "action": SWITCH, "count": 1})
    assert run(world, name="train-vm", charge_type="Month")["instance"]["charge_type"] == "Month"
    assert orders(world) == 1 and len(world.requests(SWITCH)) == 1


def test_a_switch_without_effect_and_response_is_an_error_and_the_next_run_does_it(world: World) -> None:
    world.add_faults({"kind": "reset_before", "action": SWITCH, "count": 1})
    with pytest.raises(CompShareError, match=r"Whether train-vm .* was switched to Month is not known"):
        run(world, name="train-vm", charge_type="Month")
    assert run(world, name="train-vm", charge_type="Month")["changed"] and orders(world) == 1


def test_a_run_that_is_killed_while_it_switches_does_so_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next run looks at the instance, for as long as the row may be old, before it orders again."""

    kill_once_at(monkeypatch, SWITCH, effect=True)
    with pytest.raises(Killed):
        run(world, name="train-vm", charge_type="Month")
    row = named(world, "train-vm")[0]
    row["ChargeType"] = "Postpay"  # the list shows what was before
    world.clock.after(60, lambda: row.update(ChargeType="Month"))
    assert run(world, name="train-vm", charge_type="Month")["instance"]["charge_type"] == "Month"
    assert orders(world) == 1


def test_a_price_that_the_api_refuses_is_not_named(world: World) -> None:
    world.add_faults({"kind": "ret_code", "code": 230, "action": "GetCompShareInstancePrice"})
    _predicted, task = run_task(world, check_mode=True, name="train-vm", charge_type="Month")
    assert "is switched from Postpay to Month. It is prepaid" in task.warnings[0]
    error = failed(world, OptionError, name="train-vm", charge_type="Month", max_price=9)
    assert "would cost a price that the API does not say as Month" in str(error)
    world.clear_faults()
    world.add_faults({"kind": "ret_code", "code": 299, "action": "GetCompShareInstancePrice"})
    assert failed(world, name="train-vm", charge_type="Month").ret_code == 299
    assert writes(world) == []


def test_what_runs_without_its_gpu_is_not_switched(world: World) -> None:
    put(world, "train-vm", State="Stopped")
    run(world, name="train-vm", state="running", without_gpu="A")
    _done, task = run_task(world, name="train-vm", charge_type="Month")
    assert "does not switch what runs without its GPU" in task.warnings[0]


def test_a_switch_that_was_accepted_and_cannot_be_seen_is_reported(world: World) -> None:
    world.add_faults({"kind": "ret_code", "code": 299, "action": "DescribeCompShareInstance", "after": 1})
    error = failed(world, name="train-vm", charge_type="Month")
    assert error.ret_code == 299 and error.facts["changed"] is True
    assert "Before that, SwitchChargeType was accepted" in str(error)


def test_a_switch_that_was_accepted_without_effect_is_an_error(world: World) -> None:
    world.add_faults({"kind": "raw", "body": '{"RetCode": 0}', "action": SWITCH})
    error = failed(world, name="train-vm", charge_type="Month")
    assert "was accepted, but 150 s later train-vm (" in str(error) and "is not charged as Month" in str(error)
    assert error.facts["actions"][0]["action"] == SWITCH
