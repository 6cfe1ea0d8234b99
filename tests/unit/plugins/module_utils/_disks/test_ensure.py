"""Every state of compshare_disk against the simulator, each twice, and in check mode before."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import CompShareError, OptionError, WaitError
from ansible_collections.compshare.cloud.plugins.module_utils._disks.ensure import ensure_disk
from ansible_collections.compshare.cloud.tests.simulator.world import World

from ..in_process import new_world, task_in, writes

MODULE = "compshare_disk"
CREATE, ATTACH, DETACH = "CreateAndAttachCompshareDisk", "AttachCompshareDisk", "DetachCompshareDisk"
GROW, DELETE = "ResizeCompShareDisk", "DeleteCompshareDisk"
NEW: dict[str, Any] = {"name": "data", "instance_name": "vm-a", "size_gb": 50}
ROWS: dict[str, Any] = {
    "instances": [
        {"UHostId": "uhost-a", "Name": "vm-a"},
        {"UHostId": "uhost-b", "Name": "vm-b", "State": "Stopped"},
        {"UHostId": "cpod-a", "Name": "pod-a"},
    ],
    "disks": [
        {"ResourceId": "bsi-free", "Name": "free", "Size": 100},
        {"ResourceId": "bsi-used", "Name": "used", "Size": 100, "MountInstance": "uhost-a"},
        {"ResourceId": "bsi-t1", "Name": "twice"},
        {"ResourceId": "bsi-t2", "Name": "twice"},
    ],
}


def world_of(**settings: Any) -> World:
    return new_world(rows=ROWS, replace=["instances"], **settings)


@pytest.fixture(params=["recorded", "documented"])
def world(request: pytest.FixtureRequest) -> World:
    return world_of(dialect=request.param)


def run(world: World, *, check_mode: bool = False, **options: Any) -> dict[str, Any]:
    return ensure_disk(task_in(world, MODULE, options, check_mode=check_mode))


def failed(world: World, kind: type[CompShareError] = CompShareError, **options: Any) -> CompShareError:
    with pytest.raises(kind) as caught:
        run(world, **options)
    return caught.value


def named(world: World, name: str) -> list[dict[str, Any]]:
    return [disk.row() for disk in world.disks.all.values() if disk.entry["Name"] == name]


@pytest.mark.parametrize(
    ("options", "actions"),
    [
        ({**NEW, "instance_name": "to-come"}, [CREATE]),
        ({"name": "free", "state": "attached", "instance_name": "to-come"}, [ATTACH]),
        ({"name": "used", "state": "attached", "instance_name": "to-come"}, [DETACH, ATTACH]),
    ],
)
def test_check_mode_accepts_an_instance_that_an_earlier_task_would_create(
    world: World, options: dict[str, Any], actions: list[str]
) -> None:
    predicted = run(world, check_mode=True, **options)
    assert (predicted["changed"], [one["action"] for one in predicted["actions"]]) == (True, actions)
    assert (predicted["disk"]["name"], predicted["disk"]["instance_id"]) == (options["name"], None)
    assert (predicted["price"], writes(world)) == (None, [])
    assert "There is no instance 'to-come'" in str(failed(world, OptionError, **options))


CHANGES: list[tuple[dict[str, Any], list[str]]] = [
    (NEW, [CREATE]),
    ({"name": "free", "state": "present", "instance_id": "uhost-b"}, [ATTACH]),
    ({"name": "free", "state": "attached", "instance_name": "vm-a"}, [ATTACH]),
    ({"name": "free", "size_gb": 200, "instance_id": "uhost-a"}, [GROW, ATTACH]),
    ({"name": "free", "state": "present", "size_gb": 200}, [GROW]),
    ({"disk_id": "bsi-used", "state": "attached", "instance_id": "uhost-b"}, [DETACH, ATTACH]),
    ({"disk_id": "bsi-used", "state": "attached", "instance_id": "uhost-b", "size_gb": 150}, [DETACH, GROW, ATTACH]),
    ({"name": "used", "state": "detached"}, [DETACH]),
    ({"name": "free", "state": "absent"}, [DELETE]),
    ({"name": "used", "state": "absent", "force": True}, [DETACH, DELETE]),
]


@pytest.mark.parametrize(("options", "actions"), CHANGES, ids=[" ".join(row[1]) for row in CHANGES])
def test_each_change_is_predicted_done_and_not_repeated(
    world: World, options: dict[str, Any], actions: list[str]
) -> None:
    predicted = run(world, check_mode=True, **options)
    assert writes(world) == []
    done = run(world, **options)
    assert writes(world) == [one["action"] for one in done["actions"]] == actions
    assert [one["action"] for one in predicted["actions"]] == actions
    assert predicted["changed"] is done["changed"] is True
    assert predicted["price"] == done["price"]
    if actions[-1] == DELETE:
        assert predicted["disk"] is done["disk"] is None
        assert done["diff"]["after"] == predicted["diff"]["after"] == {}
    else:
        same = ("name", "size_gb", "instance_id", "zone", "state", "charge_type")
        assert {key: predicted["disk"][key] for key in same} == {key: done["disk"][key] for key in same}
    again = run(world, **options)
    assert (again["changed"], again["actions"], writes(world)) == (False, [], actions)
    assert run(world, check_mode=True, **options)["changed"] is False


def test_a_new_disk_costs_what_was_announced_and_is_shown_with_its_device(world: World) -> None:
    predicted = run(world, check_mode=True, **NEW)
    assert predicted["price"] == {"charge_type": "Postpay", "amount": 0.03, "unit": "hour", "per_hour": 0.03}
    assert predicted["mount_hint"] is None
    done = run(world, **NEW)
    assert done["disk"]["device"] == "/dev/vdc"  # the first is taken
    assert "mkfs.ext4 /dev/vdc" in done["mount_hint"]
    row = world.instances.all["uhost-a"].row
    assert row["DiskPrice"] == pytest.approx(0.06 + 0.03)
    assert "resize2fs /dev/vdc" in run(world, **NEW)["mount_hint"]


def test_growth_has_a_price_while_an_instance_has_the_disk() -> None:
    world = world_of()
    assert run(world, name="used", size_gb=200)["price"]["amount"] == 0.06
    assert run(world, name="free", size_gb=200)["price"] is None


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"name": "free", "size_gb": 50}, "has 100 GB, and size_gb is 50: a disk cannot shrink"),
        ({"name": "used", "state": "absent"}, "is attached to uhost-a. Nothing was deleted"),
        ({"name": "none", "state": "detached"}, "There is no disk 'none'"),
        ({"disk_id": "bsi-none"}, "There is no disk 'bsi-none'"),
        ({"name": "new", "size_gb": 50}, "needs size_gb, and instance_id or instance_name"),
        ({"name": "new", "instance_id": "uhost-a"}, "needs size_gb, and instance_id or instance_name"),
        ({**NEW, "size_gb": 9}, "10 to 1500 GB"),
        ({**NEW, "size_gb": 1501}, "10 to 1500 GB"),
        ({**NEW, "instance_name": "nobody"}, "There is no instance 'nobody'"),
        ({**NEW, "instance_name": "pod-a"}, "is a pod"),
        ({**NEW, "name": "a b"}, "no spaces"),
        ({"name": "twice", "state": "absent"}, "2 disks are named 'twice'"),
        ({"name": "free", "state": "attached"}, "needs instance_id or instance_name"),
        ({"name": "free", "state": "absent", "instance_id": "uhost-a"}, "are not for state=absent"),
        ({"name": "free", "state": "absent", "size_gb": 100}, "size_gb is not for state=absent"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_sent(world: World, options: dict[str, Any], said: str) -> None:
    assert said in str(failed(world, OptionError, **options))
    assert writes(world) == []


def test_a_disk_that_is_gone_is_absent(world: World) -> None:
    assert run(world, name="none", state="absent")["changed"] is False
    assert run(world, disk_id="bsi-none", state="absent")["changed"] is False


def test_a_running_instance_that_keeps_its_disk_from_growing_is_reported() -> None:
    world = world_of(dialect={"grow_attached": "8010"})
    error = failed(world, name="used", size_gb=200)
    assert "used (bsi-used, InUse, 100 GB, cn-wlcb-01)" in str(error) and "Stop the instance, or detach" in str(error)
    assert error.facts["changed"] is False and error.facts["disk"]["size_gb"] == 100


def test_a_disk_that_is_on_its_way_is_waited_for(world: World) -> None:
    run(world, **NEW)
    world.scenario.instances.detach_seconds = 100
    task = task_in(world, MODULE, {"name": "data", "state": "detached", "wait_timeout": 20})
    with pytest.raises(WaitError, match="was still Detaching at the end of wait_timeout") as caught:
        ensure_disk(task)
    assert caught.value.facts["changed"] is True
    assert run(world, name="data", state="absent")["changed"] is True
    assert named(world, "data") == []


@pytest.mark.parametrize("kind", ["reset_before", "reset_after", "truncated", "empty", "no_ret_code"])
@pytest.mark.parametrize(("options", "actions"), CHANGES, ids=[" ".join(row[1]) for row in CHANGES])
def test_lost_responses_create_no_disk_twice_and_end_as_desired(
    options: dict[str, Any], actions: list[str], kind: str
) -> None:
    """Each write of the task loses its first response; a run that ends in an error is run again."""
    world = world_of()
    for action in actions:
        world.add_faults({"kind": kind, "action": action, "count": 1})
    before = len(world.disks.all)
    runs = 0
    while runs < 3:
        runs += 1
        with suppress(CompShareError):
            run(world, **options)
            break
    assert runs < 3
    expected = before + (CREATE in actions) - (DELETE in actions)
    assert len(world.disks.all) == expected
    assert run(world, **options)["changed"] is False


def test_a_create_whose_response_names_nothing_is_found_in_the_list() -> None:
    world = world_of(dialect={"created_disk": "nothing"}, instances={"visible_after": 40})
    assert run(world, **NEW)["disk"]["name"] == "data"
    assert writes(world) == [CREATE] and len(named(world, "data")) == 1


def test_a_task_that_was_killed_while_it_created_leaves_no_second_disk() -> None:
    world = world_of(instances={"visible_after": 100})
    world.add_faults({"kind": "ret_code", "code": 110, "effect": True, "action": CREATE})
    world.add_faults({"kind": "http", "status": 502, "action": "DescribeCompshareDisk", "after": 3})
    error = failed(world, **NEW)
    assert error.retryable and "Whether the disk 'data' was created is not known" in str(error)
    world.clear_faults()
    assert run(world, **NEW)["changed"] is False
    assert len(named(world, "data")) == 1 and writes(world) == [CREATE]


def test_a_busy_instance_is_waited_for() -> None:
    world = world_of()
    world.add_faults({"kind": "ret_code", "code": 8903, "action": CREATE, "count": 2})
    assert run(world, **NEW)["changed"] is True


def test_pages_and_lists_without_pages(world: World) -> None:
    rows = [{"ResourceId": f"bsi-{number:03}", "Name": f"d{number:03}"} for number in range(230)]
    for count in (100, 230):
        many = new_world(rows={"disks": rows[:count]}, dialect=world.scenario.dialect, counts={"instances": 0})
        last = f"d{count - 1:03}"
        assert run(many, name=last, state="detached")["disk"]["name"] == last
