from __future__ import annotations

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.clock import duration_text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.4, "0 s"),
        (59.6, "1 min"),
        (105, "1 min 45 s"),
        (600, "10 min"),
        (1320, "22 min"),
        (3599, "1 h"),
        (7500, "2 h 5 min"),
        (7200, "2 h"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text
