"""The examples of waiting, as a reader starts them: with builds under way, with one that fails, and a second time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.compshare.cloud.tests.simulator import World
from ansible_collections.compshare.cloud.tests.simulator.fixtures import MakeWorld
from ansible_collections.compshare.cloud.tests.unit.plugins.module_utils.in_process import writes
from tests.playbooks.runs import run_example

pytestmark = pytest.mark.playbook

BOTH = ("-e", '{"image_ids": ["compshareImage-e1", "compshareImage-e2"]}')
WAITING = ["wait_in_one_task", "wait_in_a_loop", "wait_in_background", "wait_for_many"]


def builds(make_world: MakeWorld, **of_the_second: Any) -> World:
    traces = [
        {"image_id": "compshareImage-e1", "name": "env-one", "duration": 600, "model": "accurate"},
        {"image_id": "compshareImage-e2", "name": "env-two", "duration": 640, "model": "accurate", **of_the_second},
    ]
    return make_world(speed=60, traces=traces, replace=["custom"])


@pytest.mark.parametrize("example", WAITING)
def test_it_waits_for_what_is_being_created(make_world: MakeWorld, tmp_path: Path, example: str) -> None:
    world = builds(make_world)
    status, output = run_example(tmp_path, world, example)
    assert status == 0, output
    assert "env-one" in output
    assert "env-two" in output
    assert not [image for image in world.images.own.values() if image.row["Status"] == "Making"]
    assert writes(world) == []


@pytest.mark.parametrize("example", WAITING)
def test_a_build_that_fails_fails_the_play(make_world: MakeWorld, tmp_path: Path, example: str) -> None:
    world = builds(make_world, fails_at=0.5, failed_reason="disk full")
    status, output = run_example(tmp_path, world, example, *BOTH)
    assert status == 2, output
    assert "env-two" in output


def test_many_are_reported_one_by_one_also_when_one_fails(make_world: MakeWorld, tmp_path: Path) -> None:
    world = builds(make_world, fails_at=0.5, failed_reason="disk full")
    _status, output = run_example(tmp_path, world, "wait_for_many", *BOTH)
    assert "Available   compshareImage-e1               env-one" in output
    assert "UnAvailable compshareImage-e2               env-two: disk full" in output


def test_the_runbook_goes_on_where_it_was(make_world: MakeWorld, tmp_path: Path) -> None:
    world = make_world(speed=60)
    status, output = run_example(tmp_path, world, "wait_and_resume", "-e", "minutes=0.05")
    assert status == 2, output
    assert "did not end within 3 s" in output
    assert "Run the task again to go on waiting" in output
    status, output = run_example(tmp_path, world, "wait_and_resume")
    assert status == 0, output
    assert writes(world) == ["CreateCompShareCustomImage"] * 2
    status, output = run_example(tmp_path, world, "wait_and_resume")
    assert status == 0, output
    assert "changed=0" in output
    assert writes(world) == ["CreateCompShareCustomImage"] * 2


def test_on_an_account_the_runbook_prompts_for_the_instances(make_world: MakeWorld, tmp_path: Path) -> None:
    world = make_world(speed=60)
    status, output = run_example(tmp_path, world, "wait_and_resume", "-e", '{"on_simulator": false}')
    assert status == 2
    assert "Say which are meant" in output
    assert writes(world) == []
