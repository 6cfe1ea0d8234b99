# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What may stand in the names of images and of their versions, checked before anything is sent."""

from __future__ import annotations

import hashlib
import re

from .._api.errors import OptionError, printable
from .._api.options import check_name

NAME_LENGTH = 50
_VERSION = re.compile(r"v[0-9]+(\.[0-9]+)+\Z", re.ASCII)


def check_image_name(name: str) -> None:
    """Raise OptionError if C(name) cannot be the name of a custom image."""
    check_name("image", name, NAME_LENGTH)


def check_version_name(version_name: str) -> None:
    """Raise OptionError if C(version_name) cannot be the name of a version in a community group."""
    if not _VERSION.match(version_name):
        raise OptionError(
            f"{printable(version_name, 80)!r} is not a version name.",
            hint="A version name is v followed by numbers and dots, such as v1.0 or v26.0529.",
        )


def name_while_rebuilt(name: str) -> str:
    """Return the name under which the new image of a rebuild is created, as long as the old one has C(name).

    Names are unique within an account. This one cannot be confused with a name that a user chose, and it is always the
    same for the same C(name), so that a second run finds what the first one left.
    """
    return f"{name[:35]}.rebuild-{_mark(name)}"


def name_when_replaced(name: str) -> str:
    """Return the name of the old image between the end of a rebuild and its deletion."""
    return f"{name[:34]}.replaced-{_mark(name)}"


def _mark(name: str) -> str:
    return hashlib.sha1(name.encode("utf-8"), usedforsecurity=False).hexdigest()[:6]
