"""A GPU when there is one: preferences over all zones, and waiting until one of them can be had."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import OptionError
from ansible_collections.compshare.cloud.plugins.module_utils._instances.placement import NoZoneError
from ansible_collections.compshare.cloud.tests.simulator.world import World

from ..in_process import new_world, writes
from .tasks import failed, named, run, run_task

ORDER: dict[str, Any] = {"name": "new-vm", "image": "Ubuntu 22.04"}
CAPACITY, INVENTORY, CREATE = (
    "CheckCompShareResourceCapacity",
    "DescribeCompShareGpuInventory",
    "CreateCompShareInstance",
)


@pytest.fixture
def world() -> World:
    return new_world()


def sell_out(world: World, *gpu_types: str) -> None:
    for types in world.stock.left.values():
        types.update({name: 0 for name in gpu_types if name in types})


def restock(world: World, gpu_type: str, *, after: float, zone: str = "cn-wlcb-01") -> None:
    world.clock.after(after, lambda: world.stock.left[zone].update({gpu_type: 4}))


def test_the_first_gpu_type_that_can_be_had_is_taken(world: World) -> None:
    sell_out(world, "4090")
    predicted = run(world, check_mode=True, **ORDER, gpu_types=["A800", "4090", "3090", "5090"])
    assert predicted["instance"]["gpu_type"] == "3090" and writes(world) == []
    created = run(world, **ORDER, gpu_types=["A800", "4090", "3090", "5090"])
    assert created["instance"]["gpu_type"] == "3090"
    assert run(world, **ORDER, gpu_types=["A800", "4090", "3090", "5090"])["changed"] is False


def test_charge_types_are_tried_before_the_next_gpu_type(world: World) -> None:
    created = run(world, **ORDER, gpu_types=["4090", "5090"], charge_types=["Spot", "Postpay"])["instance"]
    assert (created["gpu_type"], created["charge_type"], created["spot"]) == ("4090", "Spot", True)
    order = {**ORDER, "name": "other"}
    created = run(world, **order, gpu_types=["4090_48G"], charge_types=["Spot", "Postpay"])["instance"]
    assert (created["charge_type"], created["spot"]) == ("Postpay", False)  # there are no such spot instances


def test_what_is_had_is_within_the_price(world: World) -> None:
    created = run(world, **ORDER, gpu_types=["5090", "4090"], max_price=1.5)
    assert created["instance"]["gpu_type"] == "4090" and created["price"]["per_hour"] <= 1.5
    error = failed(world, NoZoneError, **{**ORDER, "name": "other"}, gpu_types=["5090", "4090"], max_price=1)
    assert "1 x 5090 (Postpay): " in str(error) and "1 x 4090 (Postpay): " in str(error)
    assert writes(world) == [CREATE]


def test_the_last_one_may_go_between_check_and_order(world: World) -> None:
    world.add_faults({"kind": "ret_code", "code": 226604, "action": CREATE, "where": {"GpuType": "4090"}})
    created = run(world, **ORDER, gpu_types=["4090", "3090"])
    assert created["instance"]["gpu_type"] == "3090" and len(named(world, "new-vm")) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"gpu_type": "4090", "gpu_types": ["5090"]}, "gpu_type and gpu_types exclude each other"),
        (
            {"gpu_type": "4090", "charge_type": "Day", "charge_types": ["Spot"]},
            "charge_type and charge_types exclude each other",
        ),
        (
            {"gpu_types": ["4090"], "charge_types": ["Spot", "Postpay"], "schedule_stop": "8h"},
            "schedule_stop is not possible",
        ),
    ],
)
def test_options_that_contradict_each_other(world: World, options: dict[str, Any], message: str) -> None:
    assert message in str(failed(world, OptionError, **ORDER, **options)) and world.requests() == []


# --- Waiting ---


def test_a_gpu_is_waited_for(world: World) -> None:
    """The stock list is polled, and each order checked only when the list has changed."""
    sell_out(world, "4090", "5090")
    restock(world, "4090", after=2000)
    began = world.clock.now()
    created, task = run_task(world, **ORDER, gpu_types=["4090", "5090"], wait_for_stock=3600, schedule_stop="8h")
    assert created["instance"]["gpu_type"] == "4090" and created["instance"]["state"] == "Running"
    assert 2000 < named(world, "new-vm")[0]["CreateTime"] - began < 2000 + 330
    lines = [event["message"] for event in task.events if event["message"].startswith("no ")]
    assert lines == ["no 4090 or 5090 yet"]
    requested = len(world.requests(CAPACITY))
    assert len(world.requests(INVENTORY)) <= 2 * 9
    assert requested <= 2 * 2 * 6 + 2  # twice, both types, in up to six zones


def test_live_lines_show_what_there_is_for_more(world: World) -> None:
    sell_out(world, "4090")
    restock(world, "4090", after=500)
    created, task = run_task(world, **ORDER, gpu_types=["4090", "5090"], max_price=1.6, wait_for_stock=3600)
    assert created["instance"]["gpu_type"] == "4090"
    line = next(event["message"] for event in task.events)
    assert line.startswith("no 4090 or 5090 within 1.6 CNY per hour yet; 5090 in cn-") and " costs " in line


def test_the_wait_ends(world: World) -> None:
    sell_out(world, "4090")
    began = world.clock.now()
    error = failed(world, NoZoneError, **ORDER, gpu_type="4090", wait_for_stock=1000)
    assert "sold out" in str(error) and "That had not changed after 17 min (wait_for_stock)." in str(error)
    assert 1000 <= world.clock.now() - began < 1030 and writes(world) == [] and error.retryable


def test_the_wait_takes_nothing_of_wait_timeout(world: World) -> None:
    sell_out(world, "4090")
    restock(world, "4090", after=1500)
    created = run(world, **ORDER, gpu_type="4090", wait_for_stock=3600, wait_timeout=300)
    assert created["instance"]["state"] == "Running"


def test_what_no_zone_will_ever_have_is_not_waited_for(world: World) -> None:
    began = world.clock.now()
    error = failed(world, NoZoneError, **ORDER, gpu_type="RTX4090", wait_for_stock=3600)
    assert "does not sell RTX4090" in str(error) and world.clock.now() - began < 30


def test_check_mode_does_not_wait(world: World) -> None:
    sell_out(world, "4090")
    began = world.clock.now()
    failed(world, NoZoneError, **ORDER, gpu_type="4090", wait_for_stock=3600, check_mode=True)
    assert world.clock.now() - began < 30 and world.requests(INVENTORY) == []


def test_a_stock_list_that_cannot_be_read_does_not_end_the_wait(world: World) -> None:
    sell_out(world, "4090")
    restock(world, "4090", after=900)
    world.add_faults({"kind": "ret_code", "code": 299, "action": INVENTORY})
    assert run(world, **ORDER, gpu_type="4090", wait_for_stock=3600)["changed"]


def test_a_transient_error_does_not_end_the_wait(world: World) -> None:
    sell_out(world, "4090")
    restock(world, "4090", after=900)
    world.add_faults({"kind": "http", "status": 502, "action": CAPACITY, "after": 6, "count": 5})
    assert run(world, **ORDER, gpu_type="4090", wait_for_stock=3600)["changed"]
