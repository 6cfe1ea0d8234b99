"""What is handed to ssh, and what comes of it; a small program takes the place of ssh."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import CompShareError
from ansible_collections.compshare.cloud.plugins.module_utils._instances import ssh_client
from ansible_collections.compshare.cloud.plugins.module_utils._instances.ssh_client import SshClient

PASSWORD = "made-up-Password-0001"
#: Prompts for the password like ssh does, notes everything, and does what the test has written into its folder.
FAKE_SSH = """#!/bin/sh
here=${0%/*}
printf '%s\\n' "$@" > "$here/arguments"
env > "$here/environment"
cat > "$here/input"
test -z "$SSH_ASKPASS" || "$SSH_ASKPASS" "user@host's password: " > "$here/password"
. "$here/behave"
"""


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a program that is taken for ssh."""
    (tmp_path / "ssh").write_text(FAKE_SSH)
    (tmp_path / "ssh").chmod(0o755)
    (tmp_path / "behave").write_text("echo done\n")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path


@pytest.fixture
def make_client(tmp_path: Path) -> Iterator[Callable[..., SshClient]]:
    created: list[SshClient] = []

    def make(**options: Any) -> SshClient:
        given = {"password": PASSWORD, "private_key_file": None, "known_hosts": str(tmp_path / "known"), **options}
        created.append(SshClient("203.0.113.10", 23, "root", **given).__enter__())
        return created[-1]

    yield make
    for client in created:
        client.__exit__(None, None, None)


def test_the_password_goes_through_the_pipe_only(fake: Path, make_client: Callable[..., SshClient]) -> None:
    client = make_client()
    result = client.with_password("true", "some data\n")
    assert (result.ok, result.logged_in, result.output) == (True, True, "done\n")
    assert (fake / "password").read_text() == f"{PASSWORD}\n"
    assert (fake / "input").read_text() == "some data\n"
    for name in ("arguments", "environment"):
        assert PASSWORD not in (fake / name).read_text()
    arguments = (fake / "arguments").read_text().splitlines()
    assert arguments[-6:] == ["23", "-l", "root", "--", "203.0.113.10", "sh -c true"]
    assert "PubkeyAuthentication=no" in arguments


def test_other_prompts_do_not_get_the_password(fake: Path, make_client: Callable[..., SshClient]) -> None:
    (fake / "behave").write_text('"$SSH_ASKPASS" "Enter PIN for key: "; exit $?\n')
    assert make_client().with_password("true").status == 1


def test_a_key_log_in_never_prompts(fake: Path, make_client: Callable[..., SshClient]) -> None:
    make_client(private_key_file="/keys/mine").with_key("true")
    arguments = (fake / "arguments").read_text().splitlines()
    assert {"BatchMode=yes", "PasswordAuthentication=no", "IdentitiesOnly=yes", "/keys/mine"} <= set(arguments)
    assert not (fake / "password").exists()


@pytest.mark.parametrize(
    ("behaviour", "accepted"),
    [("exit 0", True), ("echo 'root@host: Permission denied (publickey).' >&2; exit 255", False)],
)
def test_whether_a_password_is_accepted(
    fake: Path, make_client: Callable[..., SshClient], behaviour: str, accepted: bool
) -> None:
    (fake / "behave").write_text(f"{behaviour}\n")
    assert make_client().accepts_password() is accepted
    assert make_client(password=None).accepts_password() is False


def test_no_response_does_not_prove_that_the_password_is_refused(
    fake: Path, make_client: Callable[..., SshClient]
) -> None:
    (fake / "behave").write_text("echo 'ssh: connect to host: Connection refused' >&2; exit 255\n")
    with pytest.raises(CompShareError, match="could not be checked"):
        make_client().accepts_password()


def test_root_gets_the_password_by_standard_input(fake: Path, make_client: Callable[..., SshClient]) -> None:
    make_client().as_root("echo 'it is'")
    assert (fake / "input").read_text() == f"{PASSWORD}\n"
    assert PASSWORD not in (fake / "arguments").read_text()
    assert "sudo -S" in (fake / "arguments").read_text()


def test_output_is_reported_without_the_password(fake: Path, make_client: Callable[..., SshClient]) -> None:
    (fake / "behave").write_text(f"echo 'no {PASSWORD}' >&2; exit 3\n")
    result = make_client().with_key("true")
    assert (result.status, result.fault) == (3, "no ***")


def test_another_host_key_is_reported(fake: Path, make_client: Callable[..., SshClient]) -> None:
    (fake / "behave").write_text("echo 'WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!' >&2; exit 255\n")
    assert make_client().with_key("true").host_key_differs


def test_new_host_keys_are_those_that_ssh_has_noted(fake: Path, make_client: Callable[..., SshClient]) -> None:
    client = make_client()
    assert client.new_host_keys() == []
    (fake / "behave").write_text(
        'option=$(grep UserKnownHostsFile= "$here/arguments"); eval "set -- ${option#*=}"; echo \'host key\' > "$1"\n'
    )
    client.with_key("true")
    assert client.new_host_keys() == ["host key"]
    assert (client.known_name, make_client().known_name) == ("[203.0.113.10]:23",) * 2


def test_a_missing_ssh_is_an_error(
    make_client: Callable[..., SshClient], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = make_client()
    monkeypatch.setenv("PATH", str(tmp_path / "none"))
    with pytest.raises(CompShareError, match="There is no ssh"):
        client.with_key("true")


def test_a_command_without_end_is_given_up(
    fake: Path, make_client: Callable[..., SshClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ssh_client, "_COMMAND_TIMEOUT", 0.3)
    (fake / "behave").write_text("exec sleep 30\n")
    result = make_client().with_key("true")
    assert not result.logged_in
    assert "no end within" in result.fault
