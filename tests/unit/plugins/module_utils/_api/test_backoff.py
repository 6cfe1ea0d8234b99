from __future__ import annotations

import random

from ansible_collections.compshare.cloud.plugins.module_utils._api.backoff import (
    LONGEST_PAUSE,
    LONGEST_RETRY_AFTER,
    pause_before,
)


def test_pauses_grow_with_jitter_up_to_a_limit() -> None:
    rng = random.Random(1)
    for attempt, longest in enumerate([0.1, 0.4, 1.6, 6.4, 25.6, LONGEST_PAUSE, LONGEST_PAUSE], start=1):
        pauses = [pause_before(attempt, None, rng) for _unused in range(200)]
        assert longest / 2 <= min(pauses) < max(pauses) <= longest


def test_the_server_may_ask_for_a_longer_pause_within_reason() -> None:
    rng = random.Random(1)
    assert pause_before(1, 7.0, rng) == 7.0
    assert pause_before(1, 100000.0, rng) == LONGEST_RETRY_AFTER
