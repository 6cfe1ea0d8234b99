"""Instances that can be logged in to, for the module that does so: the simulator has no SSH servers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from unittest import mock

from ansible_collections.compshare.cloud.plugins.module_utils._instances import access
from ansible_collections.compshare.cloud.plugins.module_utils._instances.ssh_client import SshResult
from ansible_collections.compshare.cloud.plugins.module_utils._instances.ssh_wait import wait_for_ssh

_REFUSED = SshResult(255, "", "Permission denied (publickey).")


class _Ssh:
    """Log-ins to one instance, which knows no key yet and has its password log-in on."""

    known_hosts, known_name = "~/.ssh/known_hosts", "203.0.113.10"

    def __init__(self, *_where: Any, password: str | None, **_options: Any) -> None:
        self.has_password = password is not None
        self._keys = ""
        self._password_login = True

    def __enter__(self) -> _Ssh:
        return self

    def __exit__(self, *_error: object) -> None:
        pass

    def new_host_keys(self) -> list[str]:
        return []

    def with_key(self, _script: str, data: str = "") -> SshResult:
        return SshResult(0, self._keys + data, "") if self._keys else _REFUSED

    def with_password(self, _script: str, data: str = "") -> SshResult:
        self._keys += data
        return SshResult(0, "added\n", "")

    def accepts_password(self) -> bool:
        return self._password_login

    def as_root(self, _script: str) -> SshResult:
        self._password_login = False
        return SshResult(0, "changed\n", "")


@contextmanager
def instances_with_ssh() -> Iterator[None]:
    """Let compshare_instance_access find an SSH server on each instance while the block runs."""
    responds = partial(wait_for_ssh, responds=lambda _host, _port: True)
    with mock.patch.object(access, "SshClient", _Ssh), mock.patch.object(access, "wait_for_ssh", responds):
        yield
