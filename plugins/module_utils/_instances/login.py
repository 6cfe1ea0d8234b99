# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""How to log in to an instance: what the API's login command says, its password, and addresses without secrets.

The login command is text from elsewhere that ends up in an SSH client's arguments, so it is taken apart strictly:
what does not look like a host, a user and a port is not handed on.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
import shlex
import typing as t
from urllib.parse import urlsplit, urlunsplit

from .._api import values

SSH_PORT = 22
#: The login command is a line; anything longer is something else.
_LONGEST_COMMAND = 1000
#: Options of ssh that take a value, so that the value is not mistaken for the host.
_WITH_VALUE = frozenset("BbcDEeFIiJLlmOoPpQRSWw")
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST_NAME = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})*\.?\Z", re.ASCII)
_USER = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}\Z", re.ASCII)


class Login(t.NamedTuple):
    """Where SSH goes: the host, its port, and the user, None if the command names none."""

    host: str
    port: int
    user: str | None


def parse_ssh_command(command: object) -> Login | None:
    """Return what C(SshLoginCommand) says, None where it says nothing that can be used.

    Recorded are C(ssh ubuntu@HOST), C(ssh -p 23 root@HOST), C(ssh root@HOST -p 23) and the same with a host name; the
    vendor's client also reckons with C(ssh://user@host:port). A command that runs something, or whose host or user
    could be taken for an option, is refused.
    """
    if not isinstance(command, str) or len(command) > _LONGEST_COMMAND:
        return None
    try:
        words = shlex.split(command)
    except ValueError:
        return None
    if len(words) == 1 and words[0].startswith("ssh://"):
        words = ["ssh", *words]
    if len(words) < 2 or words[0] not in ("ssh", "/usr/bin/ssh"):
        return None
    arguments = _arguments(words[1:])
    if arguments is None:
        return None
    destination, options = arguments
    return _login(destination, options.get("p"), options.get("l"))


def _arguments(words: list[str]) -> tuple[str, dict[str, str]] | None:
    """Return the destination and the options with values; None unless there is exactly one destination."""
    destination: str | None = None
    options: dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        if word == "--":
            continue
        if word.startswith("-") and len(word) > 1:
            # Options may be joined, the last one with its value behind it: -vp23.
            for index, letter in enumerate(word[1:], start=2):
                if letter in _WITH_VALUE:
                    value = word[index:] or next(rest, None)
                    if value is None:
                        return None
                    options[letter] = value
                    break
        elif destination is None:
            destination = word
        else:
            return None
    return None if destination is None else (destination, options)


def _login(destination: str, port: str | None, user: str | None) -> Login | None:
    if destination.startswith("ssh://"):
        try:
            parts = urlsplit(destination)
            host, told_port = parts.hostname or "", parts.port
        except ValueError:
            return None
        if parts.path.strip("/") or parts.query or parts.fragment or parts.password:
            return None
        user = user or parts.username
        port = port or (str(told_port) if told_port is not None else None)
    else:
        name, at, host = destination.rpartition("@")
        user = user or (name if at else None)
        if host.startswith("[") and host.endswith("]"):
            host = host[1:-1]
    if not is_host(host) or (user is not None and not _USER.match(user)):
        return None
    number = _port(port)
    return None if number is None else Login(host, number, user)


def _port(port: str | None) -> int | None:
    if port is None:
        return SSH_PORT
    if not (port.isascii() and port.isdigit() and len(port) <= 5):
        return None
    number = int(port)
    return number if 0 < number < 65536 else None


def is_address(host: object) -> bool:
    """Return whether C(host) is an IP address, without a zone index: that may hold any text."""
    if not isinstance(host, str) or "%" in host:
        return False
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_host(host: object) -> bool:
    """Return whether C(host) is an address or a host name, and nothing that a program could take for an option."""
    return is_address(host) or (isinstance(host, str) and _HOST_NAME.match(host) is not None)


def decode_password(password: object) -> str | None:
    """Return the password in plain text.

    The API sends it in base64; the vendor's client also met old rows that hold it as it is. What is not base64 of
    printable text is taken as it is.
    """
    encoded = values.text(password)
    if encoded is None:
        return None
    try:
        raw = base64.b64decode(encoded, validate=True)
        decoded = raw.decode("utf-8")
    except (binascii.Error, ValueError):
        return encoded
    if not decoded or not decoded.isprintable() or base64.b64encode(raw).decode("ascii") != encoded:
        return encoded
    return decoded


def encode_password(password: str) -> str:
    """Return a password as the API takes it."""
    return base64.b64encode(password.encode("utf-8")).decode("ascii")


def without_secrets(address: object) -> str | None:
    """Return a web address without what may hold a token: user, query and fragment. None where it is no address."""
    if not isinstance(address, str):
        return None
    try:
        parts = urlsplit(address)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return None
    if not parts.scheme or not host:
        # Not an address, so no part of it can be separated.
        return None
    return urlunsplit((parts.scheme, host, parts.path, "", ""))
