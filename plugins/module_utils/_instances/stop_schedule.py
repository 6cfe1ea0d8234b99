# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""When an instance stops by itself."""

from __future__ import annotations

import math
import typing as t

from .._api.errors import OptionError
from .._api.values import iso_time
from .times import parse_time

UPDATE = "UpdateCompShareStopScheduler"
DELETE = "DeleteCompShareStopScheduler"
NEVER = "never"
#: Documented: at least five minutes from now. A little more, for the way there.
SOONEST = 300
_MARGIN = 15
#: An instance is paid for from the order on; it must have had the time to start before it stops.
_SOONEST_FOR_NEW = 900


class PlannedStop(t.NamedTuple):
    """When to stop: at C(epoch) seconds, C(after) so many seconds, or never if both are None.

    C(as_utc): the time named no time zone, so it is one in UTC.
    """

    epoch: int | None = None
    after: int | None = None
    as_utc: bool = False

    @property
    def is_never(self) -> bool:
        """Return whether it is not to stop by itself."""
        return self.epoch is None and self.after is None


def parse_stop(text: str) -> PlannedStop:
    """Return what an option says: V(never), a duration such as V(8h), or a time in ISO 8601. Raises OptionError."""
    text = text.strip()
    if text.lower() == NEVER:
        return PlannedStop()
    time = parse_time("schedule_stop", text, also="never, ")
    if time.after is not None and time.after < SOONEST:
        raise OptionError(f"schedule_stop is {text!r}; it must be five minutes or more.")
    return PlannedStop(*time)


def check_ahead(planned: PlannedStop, now: float) -> None:
    """Raise OptionError if a stop is too soon for an instance that must be created first; C(now) is epoch seconds."""
    if planned.epoch is not None and planned.epoch < now + _SOONEST_FOR_NEW:
        raise OptionError(
            f"schedule_stop is {iso_time(planned.epoch)}, too soon for an instance that must be created first.",
            hint="Nothing was created. Give a time at least fifteen minutes ahead, or a duration.",
        )


def early_stop(planned: PlannedStop, now: float) -> int:
    """Return the moment (epoch seconds) at which an instance that was just ordered stops; C(now) is epoch seconds."""
    if planned.epoch is not None:
        return planned.epoch
    return math.ceil(now) + max(planned.after or 0, _SOONEST_FOR_NEW)


def stop_to_set(planned: PlannedStop, present: str | None, now: float) -> int | None:
    """Return the moment (epoch seconds) to set, 0 to remove the schedule, None if nothing is to be done.

    C(present) is when the instance stops by itself as it is, ISO 8601, C(now) epoch seconds. A duration counts from the
    run that sets it; where a schedule is there, it has been set before. Raises OptionError for a time too soon.
    """
    if planned.after is not None:
        return None if present else math.ceil(now) + max(planned.after, SOONEST + _MARGIN)
    if planned.is_never or planned.epoch is None:
        return 0 if present else None
    if present == iso_time(planned.epoch):
        return None
    if planned.epoch < now + SOONEST:
        raise OptionError(
            f"schedule_stop is {iso_time(planned.epoch)}, which is not five minutes ahead.",
            hint="The API accepts times from five minutes ahead; state=stopped stops now.",
        )
    return planned.epoch
