"""A run that is interrupted says what it has touched, and the next one finishes the work."""

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

from .operations import instance_named
from .playbook_runs import LIMIT, Stage, processes

#: An interrupted run has ended within so many seconds, on a busy machine.
SOON = 15.0
BUILD = "compshareImage-build"
NAME = "interrupted"
#: Longer than any run here lasts, in seconds.
NEVER = 300.0
Options = Mapping[str, Any]


@dataclass(frozen=True)
class Moment:
    """What a task does when the signal comes.

    ``action`` is the request of which the run waits for a response, with ``held`` because it is held back, although it
    has taken effect. ``said`` is what the error must say then.
    """

    module: str
    options: Options | Callable[[World], Options]
    action: str
    said: tuple[str, ...]
    held: bool = False
    scenario: Mapping[str, Any] = field(default_factory=dict)

    def world_and_task(self, make_world: MakeWorld) -> tuple[World, dict[str, Any]]:
        faults = [{"kind": "slow", "action": self.action, "seconds": NEVER, "nth": 1}] if self.held else []
        world = make_world(speed=1, faults=faults, **self.scenario)
        options = self.options(world) if callable(self.options) else self.options
        return world, {"name": "Do it", f"compshare.cloud.{self.module}": dict(options)}


def new_image(world: World) -> Options:
    return {"name": NAME, "instance_id": instance_named(world, "train-vm"), "poll_interval": 1, "wait_timeout": 300}


LONG_BUILDS = {"builds": {"default": {"duration": NEVER}}}
NEW_INSTANCE = {"name": NAME, "image": "Ubuntu 22.04", "gpu_type": "4090", "zones": ["cn-wlcb-01"], "wait_timeout": 300}
MOMENTS = {
    "a wait for a build": Moment(
        "compshare_image_progress",
        {"image_id": BUILD, "wait": True, "poll_interval": 1, "region": "cn-wlcb"},
        "GetCompShareImageCreateProgress",
        ("had not ended when the wait was interrupted", NAME, BUILD, "Run the task again to go on waiting."),
        scenario={"traces": [{"image_id": BUILD, "name": NAME, "duration": NEVER}]},
    ),
    "a wait for an image that the task creates": Moment(
        "compshare_image",
        new_image,
        "GetCompShareImageCreateProgress",
        ("had not ended when the wait was interrupted", NAME),
        scenario=LONG_BUILDS,
    ),
    "a create of an image": Moment(
        "compshare_image",
        new_image,
        "CreateCompShareCustomImage",
        (f"CreateCompShareCustomImage for '{NAME}' had been sent without a response; it may be done.",),
        held=True,
        scenario=LONG_BUILDS,
    ),
    "a create of an instance": Moment(
        "compshare_instance",
        NEW_INSTANCE,
        "CreateCompShareInstance",
        (f"The instance '{NAME}' may have been ordered.",),
        held=True,
    ),
    "a page": Moment("compshare_image_info", {}, "DescribeCompShareImages", (), held=True),
}
SIGNALS = {"SIGINT": signal.SIGINT, "SIGTERM": signal.SIGTERM}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "moment" in metafunc.fixturenames:
        whole = metafunc.config.getoption("--long")
        cases = [
            pytest.param(moment, number, id=f"{name} in {what}")
            for row, (what, moment) in enumerate(MOMENTS.items())
            for column, (name, number) in enumerate(SIGNALS.items())
            if whole or row % 2 == column
        ]
        metafunc.parametrize(("moment", "number"), cases)


def interrupt(run: subprocess.Popen[bytes], world: World, moment: Moment, number: int) -> tuple[str, float]:
    """Send a signal at the moment; return what the run wrote, and how many seconds it took to end."""
    ends = time.monotonic() + LIMIT
    # Without a held response, that to the first request must have been understood.
    while len(world.requests(moment.action)) < (1 if moment.held else 2):
        assert run.poll() is None, run.communicate()
        assert time.monotonic() < ends
        time.sleep(0.02)
    sent = time.monotonic()
    # As a terminal does it. Where a task has a process group of its own, Ansible passes it on.
    os.killpg(run.pid, number)
    stdout, stderr = run.communicate(timeout=NEVER)
    return (stdout + stderr).decode(), time.monotonic() - sent


def left_over(stage: Stage) -> list[bytes]:
    return [
        command_line for _pid, _parent, command_line in processes() if str(stage.given.parent).encode() in command_line
    ]


def has(world: World, kind: str) -> int:
    """Return how many images or instances have the name."""
    found = world.images.own if kind == "compshare_image" else world.instances.all
    return sum(one.row["Name"] == NAME for one in found.values())


def test_what_was_touched_is_said_and_a_second_run_finishes_the_work(
    tmp_path: Path, make_world: MakeWorld, moment: Moment, number: int, record_figures: Any, request: Any
) -> None:
    stage = Stage(tmp_path)
    world, task = moment.world_and_task(make_world)
    stage.environment.update(world.environment())
    command = stage.playbook_command([task])
    with stage.start(command, start_new_session=True) as run:
        written, seconds = interrupt(run, world, moment, number)
    assert run.returncode != 0
    assert seconds < SOON
    assert "Traceback" not in written
    for words in moment.said:
        assert words in written
    while left_over(stage):
        seconds += 0.05
        assert seconds < SOON, left_over(stage)
        time.sleep(0.05)
    before = len(world.requests())
    world.clear_faults()
    world.advance(NEVER)
    ended = stage.run(command)
    assert ended.returncode == 0, ended.text
    if moment.module in ("compshare_image", "compshare_instance"):
        assert has(world, moment.module) == 1
        assert not [entry for entry in world.requests()[before:] if entry["action"].startswith("Create")]
    record_figures(
        "interrupts",
        request.node.callspec.id,
        {
            "seconds to the end": round(seconds, 1),
            "reported what was touched": bool(moment.said) or "nothing was",
            "second run": "finished it",
            "created twice": 0,
        },
    )
