"""When an instance stops by itself."""

from __future__ import annotations

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.client import Scope
from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import OptionError
from ansible_collections.compshare.cloud.plugins.module_utils._instances.stop_schedule import (
    PlannedStop,
    check_ahead,
    parse_stop,
    project_of,
    stop_to_set,
)

from ..fakes import client_of, success

NOON = 1_795_262_400  # 2026-11-21T12:00:00Z


@pytest.mark.parametrize(
    ("text", "planned"),
    [
        ("never", PlannedStop()),
        (" Never ", PlannedStop()),
        ("5m", PlannedStop(after=300)),
        ("8H", PlannedStop(after=8 * 3600)),
        ("2 d", PlannedStop(after=2 * 86400)),
        ("2026-11-21T12:00:00Z", PlannedStop(epoch=NOON)),
        ("2026-11-21T20:00:00+08:00", PlannedStop(epoch=NOON)),
        ("2026-11-21 12:00", PlannedStop(epoch=NOON, as_utc=True)),
    ],
)
def test_what_an_option_says(text: str, planned: PlannedStop) -> None:
    assert parse_stop(text) == planned


@pytest.mark.parametrize("text", ["", "tomorrow", "4m", "0d", "8", "8 weeks", "1795262400", "٨h", "2026-13-01T00:00Z"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(OptionError, match="schedule_stop is"):
        parse_stop(text)


@pytest.mark.parametrize(
    ("planned", "present", "expected"),
    [
        (PlannedStop(), None, None),
        (PlannedStop(), "2026-11-21T14:00:00Z", 0),
        (PlannedStop(after=3600), None, NOON + 3600),
        (PlannedStop(after=300), None, NOON + 315),
        (PlannedStop(after=3600), "2026-11-21T12:10:00Z", None),
        (PlannedStop(epoch=NOON + 7200), "2026-11-21T14:00:00Z", None),
        (PlannedStop(epoch=NOON + 7200), "2026-11-21T15:00:00Z", NOON + 7200),
        # It was set by an earlier run, and is near by now.
        (PlannedStop(epoch=NOON + 60), "2026-11-21T12:01:00Z", None),
    ],
)
def test_what_is_to_be_set(planned: PlannedStop, present: str | None, expected: int | None) -> None:
    assert stop_to_set(planned, present, NOON) == expected


def test_a_time_too_soon() -> None:
    with pytest.raises(OptionError, match="not five minutes ahead"):
        stop_to_set(PlannedStop(epoch=NOON + 299), None, NOON)


def test_a_time_too_soon_for_an_instance_that_must_be_created() -> None:
    with pytest.raises(OptionError, match="Nothing was created"):
        check_ahead(PlannedStop(epoch=NOON + 899), NOON)
    for planned in (PlannedStop(epoch=NOON + 900), PlannedStop(after=300), PlannedStop()):
        check_ahead(planned, NOON)


def test_the_project_is_the_configured_one_or_the_default_one() -> None:
    client, transport, _clock = client_of([], scope=Scope(project_id="org-mine"))
    assert project_of(client) == "org-mine"
    assert transport.requests == []
    projects = [{"ProjectId": "org-1"}, {"ProjectId": "org-2", "IsDefault": "true"}]
    client, _transport, _clock = client_of([success(ProjectSet=projects), success(ProjectSet=projects[:1])])
    assert (project_of(client), project_of(client)) == ("org-2", "org-1")
    client, _transport, _clock = client_of([success(ProjectSet=None)])
    with pytest.raises(OptionError, match="Set project_id"):
        project_of(client)
