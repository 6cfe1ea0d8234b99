"""The role keepalive and its playbook: what is kept, what that costs, and what is never touched."""

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

DAY = 86400
KEEPALIVE = ROOT / "playbooks/keepalive.yml"
QUICK = {"start_seconds": 0.5, "stop_seconds": 0.5}


def stopped(name: str, days_ago: float, **fields: Any) -> dict[str, Any]:
    """The row of a stopped instance."""
    moment = int(time.time() - days_ago * DAY)
    return {
        "UHostId": f"uhost-{name}",
        "Name": name,
        "State": "Stopped",
        "ChargeType": "Postpay",
        "StopTime": moment,
        "ReleaseTime": moment + 7 * DAY,
        **fields,
    }


def world_with(make_world: MakeWorld, *rows: dict[str, Any], **settings: Any) -> World:
    return make_world(
        speed=1, counts={"instances": 0, "platform": 10}, rows={"instances": rows}, instances=QUICK, **settings
    )


def released_in_days(world: World, name: str) -> float:
    """In how many days an instance will be released, 0 for one that runs."""
    release_time = float(world.instances.all[f"uhost-{name}"].row["ReleaseTime"])
    return release_time and (release_time - time.time()) / DAY


def states(world: World) -> dict[str, str]:
    with world.lock:
        world.clock.settle()
        return {str(one.row["Name"]): one.state for one in world.instances.all.values()}


def words(output: str) -> str:
    return re.sub(r"\s+", " ", output)


def test_only_what_will_be_released_soon_is_kept_without_its_gpu(make_world: MakeWorld, tmp_path: Path) -> None:
    world = world_with(
        make_world,
        stopped("old", 6),
        stopped("older", 6.5),
        stopped("fresh", 2),
        stopped("month", 6, ChargeType="Month", ReleaseTime=0),
        stopped("spot", 6, ChargeType="Spot", IsSpot=True),
        {"UHostId": "uhost-busy", "Name": "busy"},
    )
    before = states(world)
    status, output = run_file(tmp_path, world, KEEPALIVE, "--check")
    assert status == 0, output
    assert "old (uhost-old) will be released at" in words(output)
    assert "2 stopped instances will be released within 2d; 2 would be kept" in words(output)
    assert writes(world) == []
    status, output = run_file(tmp_path, world, KEEPALIVE)
    assert status == 0, output
    assert states(world) == before
    assert {name: round(released_in_days(world, name)) for name in ("old", "older", "fresh")} == {
        "old": 7,
        "older": 7,
        "fresh": 5,
    }
    starts = [one["params"] for one in world.requests("StartCompShareInstance")]
    assert sorted(one["UHostId"] for one in starts) == ["uhost-old", "uhost-older"]
    assert all(one["WithoutGpu"] == "true" and one["WithoutGpuSpec"] == "A" for one in starts)
    done = writes(world)
    # The scheduled stop is for a run that is killed before it stops the instance.
    assert done == ["StartCompShareInstance", "UpdateCompShareStopScheduler", "StopCompShareInstance"] * 2
    status, output = run_file(tmp_path, world, KEEPALIVE)
    assert (status, writes(world)) == (0, done), output


@pytest.mark.parametrize("with_gpu", [False, True])
def test_a_start_with_the_gpu_must_be_requested(make_world: MakeWorld, tmp_path: Path, with_gpu: bool) -> None:
    world = world_with(make_world, stopped("old", 6, SupportWithoutGpuStart=False))
    status, output = run_file(tmp_path, world, KEEPALIVE, "-e", f"keepalive_with_gpu={str(with_gpu).lower()}")
    assert states(world) == {"old": "Stopped"}
    if with_gpu:
        assert status == 0, output
        assert re.search(r"so it is started with it, for [\d.]+ CNY per hour", words(output))
        assert round(released_in_days(world, "old")) == 7
    else:
        assert status == 2, output
        assert "1 instances were not kept: old (uhost-old), to be released at" in words(output)
        assert "it cannot be started without its GPU, and keepalive_with_gpu is false" in words(output)
        assert writes(world) == []


def test_a_failure_is_reported_and_the_others_are_kept(make_world: MakeWorld, tmp_path: Path) -> None:
    refused = {
        "kind": "ret_code",
        "code": 8357,
        "action": "StartCompShareInstance",
        "where": {"UHostId": "uhost-old"},
    }
    world = world_with(make_world, stopped("old", 6), stopped("older", 6.5), faults=[refused])
    status, output = run_file(tmp_path, world, KEEPALIVE)
    assert status == 2, output
    assert re.search(r"1 instances were not kept: old \(uhost-old\), to be released at \S+: .*8357", words(output))
    assert states(world) == {"old": "Stopped", "older": "Stopped"}
    assert round(released_in_days(world, "older")) == 7


def test_an_instance_whose_start_is_lost_is_stopped(make_world: MakeWorld, tmp_path: Path) -> None:
    """The start is carried out, but the task gives up: it must not be left running."""
    world = world_with(make_world, stopped("old", 6))
    world.scenario.instances.start_seconds = 6
    status, output = run_file(tmp_path, world, KEEPALIVE, "-e", "keepalive_start_timeout=2")
    assert status == 2, output
    assert "1 instances were not kept: old" in words(output)
    assert states(world) == {"old": "Stopped"}
