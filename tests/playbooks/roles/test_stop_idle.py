"""The playbook stop_idle: only instances that have certainly done nothing are stopped, and it shows what that saves."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.compshare.cloud.tests.simulator import World
from ansible_collections.compshare.cloud.tests.simulator.fixtures import MakeWorld
from ansible_collections.compshare.cloud.tests.unit.plugins.module_utils.in_process import writes
from tests.playbooks.runs import ROOT, run_file

pytestmark = pytest.mark.playbook

STOP_IDLE = ROOT / "playbooks/stop_idle.yml"
HOUR = 3600


def runs(name: str, hours: float = 5, **fields: Any) -> dict[str, Any]:
    """The row of an instance that has been running for some hours."""
    started = int(time.time() - hours * HOUR)
    return {"UHostId": f"uhost-{name}", "Name": name, "ChargeType": "Postpay", "StartTime": started, **fields}


@pytest.fixture
def world(make_world: MakeWorld) -> World:
    rows = [
        runs("idle"),
        runs("busy"),
        runs("fresh", hours=0.5),
        runs("spot", ChargeType="Spot", IsSpot=True),
        runs("month", ChargeType="Month"),
        runs("mine"),
        {"UHostId": "cpod-idle", "Name": "pod", "ChargeType": "Postpay", "StartTime": int(time.time() - 5 * HOUR)},
    ]
    idle = {"gpu": 0.0}
    usage = dict.fromkeys(("idle", "fresh", "spot", "month", "mine", "pod"), idle)
    return make_world(
        speed=1,
        counts={"instances": 0, "platform": 10},
        rows={"instances": rows},
        instances={"usage": usage, "stop_seconds": 0.5},
    )


def stopped(world: World) -> set[str]:
    with world.lock:
        world.clock.settle()
        return {str(one.row["Name"]) for one in world.instances.all.values() if one.state != "Running"}


def test_only_idle_instances_are_stopped(world: World, tmp_path: Path) -> None:
    options = ("-e", '{"stop_idle_except": ["mine"]}')
    status, output = run_file(tmp_path, world, STOP_IDLE, *options, "--check")
    assert status == 0, output
    words = re.sub(r"\s+", " ", output)
    assert re.search(
        r"idle \(uhost-idle\): its GPU was at 0(\.0)? per cent at most in the last 60 minutes. "
        r"Stopping it saves [\d.]+ CNY per hour",
        words,
    )
    assert re.search(r"2 of 7 running instances would be stopped, which saves [\d.]+ CNY per hour", words)
    assert (stopped(world), writes(world)) == (set(), [])
    status, output = run_file(tmp_path, world, STOP_IDLE, *options)
    assert status == 0, output
    assert stopped(world) == {"idle", "pod"}


def test_a_long_time_is_needed_for_all_of_it(world: World, tmp_path: Path) -> None:
    status, output = run_file(tmp_path, world, STOP_IDLE, "-e", "stop_idle_minutes=600")
    assert status == 0, output
    assert stopped(world) == set()
