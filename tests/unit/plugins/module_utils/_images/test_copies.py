"""Copies of images in other zones: one per zone, whatever happens to the request, and each zone is reported."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.client import Scope
from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import CompShareError, OptionError
from ansible_collections.compshare.cloud.plugins.module_utils._images.copies import name_of_copy
from ansible_collections.compshare.cloud.plugins.module_utils._images.ensure import ensure_image
from ansible_collections.compshare.cloud.tests.simulator.world import World

from ..api_faults import PASSING, UNKNOWN, fault_name
from ..in_process import RecordedTask, WorldTransport, images_named, instance_in, new_world, task_in, writes

SYNC, COPY = "SyncCompShareCustomImage", "CopyCompShareCustomImage"
NAME, TARGET = "env", "cn-sh2-02"
COPIED = "env.cn-sh2-02"
SOURCE = {"CompShareImageId": "compshareImage-a", "Name": NAME, "Size": 40960, "Description": "for training"}


def world_with(**settings: Any) -> World:
    row = {**SOURCE, **settings.pop("row", {})}
    return new_world(counts={"platform": 10, "custom": 0}, rows={"custom": [row]}, **settings)


def task(world: World, check_mode: bool = False, **options: Any) -> RecordedTask:
    options = {"name": NAME, "copy_to_zones": [TARGET], **options}
    return task_in(world, "compshare_image", options, check_mode=check_mode)


def copy(world: World, **options: Any) -> dict[str, Any]:
    return ensure_image(task(world, **options))


def fail(world: World, **options: Any) -> CompShareError:
    with pytest.raises(CompShareError) as caught:
        copy(world, **options)
    return caught.value


@pytest.mark.parametrize("action", ["sync", "copy"])
@pytest.mark.parametrize("copied_status", ["Making", "Syncing"])
@pytest.mark.parametrize("own_place", ["all", "filtered"])
def test_an_image_is_copied_once(action: str, copied_status: str, own_place: str) -> None:
    dialect = {"image_copy": action, "copied_status": copied_status}
    if own_place == "filtered":
        dialect["own_place"] = own_place
    world = world_with(dialect=dialect)
    done = copy(world)
    (reported,) = done["copies"]
    (row,) = images_named(world, COPIED)
    assert done["changed"] and (row["Zone"], row["Status"], row["Size"]) == (TARGET, "Available", 40960)
    assert reported == {
        "zone": TARGET,
        "id": row["CompShareImageId"],
        "name": COPIED,
        "status": "Available",
        "progress": 100,
        "failed_reason": None,
        "error": None,
    }
    assert done["image"]["id"] == SOURCE["CompShareImageId"]
    assert done["diff"] == {"before": {"zones": ["cn-wlcb-01"]}, "after": {"zones": [TARGET, "cn-wlcb-01"]}}
    again = copy(world)
    assert not again["changed"] and again["copies"] == done["copies"]
    assert again["diff"] == {"before": {}, "after": {}}
    assert [one for one in writes(world) if one not in (SYNC, COPY)] == []


def test_a_region_of_the_options_does_not_hide_the_copies() -> None:
    world = world_with(dialect={"own_place": "filtered"})
    options = {"name": NAME, "copy_to_zones": [TARGET]}
    for changed in (True, False):
        ran = ensure_image(task_in(world, "compshare_image", options, scope=Scope(region="cn-wlcb")))
        assert ran["changed"] is changed
    assert len(images_named(world, COPIED)) == 1


def test_check_mode_predicts_it_and_sends_nothing() -> None:
    world = world_with()
    predicted = copy(world, check_mode=True)
    assert writes(world) == []
    done = copy(world)
    assert predicted["changed"] is done["changed"] is True and predicted["diff"] == done["diff"]
    assert [{**one, "id": None} for one in done["copies"]] == predicted["copies"]


RENAMED = {"image_id": SOURCE["CompShareImageId"], "name": "env-2"}


def test_copies_are_renamed_with_their_image() -> None:
    world = world_with()
    (before,) = copy(world)["copies"]
    predicted = copy(world, check_mode=True, **RENAMED)
    assert writes(world)[1:] == []
    done = copy(world, **RENAMED)
    assert predicted["changed"] is done["changed"] is True
    assert predicted["copies"] == done["copies"] == [{**before, "name": "env-2.cn-sh2-02"}]
    assert writes(world)[1:] == ["UpdateCompShareImage"] * 2
    assert (images_named(world, COPIED), done["image"]["name"]) == ([], "env-2")
    assert not copy(world, **RENAMED)["changed"]


@pytest.mark.parametrize("lost", [1, 2])
def test_a_rename_that_ends_in_between_leads_to_no_second_copy(lost: int) -> None:
    """The copy is renamed before the image: 1 is its request, 2 that of the image."""
    world = world_with()
    copy(world)
    images = len(world.images.own)
    world.add_faults({"kind": "ret_code", "code": 299, "action": "UpdateCompShareImage", "nth": lost})
    fail(world, **RENAMED)
    assert [one["name"] for one in copy(world, **RENAMED)["copies"]] == ["env-2.cn-sh2-02"]
    assert len(world.images.own) == images


def test_a_new_image_is_copied_when_it_is_available() -> None:
    world = new_world()
    options = {"name": "new", "instance_id": instance_in(world, "train-vm")}
    predicted = copy(world, check_mode=True, **options)
    assert [(one["name"], one["status"]) for one in predicted["copies"]] == [(f"new.{TARGET}", "Available")]
    assert writes(world) == []
    done = copy(world, **options)
    assert writes(world) == ["CreateCompShareCustomImage", SYNC]
    assert done["diff"]["before"] == {} and done["diff"]["after"]["zones"] == [TARGET, "cn-wlcb-01"]
    assert copy(world, **options)["changed"] is False


def test_the_zone_of_the_image_needs_no_copy() -> None:
    world = world_with()
    done = copy(world, copy_to_zones=["cn-wlcb-01"])
    assert not done["changed"] and done["copies"][0]["id"] == SOURCE["CompShareImageId"] and writes(world) == []


def test_a_zone_that_the_row_lists_needs_no_copy() -> None:
    zones = [{"Zone": "cn-wlcb-01", "ZoneId": 10027}, {"Zone": TARGET, "ZoneId": 8200}]
    world = world_with(row={"ImageSupportZone": zones})
    assert copy(world)["changed"] is False


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        ("cn-xx-01", "There is no zone 'cn-xx-01'. There are: cn-wlcb-01,"),
        ("cn-sh2-03", "The zone cn-sh2-03 of copy_to_zones does not accept copies"),
        ("cn-bj2-03", "The zone cn-bj2-03 of copy_to_zones runs container instances only"),
    ],
)
def test_an_impossible_zone_is_refused_before_anything_is_done(zone: str, words: str) -> None:
    world = new_world()
    options = {"name": "new", "instance_id": instance_in(world, "train-vm"), "copy_to_zones": [TARGET, zone]}
    for check_mode in (True, False):
        with pytest.raises(OptionError) as caught:
            copy(world, check_mode=check_mode, **options)
        assert words in str(caught.value) and TARGET in str(caught.value)
    assert writes(world) == []


def test_copies_need_a_wait() -> None:
    assert "copy_to_zones needs wait=true" in str(fail(world_with(), wait=False))


class HiddenRefusal(WorldTransport):
    """The API refuses one zone, behind a RetCode of 0, and its list of zones does not say so before."""

    def post(self, body: Any, timeout: float) -> Any:
        response = super().post(body, timeout)
        return response._replace(body=response.body.replace(b'"DisableImageSync": true', b'"DisableImageSync": false'))


def test_each_zone_is_reported_when_one_refuses() -> None:
    world = world_with()
    options = {"name": NAME, "copy_to_zones": ["cn-sh2-03", TARGET]}
    with pytest.raises(CompShareError) as caught:
        ensure_image(task_in(world, "compshare_image", options, transport=HiddenRefusal))
    error = caught.value
    assert "cn-sh2-03: SyncCompShareCustomImage was refused for the zone cn-sh2-03" in str(error)
    assert f"It is available in {TARGET}." in str(error)
    assert (error.ret_code, error.action) == (226636, SYNC) and "Choose another zone." in str(error)
    refused, copied = error.facts["copies"]
    assert error.facts["changed"] is True
    assert (refused["status"], copied["status"], copied["error"]) == (None, "Available", None)
    assert "226636" in refused["error"]


class BusyResult(WorldTransport):
    """The first copy gets the response that another copy is still running."""

    struck = False

    def post(self, body: Any, timeout: float) -> Any:
        if isinstance(body, bytes) and not BusyResult.struck:
            BusyResult.struck = True
            result = b'{"RetCode": 0, "Results": [{"TargetZoneId": "8200", "RetCode": "226620", "Message": "busy"}]}'
            return super().post({"Action": "DescribeCompShareSupportZone"}, timeout)._replace(body=result)
        return super().post(body, timeout)


def test_a_busy_result_is_retried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BusyResult, "struck", False)
    world = world_with()
    done = ensure_image(
        task_in(world, "compshare_image", {"name": NAME, "copy_to_zones": [TARGET]}, transport=BusyResult)
    )
    assert done["changed"] and len(images_named(world, COPIED)) == 1


@pytest.mark.slow
@pytest.mark.parametrize("duplicate_name", ["accepted", "230"])
@pytest.mark.parametrize("effect", [True, False])
@pytest.mark.parametrize("fault", [fault for fault in UNKNOWN if fault["kind"] != "slow"], ids=fault_name)
@pytest.mark.parametrize("action", ["sync", "copy"])
def test_a_lost_response_never_leads_to_a_second_copy(
    action: str, fault: dict[str, Any], effect: bool, duplicate_name: str
) -> None:
    world = world_with(dialect={"duplicate_name": duplicate_name, "image_copy": action})
    sent = SYNC if action == "sync" else COPY
    world.add_faults({**fault, "effect": effect, "action": sent, "count": 1})
    if effect:
        assert copy(world)["changed"] is True
    else:
        error = fail(world)
        assert "whether the copy 'env.cn-sh2-02' is being created is not known" in str(error)
        assert error.retryable and error.facts["changed"] is False
        assert copy(world)["changed"] is True
    assert len(images_named(world, COPIED)) == 1
    assert copy(world)["changed"] is False


@pytest.mark.parametrize("fault", PASSING, ids=fault_name)
def test_a_copy_that_provably_was_not_begun_is_requested_again(fault: dict[str, Any]) -> None:
    world = world_with()
    world.add_faults({**fault, "action": SYNC})
    assert copy(world)["changed"] and len(images_named(world, COPIED)) == 1


def test_a_copy_that_does_not_end_in_time_is_waited_for_by_the_next_run() -> None:
    world = world_with()
    error = fail(world, wait_timeout=100)
    assert "was still being created at the end of wait_timeout, " in str(error) and error.retryable
    assert error.facts["changed"] is True and 0 < error.facts["copies"][0]["progress"] < 100
    second = copy(world)
    assert second["changed"] is False and second["copies"][0]["status"] == "Available"


def test_live_lines_show_how_far_the_copy_is() -> None:
    world = world_with()
    running = task(world)
    ensure_image(running)
    notes = [event["message"] for event in running.events if event["kind"] == "note"]
    assert len(notes) > 3 and all(note.startswith(f"being copied to {TARGET}, ") for note in notes)


def test_a_copy_that_failed() -> None:
    world = world_with()
    fail(world, wait_timeout=100)
    (row,) = images_named(world, COPIED)
    row.update(Status="UnAvailable", FailedReason="Disk full")
    error = fail(world)
    assert "Disk full" in str(error) and "replace_failed=true" in str(error) and error.facts["changed"] is False
    assert copy(world, replace_failed=True)["changed"] is True
    (row,) = images_named(world, COPIED)
    assert row["Status"] == "Available"


def test_a_rebuild_replaces_the_copy() -> None:
    world = new_world()
    options = {"name": NAME, "instance_id": instance_in(world, "train-vm")}
    first = copy(world, **options)["copies"][0]
    predicted = copy(world, check_mode=True, rebuild=True, **options)
    second = copy(world, rebuild=True, **options)["copies"][0]
    assert predicted["copies"][0]["id"] is None
    assert first["id"] != second["id"] and second["status"] == "Available"
    assert len(images_named(world, NAME)) == 2


def test_a_copy_of_an_earlier_image_is_kept_with_a_warning() -> None:
    world = world_with()
    copy(world)
    (row,) = images_named(world, COPIED)
    row["CreateTime"] = 1
    running = task(world)
    assert ensure_image(running)["changed"] is False
    assert "is a copy of an earlier image" in " ".join(running.warnings)


def test_another_image_has_the_name_of_the_copy() -> None:
    world = new_world(
        counts={"platform": 10, "custom": 0},
        rows={"custom": [SOURCE, {"CompShareImageId": "compshareImage-b", "Name": COPIED, "Zone": "cn-wlcb-01"}]},
    )
    error = fail(world)
    assert "has the name that the copy in cn-sh2-02 needs" in str(error) and writes(world) == []


def test_an_image_that_is_not_available_is_not_copied() -> None:
    error = fail(world_with(row={"Status": "Offline"}))
    assert "only an available image can be copied" in str(error) and error.facts["changed"] is False


@pytest.mark.parametrize("length", [1, 38, 39, 50])
def test_names_of_copies(length: int) -> None:
    name = "x" * length
    named = name_of_copy(name, TARGET)
    assert len(named) <= 50 and named.endswith(f".{TARGET}")
    assert named != name_of_copy(name[:-1] + "y", TARGET)
