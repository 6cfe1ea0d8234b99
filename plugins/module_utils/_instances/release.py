# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""The seventh day: a stopped instance that is not prepaid is deleted with its system disk at its release time."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence

from .._api.values import epoch_seconds, iso_time
from .query import describe

#: A release that is so near, in seconds, is warned of.
_SOON = 2 * 86400
_SHOWN = 10


def release_warning(instances: Sequence[Mapping[str, t.Any]], now: float) -> str | None:
    """Return a warning about instances that will be released within two days; C(now) is epoch seconds."""
    due = sorted(
        (released_at, describe(instance))
        for instance in instances
        if (released_at := epoch_seconds(instance["release_time"])) is not None and released_at - now < _SOON
    )
    if not due:
        return None
    listed = "; ".join(f"{name} at {iso_time(released_at)}" for released_at, name in due[:_SHOWN])
    more = f" and {len(due) - _SHOWN} more" if len(due) > _SHOWN else ""
    return (
        f"The platform will soon delete {listed}{more}, with the system disk and the address; data disks are only "
        "detached. A start and a new stop put that off by seven days."
    )
