"""compshare_image against the simulator: created once, changed, rebuilt, deleted; and what goes wrong."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.client import Scope
from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import (
    CompShareError,
    OptionError,
    RefusedError,
    WaitError,
)
from ansible_collections.compshare.cloud.plugins.module_utils._images.create import NotImageableError
from ansible_collections.compshare.cloud.plugins.module_utils._images.ensure import ensure_image
from ansible_collections.compshare.cloud.plugins.module_utils._images.model import IMAGE_KEYS
from ansible_collections.compshare.cloud.plugins.module_utils._images.own_images import (
    name_when_replaced,
    name_while_rebuilt,
)
from ansible_collections.compshare.cloud.tests.simulator.world import World

from ..in_process import RecordedTask, WorldTransport, images_named, instance_in, new_world, task_in, writes

CREATE, UPDATE, DELETE = "CreateCompShareCustomImage", "UpdateCompShareImage", "TerminateCompShareCustomImage"
NAME = "env-1"


def task(world: World, *, check_mode: bool = False, **options: Any) -> RecordedTask:
    return task_in(world, "compshare_image", options, check_mode=check_mode)


def run(world: World, *, check_mode: bool = False, **options: Any) -> dict[str, Any]:
    return ensure_image(task(world, check_mode=check_mode, **options))


def build(world: World, source: str = "train-vm", **options: Any) -> dict[str, Any]:
    return run(world, name=NAME, instance_id=instance_in(world, source), **options)


def fail(world: World, kind: type[CompShareError] = CompShareError, **options: Any) -> CompShareError:
    with pytest.raises(kind) as caught:
        run(world, **options)
    return caught.value


def names(world: World) -> list[str]:
    return sorted(row["Name"] for row in images_named(world, NAME))


def plant(world: World, name: str = NAME, **row: Any) -> str:
    """Put an image into the world that is there from the start, and return its id."""
    from ansible_collections.compshare.cloud.tests.simulator.builds import plant_build

    identifier = plant_build(world, {"name": name, "duration": 1.0})
    world.advance(2)
    world.images.own[identifier].row.update(row)
    return identifier


# Making


@pytest.mark.parametrize("source", ["train-vm", "jupyter-4090", "comfy-pod", "wyp-test"])
def test_check_run_real_run_second_run(source: str) -> None:
    world = new_world()
    desired = {"description": "what for", "tags": ["LLM"], "supported_gpu_types": ["4090"], "auto_start": True}
    desired["readme"] = "# How\n"
    desired["software"] = {"framework": "PyTorch", "framework_version": "2.9.1", "applications": ["JupyterLab"]}

    predicted = build(world, source, check_mode=True, **desired)
    assert writes(world) == []
    created = build(world, source, **desired)
    assert writes(world) == [CREATE, UPDATE]
    again = build(world, source, **desired)
    check_again = build(world, source, check_mode=True, **desired)
    assert writes(world) == [CREATE, UPDATE]

    assert (predicted["changed"], created["changed"], again["changed"], check_again["changed"]) == (
        True,
        True,
        False,
        False,
    )
    assert predicted["diff"] == created["diff"]
    assert again["diff"] == {"before": {}, "after": {}}
    assert created["diff"]["before"] == {} and set(created["diff"]["after"]) == {"name", "instance_id", *desired}
    assert created["image"]["status"] == "Available" and set(IMAGE_KEYS) <= set(created["image"])
    known = ("name", "status", "description", "tags", "supported_gpu_types", "auto_start", "zones", "container", "type")
    for result in (created, again, check_again):
        assert {key: result["image"][key] for key in known} == {key: predicted["image"][key] for key in known}
    assert predicted["image"]["id"] is None and set(IMAGE_KEYS) <= set(predicted["image"])
    assert (
        predicted["image"]["software"]["applications"] == created["image"]["software"]["applications"] == ["JupyterLab"]
    )
    assert created["build"]["complete"] and created["build"]["image_id"] == created["image"]["id"]
    assert "build" not in again
    [row] = images_named(world, NAME)
    assert row["Readme"] == "# How\n"


def test_the_build_is_reported_while_it_goes_on() -> None:
    world = new_world()
    running = task(world, name=NAME, instance_id=instance_in(world, "train-vm"))
    ensure_image(running)
    reported = [event["progress"] for event in running.events if event["kind"] == "build"]
    assert reported == sorted(reported) and len(reported) > 3


def test_without_waiting() -> None:
    world = new_world()
    created = build(world, wait=False)
    assert created["changed"] and created["image"]["status"] == "Making" and "build" not in created
    assert build(world, wait=False)["changed"] is False
    waited = build(world)
    assert (waited["changed"], waited["image"]["status"], waited["image"]["id"]) == (
        False,
        "Available",
        created["image"]["id"],
    )
    assert writes(world) == [CREATE]


def test_without_waiting_what_cannot_be_set_yet_is_said() -> None:
    world = new_world()
    running = task(world, name=NAME, instance_id=instance_in(world, "train-vm"), wait=False, tags=["LLM"])
    ensure_image(running)
    [warning] = running.warnings
    assert "is being created, so tags cannot be set yet" in warning
    world.advance(3600)
    assert run(world, name=NAME, tags=["LLM"])["image"]["tags"] == ["LLM"]


def test_an_image_that_no_list_shows_at_first() -> None:
    world = new_world(builds={"default": {"visible_after": 50}})
    created = build(world, wait=False)
    assert created["image"]["id"] == images_named(world, NAME)[0]["CompShareImageId"]
    again = build(world)
    assert (again["changed"], again["image"]["id"]) == (False, created["image"]["id"])
    assert writes(world) == [CREATE]


def test_a_build_of_somebody_else_on_the_same_instance_is_waited_for() -> None:
    world = new_world()
    run(world, name="other", instance_id=instance_in(world, "train-vm"), wait=False)
    began = world.clock.now()
    created = build(world)
    assert created["changed"] and created["image"]["status"] == "Available"
    assert world.clock.now() - began > 1700
    assert writes(world) == [CREATE, CREATE]


def test_a_build_of_somebody_else_that_takes_too_long() -> None:
    world = new_world()
    run(world, name="other", instance_id=instance_in(world, "train-vm"), wait=False)
    error = fail(world, name=NAME, instance_id=instance_in(world, "train-vm"), wait_timeout=60)
    assert "is being created already" in str(error) and error.retryable
    assert error.facts == {"changed": False, "image": None}
    assert writes(world) == [CREATE]


@pytest.mark.parametrize("code", [8964, 226609, 8903])
def test_a_busy_response_to_the_create_is_waited_out(code: int) -> None:
    world = new_world()
    world.add_faults({"kind": "ret_code", "code": code, "action": CREATE, "count": 3})
    assert build(world)["changed"]
    assert len(images_named(world, NAME)) == 1


@pytest.mark.parametrize(
    ("source", "said"),
    [("wyp-test", "must be running or stopped"), ("jupyter-4090", "A container instance must be running")],
)
def test_states_that_cannot_be_imaged(source: str, said: str) -> None:
    world = new_world()
    world.instances.all[instance_in(world, source)].row["State"] = "Starting"
    for check_mode in (True, False):
        error = fail(world, NotImageableError, check_mode=check_mode, name=NAME, instance_id=instance_in(world, source))
        assert said in str(error)
    assert writes(world) == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"name": "with space", "instance_id": "uhost-x"}, "has ' ' in it"),
        ({"name": NAME, "instance_id": "uhost-none"}, "no instance uhost-none"),
        ({"name": NAME}, "Give instance_id"),
        ({"image_id": "compshareImage-none"}, "None of your own images has the id"),
        ({"name": NAME, "rebuild": True}, "needs name and instance_id"),
        ({"name": NAME, "rebuild": True, "instance_id": "uhost-x", "wait": False}, "needs wait=true"),
        ({"name": " ", "state": "absent"}, "name is empty"),
        ({"image_id": "", "state": "absent"}, "image_id is empty"),
        ({"name": NAME, "image_id": "", "state": "absent"}, "image_id is empty"),
        ({"name": NAME, "instance_id": ""}, "instance_id is empty"),
    ],
)
def test_options_that_cannot_be_used(options: dict[str, Any], said: str) -> None:
    world = new_world()
    assert said in str(fail(world, OptionError, **options))
    assert writes(world) == []


def test_region_and_zone_come_from_the_instance() -> None:
    world = new_world()
    build(world, "comfy-pod", wait=False)
    [create] = world.requests(CREATE)
    assert (create["params"]["Region"], create["params"]["Zone"]) == ("cn-sh2", "cn-sh2-01")


def test_a_region_that_is_not_the_instances() -> None:
    world = new_world()
    options = {"name": NAME, "instance_id": instance_in(world, "comfy-pod")}
    elsewhere = task_in(world, "compshare_image", options, scope=Scope(region="cn-wlcb"))
    with pytest.raises(OptionError, match="in the region cn-sh2, not in cn-wlcb"):
        ensure_image(elsewhere)


def test_an_image_in_a_region_that_the_list_leaves_out() -> None:
    world = new_world(dialect={"own_place": "filtered"})
    created = build(world, "comfy-pod")
    assert build(world, "comfy-pod")["image"]["id"] == created["image"]["id"]
    assert writes(world) == [CREATE]


def test_paid_images_say_why() -> None:
    world = new_world()
    row = world.instances.all[instance_in(world, "train-vm")].row
    row.update(CompShareImageType="Community", CompShareImagePrice=0.5)
    error = fail(world, RefusedError, name=NAME, instance_id=instance_in(world, "train-vm"))
    assert error.ret_code == 226644 and error.facts == {"changed": False, "image": None}
    predicted = fail(world, NotImageableError, name=NAME, instance_id=instance_in(world, "train-vm"), check_mode=True)
    assert predicted.ret_code == 226644 and predicted.hint == error.hint
    assert writes(world) == [CREATE]


@pytest.mark.parametrize("instance_id", [None, "", " "])
def test_check_mode_takes_an_instance_that_an_earlier_task_would_create(instance_id: str | None) -> None:
    world = new_world()
    check = task(world, check_mode=True, name=NAME, instance_id=instance_id)
    result = ensure_image(check)
    assert (result["changed"], result["image"]["name"], result["image"]["id"]) == (True, NAME, None)
    assert "an earlier task would create" in check.warnings[0]
    fail(world, OptionError, name=NAME, instance_id=instance_id)
    assert writes(world) == []


# A build that fails


def test_a_failed_build_is_reported_again_and_not_begun_again() -> None:
    world = new_world(builds={"plans": [{"fails_at": 0.5, "failed_reason": "Disk full \x1b[31m"}]})
    first = fail(world, WaitError, name=NAME, instance_id=instance_in(world, "train-vm"))
    [row] = images_named(world, NAME)
    assert "Disk full \\x1b[31m" in str(first) and row["CompShareImageId"] in str(first)
    assert first.facts["changed"] is True and first.facts["image"]["status"] == "UnAvailable"
    assert first.facts["build"]["failed"] and first.facts["build"]["failed_reason"] == "Disk full \x1b[31m"
    for check_mode in (True, False):
        second = fail(world, WaitError, check_mode=check_mode, name=NAME, instance_id=instance_in(world, "train-vm"))
        assert "Disk full" in str(second) and row["CompShareImageId"] in str(second)
        assert "replace_failed=true" in str(second) and second.facts["changed"] is False
    assert writes(world) == [CREATE]


def test_a_failed_image_is_replaced_on_request() -> None:
    world = new_world(builds={"plans": [{"fails_at": 0.5}]})
    failed = fail(world, WaitError, name=NAME, instance_id=instance_in(world, "train-vm")).facts["image"]["id"]
    predicted = build(world, replace_failed=True, check_mode=True)
    created = build(world, replace_failed=True)
    assert (predicted["changed"], created["changed"]) == (True, True)
    assert predicted["diff"] == created["diff"]
    assert created["diff"]["before"] == {"name": NAME, "id": failed, "status": "UnAvailable"}
    assert created["image"]["status"] == "Available" and created["image"]["id"] != failed
    assert writes(world) == [CREATE, DELETE, CREATE]
    assert build(world, replace_failed=True)["changed"] is False


@pytest.mark.parametrize("in_both_lists", [True, False])
def test_an_image_that_was_rejected_in_review_is_no_failed_build(in_both_lists: bool) -> None:
    world = new_world()
    group = next(group for group in world.images.groups.values() if group["_owner"] == world.scenario.account.id)
    row = group["_rows"][0]
    row.update(Name=NAME, Status="UnAvailable", FailedReason="Readme is missing")
    if not in_both_lists:
        group["_rows"][0] = {**row}
        row["GroupId"] = ""
    result = run(world, name=NAME, instance_id=instance_in(world, "train-vm"), replace_failed=True)
    assert result["changed"] is False and result["image"]["id"] == row["CompShareImageId"]
    assert writes(world) == []


def test_time_is_up_and_the_next_run_goes_on() -> None:
    world = new_world()
    error = fail(world, WaitError, name=NAME, instance_id=instance_in(world, "train-vm"), wait_timeout=120)
    assert error.facts["changed"] is True and error.facts["image"]["status"] == "Making"
    assert 0 < error.facts["build"]["progress"] < 100
    assert build(world)["image"]["id"] == error.facts["image"]["id"]
    assert writes(world) == [CREATE]


@pytest.mark.parametrize("action", [CREATE, "GetCompShareImageCreateProgress"])
def test_interrupted(monkeypatch: pytest.MonkeyPatch, action: str) -> None:
    world = new_world()
    post = WorldTransport.post

    def interrupted(self: WorldTransport, fields: Any, timeout: float) -> Any:
        response = post(self, fields, timeout)
        if fields["Action"] == action and len(world.requests(action)) == 1:
            raise KeyboardInterrupt
        return response

    monkeypatch.setattr(WorldTransport, "post", interrupted)
    error = fail(world, name=NAME, instance_id=instance_in(world, "train-vm"))
    assert "interrupted" in str(error) and error.retryable
    assert error.facts["changed"] is (action != CREATE)
    again = build(world)
    assert again["changed"] is False and len(images_named(world, NAME)) == 1


# Changing


def test_changed_by_id_with_a_new_name() -> None:
    world = new_world()
    identifier = plant(world)
    options = {"image_id": identifier, "name": "env-1.new", "description": "new"}
    predicted = run(world, check_mode=True, **options)
    assert writes(world) == []
    changed = run(world, **options)
    assert changed["changed"] and predicted["changed"] and predicted["diff"] == changed["diff"]
    assert changed["diff"]["before"]["name"] == NAME and changed["diff"]["after"]["name"] == "env-1.new"
    assert changed["image"]["name"] == predicted["image"]["name"] == "env-1.new"
    assert run(world, **options)["changed"] is False
    assert writes(world) == [UPDATE]


def test_a_name_that_another_image_has() -> None:
    world = new_world()
    first, other = plant(world), plant(world, "env-1.other")
    error = fail(world, OptionError, image_id=first, name="env-1.other")
    assert other in str(error) and writes(world) == []


def test_other_software_is_a_warning() -> None:
    world = new_world()
    plant(world, Softwares={"Framework": "TensorFlow"})
    running = task(world, name=NAME, software={"framework": "PyTorch", "applications": None})
    assert ensure_image(running)["changed"] is False
    assert "has another framework than software says" in running.warnings[0]


def test_two_images_of_one_name_are_an_error_that_lists_them() -> None:
    world = new_world()
    ids = [plant(world), plant(world)]
    error = fail(world, OptionError, name=NAME)
    assert all(identifier in str(error) for identifier in ids)


@pytest.mark.parametrize("effect", [True, False])
def test_a_change_whose_response_is_lost(effect: bool) -> None:
    world = new_world()
    plant(world)
    world.add_faults({"kind": "reset_after", "effect": effect, "action": UPDATE, "count": 1})
    changed = run(world, name=NAME, description="new")
    assert changed["changed"] and changed["image"]["description"] == "new"
    assert len(writes(world)) == (1 if effect else 2)


def test_a_change_that_the_api_does_not_make() -> None:
    world = new_world()
    plant(world, Description="old")
    error = fail(world, WaitError, name=NAME, description="")
    assert "the API does not show that description" in str(error)
    assert error.facts["image"]["name"] == NAME


# Rebuilding


def test_rebuilt_and_the_old_one_deleted_at_the_end() -> None:
    world = new_world()
    old = build(world)["image"]["id"]
    predicted = build(world, rebuild=True, check_mode=True)
    assert writes(world) == [CREATE]
    statuses: list[str] = []

    running = task(world, name=NAME, instance_id=instance_in(world, "train-vm"), rebuild=True, tags=["LLM"])
    running.report = lambda _event: statuses.append(world.images.own[old].row["Name"])
    created = ensure_image(running)
    assert set(statuses) == {NAME}
    assert created["changed"] and predicted["changed"]
    assert created["image"]["id"] != old and created["image"]["name"] == NAME and created["image"]["tags"] == ["LLM"]
    assert predicted["image"]["name"] == NAME and predicted["image"]["id"] is None
    assert created["diff"]["before"] == predicted["diff"]["before"] == {"name": NAME, "id": old}
    assert names(world) == [NAME]
    assert writes(world)[1:] == [CREATE, UPDATE, UPDATE, DELETE, UPDATE]


def test_rebuild_of_what_is_not_there() -> None:
    world = new_world()
    created = build(world, rebuild=True)
    assert created["changed"] and names(world) == [NAME] and writes(world) == [CREATE]


def test_rebuild_of_what_is_being_created() -> None:
    world = new_world()
    build(world, wait=False)
    created = build(world, rebuild=True)
    assert not created["changed"] and created["image"]["status"] == "Available" and writes(world) == [CREATE]


def test_a_rebuild_that_fails_leaves_the_old_image() -> None:
    world = new_world()
    old = build(world)["image"]["id"]
    world.scenario.builds.default.fails_at = 0.5
    vm = instance_in(world, "train-vm")
    error = fail(world, WaitError, name=NAME, instance_id=vm, rebuild=True)
    assert world.images.own[old].row["Name"] == NAME
    assert error.facts["build"]["failed"] and error.facts["changed"] is True
    assert "Disk snapshot failed" in str(fail(world, WaitError, name=NAME, instance_id=vm, rebuild=True))
    assert names(world) == sorted([NAME, name_while_rebuilt(NAME)])
    assert writes(world) == [CREATE, CREATE]
    world.scenario.builds.default.fails_at = None
    created = build(world, rebuild=True, replace_failed=True)
    assert created["image"]["id"] != old and names(world) == [NAME]


@pytest.mark.parametrize("step", range(5))
def test_a_rebuild_that_was_interrupted_goes_on(step: int) -> None:
    """Each request of a rebuild is refused once; the next run must end with one image and no further build."""
    world = new_world()
    old = build(world)["image"]["id"]
    vm = instance_in(world, "train-vm")
    actions = [CREATE, "GetCompShareImageCreateProgress", UPDATE, UPDATE, DELETE]
    nth = 2 if step == 3 else 1
    world.add_faults({"kind": "ret_code", "code": 299, "action": actions[step], "nth": nth})
    if actions[step].startswith("Get"):
        world.clear_faults()
        fail(world, WaitError, name=NAME, instance_id=vm, rebuild=True, wait_timeout=60)
    else:
        fail(world, RefusedError, name=NAME, instance_id=vm, rebuild=True)
    world.clear_faults()
    assert any(row["CompShareImageId"] == old for row in images_named(world, NAME))
    build(world, rebuild=True)
    [row] = images_named(world, NAME)
    assert row["Name"] == NAME and row["CompShareImageId"] != old
    carried_out = [entry for entry in world.requests(CREATE) if entry["ret_code"] == 0]
    assert len(carried_out) == 2


def test_a_rebuild_past_its_first_change_of_names_is_finished_without_an_option() -> None:
    world = new_world()
    build(world)
    vm = instance_in(world, "train-vm")
    world.add_faults({"kind": "ret_code", "code": 299, "action": UPDATE, "nth": 2})
    fail(world, RefusedError, name=NAME, instance_id=vm, rebuild=True)
    world.clear_faults()
    assert names(world) == sorted([name_while_rebuilt(NAME), name_when_replaced(NAME)])
    assert build(world)["changed"]
    assert names(world) == [NAME]


def test_what_a_rebuild_left_is_a_warning_for_others() -> None:
    world = new_world()
    plant(world)
    plant(world, name_while_rebuilt(NAME))
    running = task(world, name=NAME)
    assert ensure_image(running)["changed"] is False
    assert "is left over from a rebuild that did not finish" in running.warnings[0]


# Deleting


def test_deleted_and_gone() -> None:
    world = new_world()
    identifier = plant(world)
    predicted = run(world, name=NAME, state="absent", check_mode=True)
    assert writes(world) == []
    gone = run(world, name=NAME, state="absent")
    again = run(world, name=NAME, state="absent")
    assert (predicted["changed"], gone["changed"], again["changed"]) == (True, True, False)
    assert predicted["diff"] == gone["diff"]
    assert gone["diff"] == {"before": {"name": NAME, "id": identifier, "status": "Available"}, "after": {}}
    assert gone["image"]["id"] == predicted["image"]["id"] == identifier and again["image"] is None
    assert images_named(world, NAME) == [] and writes(world) == [DELETE]


def test_missing_by_id() -> None:
    assert run(new_world(), image_id="compshareImage-none", state="absent")["changed"] is False


def test_deleted_with_what_a_rebuild_left() -> None:
    world = new_world()
    for name in (NAME, name_while_rebuilt(NAME), name_when_replaced(NAME)):
        plant(world, name)
    assert run(world, name=NAME, state="absent")["changed"]
    assert names(world) == []


def test_an_image_that_is_being_created_says_what_can_be_done() -> None:
    world = new_world()
    build(world, wait=False)
    for check_mode in (True, False):
        error = fail(world, check_mode=check_mode, name=NAME, state="absent")
        assert "still being created" in str(error) and "compshare_image_progress" in str(error)
        assert error.facts["image"]["status"] == "Making" and error.facts["changed"] is False
    assert writes(world) == [CREATE]


@pytest.mark.parametrize("status", ["Available", "Reviewing"])
def test_a_published_image_must_be_withdrawn_first(status: str) -> None:
    world = new_world()
    group = next(group for group in world.images.groups.values() if group["_owner"] == world.scenario.account.id)
    row = group["_rows"][0]
    row["Status"] = status
    for options in ({"state": "absent"}, {"rebuild": True, "instance_id": instance_in(world, "train-vm")}):
        row["Name"] = NAME
        error = fail(world, name=NAME, **options)
        assert "cannot be deleted" in str(error) and "compshare_image_publication" in str(error)
    assert writes(world) == []


def test_a_withdrawn_image_can_be_deleted() -> None:
    world = new_world()
    group = next(group for group in world.images.groups.values() if group["_owner"] == world.scenario.account.id)
    for row in group["_rows"]:
        row["Status"] = "Offline"
    assert run(world, image_id=group["_rows"][0]["CompShareImageId"], state="absent")["changed"]


def test_a_key_that_may_not_list_what_is_published() -> None:
    world = new_world(permissions={"deny": ["DescribeSelfCommunityImages"]})
    plant(world)
    assert run(world, name=NAME, state="absent")["changed"]


def test_a_deletion_that_takes_too_long() -> None:
    world = new_world(builds={"delete_seconds": 900})
    plant(world)
    error = fail(world, WaitError, name=NAME, state="absent", wait_timeout=60)
    assert "still there at the end of wait_timeout" in str(error) and error.retryable
    assert run(world, name=NAME, state="absent")["image"]["name"] == NAME
    assert run(world, name=NAME, state="absent", wait=False)["changed"] is False


def test_a_deletion_without_waiting() -> None:
    world = new_world(builds={"delete_seconds": 900})
    plant(world)
    began = world.clock.now()
    assert run(world, name=NAME, state="absent", wait=False)["changed"]
    assert world.clock.now() - began < 5


@pytest.mark.parametrize("effect", [True, False])
def test_a_deletion_whose_response_is_lost(effect: bool) -> None:
    world = new_world()
    plant(world)
    world.add_faults({"kind": "close_after", "effect": effect, "action": DELETE, "count": 1})
    assert run(world, name=NAME, state="absent")["changed"]
    assert names(world) == [] and len(writes(world)) == (1 if effect else 2)


def test_deleted_by_somebody_else_meanwhile() -> None:
    world = new_world()
    identifier = plant(world)
    world.add_faults({"kind": "ret_code", "code": 8039, "action": DELETE, "count": 1})
    world.clock.after(0.5, lambda: world.images.own.pop(identifier) and None)
    assert run(world, name=NAME, state="absent")["changed"]
