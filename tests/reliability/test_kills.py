"""A run that is killed while it orders: the next one, at once, does not order a second time."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.compshare.cloud.tests.simulator.fixtures import MakeWorld
from ansible_collections.compshare.cloud.tests.simulator.world import World

from .playbook_runs import LIMIT, Stage, processes

NAME = "ordered-once"
CREATE = "CreateCompShareInstance"
#: Seconds of the world's time for which the list does not show a new instance, and how many of them pass in a real one.
LAG, SPEED = 40.0, 4.0
TASK: dict[str, Any] = {
    "name": "Order it",
    "compshare.cloud.compshare_instance": {"name": NAME, "image": "Ubuntu 22.04", "gpu_type": "4090"},
}


@pytest.fixture
def world(make_world: MakeWorld) -> World:
    """A world whose first answer to a create is held back for good, although the create takes effect."""
    held = {"kind": "slow", "action": CREATE, "seconds": 600.0, "nth": 1}
    return make_world(speed=SPEED, faults=[held], instances={"visible_after": LAG, "create_seconds": 20.0})


def kill_everything(run: subprocess.Popen[bytes], _stage: Stage) -> None:
    os.killpg(run.pid, signal.SIGKILL)


def kill_module(_run: subprocess.Popen[bytes], stage: Stage) -> None:
    """Kill what runs the module, as the kernel does when memory runs out."""
    folder = str(stage.given.parent).encode()
    for pid, _parent, command_line in processes():
        if b"AnsiballZ_compshare_instance.py" in command_line and folder in command_line:
            os.kill(pid, signal.SIGKILL)


def ordered(world: World) -> list[dict[str, Any]]:
    """Return the orders that took effect."""
    return [entry for entry in world.requests(CREATE) if entry["carried_out"] and entry["ret_code"] == 0]


def start_and_kill(
    stage: Stage, world: World, command: list[str], kill: Callable[[subprocess.Popen[bytes], Stage], None]
) -> str:
    """Run a playbook, kill it while it waits for the answer to its order, and return what it wrote."""
    with stage.start(command, start_new_session=True) as run:
        ends = time.monotonic() + LIMIT
        while not world.requests(CREATE):
            assert run.poll() is None and time.monotonic() < ends, run.communicate()
            time.sleep(0.02)
        kill(run, stage)
        stdout, stderr = run.communicate(timeout=LIMIT)
    return (stdout + stderr).decode()


@pytest.mark.parametrize(
    "kill",
    [
        pytest.param(kill_everything, id="everything"),
        pytest.param(kill_module, id="the module", marks=pytest.mark.long),
    ],
)
def test_the_next_run_waits_for_what_was_ordered(
    tmp_path: Path, world: World, kill: Callable[[subprocess.Popen[bytes], Stage], None]
) -> None:
    stage = Stage(tmp_path)
    stage.environment.update(world.environment())
    command = stage.playbook_command([TASK])
    start_and_kill(stage, world, command, kill)
    ended = stage.run(command)
    assert ended.returncode == 0, ended.text
    assert len(ordered(world)) == 1
    assert [one.state for one in world.instances.all.values() if one.row["Name"] == NAME] == ["Running"]


@pytest.mark.long
def test_a_task_that_is_repeated_by_until_waits_for_what_was_ordered(tmp_path: Path, world: World) -> None:
    stage = Stage(tmp_path)
    stage.environment.update(world.environment())
    again = {**TASK, "register": "made", "until": "made is success", "retries": 3, "delay": 0}
    written = start_and_kill(stage, world, stage.playbook_command([again]), kill_module)
    assert "FAILED - RETRYING" in written, written
    assert len(ordered(world)) == 1
    assert [one.state for one in world.instances.all.values() if one.row["Name"] == NAME] == ["Running"]
