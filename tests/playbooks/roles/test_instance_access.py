"""The role instance_access: by password once, by key from then on, on every kind of instance; no password is shown."""

from __future__ import annotations

import base64
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.compshare.cloud.tests.simulator import World
from ansible_collections.compshare.cloud.tests.simulator.fixtures import MakeWorld
from tests.playbooks.runs import Run, changes
from tests.playbooks.ssh_hosts import SshHosts, new_key

pytestmark = pytest.mark.playbook

MACHINES = {"vm": ("uhost-vm", "ubuntu"), "box": ("uhost-box", "root"), "pod": ("cpod-pod", "root")}
PASSWORDS = {"vm": "Secret-of-vm-1", "box": "Secret-of-box-2", "pod": "Secret-of-pod-3"}


def in_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


class Account:
    """Three running instances that can be logged in to, and runs of the role."""

    def __init__(self, folder: Path, world: World) -> None:
        self.folder = folder
        self.world = world
        self.key, self.public_key = new_key(folder)
        (folder / "homes").mkdir()
        self.hosts = SshHosts(world, folder / "homes")

    def start(self) -> None:
        with self.world.lock:
            for instance in self.world.instances.all.values():
                self.world.greet_later(instance)
        self.world.advance(10)

    def run(self, *options: str, names: list[str] | None = None, **variables: Any) -> subprocess.CompletedProcess[str]:
        role_vars = {
            "instance_access_instances": names or list(MACHINES),
            "instance_access_keys": [self.public_key],
            "instance_access_private_key_file": str(self.key),
            "instance_access_known_hosts": str(self.folder / "known_hosts"),
            "instance_access_timeout": 30,
            **variables,
        }
        role = {"ansible.builtin.include_role": {"name": "compshare.cloud.instance_access"}, "vars": role_vars}
        trace = {
            "ansible.builtin.raw": "echo {{ item }} > ~/left",
            "delegate_to": "{{ item }}",
            "loop": "{{ groups.compshare }}",
            "vars": {"ansible_ssh_common_args": f"-o UserKnownHostsFile={self.folder}/known_hosts"},
        }
        run = Run(self.folder, self.world, [role, trace])
        run.command += options
        run.environment["ANSIBLE_SSH_ARGS"] = "-o ControlMaster=no"
        return run.plain()


@pytest.fixture
def account(make_world: MakeWorld, tmp_path: Path) -> Iterator[Account]:
    rows = [
        {
            "UHostId": identifier,
            "Name": name,
            "Password": in_base64(PASSWORDS[name]),
            "InstanceType": "UHost" if name == "vm" else "Container",
        }
        for name, (identifier, _user) in MACHINES.items()
    ]
    world = make_world(
        speed=1,
        counts={"instances": 0, "platform": 10},
        rows={"instances": rows},
        instances={"ssh_listener": True, "ssh_after": 0},
    )
    created = Account(tmp_path, world)
    with created.hosts:
        created.start()
        yield created


def test_by_password_once_and_by_key_from_then_on(account: Account) -> None:
    first = account.run("-vvv", instance_access_password_login=False)
    assert first.returncode == 0, first.stdout
    for name, (identifier, _user) in MACHINES.items():
        assert account.hosts.home(name).joinpath("left").read_text().strip() == name
        assert account.hosts.hosts[identifier].password_login is False
    assert len((account.folder / "known_hosts").read_text().splitlines()) == len(MACHINES)
    second = account.run("-vvv", instance_access_password_login=False)
    assert second.returncode == 0, second.stdout
    # The tasks of this test, and nothing of the role.
    assert changes(second.stdout) == 1
    for name in MACHINES:
        keys = account.hosts.home(name) / ".ssh/authorized_keys"
        assert keys.read_text().splitlines() == [account.public_key]
    for password in PASSWORDS.values():
        assert password not in first.stdout + first.stderr + second.stdout + second.stderr


def test_the_password_is_in_no_process_list_or_file(account: Account) -> None:
    seen: list[str] = []
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            for process in Path("/proc").glob("[0-9]*"):
                for part in ("cmdline", "environ"):
                    try:
                        text = (process / part).read_bytes().decode(errors="replace")
                    except OSError:
                        continue
                    seen.extend(password for password in PASSWORDS.values() if password in text)
            time.sleep(0.02)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        ended = account.run(names=["vm"])
    finally:
        done.set()
        thread.join()
    assert ended.returncode == 0, ended.stdout
    assert seen == []
    left = [
        path
        for path in account.folder.rglob("*")
        if path.is_file() and PASSWORDS["vm"] in path.read_text("utf-8", "replace")
    ]
    assert left == []


def test_check_mode_changes_nothing(account: Account) -> None:
    ended = account.run("--check", names=["vm"], instance_access_password_login=False)
    assert "changed: [localhost] => (item=vm)" in ended.stdout
    assert not (account.hosts.home("vm") / ".ssh/authorized_keys").exists()
    assert account.hosts.hosts["uhost-vm"].password_login is True


def test_another_host_key_is_an_error_that_says_what_to_do(account: Account) -> None:
    port = account.hosts.hosts["uhost-vm"].port
    (account.folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {account.public_key}\n")
    ended = account.run(names=["vm"])
    assert ended.returncode == 2, ended.stdout
    assert "shows another host key" in ended.stdout
    assert f"ssh-keygen -R '[127.0.0.1]:{port}'" in ended.stdout
    assert PASSWORDS["vm"] not in ended.stdout


def test_a_stopped_instance_is_an_error(account: Account) -> None:
    account.world.instances.all["uhost-vm"].row["State"] = "Stopped"
    ended = account.run(names=["vm"])
    assert ended.returncode == 2
    assert "does not run" in ended.stdout
