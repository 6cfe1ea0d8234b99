# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Instances as hosts: their names, variables, and where to log in. Knows nothing of Ansible's inventory.

Names of instances are untrusted text, while names of hosts are more than text: Ansible looks for files of that
name, takes some characters for patterns, and hands a name to SSH where a host has no address.
"""

from __future__ import annotations

import re
import typing as t
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from .login import SSH_PORT
from .model import SECRET_KEYS

CONNECT_WITH = ("ssh_command", "public_ip", "private_ip")
RUNNING = "Running"
_CONTAINER_PORT = 23
_USERS = {"vm": "ubuntu", "container": "root", "pod": "root"}
_WINDOWS_USER = "Administrator"
#: File systems allow 255 bytes for a name; a Chinese character takes three.
_LONGEST_NAME = 80
#: Most names are safe as they are; this spares a look at each of their characters.
_SAFE_NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9_.-]{{0,{_LONGEST_NAME - 1}}}")
#: Names that mean this machine or every host.
_RESERVED = frozenset(("all", "ungrouped", "localhost", "127.0.0.1", "::1"))


class Connection(t.NamedTuple):
    """Where Ansible connects to; None for what is not known."""

    host: str | None
    port: int | None
    user: str | None


def connection_of(instance: Mapping[str, t.Any], connect_with: str) -> Connection:
    """Return where to connect to: only an instance that runs has an address.

    C(ssh_command) takes what the API's login command says. Where there is none, as for Windows, and for the other
    choices, it is the address from the list with the user and port that the kind of instance has, as documented:
    ubuntu and 22 for a virtual machine, root and 23 for a container. The port of a pod is its own, so none is guessed.
    """
    if instance["state"] != RUNNING:
        return Connection(None, None, None)
    kind, windows = instance["kind"], instance["os_type"] == "Windows"
    user = instance["ssh_user"] or (_WINDOWS_USER if windows else _USERS.get(kind or ""))
    if connect_with == "ssh_command" and instance["ssh_host"]:
        return Connection(instance["ssh_host"], instance["ssh_port"], user)
    host = instance["private_ip" if connect_with == "private_ip" else "public_ip"]
    if host is None:
        return Connection(None, None, None)
    if windows or kind == "pod":
        return Connection(host, None, user)
    return Connection(host, instance["ssh_port"] or (_CONTAINER_PORT if kind == "container" else SSH_PORT), user)


def host_variables(
    instance: Mapping[str, t.Any], *, prefix: str, connect_with: str, password: str | None = None
) -> dict[str, t.Any]:
    """Return the variables of the host that is an instance: its keys with C(prefix), and Ansible's for the connection.

    Never holds a secret, but for C(password), which becomes ansible_password.
    """
    variables = {f"{prefix}{key}": value for key, value in instance.items() if key not in SECRET_KEYS}
    connection = connection_of(instance, connect_with)
    for key, value in zip(("ansible_host", "ansible_port", "ansible_user"), connection):
        if value is not None:
            variables[key] = value
    if password is not None and connection.host is not None:
        variables["ansible_password"] = password
    return variables


def safe_host_name(text: str | None) -> str:
    """Return a host name from C(text), empty where nothing of it is left.

    Letters and digits of every script stay, as do underscore, dot and hyphen; everything else becomes an underscore:
    slashes (Ansible looks for files by this name), the characters of host patterns, spaces and control characters.
    A dot or hyphen never comes first.
    """
    if text and _SAFE_NAME.fullmatch(text):
        return text
    kept = "".join(character if character.isalnum() or character in "_.-" else "_" for character in text or "")
    name = kept[:_LONGEST_NAME].lstrip(".-")
    return name if name.strip("_.-") else ""


def unique_names(
    instances: Sequence[Mapping[str, t.Any]],
    name_of: Callable[[Mapping[str, t.Any]], str | None],
    is_taken: Callable[[str, Mapping[str, t.Any]], bool] = lambda _name, _instance: False,
) -> list[str]:
    """Return a host name for each instance, no two alike.

    C(name_of) returns the desired name. If several instances have the same, each of them gets its id appended, so that
    nobody's name depends on who comes first; so does a name that C(is_taken()) or has a meaning of its own.
    """
    ids = [safe_host_name(instance["id"]) or f"instance-{index}" for index, instance in enumerate(instances)]
    names = [safe_host_name(name_of(instance)) or ids[index] for index, instance in enumerate(instances)]
    # Once is mostly enough; but somebody may have named an instance like another one with its id.
    while True:
        count = Counter(names)
        clashes = [
            count[name] > 1 or name in _RESERVED or is_taken(name, instance) for name, instance in zip(names, instances)
        ]
        if not any(clashes):
            return names
        names = [f"{name}_{ids[index]}" if clashes[index] else name for index, name in enumerate(names)]
