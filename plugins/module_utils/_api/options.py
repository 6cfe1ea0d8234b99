# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""The checks of numbers, booleans and names from a user: the same for modules, lookup and inventory.

Every interval, timeout and rate is listed in NUMBERS and checked by check_numbers(); run_module() and
Client.from_options() call it, so nothing else needs to.
"""

from __future__ import annotations

import math
import re
import typing as t
from collections.abc import Mapping

from .errors import OptionError, printable

_DAY = 86400.0


class Range(t.NamedTuple):
    """The values that a number may have, both ends included."""

    least: float
    most: float
    unit: str = " seconds"


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

#: Chinese characters, letters, digits and these; the rule of the vendor's own clients.
#: Compiled when it is used: that takes longer than to import this file, and a lookup never checks a name.
_FORBIDDEN = r"[^0-9A-Za-z_,.:\-\u3400-\u4dbf\u4e00-\u9fff]"

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


def check_name(thing: str, name: str, longest: int) -> None:
    """Raise OptionError where C(name) cannot be the name of a C(thing), C(longest) characters long at most."""
    shown = repr(printable(name, 80))
    if not name:
        raise OptionError(f"The {thing} name cannot be empty.")
    if len(name) > longest:
        raise OptionError(
            f"The {thing} name {shown} has {len(name)} characters.", hint=f"At most {longest} are possible."
        )
    forbidden = re.search(_FORBIDDEN, name)
    if forbidden:
        raise OptionError(
            f"The {thing} name {shown} has {printable(forbidden.group())!r} in it.",
            hint="Chinese characters, letters, digits and _ , . : - are possible, and no spaces.",
        )
