from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.compshare.cloud.plugins.plugin_utils._progress_lines import ProgressLines


def event(progress: float | None = None, remaining: float | None = None, **more: Any) -> dict[str, Any]:
    return {
        "kind": "build",
        "image_id": "compshareImage-b1",
        "name": "env",
        "status": "Making",
        "progress": progress,
        "remaining_duration": remaining,
        "complete": False,
        "failed": False,
        "failed_reason": None,
        "unmoved_for": 0,
        "elapsed": 0.0,
        "polls": 1,
        **more,
    }


def reported(*events: dict[str, Any], terminal: bool = True, host: str = "localhost") -> list[str]:
    lines = ProgressLines(host, terminal=terminal)
    return [line for one in events for line in lines.lines(one)]


@pytest.mark.parametrize(
    ("said", "line"),
    [
        (event(65.5, 105), "[localhost] env: 65.5 %, about 1 min 45 s left"),
        (event(0, 900), "[localhost] env: 0.0 %, about 15 min left"),
        (event(50, None), "[localhost] env: 50.0 %"),
        (event(99, 0), "[localhost] env: 99.0 %"),
        (event(None, None), "[localhost] env: making"),
        (event(None, None, status=None), "[localhost] env: not visible yet"),
        (event(None, None, name=None), "[localhost] compshareImage-b1: making"),
        (event(99, 3, unmoved_for=1320), "[localhost] env: 99.0 %, no progress for 22 min"),
        (event(100, 0, status="Available", complete=True, elapsed=15.2, polls=6),
         "[localhost] env: available after 15 s (6 requests)"),
        (event(100, 0, status=None, complete=True, elapsed=7500, polls=1),
         "[localhost] env: done by its progress, status unknown, after 2 h 5 min (1 request)"),
        (event(30, None, status="UnAvailable", failed=True, failed_reason="disk full", elapsed=60),
         "[localhost] env: failed after 1 min: disk full"),
        (event(30, None, status="UnAvailable", failed=True), "[localhost] env: failed after 0 s: no reason given"),
        ({"kind": "fault", "message": "X got no response.", "pause": 4, "elapsed": 10.0},
         "[localhost] X got no response. Asking again in 4 s."),
        ({"kind": "note", "name": "vm-1", "message": "An image is being built."},
         "[localhost] vm-1: An image is being built."),
    ],
)  # fmt: skip
def test_a_line(said: dict[str, Any], line: str) -> None:
    assert reported(said) == [line]


def test_what_is_not_for_the_user_says_nothing() -> None:
    assert reported({"kind": "other"}, {}) == []


def test_a_terminal_hears_each_change_and_nothing_twice() -> None:
    lines = reported(event(1, 99), event(1, 98, elapsed=1), event(2, 98, elapsed=2), event(3, 97, elapsed=3))
    assert len(lines) == 3


def test_a_log_hears_every_quarter_or_every_two_minutes_and_the_end() -> None:
    events = [event(percent, 100 - percent, elapsed=float(percent)) for percent in range(100)]
    ends = event(100, 0, complete=True, status="Available", elapsed=100.0)
    assert len(reported(*events, ends, terminal=False)) == 5
    slow = [event(second / 100, 999, elapsed=float(second)) for second in range(0, 600, 10)]
    assert len(reported(*slow, terminal=False)) == 5


def test_a_standstill_is_reported_less_and_less_often() -> None:
    events = [event(99, 1, elapsed=float(second), unmoved_for=second) for second in range(0, 3600, 30)]
    lines = reported(*events)
    assert 4 <= len(lines) <= 14
    assert "no progress for" in lines[1]


def test_after_the_end_there_is_nothing_more_to_say() -> None:
    ends = event(100, 0, complete=True, status="Available")
    assert len(reported(ends, ends, event(5, 5))) == 1


def test_a_change_of_status_is_always_reported() -> None:
    assert len(reported(event(None, None, status=None), event(None, None), terminal=False)) == 2


def test_a_lasting_fault_is_reported_once_a_minute() -> None:
    faults = [{"kind": "fault", "message": "No.", "pause": 4, "elapsed": float(at)} for at in range(0, 180, 5)]
    assert len(reported(*faults)) == 3
    assert len(reported(*faults[:3], event(1, 1, elapsed=20.0), faults[5])) == 3


def test_untrusted_text_is_cleaned_and_short() -> None:
    [line] = reported(event(1, 1, name="\x1b[2Jevil\nname" + "x" * 200), host="h\x1b[1m")
    assert line.startswith("[h] evil\\nname")
    assert len(line) < 150
    [line] = reported(event(1, None, failed=True, failed_reason="a\x07b"))
    assert line.endswith("a\\x07b")


def test_last_words_name_what_has_not_ended() -> None:
    lines = ProgressLines("localhost", terminal=True)
    lines.lines(event(10, 90))
    lines.lines(event(100, 0, complete=True, image_id="b2", name="done"))
    assert lines.last_words() == ["[localhost] env: 10.0 %, about 1 min 30 s left when the wait was interrupted"]


def test_what_a_module_says_when_it_is_interrupted() -> None:
    lines = ProgressLines("host", terminal=False)
    assert lines.lines({"kind": "interrupted", "message": "It had \x1b[2Jnot ended."}) == ["[host] It had not ended."]


def set_event(complete: int, failed: int, *, elapsed: float, progress: float | None = None) -> dict[str, Any]:
    return {
        "kind": "builds",
        "total": 20,
        "complete": complete,
        "failed": failed,
        "progress": progress,
        "remaining_duration": None if progress is None else 90,
        "elapsed": elapsed,
        "polls": 40,
    }


def test_twenty_builds_share_one_line() -> None:
    events = [set_event(done, 0, elapsed=100.0 + done, progress=5.0 * done) for done in range(20)]
    assert reported(*events, set_event(19, 1, elapsed=130.0), terminal=False) == [
        "[localhost] 0 of 20 image builds done, 20 running, 0.0 %, about 1 min 30 s left",
        "[localhost] 5 of 20 image builds done, 15 running, 25.0 %, about 1 min 30 s left",
        "[localhost] 10 of 20 image builds done, 10 running, 50.0 %, about 1 min 30 s left",
        "[localhost] 15 of 20 image builds done, 5 running, 75.0 %, about 1 min 30 s left",
        "[localhost] 19 of 20 image builds done, 1 failed, after 2 min 10 s (40 requests)",
    ]
