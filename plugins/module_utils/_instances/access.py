# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Key log-in to an instance: public keys are installed with its password, which is then no longer needed."""

from __future__ import annotations

import re
import typing as t
from contextlib import ExitStack

from .._api.errors import CompShareError, OptionError, WaitError, printable
from .._task import Task
from .._waiting import Backoff, DeadlineError, wait_until
from .login import decode_password
from .model import RUNNING, Instance, describe, normalise_instance, settled
from .query import one_named, read_rows
from .ssh_client import LostLoginError, SshClient, SshResult
from .ssh_wait import wait_for_ssh

_KEY = re.compile(
    r"(ssh-(rsa|ed25519)|ecdsa-sha2-nistp(256|384|521)|sk-(ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com)"
    r" [A-Za-z0-9+/]{40,}={0,2}( [^\x00-\x1f\x7f]*)?\Z"
)
#: Adds each key of standard input that is not there, compared without its comment, and says so.
INSTALL_KEYS = r"""
umask 077
mkdir -p ~/.ssh && touch ~/.ssh/authorized_keys || exit 1
while IFS= read -r key; do
  rest=${key#* }
  grep -qF -e "${key%% *} ${rest%% *}" ~/.ssh/authorized_keys && continue
  test -z "$(tail -c 1 ~/.ssh/authorized_keys)" || echo >> ~/.ssh/authorized_keys
  printf '%s\n' "$key" >> ~/.ssh/authorized_keys || exit 1
  echo added
done
"""
#: Prints the keys that are there.
SHOW_KEYS = "cat ~/.ssh/authorized_keys 2>/dev/null; exit 0"
_BACKOFF = Backoff(1.0, 5.0)


def password_login_off(folder: str = "/etc/ssh") -> str:
    """Return the script that turns password log-in off, for root. It changes nothing if sshd rejects the result."""
    return rf"""
PATH=$PATH:/usr/sbin:/sbin
config={folder}/sshd_config
extra={folder}/sshd_config.d
sshd -T 2>/dev/null | grep -qix 'passwordauthentication yes' || {{ echo off; exit 0; }}
lines='PasswordAuthentication no
KbdInteractiveAuthentication no'
if grep -qi '^[[:space:]]*include[[:space:]].*sshd_config\.d' "$config"; then
  target=$extra/00-compshare-access.conf
  printf '%s\n' "$lines" > "$target" && sshd -t || {{ rm -f "$target"; exit 1; }}
else
  cp -p "$config" "$config.before-compshare-access" || exit 1
  {{ printf '%s\n' "$lines"; cat "$config.before-compshare-access"; }} > "$config" && sshd -t ||
    {{ cp -p "$config.before-compshare-access" "$config"; exit 1; }}
fi
systemctl reload ssh 2>/dev/null || systemctl reload sshd 2>/dev/null || service ssh reload 2>/dev/null ||
  kill -HUP "$(cat /run/sshd.pid)" || exit 1
echo changed
"""


def ensure_access(task: Task) -> dict[str, t.Any]:
    """Let the keys of the options log in to an instance; return how to log in and what was changed."""
    keys = [_checked_key(key) for key in task.options["keys"]]
    if not task.options["timeout"] > 0:
        raise OptionError("timeout must be more than 0 seconds.")
    with ExitStack() as stack:
        return _Access(task, keys, stack).ensure()


def _checked_key(key: str) -> str:
    key = key.strip()
    if "PRIVATE KEY" in key:
        raise OptionError("keys has a private key. Give the public one, which is in the file that ends in .pub.")
    if not _KEY.match(key):
        raise OptionError(
            f"keys has {printable(key, 40)!r}, which is not a public key.",
            hint="Give the line of a file such as ~/.ssh/id_ed25519.pub.",
        )
    return key


