"""Resizing: what is legal and what it costs is known before, and a failure says what the instance is now."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import CompShareError, OptionError
from ansible_collections.compshare.cloud.tests.simulator.world import World

from ..api_faults import UNKNOWN, fault_name, interrupt_at
from ..in_process import instance_in, new_world, writes
from .tasks import failed, named, put, run, run_task

RESIZE, START, STOP = "ResizeCompShareInstance", "StartCompShareInstance", "StopCompShareInstance"
BOOT_200 = [{"size_gb": 200, "type": "CLOUD_SSD", "boot": True}]


@pytest.fixture
def world() -> World:
    world = new_world()
    put(world, "train-vm", State="Running", ChargeType="Postpay")
    return world


def size_of(world: World, name: str = "train-vm") -> tuple[Any, ...]:
    row = named(world, name)[0]
    boot = next(disk["Size"] for disk in row["DiskSet"] if disk["IsBoot"] == "True")
    return row["GPU"], row["CPU"], row["Memory"] // 1024, boot, row["State"]


def carried_out(world: World, action: str) -> int:
    return sum(1 for entry in world.requests(action) if entry["carried_out"] and entry["ret_code"] == 0)


@pytest.mark.parametrize("before", ["Running", "Stopped"])
@pytest.mark.parametrize(
    ("options", "after", "resizes"),
    [
        ({"gpu_count": 2}, (2, 24, 64, 100), 1),
        ({"gpu_count": 2, "cpu": 32, "memory_gb": 128}, (2, 32, 128, 100), 1),
        ({"cpu": 16, "memory_gb": 64}, (1, 16, 64, 100), 1),
        ({"disks": BOOT_200}, (1, 12, 32, 200), 1),
        ({"gpu_count": 2, "disks": BOOT_200}, (2, 24, 64, 200), 2),
    ],
)
def test_each_size_twice_and_predicted(
    world: World, before: str, options: dict[str, Any], after: tuple[int, ...], resizes: int
) -> None:
    put(world, "train-vm", State=before)
    options = {"name": "train-vm", "resize": True, **options}
    predicted = run(world, check_mode=True, **options)
    assert writes(world) == []
    done = run(world, **options)
    assert size_of(world) == (*after, before)
    requests = [RESIZE] * resizes
    assert writes(world) == ([STOP, *requests, START] if before == "Running" else requests)
    assert (
        [one["action"] for one in predicted["actions"]] == [one["action"] for one in done["actions"]] == writes(world)
    )
    assert predicted["diff"] == done["diff"] and predicted["resized"] == done["resized"]
    (resized,) = done["resized"]
    assert resized["before"] == {"gpu_count": 1, "cpu": 12, "memory_gb": 32, "system_disk_gb": 100}
    assert tuple(resized["after"].values()) == after
    assert resized["price_per_hour_before"] < resized["price_per_hour_after"] or after[0] == 1
    again = run(world, **options)
    assert again["changed"] is False and "resized" not in again


def test_state_stopped_resizes_and_leaves_it_so(world: World) -> None:
    done = run(world, name="train-vm", state="stopped", resize=True, gpu_count=2)
    assert writes(world) == [STOP, RESIZE] and done["instance"]["state"] == "Stopped"


def test_state_running_resizes_before_it_starts(world: World) -> None:
    put(world, "train-vm", State="Stopped")
    run(world, name="train-vm", state="running", resize=True, gpu_count=2)
    assert writes(world) == [RESIZE, START] and size_of(world)[0] == 2


def test_without_resize_sizes_change_nothing(world: World) -> None:
    assert run(world, name="train-vm", gpu_count=2, cpu=32)["changed"] is False


def test_what_is_created_is_not_resized(world: World) -> None:
    run(world, name="new-vm", image="Ubuntu 22.04", gpu_type="4090", gpu_count=2, resize=True)
    assert writes(world) == ["CreateCompShareInstance"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cpu": 13}, "sells a 4090 as 1 x GPU, 12 CPU, 32 GB or 1 x GPU, 12 CPU, 48 GB"),
        ({"gpu_count": 3}, "cannot be resized to 3 x GPU, any CPU, any GB"),
        ({"disks": [{"size_gb": 50, "type": "CLOUD_SSD", "boot": True}]}, "has 100 GB and cannot shrink to 50 GB"),
        ({"disks": [{"size_gb": 1001, "type": "CLOUD_SSD", "boot": True}]}, "at most 1000 GB"),
        ({"gpu_count": 2, "max_price": 2}, "and max_price is 2"),
        ({"gpu_count": 2, "wait": False}, "resize=true needs wait=true"),
        ({"gpu_count": 2, "state": "restarted"}, "resize is for state=present"),
    ],
)
def test_what_cannot_be_is_refused_before_it_is_stopped(world: World, options: dict[str, Any], message: str) -> None:
    for check_mode in (True, False):
        error = failed(world, OptionError, name="train-vm", resize=True, check_mode=check_mode, **options)
        assert message in str(error)
    assert writes(world) == []


def test_no_gpu_mode_has_another_size(world: World) -> None:
    put(world, "train-vm", State="Stopped")
    run(world, name="train-vm", state="running", without_gpu="A")
    error = failed(world, OptionError, name="train-vm", resize=True, disks=BOOT_200)
    assert "is in no-GPU mode" in str(error)


def test_what_a_prepaid_instance_is_charged_at_once_is_reported(world: World) -> None:
    put(world, "train-vm", ChargeType="Month")
    done = run(world, check_mode=True, name="train-vm", resize=True, gpu_count=2)
    assert done["resized"][0]["charged_at_once"] > 0
    put(world, "train-vm", ChargeType="Postpay")
    done = run(world, check_mode=True, name="train-vm", resize=True, gpu_count=2)
    assert done["resized"][0]["charged_at_once"] is None


def test_that_the_gpu_is_free_meanwhile_is_said_before(world: World) -> None:
    _done, task = run_task(world, check_mode=True, name="train-vm", resize=True, gpu_count=2)
    assert "is stopped to be resized" in task.warnings[0]


def test_a_resize_that_is_refused_leaves_it_as_it_was_and_says_so(world: World) -> None:
    world.add_faults({"kind": "ret_code", "code": 8357, "action": RESIZE})
    error = failed(world, name="train-vm", resize=True, gpu_count=2)
    assert error.ret_code == 8357 and size_of(world) == (1, 12, 32, 100, "Running")
    assert "was started again" in str(error)
    assert "now has 1 x 4090, 12 CPU, 32 GB and a system disk of 100 GB; it had 1 x 4090" in str(error)


def test_a_resize_that_fails_half_way_says_what_the_instance_is_now(world: World) -> None:
    world.add_faults({"kind": "ret_code", "code": 8067, "action": RESIZE, "nth": 2})
    error = failed(world, name="train-vm", resize=True, gpu_count=2, disks=BOOT_200)
    assert "now has 2 x 4090, 24 CPU, 64 GB and a system disk of 100 GB; it had 1 x 4090, 12 CPU" in str(error)
    assert size_of(world) == (2, 24, 64, 100, "Running") and error.facts["changed"] is True
    assert run(world, name="train-vm", resize=True, gpu_count=2, disks=BOOT_200)["changed"]
    assert size_of(world) == (2, 24, 64, 200, "Running")


def test_a_gpu_that_is_gone_meanwhile_is_reported(world: World) -> None:
    world.add_faults({"kind": "ret_code", "code": 226604, "action": START})
    error = failed(world, name="train-vm", resize=True, gpu_count=2)
    assert "could not be started again: train-vm" in str(error) and "now has 2 x 4090" in str(error)
    assert error.facts["instance"]["state"] == "Stopped"


@pytest.mark.parametrize("effect", [True, False], ids=["with effect", "without effect"])
@pytest.mark.parametrize("fault", UNKNOWN, ids=fault_name)
def test_a_lost_response_is_recovered(world: World, fault: dict[str, Any], effect: bool) -> None:
    if fault["kind"] != "slow":
        fault = {**fault, "effect": effect}
    world.add_faults({**fault, "action": RESIZE, "count": 1})
    run(world, name="train-vm", resize=True, gpu_count=2)
    assert size_of(world) == (2, 24, 64, 100, "Running") and carried_out(world, RESIZE) == 1


def test_several_are_resized_one_after_the_other() -> None:
    world = new_world()
    run(world, name="w", count=2, image="Ubuntu 22.04", gpu_type="4090")
    done = run(world, name="w", count=2, resize=True, gpu_count=2)
    assert [one["name"] for one in done["resized"]] == ["w-1", "w-2"]
    assert {named(world, name)[0]["GPU"] for name in ("w-1", "w-2")} == {2}


def test_an_instance_without_a_system_disk_in_its_row_cannot_grow_it(world: World) -> None:
    put(world, "train-vm", DiskSet=None)
    with pytest.raises(CompShareError, match="shows no system disk"):
        run(world, name="train-vm", resize=True, disks=BOOT_200)
    assert instance_in(world, "train-vm") and writes(world) == []


def test_an_interruption_reports_what_ran_before(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupt_at(monkeypatch, RESIZE)
    error = failed(world, name="train-vm", resize=True, gpu_count=2)
    assert "Before this task ran: train-vm" in str(error) and "Start what should run with state=running" in str(error)
