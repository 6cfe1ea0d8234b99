"""A run that is killed while it orders: the next one, at once, does not order a second time."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.compshare.cloud.tests.simulator.fixtures import MakeWorld
from ansible_collections.compshare.cloud.tests.simulator.world import World

from .playbook_runs import LIMIT, Stage, processes

NAME = "ordered-once"
#: Seconds of the world's time for which the list does not show a new object, and how many of them pass in a real one.
LAG, SPEED = 40.0, 4.0


@dataclass(frozen=True)
class Order:
    """What is ordered: the task's module and options, the action, and the states of what has the name."""

    module: str
    options: Mapping[str, Any]
    action: str
    states: Callable[[World], list[str]]
    end: str
    scenario: Mapping[str, Any] = field(default_factory=dict)

    @property
    def task(self) -> dict[str, Any]:
        return {"name": "Order it", f"compshare.cloud.{self.module}": {"name": NAME, **self.options}}

    def world(self, make_world: MakeWorld) -> World:
        """Return a world that holds back its first response to the order for good, although the order takes effect."""
        held = {"kind": "slow", "action": self.action, "seconds": 600.0, "nth": 1}
        return make_world(
            speed=SPEED, faults=[held], instances={"visible_after": LAG, "create_seconds": 20.0}, **self.scenario
        )

    def done(self, world: World) -> list[dict[str, Any]]:
        """Return the orders that took effect."""
        return [entry for entry in world.requests(self.action) if entry["carried_out"] and entry["ret_code"] == 0]


def _instances(world: World) -> list[str]:
    return [one.state for one in world.instances.all.values() if one.row["Name"] == NAME]


def _disks(world: World) -> list[str]:
    return [disk.status for disk in world.disks.all.values() if disk.entry["Name"] == NAME]


def _images(world: World) -> list[str]:
    return [image.row["Status"] for image in world.images.own.values() if image.row["Name"] == NAME]


INSTANCE = Order(
    "compshare_instance",
    {"image": "Ubuntu 22.04", "gpu_type": "4090"},
    "CreateCompShareInstance",
    _instances,
    "Running",
)
DISK = Order(
    "compshare_disk",
    {"instance_name": "train-vm", "size_gb": 30},
    "CreateAndAttachCompshareDisk",
    _disks,
    "InUse",
)
IMAGE = Order(
    "compshare_image",
    {"instance_id": "uhost-1made0f"},
    "CreateCompShareCustomImage",
    _images,
    "Available",
    {
        "builds": {"default": {"duration": 60, "visible_after": LAG}},
        "rows": {"instances": [{"UHostId": "uhost-1made0f", "Name": "made-of", "State": "Stopped"}]},
    },
)


def kill_everything(run: subprocess.Popen[bytes], _stage: Stage) -> None:
    os.killpg(run.pid, signal.SIGKILL)


def kill_module(_run: subprocess.Popen[bytes], stage: Stage) -> None:
    """Kill what runs the module, as the kernel does when memory runs out."""
    folder = str(stage.given.parent).encode()
    for pid, _parent, command_line in processes():
        if b"AnsiballZ_compshare_" in command_line and folder in command_line:
            os.kill(pid, signal.SIGKILL)


Kill = Callable[[subprocess.Popen[bytes], Stage], None]


def start_and_kill(stage: Stage, world: World, action: str, command: list[str], kill: Kill) -> str:
    """Run a playbook, kill it while it waits for the response to its order, and return what it wrote."""
    with stage.start(command, start_new_session=True) as run:
        ends = time.monotonic() + LIMIT
        while not world.requests(action):
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
@pytest.mark.parametrize(
    "order",
    [
        pytest.param(INSTANCE, id="an instance"),
        pytest.param(DISK, id="a disk"),
        pytest.param(IMAGE, id="an image", marks=pytest.mark.long),
    ],
)
def test_the_next_run_waits_for_what_was_ordered(
    tmp_path: Path, make_world: MakeWorld, order: Order, kill: Kill
) -> None:
    stage, world = Stage(tmp_path), order.world(make_world)
    stage.environment.update(world.environment())
    command = stage.playbook_command([order.task])
    start_and_kill(stage, world, order.action, command, kill)
    ended = stage.run(command)
    assert ended.returncode == 0, ended.text
    assert len(order.done(world)) == 1
    assert order.states(world) == [order.end]


@pytest.mark.long
@pytest.mark.parametrize("order", [INSTANCE, DISK], ids=["an instance", "a disk"])
def test_a_task_that_is_repeated_by_until_waits_for_what_was_ordered(
    tmp_path: Path, make_world: MakeWorld, order: Order
) -> None:
    stage, world = Stage(tmp_path), order.world(make_world)
    stage.environment.update(world.environment())
    again = {**order.task, "register": "created", "until": "created is success", "retries": 3, "delay": 0}
    written = start_and_kill(stage, world, order.action, stage.playbook_command([again]), kill_module)
    assert "FAILED - RETRYING" in written, written
    assert len(order.done(world)) == 1
    assert order.states(world) == [order.end]
