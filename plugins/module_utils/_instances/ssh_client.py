# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Commands on an instance by the system's ssh, with a key or with a password.

A password reaches ssh through a named pipe that only this user can open: it is in no argument, environment or file.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
import typing as t
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from .._api.errors import CompShareError, printable

#: ssh's own exit status, when there was no log-in or the connection broke.
_NO_LOGIN = 255
_CONNECT_TIMEOUT = 10
#: No command here takes long.
_COMMAND_TIMEOUT = 120.0
_ASKPASS = """#!/bin/sh
case "$1" in *assword*) IFS= read -r line < "${0%/*}/pipe" && printf '%s\\n' "$line" ;; *) exit 1 ;; esac
"""
_ONLY_KEY = ("-o", "BatchMode=yes", "-o", "PasswordAuthentication=no", "-o", "KbdInteractiveAuthentication=no")
_ONLY_PASSWORD = (
    *("-o", "PubkeyAuthentication=no", "-o", "NumberOfPasswordPrompts=1"),
    *("-o", "PreferredAuthentications=password,keyboard-interactive"),
)


class LostLoginError(CompShareError):
    """A log-in is refused by ssh itself, and no retry helps."""


@dataclass(frozen=True)
class SshResult:
    """What came of a command."""

    status: int
    output: str
    fault: str

    @property
    def logged_in(self) -> bool:
        """Return whether the command was run."""
        return self.status != _NO_LOGIN

    @property
    def ok(self) -> bool:
        """Return whether the command was run and succeeded."""
        return self.status == 0

    @property
    def host_key_differs(self) -> bool:
        """Return whether ssh refused the host key."""
        return not self.logged_in and "HOST IDENTIFICATION HAS CHANGED" in self.fault.upper()


class SshClient:
    """The ssh of this machine, for one user of one instance; used in a C(with) block."""

    def __init__(
        self,
        host: str,
        port: int,
        user: str,
        *,
        password: str | None,
        private_key_file: str | None,
        known_hosts: str,
    ) -> None:
        self.known_hosts = os.path.expanduser(known_hosts)
        self.known_name = host if port == 22 else f"[{host}]:{port}"
        self._password = password
        key = ("-i", private_key_file, "-o", "IdentitiesOnly=yes") if private_key_file else ()
        self._key_options = (*_ONLY_KEY, *key)
        self._destination = ("-p", str(port), "-l", user, "--", host)
        self._folder = tempfile.TemporaryDirectory(prefix="compshare-")
        self._new_keys = Path(self._folder.name, "known_hosts")

    def __enter__(self) -> SshClient:
        askpass = Path(self._folder.name, "askpass")
        askpass.write_text(_ASKPASS, encoding="utf-8")
        askpass.chmod(0o700)
        os.mkfifo(Path(self._folder.name, "pipe"), 0o600)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._folder.cleanup()

    @property
    def has_password(self) -> bool:
        """Return whether there is a password to try."""
        return self._password is not None

    def new_host_keys(self) -> list[str]:
        """Return the lines for known_hosts of keys that were seen for the first time."""
        try:
            return self._new_keys.read_text(encoding="utf-8").splitlines()
        except OSError:
            return []

    def with_key(self, script: str, data: str = "") -> SshResult:
        """Run a script after a log-in with a key."""
        return self._run(self._key_options, script, data, {})

    def with_password(self, script: str, data: str = "") -> SshResult:
        """Run a script after a log-in with the password."""
        # Before OpenSSH 8.4, ssh runs the program only if there is a display and no terminal.
        environment = {
            "SSH_ASKPASS": str(Path(self._folder.name, "askpass")),
            "SSH_ASKPASS_REQUIRE": "force",
            "DISPLAY": os.environ.get("DISPLAY", ":0"),
        }
        # Open for reading, too, so that writing needs no reader; what nobody has read is gone with the descriptor.
        pipe = os.open(Path(self._folder.name, "pipe"), os.O_RDWR | os.O_NONBLOCK)
        try:
            os.write(pipe, f"{self._password}\n".encode())
            return self._run(_ONLY_PASSWORD, script, data, environment)
        finally:
            os.close(pipe)

    def accepts_password(self) -> bool:
        """Return whether the password opens the instance; raises CompShareError if that is not known."""
        if self._password is None:
            return False
        result = self.with_password("exit 0")
        if result.logged_in:
            return True
        if "permission denied" in result.fault.lower():
            return False
        raise CompShareError(f"It could not be checked whether password log-in is on: {result.fault}", retryable=True)

    def as_root(self, script: str) -> SshResult:
        """Run a script as root after a log-in with a key. The password is for sudo, where that needs one."""
        quoted = shlex.quote(script)
        command = f"if [ $(id -u) = 0 ]; then exec sh -c {quoted}; else exec sudo -S -p '' sh -c {quoted}; fi"
        return self.with_key(command, f"{self._password or ''}\n")

    def _run(self, options: t.Sequence[str], script: str, data: str, environment: t.Mapping[str, str]) -> SshResult:
        command = [
            "ssh",
            *("-T", "-o", f"ConnectTimeout={_CONNECT_TIMEOUT}", "-o", "ServerAliveInterval=15"),
            *("-o", "ControlMaster=no", "-o", "ControlPath=none", "-o", "LogLevel=ERROR"),
            *("-o", "StrictHostKeyChecking=accept-new", "-o", "HashKnownHosts=no", "-o", "UpdateHostKeys=no"),
            *("-o", f'UserKnownHostsFile="{self._new_keys}" "{self.known_hosts}"'),
            *options,
            *self._destination,
            f"sh -c {shlex.quote(script)}",
        ]
        try:
            # AnsibleModule.run_command has no time limit.
            # pylint: disable-next=ansible-bad-function
            ended = subprocess.run(  # noqa: S603 -- no shell; host and user were checked where the API's command was parsed
                command,
                input=data.encode(),
                capture_output=True,
                check=False,
                timeout=_COMMAND_TIMEOUT,
                env={**os.environ, **environment, "LC_ALL": "C"},
                start_new_session=True,
            )
        except FileNotFoundError:
            raise CompShareError(
                "There is no ssh on the machine where the task runs.", hint="Install OpenSSH's client there."
            ) from None
        except subprocess.TimeoutExpired:
            return SshResult(_NO_LOGIN, "", f"no end within {_COMMAND_TIMEOUT:.0f} s")
        fault = ended.stderr.decode("utf-8", "replace").strip() or f"exit status {ended.returncode}"
        if self._password:
            fault = fault.replace(self._password, "***")
        return SshResult(ended.returncode, ended.stdout.decode("utf-8", "replace"), printable(fault, 500))
