from __future__ import annotations

from random import Random

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._builds.messages import (
    state_text,
    wait_message,
)
from ansible_collections.compshare.cloud.plugins.module_utils._builds.schedule import PollSettings, Schedule
from ansible_collections.compshare.cloud.plugins.module_utils._builds.state import Build, BuildTarget


def build(image_id: str, **known: object) -> Build:
    created = Build(BuildTarget(image_id), Schedule(PollSettings(), 0.0, Random(1)))
    for name, value in known.items():
        setattr(created, name, value)
    return created


@pytest.mark.parametrize(
    ("progress", "remaining", "unmoved", "status", "text"),
    [
        (87.5, 240.0, 0.0, "Making", "87.5 %, about 4 min left"),
        (87.5, 240.0, 300.0, "Making", "87.5 %, no progress for 5 min"),
        (10.0, None, 0.0, None, "10.0 %"),
        (10.0, None, 0.0, "Syncing\x1b", "syncing\\x1b, 10.0 %"),
        (None, None, 0.0, None, "not visible yet"),
    ],
)
def test_states(progress: float | None, remaining: float | None, unmoved: float, status: str | None, text: str) -> None:
    assert state_text(progress, remaining, unmoved, status) == text


def test_everything_at_once() -> None:
    builds = [
        build("i-1", name="ok", complete=True),
        build("i-2", name="also ok", complete=True),
        build("i-3", name="bad\n", failed=True, status="UnAvailable"),
        build("i-4", missing=True),
        build("i-5", name="slow", status="Making", progress=50.0, remaining_duration=600),
    ]
    summary, hint, retryable = wait_message(builds, "did not end within 60 s", "X got no response.")
    assert summary == (
        "1 of 5 image builds failed: bad\\n (i-3, status UnAvailable, no reason given). "
        "1 of 5 image builds cannot be found: i-4. "
        "1 of 5 image builds did not end within 60 s: slow (i-5, 50.0 %, about 10 min left). "
        "2 are available. The last requests failed: X got no response."
    )
    assert hint is not None
    assert hint.endswith("Run the task again to go on waiting.")
    assert retryable is True


def test_a_long_list_is_cut() -> None:
    summary, _hint, _retryable = wait_message([build(f"i-{n}", missing=True) for n in range(30)], "", None)
    assert summary.endswith("i-19, and 10 more.")
