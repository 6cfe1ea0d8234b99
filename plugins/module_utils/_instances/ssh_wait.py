# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Waiting until an SSH server responds: an instance runs well before it can be logged in to."""

from __future__ import annotations

import socket
import typing as t
from collections.abc import Sequence

from .._api.client import Client
from .._api.errors import CompShareError, OptionError, WaitError
from .._waiting import Backoff, DeadlineError, raise_lasting, wait_until
from .model import RUNNING, STOPPED, Instance, describe, settled
from .query import read_by_id

_BANNER = b"SSH-"
#: Seconds for connecting, and again for the greeting.
_TIMEOUT = 5.0
_BACKOFF = Backoff(first=1.0, longest=5.0)


def greets(host: str, port: int) -> bool:
    """Return whether an SSH server responds there: it speaks first, and its greeting begins with SSH-."""
    try:
        with socket.create_connection((host, port), timeout=_TIMEOUT) as connection:
            return connection.recv(len(_BANNER), socket.MSG_WAITALL) == _BANNER
    except OSError:
        return False


def wait_for_ssh(
    client: Client,
    instances: Sequence[Instance],
    *,
    deadline: float,
    responds: t.Callable[[str, int], bool] = greets,
) -> list[Instance]:
    """Return the instances as they are when an SSH server responds on each, until C(deadline) (C(clock.now())).

    The login command is read again each time, since a pod may change its address when it starts. Raises WaitError,
    naming each that did not respond and where it was tried, and OptionError for Windows, which has no SSH here, and for
    an instance that does not run.
    """
    windows = [instance for instance in instances if instance["os_type"] == "Windows"]
    if windows:
        raise OptionError(
            f"wait_for_ssh is not possible for {describe(windows[0])}: the API has no SSH login for Windows."
        )
    still = [instance for instance in instances if settled(instance["state"]) == STOPPED]
    if still:
        raise OptionError(
            f"wait_for_ssh is not possible: {describe(still[0])} does not run.", hint="Use state=running to start it."
        )
    ready: dict[str, Instance] = {}
    latest = {instance["id"]: instance for instance in instances}

    fault: CompShareError | None = None

    def probe() -> bool | None:
        nonlocal fault
        unreachable = [identity for identity in latest if identity not in ready]
        try:
            latest.update(read_by_id(client, unreachable))
            fault = None
        except CompShareError as error:
            # An SSH server may respond while the API does not.
            raise_lasting(error)
            fault = error
        for identity in unreachable:
            instance = latest[identity]
            known = instance["state"] == RUNNING and instance["ssh_host"]
            if known and responds(instance["ssh_host"], instance["ssh_port"]):
                ready[identity] = instance
        return True if len(ready) == len(latest) else None

    try:
        wait_until(client.clock, probe, deadline=deadline, backoff=_BACKOFF)
    except DeadlineError:
        unreachable = [latest[identity] for identity in latest if identity not in ready]
        raise _no_response(unreachable, fault) from None
    return [ready[instance["id"]] for instance in instances]


def _no_response(instances: Sequence[Instance], fault: CompShareError | None) -> WaitError:
    tried = [
        f"{describe(instance)} at {instance['ssh_host']} port {instance['ssh_port']}"
        if instance["ssh_host"]
        else f"{describe(instance)}, for which the API shows no SSH login"
        for instance in instances
    ]
    because = f" The last response was: {fault.summary}" if fault is not None else ""
    return WaitError(
        f"At the end of wait_timeout no SSH server responded on {', '.join(tried)}.{because}",
        hint="Check the firewall in the console, or run the task again to go on waiting.",
        retryable=True,
    )
