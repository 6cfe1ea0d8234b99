"""A task with a time limit: its module ends with it and changes nothing behind the back of later tasks."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.compshare.cloud.tests.reliability.operations import OPERATIONS
from ansible_collections.compshare.cloud.tests.simulator.fixtures import MakeWorld
from ansible_collections.compshare.cloud.tests.simulator.world import World
from tests.playbooks.runs import ROOT, Run
from tests.playbooks.ssh_hosts import SshHosts, new_key

pytestmark = pytest.mark.playbook

WRITE = {one.plugin for one in OPERATIONS if one.writes}
#: Writes whose tasks need no folder: a lease runs in the background, beyond any task.
WITHOUT_FOLDER = {"compshare_instance_lease"}

#: Those that write nothing by the API, but go on all the same.
ALSO_ENDS = {"compshare_instance_access"}

INSTANCE = "compshare.cloud.compshare_instance"
ACCESS = "compshare.cloud.compshare_instance_access"
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


def tasks_in(world: World, limit: int, options: dict[str, Any]) -> list[dict[str, Any]]:
    """Stop an instance, start it with a time limit that ends before it has stopped, and see that it has stopped."""
    instance = next(one for one in world.instances.all.values() if one.row["Name"] == "train-vm")
    stop = {"Region": "cn-wlcb", "Zone": instance.zone, "UHostId": instance.identifier}
    return [
        {"compshare.cloud.compshare_api": {"action": "StopCompShareInstance", "params": stop}},
        {INSTANCE: {"name": "train-vm", "state": "running", **options}, "timeout": limit, "ignore_errors": True},
        {INSTANCE: {"name": "train-vm", "state": "stopped"}},
    ]


def log_in_to(name: str, limit: int, key: str) -> list[dict[str, Any]]:
    """Wait, with a time limit, until an instance can be logged in to."""
    return [{ACCESS: {"name": name, "keys": [key]}, "timeout": limit, "ignore_errors": True}]


def check_end(run: Run, world: World, folder: Path, settings: dict[str, str]) -> None:
    """Run the tasks; the module of the second ends with it, and never starts the instance."""
    ended = run.plain(**settings)
    assert ended.returncode == 0, ended.stdout
    assert "imed out" in ended.stdout or "time frame" in ended.stdout, ended.stdout
    assert world.requests("DescribeCompShareInstance"), "the module had not begun"
    ends = time.monotonic() + NOTICED
    while modules_below(folder) and time.monotonic() < ends:
        time.sleep(0.1)
    assert modules_below(folder) == []
    assert not world.requests("StartCompShareInstance")


@pytest.mark.parametrize(
    ("settings", "options"),
    [({}, {}), ({"ANSIBLE_PIPELINING": "true"}, {"show_progress": False})],
    ids=["files and lines", "pipelining without lines"],
)
def test_a_module_ends_with_its_task(
    make_world: MakeWorld, tmp_path: Path, settings: dict[str, str], options: dict[str, Any]
) -> None:
    world = make_world(speed=1, instances={"stop_seconds": 6})
    check_end(Run(tmp_path, world, tasks_in(world, 2, options)), world, tmp_path, settings)


@pytest.mark.parametrize("module", [INSTANCE, ACCESS])
@pytest.mark.parametrize("pipelining", ["false", "true"], ids=["files", "pipelining"])
def test_a_module_on_another_machine_ends_with_its_task(
    make_world: MakeWorld, tmp_path: Path, pipelining: str, module: str
) -> None:
    machine = {"UHostId": "uhost-1runs", "Name": "runs-modules"}
    without_ssh = {"UHostId": "uhost-1waits", "Name": "no-ssh-yet", "SshLoginCommand": "ssh -p 1 root@127.0.0.1"}
    rows = {"instances": [machine, without_ssh]}
    world = make_world(speed=1, instances={"stop_seconds": 20, "ssh_listener": True}, rows=rows)
    key, public_key = new_key(tmp_path)
    (tmp_path / "homes").mkdir()
    with SshHosts(world, tmp_path / "homes", known_key=public_key) as hosts:
        host = hosts.host_of(world.instances.all["uhost-1runs"])
        host.begin()
        variables = {
            "ansible_host": "127.0.0.1",
            "ansible_port": host.port,
            "ansible_ssh_private_key_file": str(key),
            "ansible_ssh_common_args": "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null",
            "ansible_python_interpreter": sys.executable,
        }
        connection = {"api_url": world.url, "public_key": world.public_key, "private_key": world.private_key}
        defaults = {"group/compshare.cloud.compshare": connection}
        tasks = tasks_in(world, 8, {})[:2] if module == INSTANCE else log_in_to("no-ssh-yet", 8, public_key)
        run = Run(tmp_path, world, tasks, hosts="remote", module_defaults=defaults)
        run.inventory({"remote": variables})
        settings = {
            "ANSIBLE_PIPELINING": pipelining,
            "ANSIBLE_REMOTE_TEMP": "~/tmp",
            # With a shared one, ssh ends with its task.
            "ANSIBLE_SSH_ARGS": "-o ControlMaster=no",
        }
        check_end(run, world, tmp_path / "homes", settings)


@pytest.mark.parametrize("module", sorted((WRITE - WITHOUT_FOLDER) | ALSO_ENDS))
def test_every_module_that_changes_something_gets_a_folder(module: str) -> None:
    action = (ROOT / f"plugins/action/{module}.py").read_text(encoding="utf-8")
    assert any(name in action for name in ("TaskFolderAction", "LiveLinesAction", "create_task_folder"))
