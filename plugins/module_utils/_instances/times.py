# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Times and durations in options: V(8h), V(2d), V(2026-11-22T20:00:00Z)."""

from __future__ import annotations

import math
import re
import typing as t
from datetime import datetime, timezone

from .._api.errors import OptionError, printable

_DURATION = re.compile(r"(\d{1,6})\s*(m|h|d)\Z", re.IGNORECASE | re.ASCII)
_SECONDS = {"m": 60, "h": 3600, "d": 86400}


class Time(t.NamedTuple):
    """A moment at C(epoch) seconds, or C(after) so many seconds from now. C(as_utc): the text named no time zone."""

    epoch: int | None = None
    after: int | None = None
    as_utc: bool = False

    def from_now(self, now: float) -> int:
        """Return the moment in epoch seconds; C(now) is epoch seconds, too."""
        return self.epoch if self.epoch is not None else math.ceil(now) + (self.after or 0)


def parse_time(option: str, text: str, *, also: str = "") -> Time:
    """Return what an option says: a duration or a time in ISO 8601. Raises OptionError, naming C(also) as a choice."""
    duration = _DURATION.match(text.strip())
    if duration:
        return Time(after=int(duration.group(1)) * _SECONDS[duration.group(2).lower()])
    text = text.strip()
    try:
        # Python before 3.11 does not read Z.
        moment = datetime.fromisoformat(text[:-1] + "+00:00" if text.endswith(("Z", "z")) else text)
    except ValueError:
        raise OptionError(
            f"{option} is {printable(text, 60)!r}, which is not a time.",
            hint=f"Write {also}a duration such as 90m, 8h or 2d, or a time such as 2026-11-22T20:00:00Z.",
        ) from None
    as_utc = moment.tzinfo is None
    if as_utc:
        moment = moment.replace(tzinfo=timezone.utc)
    return Time(epoch=math.floor(moment.timestamp()), as_utc=as_utc)
