"""Key log-in: which log-ins are tried, what is changed, and what the scripts do on an instance."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import CompShareError, OptionError, WaitError
from ansible_collections.compshare.cloud.plugins.module_utils._instances import access
from ansible_collections.compshare.cloud.plugins.module_utils._instances.access import (
    INSTALL_KEYS,
    SHOW_KEYS,
    ensure_access,
    password_login_off,
)
from ansible_collections.compshare.cloud.plugins.module_utils._instances.ssh_client import LostLoginError, SshResult
from ansible_collections.compshare.cloud.tests.simulator.world import World

from ..in_process import instance_in, new_world, task_in, writes

KEY = f"ssh-ed25519 {'A' * 68} me@here"
OTHER_KEY = f"ssh-rsa {'B' * 372}"
REFUSED = SshResult(255, "", "Permission denied (publickey).")


class FakeSsh:
    """An instance as ssh sees it. ``refuses``: so many log-ins are refused first."""

    known_hosts, known_name = "~/.ssh/known_hosts", "203.0.113.10"
    keys: list[str]
    password_login: bool
    refuses: int
    fails: str
    log: list[str]

    def __init__(self, *_where: Any, password: str | None, **_options: Any) -> None:
        self._password = password

    def __enter__(self) -> FakeSsh:
        return self

    def __exit__(self, *_error: object) -> None:
        pass

    @property
    def has_password(self) -> bool:
        return self._password is not None

    def new_host_keys(self) -> list[str]:
        return ["203.0.113.10 ssh-ed25519 AAAA"]

    def with_key(self, script: str, data: str = "") -> SshResult:
        self.log.append("key")
        return self._run(script, data) if self.keys else REFUSED

    def with_password(self, script: str, data: str = "") -> SshResult:
        self.log.append("password")
        if type(self).refuses > 0:
            type(self).refuses -= 1
            return REFUSED
        return self._run(script, data) if self.password_login else REFUSED

    def accepts_password(self) -> bool:
        return self.password_login

    def as_root(self, _script: str) -> SshResult:
        if self.fails == "root":
            return SshResult(1, "", "sudo: not allowed")
        type(self).password_login = self.fails == "still on"
        return SshResult(0, "changed\n", "")

    def _run(self, script: str, data: str) -> SshResult:
        if script == SHOW_KEYS:
            return SshResult(0, "\n".join(self.keys), "")
        assert script == INSTALL_KEYS
        if self.fails == "install":
            return SshResult(1, "", "No space left on device")
        self.keys.extend(data.splitlines())
        return SshResult(0, "added\n", "")


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    FakeSsh.keys, FakeSsh.password_login, FakeSsh.refuses, FakeSsh.fails, FakeSsh.log = [], True, 0, "", []
    monkeypatch.setattr(access, "SshClient", FakeSsh)
    monkeypatch.setattr(access, "wait_for_ssh", lambda _client, instances, deadline: list(instances))
    return new_world()


def run(world: World, *, check_mode: bool = False, **options: Any) -> dict[str, Any]:
    given = {"name": "train-vm", "keys": [KEY], "timeout": 60.0, **options}
    task = task_in(world, "compshare_instance_access", given, check_mode=check_mode)
    result = ensure_access(task)
    assert task.secrets
    return result


def test_the_password_is_used_once(world: World) -> None:
    first = run(world)
    assert (first["changed"], first["changes"], FakeSsh.keys) == (True, ["keys"], [KEY])
    assert "password" in FakeSsh.log
    FakeSsh.log.clear()
    second = run(world)
    assert (second["changed"], second["changes"]) == (False, [])
    assert "password" not in FakeSsh.log
    assert writes(world) == []


def test_a_further_key_is_installed_with_the_first(world: World) -> None:
    run(world)
    FakeSsh.log.clear()
    assert run(world, keys=[KEY, OTHER_KEY])["changes"] == ["keys"]
    assert "password" not in FakeSsh.log


def test_log_ins_that_are_refused_at_first_are_repeated(world: World) -> None:
    FakeSsh.refuses = 3
    assert run(world)["changes"] == ["keys"]


def test_nobody_can_log_in(world: World) -> None:
    FakeSsh.refuses = 1000
    with pytest.raises(WaitError, match=r"Nobody could log in to .*train-vm.* Permission denied"):
        run(world)


def test_password_log_in_is_turned_off_after_the_key_works(world: World) -> None:
    assert run(world, password_login=False)["changes"] == ["keys", "password_login"]
    assert FakeSsh.password_login is False
    assert run(world, password_login=False)["changes"] == []


@pytest.mark.parametrize("fails", ["root", "still on", "install"])
def test_a_failure_says_what_was_done(world: World, fails: str) -> None:
    FakeSsh.fails = fails
    with pytest.raises(CompShareError) as raised:
        run(world, password_login=False)
    assert raised.value.facts["changes"] == ([] if fails == "install" else ["keys"])


def test_check_mode_predicts_and_changes_nothing(world: World) -> None:
    assert run(world, check_mode=True, password_login=False)["changes"] == ["keys", "password_login"]
    assert (FakeSsh.keys, FakeSsh.password_login) == ([], True)


def test_another_host_key_is_an_error(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    changed = SshResult(255, "", "REMOTE HOST IDENTIFICATION HAS CHANGED!")
    monkeypatch.setattr(FakeSsh, "with_password", lambda *_arguments: changed)
    with pytest.raises(LostLoginError, match="ssh-keygen -R"):
        run(world)


def test_an_instance_without_a_password_needs_a_key(world: World) -> None:
    world.instances.all[instance_in(world, "train-vm")].row["Password"] = ""
    with pytest.raises(CompShareError, match="accepts no key of yours"):
        ensure_access(task_in(world, "compshare_instance_access", {"name": "train-vm", "keys": [KEY]}))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"name": "none"}, "There is no instance 'none'"),
        ({"name": ""}, "There is no instance ''"),
        ({"name": None, "instance_id": "uhost-none"}, "There is no instance 'uhost-none'"),
        ({"keys": ["-----BEGIN OPENSSH PRIVATE KEY-----"]}, "private key"),
        ({"keys": ["ssh-ed25519 short"]}, "not a public key"),
        ({"keys": [f"{KEY}\nssh-rsa x"]}, "not a public key"),
        ({"keys": [f'command="x" {KEY}']}, "not a public key"),
        ({"timeout": 0.0}, "timeout"),
    ],
)
def test_wrong_options(world: World, options: dict[str, Any], says: str) -> None:
    with pytest.raises(OptionError, match=says):
        run(world, **options)
    assert FakeSsh.log == []


def test_a_stopped_instance_is_an_error(world: World) -> None:
    world.instances.all[instance_in(world, "train-vm")].row["State"] = "Stopped"
    with pytest.raises(OptionError, match="does not run"):
        run(world)


# --- The scripts ---


def shell(script: str, folder: Path, data: str = "") -> subprocess.CompletedProcess[str]:
    environment = {"HOME": str(folder), "PATH": f"{folder}/bin:/usr/bin:/bin"}
    return subprocess.run(
        ["/bin/sh", "-c", script], input=data, env=environment, capture_output=True, text=True, check=False
    )


def test_keys_are_added_once_each_on_a_line_of_its_own(tmp_path: Path) -> None:
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh/authorized_keys").write_text("ssh-rsa CCCC without an end of line")
    assert shell(INSTALL_KEYS, tmp_path, f"{KEY}\n{OTHER_KEY}\n").stdout == "added\nadded\n"
    same_key = " ".join([*KEY.split()[:2], "other comment"])
    assert shell(INSTALL_KEYS, tmp_path, f"{same_key}\n").stdout == ""
    assert shell(SHOW_KEYS, tmp_path).stdout.splitlines() == ["ssh-rsa CCCC without an end of line", KEY, OTHER_KEY]


def test_the_folder_of_keys_is_private(tmp_path: Path) -> None:
    assert shell(INSTALL_KEYS, tmp_path, f"{KEY}\n").returncode == 0
    assert [os.stat(tmp_path / name).st_mode & 0o777 for name in (".ssh", ".ssh/authorized_keys")] == [0o700, 0o600]


def machine(folder: Path, config: str, *, is_on: bool = True, is_valid: bool = True) -> str:
    """Put an sshd that is no server into a folder; return the script for it."""
    (folder / "bin").mkdir()
    (folder / "sshd_config").write_text(config)
    (folder / "sshd_config.d").mkdir()
    programs = {
        "sshd": f'case "$1" in -T) echo "passwordauthentication {"yes" if is_on else "no"}" ;;'
        f" -t) exit {0 if is_valid else 1} ;; esac",
        "systemctl": f"echo $* > {folder}/reloaded",
    }
    for name, text in programs.items():
        (folder / "bin" / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / "bin" / name).chmod(0o755)
    return password_login_off(str(folder)).replace("PATH=$PATH:/usr/sbin:/sbin", "")


INCLUDES = "Include /etc/ssh/sshd_config.d/*.conf\nPasswordAuthentication yes\n"
PLAIN = "PasswordAuthentication yes\nMatch User x\n"


def test_a_file_of_its_own_where_the_configuration_includes_some(tmp_path: Path) -> None:
    ended = shell(machine(tmp_path, INCLUDES), tmp_path)
    assert (ended.returncode, ended.stdout) == (0, "changed\n")
    written = (tmp_path / "sshd_config.d/00-compshare-access.conf").read_text()
    assert written == "PasswordAuthentication no\nKbdInteractiveAuthentication no\n"
    assert (tmp_path / "sshd_config").read_text() == INCLUDES
    assert (tmp_path / "reloaded").exists()


def test_the_first_lines_where_it_does_not(tmp_path: Path) -> None:
    assert shell(machine(tmp_path, PLAIN), tmp_path).stdout == "changed\n"
    text = (tmp_path / "sshd_config").read_text()
    assert text == f"PasswordAuthentication no\nKbdInteractiveAuthentication no\n{PLAIN}"


@pytest.mark.parametrize("config", [INCLUDES, PLAIN])
def test_nothing_is_changed_where_sshd_rejects_it(tmp_path: Path, config: str) -> None:
    assert shell(machine(tmp_path, config, is_valid=False), tmp_path).returncode == 1
    assert (tmp_path / "sshd_config").read_text() == config
    assert list((tmp_path / "sshd_config.d").iterdir()) == []
    assert not (tmp_path / "reloaded").exists()


def test_nothing_is_done_where_it_is_off(tmp_path: Path) -> None:
    assert shell(machine(tmp_path, PLAIN, is_on=False), tmp_path).stdout == "off\n"
    assert (tmp_path / "sshd_config").read_text() == PLAIN


@pytest.mark.parametrize(
    ("options", "changes"), [({}, ["keys"]), ({"password_login": False}, ["keys", "password_login"])]
)
@pytest.mark.parametrize("name", ["to-come", "train-vm"])
def test_check_mode_accepts_an_instance_that_an_earlier_task_would_start(
    world: World, name: str, options: dict[str, Any], changes: list[str]
) -> None:
    world.instances.all[instance_in(world, "train-vm")].row["State"] = "Stopped"
    predicted = ensure_access(
        task := task_in(
            world,
            "compshare_instance_access",
            {"name": name, "keys": [KEY], "timeout": 60.0, **options},
            check_mode=True,
        )
    )
    assert (predicted["changed"], predicted["changes"], predicted["instance"]["name"]) == (True, changes, name)
    assert "does not run yet" in task.warnings[0] and FakeSsh.log == []
    with pytest.raises(OptionError):
        run(world, name=name, **options)
