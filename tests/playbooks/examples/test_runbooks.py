"""The runbooks about instances: they find and touch those that are meant, and no other."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.compshare.cloud.tests.simulator import World
from ansible_collections.compshare.cloud.tests.simulator.fixtures import MakeWorld
from ansible_collections.compshare.cloud.tests.unit.plugins.module_utils.in_process import writes
from tests.playbooks.runs import run_example

pytestmark = pytest.mark.playbook

DAY = 86400


def with_instances(make_world: MakeWorld, **rows: dict[str, Any]) -> World:
    instances = [{"UHostId": f"uhost-{name}", "Name": name, "Zone": "cn-wlcb-01", **row} for name, row in rows.items()]
    return make_world(speed=600, rows={"instances": instances}, replace=["instances"])


def test_what_expires_is_found_and_nothing_else(make_world: MakeWorld, tmp_path: Path) -> None:
    soon, late = int(time.time()) + 3 * DAY, int(time.time()) + 30 * DAY
    paid_ahead = {"ChargeType": "Month", "AutoRenew": "No"}
    world = with_instances(
        make_world,
        ends={**paid_ahead, "ExpireTime": soon},
        later={**paid_ahead, "ExpireTime": late},
        renewed={**paid_ahead, "ExpireTime": soon, "AutoRenew": "Yes"},
        hourly={"ChargeType": "Postpay", "ExpireTime": 0},
        seventh={"ChargeType": "Postpay", "ExpireTime": 0, "State": "Stopped", "ReleaseTime": soon},
    )
    status, output = run_example(tmp_path, world, "expiring_instances")
    assert status == 0, output
    assert "2 of 5 instances end before" in output
    assert "uhost-ends" in output and "uhost-seventh" in output
    status, output = run_example(tmp_path, world, "expiring_instances", "-e", "days=60", "-e", "fail_if_any=true")
    assert status == 2, output
    assert "3 instances end before" in output
    assert "ends, later, seventh" in output
    assert writes(world) == []


def test_what_runs_with_the_tag_is_stopped_and_nothing_else(make_world: MakeWorld, tmp_path: Path) -> None:
    world = with_instances(
        make_world,
        one={"Tag": "night", "State": "Running"},
        two={"Tag": "night", "State": "Running", "InstanceType": "Container"},
        off={"Tag": "night", "State": "Stopped"},
        prod={"Tag": "prod", "State": "Running"},
        spot={"Tag": "night", "State": "Running", "IsSpot": True, "ChargeType": "Spot"},
    )
    status, output = run_example(tmp_path, world, "nightly_stop", "-e", "tag=night", "--check")
    assert status == 0, output
    assert writes(world) == []
    for _time in range(2):
        status, output = run_example(tmp_path, world, "nightly_stop", "-e", "tag=night")
        assert status == 0, output
        assert writes(world) == ["StopCompShareInstance"] * 2
    states = {one.row["Name"]: one.row["State"] for one in world.instances.all.values()}
    assert states == {"one": "Stopped", "two": "Stopped", "off": "Stopped", "prod": "Running", "spot": "Running"}
    status, output = run_example(tmp_path, world, "nightly_stop", "-e", "tag=night", "-e", "spot=true")
    assert status == 0, output
    assert writes(world) == ["StopCompShareInstance"] * 3


def test_on_an_account_a_tag_must_be_said(make_world: MakeWorld, tmp_path: Path) -> None:
    world = make_world(speed=600)
    status, output = run_example(tmp_path, world, "nightly_stop", "-e", '{"on_simulator": false}')
    assert status == 2, output
    assert "Name the instances to stop: -e tag=..." in output
    assert writes(world) == []


def test_nothing_is_had_above_the_price(make_world: MakeWorld, tmp_path: Path) -> None:
    world = make_world(speed=600)
    status, output = run_example(tmp_path, world, "provision", "-e", "max_price=0.5")
    assert status == 2, output
    assert "more than 0.5" in output
    assert writes(world) == []