class _Access:
    def __init__(self, task: Task, keys: t.Sequence[str], stack: ExitStack) -> None:
        self._task = task
        self._client = task.client
        self._keys = keys
        self._stack = stack
        self._deadline = self._client.clock.now() + task.options["timeout"]
        self._changes: list[str] = []

    def ensure(self) -> dict[str, t.Any]:
        row = self._find()
        instance = normalise_instance(row)
        if settled(instance["state"]) != RUNNING and self._task.check_mode:
            return self._predict(instance)
        if settled(instance["state"]) != RUNNING:
            raise OptionError(f"{describe(instance)} does not run.", hint="Start it with state=running.")
        instance = wait_for_ssh(self._client, [instance], deadline=self._deadline)[0]
        password = decode_password(row.get("Password"))
        if password is not None:
            self._task.register_secrets([password])
        ssh = self._stack.enter_context(
            SshClient(
                instance["ssh_host"],
                instance["ssh_port"],
                instance["ssh_user"],
                password=password,
                private_key_file=self._task.options["private_key_file"],
                known_hosts=self._task.options["known_hosts"],
            )
        )
        try:
            self._install_keys(ssh, instance)
            if self._task.options["password_login"] is False:
                self._turn_password_login_off(ssh, instance)
        except CompShareError as error:
            error.facts = {**self._facts(instance, ssh), **error.facts}
            raise
        return self._facts(instance, ssh)

    def _predict(self, instance: Instance) -> dict[str, t.Any]:
        """Return what check mode predicts for an instance that an earlier task would create or start."""
        title = describe(instance) if instance["id"] else f"The instance {printable(instance['name'], 80)!r}"
        self._task.warn(
            f"{title} does not run yet, so nobody has logged in to it; an earlier task would have to start it."
        )
        changes = ["keys"] if self._task.options["password_login"] else ["keys", "password_login"]
        return {"changed": True, "changes": changes, "instance": instance, "host_keys": []}

    def _facts(self, instance: Instance, ssh: SshClient) -> dict[str, t.Any]:
        return {
            "changed": bool(self._changes),
            "changes": self._changes,
            "instance": instance,
            "host_keys": ssh.new_host_keys(),
        }

    def _find(self) -> dict[str, t.Any]:
        rows = read_rows(self._client)
        instance_id, name = self._task.options["instance_id"], self._task.options["name"]
        if name:
            found = one_named([normalise_instance(row) for row in rows], name)
            instance_id = found["id"] if found is not None else None
        row = next((row for row in rows if instance_id and row.get("UHostId") == instance_id), None)
        if row is None and name and self._task.check_mode:
            return {"Name": name}
        if row is None:
            raise OptionError(
                f"There is no instance {printable(instance_id or name or '')!r}.",
                hint="Check the name or id, project_id and the account of the key.",
            )
        return row

    def _install_keys(self, ssh: SshClient, instance: Instance) -> None:
        present = ssh.with_key(SHOW_KEYS)
        if present.ok and all(" ".join(key.split()[:2]) in present.output for key in self._keys):
            return
        if self._task.check_mode:
            self._changes.append("keys")
            return
        data = "".join(f"{key}\n" for key in self._keys)
        how: SshResult
        if present.ok:
            how = ssh.with_key(INSTALL_KEYS, data)
        elif ssh.has_password:
            how = self._until_logged_in(ssh, instance, lambda: ssh.with_password(INSTALL_KEYS, data))
        else:
            raise CompShareError(
                f"{describe(instance)} accepts no key of yours, and the API shows no password of it: {present.fault}",
                hint="Set private_key_file, or give the instance a new password in the console.",
            )
        if not how.ok:
            raise CompShareError(
                f"The keys could not be installed on {describe(instance)}: {how.fault}",
                hint="Check the disk of the instance, and that its user may write to its home folder.",
            )
        if "added" in how.output:
            self._changes.append("keys")
        self._until_logged_in(ssh, instance, lambda: ssh.with_key(SHOW_KEYS))

    def _until_logged_in(self, ssh: SshClient, instance: Instance, attempt: t.Callable[[], SshResult]) -> SshResult:
        """Try until a log-in succeeds: a new instance may refuse log-ins for a while. Raises WaitError."""
        result: SshResult | None = None

        def probe() -> SshResult | None:
            nonlocal result
            result = attempt()
            if result.host_key_differs:
                raise LostLoginError(
                    f"{describe(instance)} shows another host key than the one in {ssh.known_hosts}.",
                    hint="If its address was another machine's before, remove that key: "
                    f"ssh-keygen -R '{ssh.known_name}' -f {ssh.known_hosts}",
                )
            return result if result.logged_in else None

        try:
            return wait_until(self._client.clock, probe, deadline=self._deadline, backoff=_BACKOFF)
        except DeadlineError:
            because = "" if result is None else f": {result.fault}"
            raise WaitError(
                f"Nobody could log in to {describe(instance)} until the timeout{because}",
                hint="Set private_key_file to the private key of one of the keys, or load it into ssh-agent.",
                retryable=True,
            ) from None

    def _turn_password_login_off(self, ssh: SshClient, instance: Instance) -> None:
        if not ssh.accepts_password():
            return
        if self._task.check_mode:
            self._changes.append("password_login")
            return
        result = ssh.as_root(password_login_off())
        if not result.ok:
            raise CompShareError(f"Password log-in to {describe(instance)} could not be turned off: {result.fault}")
        if ssh.accepts_password():
            raise CompShareError(
                f"{describe(instance)} accepts its password although password log-in was turned off.",
                hint="Look for PasswordAuthentication in /etc/ssh/sshd_config and /etc/ssh/sshd_config.d on it.",
            )
        self._changes.append("password_login")
