from __future__ import annotations

import random

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import (
    CompShareError,
    NoResponseError,
    RefusedError,
    Retry,
)
from ansible_collections.compshare.cloud.plugins.module_utils._api.retrying import (
    LONGEST_PAUSE,
    LONGEST_RETRY_AFTER,
    may_repeat,
    pause_before,
)


@pytest.mark.parametrize(
    ("error", "read", "write"),
    [
        (RefusedError("throttled", ret_code=153, retry=Retry.THROTTLE), True, True),
        (RefusedError("busy", ret_code=8903, retry=Retry.BUSY), False, False),
        (RefusedError("late", ret_code=110, retry=Retry.READ, outcome_unknown=True), True, False),
        (RefusedError("wrong", ret_code=230), False, False),
        (NoResponseError("never reached", outcome_unknown=False, retry=Retry.READ), True, True),
        (NoResponseError("lost", outcome_unknown=True, retry=Retry.READ), True, False),
    ],
)
def test_what_may_be_sent_again(error: CompShareError, read: bool, write: bool) -> None:
    assert may_repeat(error, write=False) is read
    assert may_repeat(error, write=True) is write


def test_pauses_grow_with_jitter_up_to_a_limit() -> None:
    rng = random.Random(1)
    for attempt, longest in enumerate([0.1, 0.4, 1.6, 6.4, 25.6, LONGEST_PAUSE, LONGEST_PAUSE], start=1):
        pauses = [pause_before(attempt, None, rng) for _unused in range(200)]
        assert longest / 2 <= min(pauses) < max(pauses) <= longest


def test_the_server_may_ask_for_a_longer_pause_within_reason() -> None:
    rng = random.Random(1)
    assert pause_before(1, 7.0, rng) == 7.0
    assert pause_before(1, 100000.0, rng) == LONGEST_RETRY_AFTER
