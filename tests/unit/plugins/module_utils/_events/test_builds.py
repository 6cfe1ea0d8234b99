"""Events about image builds."""

from __future__ import annotations

from typing import Any

from ansible_collections.compshare.cloud.plugins.module_utils._events.builds import BuildEvents, BuildsRead, read_builds
from ansible_collections.compshare.cloud.tests.simulator.world import World

from ..in_process import new_world, task_in


def build(image_id: str, progress: float | None, **more: Any) -> dict[str, Any]:
    return {"image_id": image_id, "progress": progress, "complete": False, "failed": False, "status": "Making", **more}


def image(image_id: str, status: str) -> dict[str, Any]:
    return {"id": image_id, "name": image_id, "status": status, "failed_reason": "Disk full"}


def making(*builds: dict[str, Any]) -> BuildsRead:
    return BuildsRead(
        {one["image_id"]: image(one["image_id"], "Making") for one in builds}, {one["image_id"]: one for one in builds}
    )


def types(events: list[dict[str, Any]]) -> list[str]:
    return [event["type"] for event in events]


def test_a_build_moves_by_steps_of_progress() -> None:
    events = BuildEvents(step=10)
    reported = [types(events.events(making(build("a", progress)))) for progress in (None, 4, 10, 15, 30)]
    assert reported == [["build_moved"], [], ["build_moved"], [], ["build_moved"]]


def test_what_exists_at_the_first_reading_ends_nothing() -> None:
    images = {"a": image("a", "Available"), "b": image("b", "UnAvailable")}
    assert BuildEvents().events(BuildsRead(images, {})) == []


def test_a_build_that_was_never_seen_as_making_has_ended_or_failed() -> None:
    events = BuildEvents()
    events.events(BuildsRead({}, {}))
    reported = events.events(BuildsRead({"a": image("a", "Available"), "b": image("b", "UnAvailable")}, {}))
    assert types(reported) == ["build_ended", "build_failed"]
    assert reported[1]["build"]["failed_reason"] == "Disk full"


def test_an_end_that_a_single_list_lacks_is_reported_once() -> None:
    events = BuildEvents()
    events.events(making(build("a", 90)))
    assert events.events(BuildsRead({}, {})) == []
    ended = BuildsRead({"a": image("a", "Available")}, {})
    assert types(events.events(ended)) == ["build_ended"]
    assert events.events(ended) == []


def test_an_image_that_a_list_lacks_for_a_moment_does_not_end_again() -> None:
    events = BuildEvents()
    there = BuildsRead({"a": image("a", "Available")}, {})
    events.events(there)
    assert [events.events(read) for read in (BuildsRead({}, {}), there)] == [[], []]


def test_a_build_that_the_progress_action_calls_complete_ends_once() -> None:
    events = BuildEvents()
    events.events(making(build("a", 90)))
    assert types(events.events(making(build("a", 100, complete=True, status="Available")))) == ["build_ended"]
    assert events.events(BuildsRead({"a": image("a", "Available")}, {})) == []


def test_a_whole_build_on_the_simulator() -> None:
    world: World = new_world(
        traces=[
            {"image_id": "compshareImage-b1", "name": "b1", "duration": 300},
            {"image_id": "compshareImage-b2", "name": "b2", "duration": 200, "fails_at": 0.5, "failed_reason": "Disk"},
        ],
    )
    client = task_in(world, "compshare_image_progress", {"image_ids": ["compshareImage-b1"]}).client
    events = BuildEvents(step=50)
    reported: list[tuple[str, str]] = []
    for _reading in range(8):
        read = read_builds(client, ["compshareImage-b1", "compshareImage-b2"])
        reported += [(event["type"], event["build"]["name"]) for event in events.events(read)]
        world.advance(60)
    assert reported == [
        ("build_moved", "b1"),
        ("build_moved", "b2"),
        ("build_failed", "b2"),
        ("build_moved", "b1"),
        ("build_ended", "b1"),
    ]
