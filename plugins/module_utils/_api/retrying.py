# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""When a request that failed may be sent again, and after how long. Pure decisions; the client sleeps."""

from __future__ import annotations

import random

from .errors import CompShareError
from .retcodes import Retry

#: The pause before the second try, in seconds; each further one is four times as long. A first throttling is mostly
#: over at once, a lasting one gets pauses of seconds from the third on.
FIRST_PAUSE = 0.1
GROWTH = 4.0
LONGEST_PAUSE = 30.0
#: A server may ask for a longer pause than ours, up to this many seconds.
LONGEST_RETRY_AFTER = 60.0


def may_repeat(error: CompShareError, *, write: bool) -> bool:
    """Tell whether the request that ended in C(error) may be sent again.

    A write only where nothing can have happened: the API says that it was too busy to look, or was never reached.
    """
    if error.retry is Retry.THROTTLE:
        return True
    return error.retry is Retry.READ and not (write and error.outcome_unknown)


def pause_before(attempt: int, retry_after: float | None, rng: random.Random) -> float:
    """Return the seconds to wait before try C(attempt) (1 for the second one), with jitter."""
    pause = min(FIRST_PAUSE * GROWTH ** (attempt - 1), LONGEST_PAUSE) * rng.uniform(0.5, 1.0)
    return max(pause, min(retry_after or 0.0, LONGEST_RETRY_AFTER))
