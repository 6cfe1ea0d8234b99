"""A task with a time limit: its module ends with it and changes nothing behind the back of later tasks."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.compshare.cloud.tests.simulator.fixtures import MakeWorld
from tests.playbooks.runs import Run

pytestmark = pytest.mark.playbook

INSTANCE = "compshare.cloud.compshare_instance"
#: How long a module may need to notice that its task is over, in seconds.
NOTICED = 3.0


def modules_below(folder: Path) -> list[str]:
    """Return the command lines of running modules whose files are in a folder, or that came through a pipe."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if str(folder).encode() in path.read_bytes():
                found.append((path.parent / "cmdline").read_text().replace("\0", " "))
        except OSError:  # it has ended, or is somebody else's
            continue
    return found


@pytest.mark.parametrize(
    ("settings", "options"),
    [({}, {}), ({"ANSIBLE_PIPELINING": "true"}, {"show_progress": False})],
    ids=["files and lines", "pipelining without lines"],
)
def test_a_module_ends_with_its_task(
    make_world: MakeWorld, tmp_path: Path, settings: dict[str, str], options: dict[str, Any]
) -> None:
    world = make_world(speed=1, instances={"stop_seconds": 6})
    instance = next(one for one in world.instances.all.values() if one.row["Name"] == "train-vm")
    stop = {"Region": "cn-wlcb", "Zone": instance.zone, "UHostId": instance.identifier}
    run = Run(
        tmp_path,
        world,
        [
            {"compshare.cloud.compshare_api": {"action": "StopCompShareInstance", "params": stop}},
            {INSTANCE: {"name": "train-vm", "state": "running", **options}, "timeout": 2, "ignore_errors": True},
            {INSTANCE: {"name": "train-vm", "state": "stopped"}},
        ],
    )
    ended = run.plain(**settings)
    assert ended.returncode == 0, ended.stdout
    assert "imed out" in ended.stdout or "time frame" in ended.stdout, ended.stdout
    ends = time.monotonic() + NOTICED
    while modules_below(tmp_path) and time.monotonic() < ends:
        time.sleep(0.1)
    assert modules_below(tmp_path) == []
    assert not world.requests("StartCompShareInstance")
