"""The Molecule scenario that ships, copied beside a role and run on the simulator, as its guide says."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ansible_collections.compshare.cloud.tests.simulator.fixtures import MakeWorld
from ansible_collections.compshare.cloud.tests.simulator.world import World

from .runs import COLLECTIONS, ROOT

pytestmark = pytest.mark.playbook
LIMIT = 300.0
NODE = "molecule-gpu-node"


def molecule(command: str, world: World, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        **world.environment(),
        "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
        "ANSIBLE_HOME": str(folder / "home"),
        "ANSIBLE_REMOTE_TEMP": str(folder / "tmp"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "NO_COLOR": "1",
    }
    return subprocess.run(
        [sys.executable, "-m", "molecule", command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT,
        stdin=subprocess.DEVNULL,
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The folder of the role my_role, with a copy of the scenario."""
    shutil.copytree(ROOT / "extensions/molecule", tmp_path / "roles/my_role/molecule")
    return tmp_path / "roles/my_role"


def names(world: World) -> list[str]:
    return [one.row["Name"] for one in world.instances.all.values()]


def test_the_whole_sequence_leaves_nothing(make_world: MakeWorld, project: Path) -> None:
    world = make_world(speed=5)
    done = molecule("test", world, project)
    assert done.returncode == 0, done.stdout + done.stderr
    actions = [entry["action"] for entry in world.requests() if entry["carried_out"]]
    assert [actions.count(f"{verb}CompShareInstance") for verb in ("Create", "Terminate")] == [1, 1]
    assert "UpdateCompShareStopScheduler" in actions
    assert NODE not in names(world)
    assert world.private_key not in done.stdout + done.stderr


def test_a_role_that_fails_leaves_nothing_either(make_world: MakeWorld, project: Path) -> None:
    world = make_world(speed=5)
    converge = [{"hosts": "all", "gather_facts": False, "roles": ["my_role"]}]
    (project / "molecule/default/converge.yml").write_text(yaml.safe_dump(converge))
    (project / "tasks").mkdir()
    (project / "tasks/main.yml").write_text("- ansible.builtin.fail:\n    msg: my_role has run\n")
    done = molecule("test", world, project)
    assert done.returncode != 0
    assert "my_role has run" in done.stdout + done.stderr
    actions = [entry["action"] for entry in world.requests() if entry["carried_out"]]
    assert actions.count("CreateCompShareInstance") == 1
    assert NODE not in names(world)
