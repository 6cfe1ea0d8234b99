"""Events about instances."""

from __future__ import annotations

from typing import Any

from ansible_collections.compshare.cloud.plugins.module_utils._events.instances import InstanceEvents

NOW = 1_790_000_000.0
IN_A_DAY = "2026-09-22T13:46:40Z"


def instance(identity: str, state: str, **more: Any) -> dict[str, Any]:
    return {"id": identity, "state": state, "release_time": None, "interrupted": False, **more}


def reported(events: InstanceEvents, *instances: dict[str, Any], now: float = NOW) -> list[tuple[str, Any, Any]]:
    return [(event["type"], event.get("before"), event["instance"]["state"]) for event in events.events(instances, now)]


def test_states_change_from_the_second_list_on() -> None:
    events = InstanceEvents()
    assert reported(events, instance("a", "Running")) == []
    assert reported(events, instance("a", "Stopping"), instance("b", "Initializing")) == [
        ("instance_state_changed", "Running", "Stopping"),
        ("instance_state_changed", None, "Initializing"),
    ]
    assert reported(events, instance("a", "Stopping"), instance("b", "Initializing")) == []


def test_an_instance_is_gone_when_two_lists_lack_it() -> None:
    events = InstanceEvents()
    reported(events, instance("a", "Running"))
    assert reported(events) == []
    assert reported(events) == [("instance_state_changed", "Running", None)]
    assert reported(events) == []


def test_an_instance_that_one_list_lacks_has_not_changed() -> None:
    events = InstanceEvents()
    reported(events, instance("a", "Running"))
    assert [reported(events), reported(events, instance("a", "Running"))] == [[], []]


def test_a_release_is_reported_once_for_each_release_time() -> None:
    events = InstanceEvents(release_within=2 * 86400)
    due = instance("a", "Stopped", release_time=IN_A_DAY)
    first = events.events([due], NOW)
    assert [(event["type"], event["seconds_left"]) for event in first] == [("instance_release_due", 84800)]
    assert events.events([due], NOW + 60) == []
    later = instance("a", "Stopped", release_time="2026-09-23T13:33:20Z")
    assert [event["type"] for event in events.events([later], NOW + 3600)] == ["instance_release_due"]


def test_a_release_far_away_is_no_event() -> None:
    assert InstanceEvents(release_within=3600).events([instance("a", "Stopped", release_time=IN_A_DAY)], NOW) == []


def test_an_interruption_is_reported_once() -> None:
    events = InstanceEvents()
    taken = instance("a", "Stopped", interrupted=True)
    assert [kind for kind, *_rest in reported(events, taken)] == ["instance_interrupted"]
    assert reported(events, taken) == []
