# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Names: which characters those of images and instances may have, and what zones and ids reveal by theirs."""

from __future__ import annotations

import re

from .errors import OptionError
from .values import printable

#: Chinese characters, letters, digits and these; the rule of the vendor's own clients.
_FORBIDDEN = re.compile(r"[^0-9A-Za-z_,.:\-\u3400-\u4dbf\u4e00-\u9fff]")


#: The ids of pods begin with it.
POD_PREFIX = "cpod-"


def region_of(zone: str | None) -> str | None:
    """Return the region of a zone by its name: C(cn-wlcb) for C(cn-wlcb-01); None if it has no number at its end."""
    head, dash, tail = (zone or "").rpartition("-")
    return head if dash and tail.isdigit() else None


def check_name(thing: str, name: str, longest: int) -> None:
    """Raise OptionError where C(name) cannot be the name of a C(thing), C(longest) characters long at most."""
    shown = repr(printable(name, 80))
    if not name:
        raise OptionError(f"The {thing} name cannot be empty.")
    if len(name) > longest:
        raise OptionError(
            f"The {thing} name {shown} has {len(name)} characters.", hint=f"At most {longest} are possible."
        )
    forbidden = _FORBIDDEN.search(name)
    if forbidden:
        raise OptionError(
            f"The {thing} name {shown} has {printable(forbidden.group())!r} in it.",
            hint="Chinese characters, letters, digits and _ , . : - are possible, and no spaces.",
        )
