"""A module in the controller's process and one in a process of its own find the same files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ansible_collections.compshare.cloud.tests.simulator.fixtures import MakeWorld
from tests.playbooks.runs import Run

pytestmark = pytest.mark.playbook

INFO = "compshare.cloud.compshare_image_info"
HERE = "in the controller's process"


@pytest.mark.parametrize(("settings", "here"), [({}, 1), ({"COMPSHARE_IN_PROCESS": "false"}, 0)], ids=["on", "off"])
def test_relative_paths_begin_in_the_folder_of_the_playbook(
    make_world: MakeWorld, tmp_path: Path, settings: dict[str, str], here: int
) -> None:
    world = make_world(speed=1)
    keys = {"public_key": world.public_key, "private_key": world.private_key}
    (tmp_path / "config.json").write_text(json.dumps({"current_profile": "team", "profiles": {"team": keys}}))
    (tmp_path / "config.json").chmod(0o600)
    tasks = [{INFO: {"source": "custom"}}, {INFO: {"source": "custom"}, "environment": {"SOME": "value"}}]
    run = Run(tmp_path, world, tasks)
    run.command.append("-vvv")
    for name in ("COMPSHARE_PUBLIC_KEY", "COMPSHARE_PRIVATE_KEY"):
        run.environment.pop(name)
    ended = run.plain(COMPSHARE_CONFIG_FILE="config.json", **settings)
    assert ended.returncode == 0, ended.stdout
    assert "ok=2" in ended.stdout
    assert ended.stdout.count(HERE) == here
