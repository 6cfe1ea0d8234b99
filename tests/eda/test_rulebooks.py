"""The rulebooks that ship, run by ansible-rulebook with the event sources, on the simulator.

The environment variable ANSIBLE_RULEBOOK names the program; ``make test-eda`` installs it and sets that.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.simulator import Simulator
from tests.simulator.world import World
from tests.tools.trees import copy_tree

PATIENCE = 120  # seconds for everything that a rulebook does, on a busy machine
ANOTHER_ACCOUNT = 50000002


@pytest.fixture(scope="session")
def rulebook_program() -> str:
    program = os.environ.get("ANSIBLE_RULEBOOK", "")
    assert Path(program).exists(), "run these tests with: make test-eda"
    assert shutil.which("java"), "ansible-rulebook needs Java 17: install Debian's openjdk-17-jre-headless"
    return program


@pytest.fixture
def run(rulebook_program: str, tmp_path: Path) -> Callable[..., str]:
    """Run a rulebook of the collection until a condition holds, and return what it printed."""
    collections = tmp_path / "collections"
    copy_tree(collections)
    python = Path(rulebook_program).parent / "python"
    inventory = tmp_path / "inventory.ini"
    inventory.write_text(f"localhost ansible_connection=local ansible_python_interpreter={python}\n")

    def until(name: str, world: World, done: Callable[[str], bool], **variables: Any) -> str:
        vars_file, log = tmp_path / "vars.yml", tmp_path / "output.log"
        vars_file.write_text(json.dumps({"interval": 5, **variables}))
        environment = {
            **os.environ,
            **world.environment(),
            "ANSIBLE_COLLECTIONS_PATH": str(collections),
            "ANSIBLE_NOCOLOR": "1",
            "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}",
        }
        command = [rulebook_program, "-r", f"compshare.cloud.{name}", "-i", inventory, "--vars", vars_file]
        with log.open("w") as output:
            running = subprocess.Popen(command, env=environment, cwd=tmp_path, stdout=output, stderr=output)
        try:
            ends = time.monotonic() + PATIENCE
            while time.monotonic() < ends and running.poll() is None and not done(log.read_text()):
                time.sleep(0.2)
        finally:
            running.send_signal(signal.SIGINT)
            running.wait(30)
        text = log.read_text()
        assert done(text), text
        assert world.private_key not in text
        return text

    return until


def world_of(simulator: Simulator, **settings: Any) -> World:
    return simulator.new_world({"counts": {"platform": 10}, **settings})


@pytest.fixture(scope="session")
def simulator() -> Any:
    with Simulator() as running:
        yield running


def test_an_image_is_shared_when_its_build_ends(run: Callable[..., str], simulator: Simulator) -> None:
    trace = {"image_id": "compshareImage-b1", "name": "b1", "duration": 600, "started_ago": 300}
    world = world_of(simulator, speed=30, traces=[trace])

    def shared(_text: str) -> bool:
        return ANOTHER_ACCOUNT in world.images.own["compshareImage-b1"].shared_with

    run("share_when_built", world, shared, share_with=[ANOTHER_ACCOUNT])


def test_an_instance_is_created_once_when_its_gpu_can_be_had(run: Callable[..., str], simulator: Simulator) -> None:
    world = world_of(simulator, speed=30)

    def created(_text: str) -> bool:
        rows = [one.row for one in world.instances.all.values() if one.row["Name"] == "trainer"]
        return [row["State"] for row in rows] == ["Running"] and bool(rows[0]["SchedulerStopTime"])

    desired = {"gpu_type": "4090", "max_price": 100, "instance_name": "trainer", "image": "cuda128_torch291_py312"}
    run("create_when_available", world, created, **desired)


def test_a_release_is_announced(run: Callable[..., str], simulator: Simulator) -> None:
    world = world_of(simulator, speed=0)
    stopped = next(one for one in world.instances.all.values() if one.row["State"] == "Stopped")
    stopped.row["ReleaseTime"] = int(world.clock.now()) + 3600
    text = run("warn_before_release", world, lambda text: "will be deleted at" in text)
    assert f"({stopped.identifier}) will be deleted at" in text
