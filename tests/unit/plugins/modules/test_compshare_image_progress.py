"""The module's work, on a world of the simulator in the same process."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.client import Scope
from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import OptionError, WaitError
from ansible_collections.compshare.cloud.plugins.modules.compshare_image_progress import report_progress

from ..module_utils.in_process import new_world, task_in, writes

MODULE = "compshare_image_progress"
B1, B2 = "compshareImage-b1", "compshareImage-b2"
PLACE = Scope(region="cn-wlcb", zone="cn-wlcb-01")


def world(**of_the_second: Any) -> Any:
    traces = [
        {"image_id": B1, "name": "env-one", "duration": 300, "model": "accurate"},
        {"image_id": B2, "name": "env-two", "duration": 600, "model": "as_text", **of_the_second},
    ]
    return new_world(traces=traces)


@pytest.mark.parametrize("scope", [PLACE, Scope()])
def test_a_look(scope: Scope) -> None:
    task = task_in(world(), MODULE, {"image_ids": [B2, B1]}, scope=scope)
    result = report_progress(task)
    assert list(result) == ["complete", "ended", "progress", "remaining_duration", "elapsed", "polls", "builds"]
    assert result["complete"] is False
    assert [build["name"] for build in result["builds"]] == ["env-two", "env-one"]  # type: ignore[attr-defined]
    assert task.events == []
    assert task.warnings == []


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_wait(check_mode: bool) -> None:
    task = task_in(world(), MODULE, {"image_ids": [B1, B2], "wait": True}, scope=PLACE, check_mode=check_mode)
    result = report_progress(task)
    assert (result["complete"], result["progress"], result["remaining_duration"]) == (True, 100, 0)
    assert {event["image_id"] for event in task.events if event["complete"]} == {B1, B2}
    assert writes(task.client.clock.world) == []  # type: ignore[attr-defined]


def test_a_failed_build_fails_the_wait_but_not_the_look() -> None:
    failing = world(fails_at=0.5, failed_reason="disk full")
    with pytest.raises(WaitError, match=r"env-two .*disk full.* 1 is available") as caught:
        report_progress(task_in(failing, MODULE, {"image_ids": [B1, B2], "wait": True}, scope=PLACE))
    assert [build["failed"] for build in caught.value.facts["builds"]] == [False, True]
    result: Any = report_progress(task_in(failing, MODULE, {"image_ids": [B2]}, scope=PLACE))
    assert result["builds"][0]["failed_reason"] == "disk full"


def test_the_time_for_all_builds_together() -> None:
    task = task_in(world(), MODULE, {"image_ids": [B1, B2], "wait": True, "wait_timeout": 400}, scope=PLACE)
    with pytest.raises(WaitError, match="1 of 2 image builds did not end within 6 min 40 s: env-two"):
        report_progress(task)


def test_an_empty_id_is_refused_before_anything_is_sent() -> None:
    some = world()
    with pytest.raises(OptionError):
        report_progress(task_in(some, MODULE, {"image_ids": [" "], "wait": True}, scope=PLACE))
    assert some.requests() == []


def test_a_fixed_interval() -> None:
    some = world()
    report_progress(task_in(some, MODULE, {"image_ids": [B1], "wait": True, "poll_interval": 20.0}, scope=PLACE))
    assert len(some.requests("GetCompShareImageCreateProgress")) in (16, 17)
