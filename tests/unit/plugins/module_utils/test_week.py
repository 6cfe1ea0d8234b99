"""A working week on the simulator's clock: everything that instances go through, and nothing left or twice at its end.

Logging in takes SSH, and roles and playbooks take Ansible: their requests are sent here by the modules that they use.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.values import epoch_seconds
from ansible_collections.compshare.cloud.plugins.module_utils._disks.ensure import ensure_disk
from ansible_collections.compshare.cloud.plugins.module_utils._images.ensure import ensure_image
from ansible_collections.compshare.cloud.plugins.module_utils._instances.ensure import ensure_instances
from ansible_collections.compshare.cloud.plugins.module_utils._instances.monitor import read_monitor
from ansible_collections.compshare.cloud.tests.simulator.gpu_market import hourly_disk_price
from ansible_collections.compshare.cloud.tests.simulator.world import World

from .in_process import new_world, task_in, writes

MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=timezone(timedelta(hours=8))).timestamp()
DAY = 86400
NONE = dict.fromkeys(("platform", "custom", "shared", "community_groups", "published", "favorites", "instances"), 0)
MACHINE: dict[str, Any] = {
    "name": "train",
    "image": "Ubuntu 22.04",
    "gpu_types": ["4090"],
    "zones": ["cn-wlcb-01"],
    "wait_for_stock": 4 * 3600,
    "wait_timeout": 6 * 3600,
}
#: CNY per hour of the smaller size without a GPU, by the price list: check mode names no price of a start.
WITHOUT_GPU = 0.13
DISK: dict[str, Any] = {"name": "data", "instance_name": "train", "size_gb": 100}


class Week:
    """One world and its clock; modules are run in it as tasks, after check mode has said the same."""

    def __init__(self) -> None:
        self.world: World = new_world(
            start=MONDAY,
            counts={**NONE, "platform": 100},
            instances={"stock": {"cn-wlcb-01": {"4090": 0}}},
        )
        #: CNY per hour that check mode has announced, by name: of a machine while it runs, of a disk while it exists.
        self.rates: dict[str, float] = {}
        #: CNY: what the world has charged for, and the same by the announced rates.
        self.bill = {"machines": 0.0, "disks": 0.0}
        self.announced = {"machines": 0.0, "disks": 0.0}
        self._charge()

    def _charge(self) -> None:
        """Charge a minute of every machine that runs and every disk that exists."""
        for one in self.world.instances.all.values():
            if one.state == "Running":
                self.bill["machines"] += one.row["InstancePrice"] / 60
                self.announced["machines"] += self.rates[one.row["Name"]] / 60
            self.bill["disks"] += one.row["DiskPrice"] / 60
        for disk in self.world.disks.all.values():
            if disk.owner is None:
                self.bill["disks"] += hourly_disk_price(0, disk.size) / 60
            self.announced["disks"] += self.rates[disk.entry["Name"]] / 60
        self.world.clock.after(60, self._charge)

    def machine(self, **options: Any) -> dict[str, Any]:
        return self._twice(ensure_instances, "compshare_instance", {**MACHINE, **options})

    def existing(self, **options: Any) -> dict[str, Any]:
        return self._twice(ensure_instances, "compshare_instance", {"name": "train", **options})

    def disk(self, **options: Any) -> dict[str, Any]:
        return self._twice(ensure_disk, "compshare_disk", {**DISK, **options})

    def image(self, **options: Any) -> dict[str, Any]:
        return self._twice(ensure_image, "compshare_image", {"wait_timeout": 7200, **options})

    def _twice(self, work: Any, module: str, options: dict[str, Any]) -> dict[str, Any]:
        """Run a task: predicted, done, and again without a change."""
        predicted = work(task_in(self.world, module, options, check_mode=True))
        self.note_rates(options["name"], predicted)
        done: dict[str, Any] = work(task_in(self.world, module, options))
        assert predicted["changed"] is done["changed"] is True
        assert work(task_in(self.world, module, options))["changed"] is False
        return done

    def note_rates(self, name: str, predicted: Mapping[str, Any]) -> None:
        """Keep what check mode says that an object will cost, or cost more."""
        actions = [one["action"] for one in predicted.get("actions", [])]
        price = predicted.get("price")
        if price:
            before = self.rates[name] if "ResizeCompShareDisk" in actions else 0.0
            self.rates[name] = before + price["per_hour"]
        for resized in predicted.get("resized") or []:
            self.rates[name] += resized["price_per_hour_after"] - resized["price_per_hour_before"]

    def release_time(self) -> float:
        (one,) = self.world.instances.all.values()
        return float(one.row["ReleaseTime"])

    def until(self, day: float) -> None:
        """Let the clock go on to a day of the week, in days since Monday morning."""
        self.world.advance(MONDAY + day * DAY - self.world.clock.now())


@pytest.mark.slow
def test_a_working_week() -> None:
    week = Week()
    world = week.world

    # Monday: check mode says what it costs, and then no GPU is free before ten o'clock.
    stock = world.stock.left["cn-wlcb-01"]
    stock["4090"] = 4
    week.note_rates("train", ensure_instances(task_in(world, "compshare_instance", MACHINE, check_mode=True)))
    stock["4090"] = 0
    world.clock.after(3600, lambda: stock.update({"4090": 4}))
    machine = ensure_instances(task_in(world, "compshare_instance", MACHINE))["instance"]
    assert machine["state"] == "Running" and epoch_seconds(machine["create_time"]) >= MONDAY + 3600
    assert week.disk()["disk"]["instance_id"] == machine["id"]

    # Tuesday: it grows, and its disk.
    week.until(1)
    grown = week.existing(resize=True, gpu_count=2, wait_timeout=3600)["instance"]
    assert (grown["gpu_count"], grown["state"]) == (2, "Running")
    assert week.disk(size_gb=200)["disk"]["size_gb"] == 200

    # Wednesday: an image of it, and a copy of that in a second zone.
    week.until(2)
    image = week.image(name="trained", instance_id=machine["id"])["image"]
    (copied,) = week.image(name="trained", copy_to_zones=["cn-sh2-02"])["copies"]
    assert (copied["status"], copied["id"] != image["id"]) == ("Available", True)

    # Thursday: stopped. It would be deleted a week later at noon.
    week.until(3)
    week.existing(state="stopped")
    first = week.release_time()
    assert first == pytest.approx(world.clock.now() + 7 * DAY, abs=600)

    # Six days later it is kept: started for a moment without its GPU, and stopped again.
    week.until(9)
    with_gpu = week.rates["train"]
    week.rates["train"] = WITHOUT_GPU
    week.existing(state="running", without_gpu="A")
    world.advance(900)
    week.existing(state="stopped")
    week.rates["train"] = with_gpu
    assert week.release_time() > first + 5 * DAY

    # On the next day it works, then idles, is found idle, and stopped.
    week.until(10)
    week.existing(state="running")
    world.set_usage(machine["id"], gpu=0)
    world.advance(3600)
    (seen,) = read_monitor(task_in(world, "compshare_instance_monitor_info", {"period": "30m"}))["instances"]
    assert (seen["id"], seen["gpu"]["maximum"], seen["gpu"]["points"]) == (machine["id"], 0, 30)
    week.existing(state="stopped")

    # The disk moves to the next machine, and everything is deleted.
    later = week.machine(name="next")["instance"]
    assert week.disk(instance_name="next", state="attached", size_gb=None)["disk"]["instance_id"] == later["id"]
    week.existing(state="absent")
    week.existing(name="next", state="absent")
    week.disk(state="absent", instance_name=None, size_gb=None)
    for name in ("trained", copied["name"]):
        week.image(name=name, state="absent")

    assert (world.instances.all, world.disks.all, world.images.own) == ({}, {}, {})
    created = [action for action in writes(world) if action.startswith("Create")]
    assert sorted(created) == [
        "CreateAndAttachCompshareDisk",
        "CreateCompShareCustomImage",
        "CreateCompShareInstance",
        "CreateCompShareInstance",
    ]
    # The sum of what was charged is that of what check mode announced, and none of its parts is next to nothing.
    assert week.bill == pytest.approx(week.announced, abs=0.01)
    assert min(week.bill.values()) > 10
