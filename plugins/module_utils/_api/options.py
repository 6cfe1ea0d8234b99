# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""The connection options, and the checks of what a user gives: the same for modules, plugins and event sources.

Every interval, timeout and rate is listed in NUMBERS and checked by check_numbers(); run_module() and
Client.from_options() call it, so nothing else needs to.
"""

from __future__ import annotations

import difflib
import functools
import ipaddress
import math
import os
import typing as t
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from .errors import OptionError, printable

#: The options of the documentation fragment compshare.cloud.connection, each with the type of its value.
CONNECTION_OPTIONS = {
    "public_key": "str",
    "private_key": "str",
    "profile": "str",
    "project_id": "str",
    "region": "str",
    "zone": "str",
    "api_url": "str",
    "validate_certs": "bool",
    "ca_path": "path",
    "api_timeout": "float",
    "api_retries": "int",
    "api_throttle_timeout": "float",
    "api_rate": "float",
}
#: The values of those that are omitted, also in the environment.
DEFAULT_API_URL = "https://api.compshare.cn"
DEFAULT_TIMEOUT = 60.0
DEFAULT_RETRIES = 4
DEFAULT_THROTTLE_TIMEOUT = 60.0
CONNECTION_DEFAULTS: dict[str, str | bool | float] = {
    "api_url": DEFAULT_API_URL,
    "validate_certs": True,
    "api_timeout": DEFAULT_TIMEOUT,
    "api_retries": DEFAULT_RETRIES,
    "api_throttle_timeout": DEFAULT_THROTTLE_TIMEOUT,
}
#: Options of which the environment variables are read where their order is decided, in credentials.py.
CREDENTIALS = ("public_key", "private_key", "profile")
CONVERTED = ("bool", "int", "float")
_DAY = 86400.0


class Range:
    """The values that a number may have, both ends included."""

    def __init__(self, least: float, most: float, unit: str = " seconds") -> None:
        self.least = least
        self.most = most
        self.unit = unit


NUMBERS: dict[str, Range] = {
    "api_timeout": Range(0.1, _DAY),
    "api_retries": Range(0, 100, ""),
    "api_throttle_timeout": Range(0, _DAY),
    "api_rate": Range(0.01, 10000, " requests a second"),
    "cache_timeout": Range(0, _DAY),
    "wait_timeout": Range(0, 31 * _DAY),
    "wait_for_stock": Range(0, 31 * _DAY),
    "poll_interval": Range(1, _DAY),
    "max_poll_interval": Range(2, _DAY),
}

_BOOLEANS = {
    **dict.fromkeys(("true", "yes", "y", "on", "t", "1"), True),
    **dict.fromkeys(("false", "no", "n", "off", "f", "0"), False),
}


def check_number(name: str, value: float, allowed: Range) -> None:
    """Raise OptionError unless the number of the option C(name) is finite and in its range."""
    if not math.isfinite(value):
        raise OptionError(f"{name} is {value}; it must be a number.")
    if value < allowed.least:
        raise OptionError(f"{name} must be {allowed.least:g}{allowed.unit} or more; it is {value:g}.")
    if value > allowed.most:
        raise OptionError(f"{name} must be {allowed.most:.10g}{allowed.unit} or less; it is {value:g}.")


def check_numbers(options: Mapping[str, t.Any]) -> None:
    """Check each of NUMBERS that is set in C(options); raises OptionError naming the first that is out of range."""
    for name, allowed in NUMBERS.items():
        value = options.get(name)
        if value is not None:
            check_number(name, value, allowed)


def strict_boolean(name: str, value: object) -> bool | None:
    """Return the boolean in the value of the option C(name), None if it is unset: None or empty.

    Takes what Ansible takes (true, yes, on, 1 and their opposites, in any case); raises OptionError for anything else,
    so that a misspelt word never counts as false.
    """
    if value is None or isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if not word:
        return None
    if word in ("1.0", "0.0"):
        word = word[0]
    if word not in _BOOLEANS:
        raise OptionError(f"{name} must be true or false, not {printable(str(value), 40)!r}.")
    return _BOOLEANS[word]


def connection_options(given: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the connection options in C(given), or else in the environment, None for those in neither.

    Keys and profile of the environment are left to the client. Raises OptionError.
    """
    found: dict[str, t.Any] = {}
    for name, kind in CONNECTION_OPTIONS.items():
        value, variable = given.get(name), None
        if value is None and name not in CREDENTIALS:
            variable = f"COMPSHARE_{name.upper()}"
            value = os.environ.get(variable, "").strip() or None
        found[name] = None if value is None else converted(name, value, kind, variable)
    return found


def converted(name: str, value: t.Any, kind: str | None, variable: str | None = None) -> t.Any:
    """Return a value of the type C(kind) that its option has; raises OptionError if it is not one.

    C(variable) is the environment variable that it comes from, if any.
    """
    source = f"{name} (from the environment variable {variable})" if variable else name
    if kind == "bool":
        return strict_boolean(source, value)
    if kind not in CONVERTED:
        return value
    try:
        number = float("no number" if isinstance(value, bool) else value)
        if kind == "float" or number == int(number):
            return number if kind == "float" else int(number)
    except (TypeError, ValueError, OverflowError):
        pass
    expected = "a number" if kind == "float" else "a whole number"
    raise OptionError(f"{source} must be {expected}, not {printable(repr(value), 80)}.")


def check_known(given: Iterable[object], names: Iterable[str], thing: str = "option") -> None:
    """Raise OptionError, with the nearest name, for each of the C(thing)s in C(given) that is none of C(names)."""
    known = sorted(names)
    said = []
    for each in sorted(str(name) for name in given if name not in known):
        near = [name for name in known if name.startswith(each.casefold())]
        near = near or difflib.get_close_matches(each.casefold(), known, n=1)
        said.append(f"{printable(each, 60)!r}" + (f" (did you mean {near[0]!r}?)" if near else ""))
    if said:
        raise OptionError(f"There is no {thing} {' or '.join(said)}.", hint=f"The {thing}s are: {', '.join(known)}.")


@functools.lru_cache(maxsize=4)
def check_api_url(api_url: str) -> tuple[str, str, bool]:
    """Return (address to post to, host name, whether it is this machine); raise OptionError for what is refused."""
    try:
        parts = urlsplit(api_url.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise OptionError(f"api_url {printable(api_url)!r} is not a web address.") from None
    if parts.scheme not in ("https", "http") or not host:
        raise OptionError(
            f"api_url {printable(api_url)!r} is not a web address.", hint="Write it like https://api.compshare.cn."
        )
    if parts.username or parts.password or parts.query or parts.fragment:
        raise OptionError("api_url must not hold a user, a password, a query or a fragment.")
    loopback = _is_loopback(host)
    if parts.scheme == "http" and not loopback:
        raise OptionError(
            f"api_url {printable(api_url)!r} is plain HTTP, which would show every request to the network.",
            hint="Write https://; plain http:// is accepted for this machine (127.0.0.1, localhost) only.",
        )
    host_text = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host_text}{f':{port}' if port else ''}{parts.path or '/'}", host, loopback


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
