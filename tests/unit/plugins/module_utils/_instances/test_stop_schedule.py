"""When an instance stops by itself."""

from __future__ import annotations

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import OptionError
from ansible_collections.compshare.cloud.plugins.module_utils._instances.stop_schedule import (
    StopWish,
    check_ahead,
    parse_wish,
    wanted_stop,
)

NOON = 1_795_262_400  # 2026-11-21T12:00:00Z


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("never", StopWish()),
        (" Never ", StopWish()),
        ("5m", StopWish(after=300)),
        ("8H", StopWish(after=8 * 3600)),
        ("2 d", StopWish(after=2 * 86400)),
        ("2026-11-21T12:00:00Z", StopWish(epoch=NOON)),
        ("2026-11-21T20:00:00+08:00", StopWish(epoch=NOON)),
        ("2026-11-21 12:00", StopWish(epoch=NOON, as_utc=True)),
    ],
)
def test_what_an_option_says(text: str, wish: StopWish) -> None:
    assert parse_wish(text) == wish


@pytest.mark.parametrize("text", ["", "tomorrow", "4m", "0d", "8", "8 weeks", "1795262400", "٨h", "2026-13-01T00:00Z"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(OptionError, match="schedule_stop is"):
        parse_wish(text)


@pytest.mark.parametrize(
    ("wish", "present", "wanted"),
    [
        (StopWish(), None, None),
        (StopWish(), "2026-11-21T14:00:00Z", 0),
        (StopWish(after=3600), None, NOON + 3600),
        (StopWish(after=300), None, NOON + 315),
        (StopWish(after=3600), "2026-11-21T12:10:00Z", None),
        (StopWish(epoch=NOON + 7200), "2026-11-21T14:00:00Z", None),
        (StopWish(epoch=NOON + 7200), "2026-11-21T15:00:00Z", NOON + 7200),
        # It was set by an earlier run, and is near by now.
        (StopWish(epoch=NOON + 60), "2026-11-21T12:01:00Z", None),
    ],
)
def test_what_is_to_be_set(wish: StopWish, present: str | None, wanted: int | None) -> None:
    assert wanted_stop(wish, present, NOON) == wanted


def test_a_time_too_soon() -> None:
    with pytest.raises(OptionError, match="not five minutes away"):
        wanted_stop(StopWish(epoch=NOON + 299), None, NOON)


def test_a_time_too_soon_for_an_instance_that_must_be_made() -> None:
    with pytest.raises(OptionError, match="Nothing was made"):
        check_ahead(StopWish(epoch=NOON + 899), NOON)
    for wish in (StopWish(epoch=NOON + 900), StopWish(after=300), StopWish()):
        check_ahead(wish, NOON)
