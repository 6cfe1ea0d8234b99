# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""How long to wait before a request is retried: arithmetic only."""

from __future__ import annotations

import random

#: The pause before the second try, in seconds; each further one is four times as long.
FIRST_PAUSE = 0.1
GROWTH = 4.0
LONGEST_PAUSE = 30.0
#: A server may request a longer pause than ours, up to this many seconds.
LONGEST_RETRY_AFTER = 60.0


def pause_before(attempt: int, retry_after: float | None, rng: random.Random, longest: float = LONGEST_PAUSE) -> float:
    """Return the seconds to wait before try C(attempt) (1 for the second one), with jitter."""
    pause = min(FIRST_PAUSE * GROWTH ** min(attempt - 1, 9), longest) * rng.uniform(0.5, 1.0)
    return max(pause, min(retry_after or 0.0, LONGEST_RETRY_AFTER))
