from __future__ import annotations

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import (
    CompShareError,
    NoAnswerError,
    RefusedError,
)
from ansible_collections.compshare.cloud.plugins.module_utils._api.retcodes import Retry
from ansible_collections.compshare.cloud.plugins.module_utils._api.retrying import may_repeat


@pytest.mark.parametrize(
    ("error", "read", "write"),
    [
        (RefusedError("throttled", ret_code=153, retry=Retry.THROTTLE), True, True),
        (RefusedError("busy", ret_code=8903, retry=Retry.BUSY), False, False),
        (RefusedError("late", ret_code=110, retry=Retry.READ, outcome_unknown=True), True, False),
        (RefusedError("wrong", ret_code=230), False, False),
        (NoAnswerError("never reached", outcome_unknown=False, retry=Retry.READ), True, True),
        (NoAnswerError("lost", outcome_unknown=True, retry=Retry.READ), True, False),
    ],
)
def test_what_may_be_sent_again(error: CompShareError, read: bool, write: bool) -> None:
    assert may_repeat(error, write=False) is read
    assert may_repeat(error, write=True) is write
