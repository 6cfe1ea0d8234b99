"""Every state of compshare_instance against the simulator, each twice, and in check mode before."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.client import Scope
from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import CompShareError, OptionError, WaitError
from ansible_collections.compshare.cloud.plugins.module_utils._api.values import iso_time
from ansible_collections.compshare.cloud.tests.simulator.world import World

from ..api_faults import interrupt_at
from ..in_process import WorldTransport, instance_in, new_world, writes
from .tasks import failed, named, put, run, run_task

CREATE = "CreateCompShareInstance"
REINSTALL = "ReinstallCompShareInstance"
UPDATE_STOP = "UpdateCompShareStopScheduler"
LIST = "DescribeCompShareInstance"
ORDER: dict[str, Any] = {"name": "new-vm", "image": "Ubuntu 22.04", "gpu_type": "4090"}


@pytest.fixture
def world() -> World:
    return new_world()


def without_times(instance: dict[str, Any] | None) -> dict[str, Any] | None:
    return instance and {key: value for key, value in instance.items() if not key.endswith("_time")}


# --- Each state: predicted, done, and done again ---

TRANSITIONS: list[tuple[str, dict[str, Any], str, str, list[str]]] = [
    # state, options, state before, state after, actions
    ("running", {}, "Stopped", "Running", ["StartCompShareInstance"]),
    ("running", {"without_gpu": "B"}, "Stopped", "Running", ["StartCompShareInstance"]),
    ("stopped", {}, "Running", "Stopped", ["StopCompShareInstance"]),
    # The API leaves a reinstalled instance running: one that was stopped is not to be paid for.
    (
        "reinstalled",
        {"image": "Ubuntu 24.04"},
        "Stopped",
        "Stopped",
        ["ReinstallCompShareInstance", "StopCompShareInstance"],
    ),
    (
        "reinstalled",
        {"image": "Ubuntu 24.04"},
        "Running",
        "Running",
        ["StopCompShareInstance", "ReinstallCompShareInstance"],
    ),
    ("absent", {}, "Stopped", "", ["TerminateCompShareInstance"]),
    ("absent", {}, "Running", "", ["StopCompShareInstance", "TerminateCompShareInstance"]),
    ("absent", {}, "Install Fail", "", ["TerminateCompShareInstance"]),
    ("reinstalled", {"image": "Ubuntu 24.04"}, "Install Fail", "Running", ["ReinstallCompShareInstance"]),
]


@pytest.mark.parametrize(
    ("state", "options", "before", "after", "actions"), TRANSITIONS, ids=[f"{row[0]} {row[2]}" for row in TRANSITIONS]
)
def test_each_state_twice_and_predicted(
    world: World, state: str, options: dict[str, Any], before: str, after: str, actions: list[str]
) -> None:
    put(world, "train-vm", State=before, CompShareImageId="compshareImage-1old")
    options = {"name": "train-vm", "state": state, **options}
    predicted = run(world, check_mode=True, **options)
    assert writes(world) == []
    done = run(world, **options)
    assert predicted["changed"] is done["changed"] is True
    assert [action["action"] for action in predicted["actions"]] == actions
    assert [action["action"] for action in done["actions"]] == writes(world) == actions
    assert (done["instance"] or {}).get("state", "") == (predicted["instance"] or {}).get("state", "") == after
    assert done["diff"]["before"] == predicted["diff"]["before"] != done["diff"]["after"]
    if after:
        shown, expected = done["diff"]["after"]["train-vm"], predicted["diff"]["after"]["train-vm"]
        sizes = ("cpu", "memory_gb", "gpu_count")  # what a start without the GPU has is not known before
        assert {key: value for key, value in shown.items() if key not in sizes} == {
            key: value for key, value in expected.items() if key not in sizes
        }
    again = run(world, **options)
    assert again["changed"] is False and again["actions"] == []
    assert writes(world) == actions
    assert run(world, check_mode=True, **options)["changed"] is False
    assert again["diff"]["before"] == again["diff"]["after"]


def test_an_image_that_does_not_fit_is_refused_before_the_instance_is_stopped() -> None:
    image = {"CompShareImageId": "compshareImage-1next", "Name": "next", "ImageType": "System", "Container": "False"}
    for fields, message in (
        ({"Size": 200 * 1024}, "its system disk has 100 GB, and the image needs 200 GB"),
        ({"SupportedGpuTypes": ["5090", "H20"]}, "it supports 5090, H20, and this is a 4090"),
    ):
        world = new_world(counts={"platform": 0}, rows={"platform": [{**image, **fields}]})
        put(world, "train-vm", CompShareImageId="compshareImage-1old")
        assert message in str(failed(world, OptionError, name="train-vm", state="reinstalled", image="next"))
        assert writes(world) == []


def test_an_instance_is_created_once(world: World) -> None:
    predicted = run(world, check_mode=True, **ORDER)
    assert predicted["changed"] and writes(world) == [] and not named(world, "new-vm")
    created = run(world, **ORDER)
    assert created["changed"] and writes(world) == [CREATE]
    (row,) = named(world, "new-vm")
    assert (row["ChargeType"], row["State"], row["GPU"], row["Zone"]) == ("Postpay", "Running", 1, "cn-wlcb-01")
    assert predicted["price"] == created["price"]
    assert created["price"]["per_hour"] == 1.48
    assert predicted["diff"] == created["diff"]
    assert predicted["diff"]["after"]["new-vm"]["price_per_hour"] == 1.48
    expected, real = without_times(predicted["instance"]), without_times(created["instance"])
    assert expected is not None and real is not None
    sure = ("name", "state", "zone", "region", "gpu_type", "gpu_count", "cpu", "memory_gb", "charge_type", "image_id")
    assert [expected[key] for key in sure] == [real[key] for key in sure]
    again = run(world, **ORDER)
    assert again["changed"] is False and again["instance"]["id"] == row["UHostId"] and "price" not in again
    assert run(world, check_mode=True, **ORDER)["changed"] is False
    assert writes(world) == [CREATE]


def test_a_name_of_digits_is_found_where_the_api_sends_a_number(world: World) -> None:
    order = {**ORDER, "name": "2026"}
    run(world, **order)
    put(world, "2026", Name=2026)
    assert run(world, **order)["changed"] is False
    assert writes(world) == [CREATE]


def test_running_creates_what_is_missing_and_starts_what_is_stopped(world: World) -> None:
    assert run(world, **ORDER, state="running")["changed"]
    run(world, name="new-vm", state="stopped")
    assert run(world, **ORDER, state="present")["instance"]["state"] == "Stopped"
    assert run(world, **ORDER, state="running")["instance"]["state"] == "Running"
    assert len(named(world, "new-vm")) == 1


def test_restarted(world: World) -> None:
    started = named(world, "train-vm")[0]["StartTime"]
    for _time in range(2):
        done = run(world, name="train-vm", state="restarted")
        assert done["changed"] and done["instance"]["state"] == "Running"
    assert writes(world) == ["RebootCompShareInstance"] * 2
    assert named(world, "train-vm")[0]["StartTime"] > started
    predicted = run(world, check_mode=True, name="train-vm", state="restarted")
    assert predicted["changed"] and len(writes(world)) == 2
    put(world, "train-vm", State="Stopped")
    assert run(world, name="train-vm", state="restarted")["actions"][0]["action"] == "StartCompShareInstance"


@pytest.mark.parametrize(
    ("zone", "gpu_type", "kind"), [("cn-wlcb-01", "4090", "container"), ("cn-sh2-01", "5090", "pod")]
)
def test_containers_and_pods_live_like_machines(zone: str, gpu_type: str, kind: str) -> None:
    image = {"CompShareImageId": "compshareImage-1c", "Name": "boxed", "Container": "True", "Zone": zone}
    world = new_world(rows={"custom": [{**image, "Status": "Available"}]}, instances={"ssh_listener": True})
    try:
        created = run(world, name="box", image="boxed", gpu_type=gpu_type, wait_for_ssh=True)["instance"]
        assert (created["kind"], created["zone"], created["ssh_user"]) == (kind, zone, "root")
        for state in ("stopped", "running", "absent"):
            assert run(world, name="box", state=state)["changed"] is True
            assert run(world, name="box", state=state)["changed"] is False
        assert not named(world, "box")
    finally:
        world.close()


def test_several_at_once(world: World) -> None:
    order = {**ORDER, "name": "worker", "count": 3}
    assert len(run(world, check_mode=True, **order)["instances"]) == 3
    created = run(world, **order)
    assert [instance["name"] for instance in created["instances"]] == ["worker-1", "worker-2", "worker-3"]
    assert created["instance"] is None
    assert run(world, **order)["changed"] is False
    assert [action["name"] for action in run(world, **{**order, "count": 4})["actions"]] == ["worker-4"]
    assert run(world, **{**order, "count": 2})["changed"] is False
    run(world, name="worker", count=4, state="stopped")
    assert {row["State"] for name in ("worker-1", "worker-4") for row in named(world, name)} == {"Stopped"}
    gone = run(world, name="worker", count=4, state="absent")
    assert gone["instances"] == [] and not named(world, "worker-1")
    assert run(world, name="worker", count=4, state="absent")["changed"] is False


def test_one_instance_is_created_where_the_count_begins(world: World) -> None:
    run(world, **{**ORDER, "name": "one", "count": 1})
    assert named(world, "one-1") and not named(world, "one")


# --- Identity ---


def test_two_instances_of_a_name_are_an_error_that_lists_them(world: World) -> None:
    for state in ("present", "running", "stopped", "restarted", "absent"):
        error = failed(world, OptionError, name="wyp-test", state=state)
        assert "2 instances are named 'wyp-test'" in str(error)
        assert all(row["UHostId"] in str(error) for row in named(world, "wyp-test"))
    assert writes(world) == []


def test_an_id_says_which_one(world: World) -> None:
    identity = named(world, "wyp-test")[0]["UHostId"]
    assert run(world, instance_id=identity, state="running")["instance"]["id"] == identity


def test_an_instance_of_any_region_is_found_and_requested_where_it_is(world: World) -> None:
    done = run(world, name="comfy-pod", state="stopped", scope=Scope(region="cn-wlcb", zone="cn-wlcb-01"))
    assert done["instance"]["zone"] == "cn-sh2-01"
    assert world.requests("StopCompShareInstance")[0]["params"]["Zone"] == "cn-sh2-01"


@pytest.mark.parametrize("state", ["stopped", "restarted", "reinstalled", "running", "present"])
def test_what_is_not_there_cannot_be_changed(world: World, state: str) -> None:
    image = {"image": "Ubuntu 22.04"} if state == "reinstalled" else {}
    assert "There is no instance" in str(failed(world, OptionError, name="nobody", state=state, **image))
    error = failed(world, OptionError, instance_id="uhost-nobody", state=state, **image)
    assert "There is no instance uhost-nobody" in str(error)
    assert writes(world) == []


def test_what_is_not_there_is_absent(world: World) -> None:
    for options in ({"name": "nobody"}, {"instance_id": "uhost-nobody"}):
        done = run(world, state="absent", **options)
        assert done["changed"] is False and done["instance"] is None and done["instances"] == []


def test_a_name_for_an_id_renames(world: World) -> None:
    identity = instance_in(world, "train-vm")
    predicted = run(world, check_mode=True, instance_id=identity, name="renamed")
    assert predicted["instance"]["name"] == "renamed" and writes(world) == []
    done = run(world, instance_id=identity, name="renamed")
    assert done["changed"] and named(world, "renamed")
    assert run(world, instance_id=identity, name="renamed")["changed"] is False
    error = failed(world, OptionError, instance_id=identity, name="comfy-pod")
    assert "has this name" in str(error)


def test_an_empty_response_is_no_proof_of_absence(world: World) -> None:
    world.add_faults({"kind": "null_list", "action": "DescribeCompShareInstance", "count": 1})
    assert run(world, name="train-vm", state="absent")["changed"] is True
    world = new_world()
    world.add_faults({"kind": "null_list", "action": "DescribeCompShareInstance", "count": 1})
    assert run(world, **{**ORDER, "name": "train-vm"})["changed"] is False


# --- What is created, and where ---


def test_the_first_zone_in_stock_is_taken(world: World) -> None:
    world.stock.left["cn-sh2-02"]["4090"] = 0
    done = run(world, **ORDER, zones=["cn-sh2-02", "cn-sh2-03", "cn-wlcb-01"])
    assert done["instance"]["zone"] == "cn-sh2-03"


@pytest.mark.parametrize(
    ("options", "scope", "zone"),
    [
        ({}, Scope(), "cn-wlcb-01"),
        ({}, Scope(region="cn-sh2"), "cn-sh2-02"),
        ({}, Scope(zone="cn-sh2-03"), "cn-sh2-03"),
        ({"zones": ["cn-sh2-03"]}, Scope(region="cn-wlcb"), "cn-sh2-03"),
        ({"gpu_type": "5090"}, Scope(), "cn-sh2-03"),
    ],
)
def test_where_an_instance_is_created(world: World, options: dict[str, Any], scope: Scope, zone: str) -> None:
    assert run(world, check_mode=True, scope=scope, **{**ORDER, **options})["instance"]["zone"] == zone


def test_the_stock_may_end_between_check_and_order(world: World) -> None:
    world.add_faults({"kind": "ret_code", "code": 226604, "action": CREATE, "count": 1})
    done = run(world, **ORDER, zones=["cn-wlcb-01", "cn-sh2-02"])
    assert done["instance"]["zone"] == "cn-sh2-02"
    assert writes(world) == [CREATE, CREATE] and len(named(world, "new-vm")) == 1
    world = new_world()
    world.add_faults({"kind": "ret_code", "code": 226604, "action": CREATE})
    error = failed(world, zones=["cn-wlcb-01"], **ORDER)
    assert "cn-wlcb-01: sold out" in str(error) and error.retryable
    assert error.facts["changed"] is False


def test_sizes(world: World) -> None:
    created = run(world, **ORDER, gpu_count=2, cpu=32, memory_gb=128, charge_type="Day")
    assert [created["instance"][key] for key in ("gpu_count", "cpu", "memory_gb", "charge_type")] == [2, 32, 128, "Day"]
    assert created["price"]["unit"] == "day"
    assert created["price"]["per_hour"] == pytest.approx(created["price"]["amount"] / 24, abs=1e-4)


def test_disks(world: World) -> None:
    disks = [{"size_gb": 50, "type": "CLOUD_SSD", "boot": False}, {"size_gb": 150, "type": "CLOUD_SSD", "boot": True}]
    created = run(world, **ORDER, disks=disks)
    assert [(disk["boot"], disk["size_gb"]) for disk in created["instance"]["disks"]] == [(True, 150), (False, 50)]


def test_the_system_disk_holds_the_image(world: World) -> None:
    large = {"Name": "large", "ImageType": "Custom", "Status": "Available", "Size": 150 * 1024, "Zone": "cn-wlcb-01"}
    world = new_world(rows={"custom": [{**large, "CompShareImageId": "compshareImage-1large"}]})
    created = run(world, check_mode=True, **{**ORDER, "image": "large"})
    assert created["instance"]["disks"][0]["size_gb"] == 150
    disks = [{"size_gb": 149, "type": "CLOUD_SSD", "boot": True}]
    error = failed(world, OptionError, **{**ORDER, "image": "large"}, disks=disks)
    assert "cannot hold the image 'large', which needs 150 GB" in str(error)


def test_a_password_is_set_and_never_shown(world: World) -> None:
    done, task = run_task(world, **ORDER, password="Secret-1234")
    assert named(world, "new-vm")[0]["Password"] == "U2VjcmV0LTEyMzQ="
    assert "Secret-1234" not in repr(done) and "U2VjcmV0" not in repr(done) and not task.warnings


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"max_price": 1},
            r"cn-wlcb-01, cn-sh2-02, cn-sh2-03: 1 x GPU, 12 CPU, 32 GB costs 1.48 CNY per hour, more than 1;"
            r".*Raise max_price",
        ),
        (
            {"gpu_type": "A800"},
            r"cn-wlcb-01: sold out; cn-wlcb-03: takes no images of the type System; cn-sh2-01, .*: the image is not",
        ),
        (
            {"gpu_type": "B300"},
            r"cn-wlcb-01, .*: does not sell B300; .*\. These zones sell: 2080Ti, 3080Ti, 3090",
        ),
        ({"cpu": 7}, r"cn-wlcb-01, .*: sells it only as 1 x GPU, 12 CPU, 32 GB or 1 x GPU, 12 CPU, 48 GB"),
        ({"gpu_count": 3}, r"sells it only as 1 x GPU"),
        ({"zones": ["cn-nowhere-01"]}, r"There is no zone 'cn-nowhere-01'"),
        ({"image": "Ubuntu 99"}, r"No image is named 'Ubuntu 99' in the platform list and the list of your own images"),
        ({"image": "compshareImage-1nobody"}, r"cn-wlcb-01, .*: the image is not there"),
        ({"charge_type": "Spot", "gpu_type": "H20"}, r"cn-wlcb-01, .*: this charge_type is not possible"),
        ({"scope": Scope(zone="cn-none-01")}, r"There is no zone 'cn-none-01'\. There are: cn-wlcb-01"),
    ],
)
def test_what_cannot_be_created_is_refused_before_anything_is_sent(
    world: World, options: dict[str, Any], message: str
) -> None:
    for check_mode in (True, False):
        with pytest.raises(CompShareError, match=message):
            run(world, check_mode=check_mode, **{**ORDER, **options})
    assert writes(world) == []


@pytest.mark.parametrize(
    ("charge_type", "words"),
    [
        ("Month", ["charge_type=Month is prepaid: the platform renews the instance automatically"]),
        ("Year", ["No documentation of the API has charge_type=Year", "charge_type=Year is prepaid"]),
        ("Postpay", []),
    ],
)
def test_what_is_to_know_of_a_charge_type_is_said_before(charge_type: str, words: list[str]) -> None:
    world = new_world(dialect={"year": "sold"})
    _predicted, task = run_task(world, check_mode=True, **ORDER, charge_type=charge_type)
    assert [text for text in task.warnings if any(word in text for word in words)] == task.warnings
    assert len(task.warnings) == len(words) and writes(world) == []
    created = run(world, **ORDER, charge_type=charge_type)
    assert created["instance"]["auto_renew"] is (charge_type != "Postpay")
    again, task = run_task(world, **ORDER, charge_type=charge_type)
    assert again["changed"] is False and task.warnings == []


@pytest.mark.parametrize(
    ("image", "password", "accepted"),
    [
        # Documented: 30 for virtual machines, 32 for containers; Windows wants three classes.
        ({"Name": "linux"}, "Aa" * 15, True),
        ({"Name": "linux"}, "Aa" * 16, False),
        ({"Name": "boxed", "Container": "True"}, "Aa" * 16, True),
        ({"Name": "Windows 2022"}, "Aaaaaaaaa", False),
        ({"Name": "Windows 2022"}, "Aaaaaaaa1", True),
    ],
)
def test_which_passwords_an_image_takes(image: dict[str, Any], password: str, accepted: bool) -> None:
    """They were refused by the API after the order, or for a lack of classes that upper case is one of."""
    row = {"CompShareImageId": "compshareImage-1own", "Status": "Available", "Zone": "cn-wlcb-01", **image}
    world = new_world(rows={"custom": [row]}, dialect={"password_length": "32"})
    order = {**ORDER, "image": image["Name"], "password": password}
    if accepted:
        assert run(world, **order)["changed"]
    else:
        assert "password breaks the rules" in str(failed(world, OptionError, **order)) and writes(world) == []


def test_a_zone_that_takes_no_such_image_is_passed_over(world: World) -> None:
    """Seen in production: C(UnsupportedImageTypes) of cn-wlcb-03 is System and Other."""
    error = failed(world, **ORDER, zones=["cn-wlcb-03"])
    assert "cn-wlcb-03: takes no images of the type System" in str(error)
    assert world.requests("CheckCompShareResourceCapacity") == []


def test_without_a_price_there_is_a_warning_or_with_max_price_a_refusal(world: World) -> None:
    world.add_faults(
        {"kind": "raw", "body": '{"RetCode": 0, "PriceDetails": null}', "action": "GetCompShareInstancePrice"}
    )
    done, task = run_task(world, **ORDER)
    assert done["changed"] and "price" not in done and "returns no price" in task.warnings[0]
    error = failed(world, **{**ORDER, "name": "other", "max_price": 100})
    assert "max_price cannot be kept" in str(error)


OPTION_MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"name": "a b"}, "' ' in it"),
    ({"name": "x" * 64}, "64 characters"),
    ({"name": ""}, "name is empty"),
    ({"name": None, "instance_id": " "}, "instance_id is empty"),
    ({"name": None, "instance_id": "", "state": "absent"}, "instance_id is empty"),
    ({"name": "x" * 62, "count": 2}, "64 characters"),
    ({"count": 0}, "count is 0"),
    ({"count": 101}, "count is 101"),
    ({"count": 2, "instance_id": "uhost-1"}, "count needs name, and no instance_id"),
    ({"gpu_count": 0}, "gpu_count is 0"),
    ({"cpu": -1}, "cpu is -1"),
    ({"memory_gb": 65536}, "memory_gb is 65536"),
    ({"max_price": -1}, "max_price must be 0"),
    ({"password": "short1"}, "password breaks the rules"),
    ({"password": "onlyletters"}, "password breaks the rules"),
    ({"password": "Aa1" * 11}, "password breaks the rules"),
    ({"password": "with space 1"}, "password breaks the rules"),
    ({"password": "密码密码密码12"}, "password breaks the rules"),
    ({"disks": []}, "0 disks with boot=true"),
    ({"disks": [{"size_gb": 0, "type": "CLOUD_SSD", "boot": True}]}, "size_gb is 0"),
    ({"disks": [{"size_gb": 9, "type": "fast one", "boot": True}]}, "type 'fast one'"),
    ({"state": "reinstalled", "image": None}, "state=reinstalled needs image"),
    ({"force": True}, "force is for state=reinstalled only"),
    ({"without_gpu": "A"}, "without_gpu is for state=running"),
    ({"wait_for_ssh": True, "wait": False}, "wait_for_ssh=true needs wait=true"),
    ({"schedule_stop": "tomorrow"}, "schedule_stop is 'tomorrow'"),
    ({"schedule_stop": "8h", "charge_type": "Spot"}, "schedule_stop is not possible with charge_type=Spot"),
    ({"schedule_stop": "4m"}, "five minutes or more"),
]


@pytest.mark.parametrize(("options", "message"), OPTION_MISTAKES, ids=[row[1] for row in OPTION_MISTAKES])
def test_mistakes_in_options_are_found_before_anything_is_sent(
    world: World, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(OptionError) as caught:
        run(world, **{**ORDER, **options})
    assert message in str(caught.value)
    assert "password" not in options or options["password"] not in str(caught.value)
    assert world.requests() == []


# --- States that pass, states that do not ---


@pytest.mark.parametrize("state", ["Stopping", "Starting", "Rebooting", "Initializing"])
@pytest.mark.parametrize("goal", ["running", "stopped"])
def test_a_state_that_passes_is_waited_for(world: World, state: str, goal: str) -> None:
    identity = put(world, "train-vm", State=state)
    end = "Stopped" if state == "Stopping" else "Running"
    predicted = run(world, check_mode=True, name="train-vm", state=goal)
    world.clock.after(60, lambda: world.instances.all[identity].row.update(State=end))
    done = run(world, name="train-vm", state=goal)
    assert done["instance"]["state"] == goal.capitalize()
    assert done["changed"] is predicted["changed"] is (end != goal.capitalize())


@pytest.mark.slow
@pytest.mark.parametrize("terminate", ["stopped", "any"])
@pytest.mark.parametrize("stop_initializing", ["accepted", "8905"])
@pytest.mark.parametrize("stuck", ["Initializing", "Starting", "Install", "Pending", "Frozen", None])
def test_an_instance_that_is_stuck_is_deleted_or_reports_what_was_tried(
    stuck: str | None, stop_initializing: str, terminate: str
) -> None:
    """Seen in production: instances stay in Initializing, in which a stop works. They were waited for in vain."""
    world = new_world(dialect={"stop_initializing": stop_initializing, "terminate_state": terminate})
    identity = put(world, "train-vm", State=stuck or "")
    can_stop = stuck == "Initializing" and stop_initializing == "accepted"
    if can_stop or terminate == "any":
        began = world.clock.now()
        assert run(world, instance_id=identity, state="absent")["instance"] is None
        assert identity not in world.instances.all
        assert world.clock.now() - began < (120 if can_stop else 420)
    else:
        error = failed(world, WaitError, instance_id=identity, state="absent")
        assert "train-vm" in str(error) and "did not go" in str(error)
        assert "StopCompShareInstance was refused" in str(error)
        assert "TerminateCompShareInstance was refused" in str(error)
        assert len(writes(world)) < 10


def test_a_stuck_instance_is_stopped() -> None:
    world = new_world(dialect={"stop_initializing": "accepted"})
    put(world, "train-vm", State="Initializing")
    assert run(world, name="train-vm", state="stopped")["instance"]["state"] == "Stopped"


def test_an_image_being_built_is_never_broken_by_force() -> None:
    world = new_world(dialect={"terminate_while_making": "accepted", "terminate_state": "any"})
    put(world, "train-vm", State="ImageMaking")
    failed(world, WaitError, name="train-vm", state="absent")
    assert writes(world) == []


@pytest.mark.parametrize("spot_stop", ["with Force", "never"])
def test_a_running_spot_instance_is_removed(spot_stop: str) -> None:
    world = new_world(dialect={"spot_stop": spot_stop, "terminate_state": "any"})
    put(world, "train-vm", IsSpot=True)
    assert run(world, name="train-vm", state="absent")["instance"] is None


def test_a_spot_instance_that_the_api_does_not_stop_is_an_error_that_says_what_helps() -> None:
    world = new_world(dialect={"spot_stop": "never"})
    put(world, "train-vm", IsSpot=True)
    began = world.clock.now()
    error = failed(world, WaitError, name="train-vm", state="stopped")
    assert "is a spot instance, and the API refuses to stop it" in str(error) and "state=absent" in str(error)
    assert world.clock.now() - began < 30


@pytest.mark.parametrize("word", ["Interrupted", "Stopped"])
@pytest.mark.parametrize(("state", "end"), [("running", "Running"), ("absent", None), ("stopped", "at rest")])
def test_an_interrupted_spot_instance_can_be_started_and_removed(word: str, state: str, end: str | None) -> None:
    """Documented: nothing else can be done with it. Its state is recorded nowhere."""
    world = new_world(dialect={"interrupted_state": word})
    identity = put(world, "train-vm", IsSpot=True, ChargeType="Spot")
    world.interrupt(identity)
    assert run(world, name="train-vm")["instance"]["interrupted"] is (word == "Interrupted")
    done = run(world, name="train-vm", state=state)
    assert (done["instance"] and done["instance"]["state"]) == (word if end == "at rest" else end)
    assert done["changed"] is (state != "stopped")


def test_an_instance_that_is_imaged_is_waited_for(world: World) -> None:
    identity = put(world, "train-vm", State="ImageMaking")
    world.clock.after(300, lambda: world.instances.all[identity].row.update(State="Running"))
    assert run(world, name="train-vm", state="stopped")["instance"]["state"] == "Stopped"


@pytest.mark.parametrize("state", ["present", "running", "stopped", "restarted"])
def test_a_failed_installation_is_an_error(world: World, state: str) -> None:
    put(world, "train-vm", State="Install Fail")
    for check_mode in (True, False):
        error = failed(world, name="train-vm", state=state, check_mode=check_mode)
        assert "state=absent" in str(error) and "train-vm" in str(error)
        assert error.facts["instance"]["state"] == "Install Fail" and error.facts["changed"] is False
    assert writes(world) == []


def test_an_installation_that_fails_reports_what_is_left(world: World) -> None:
    world.scenario.instances.fail_installs = 1
    error = failed(world, **ORDER)
    assert "The installation of new-vm" in str(error)
    assert error.facts["changed"] is True
    assert error.facts["instance"]["state"] == "Install Fail"
    assert "could not be installed" in str(failed(world, **ORDER))
    assert run(world, name="new-vm", state="absent")["changed"]
    assert run(world, **ORDER)["instance"]["state"] == "Running"


def test_the_time_may_be_up(world: World) -> None:
    error = failed(world, WaitError, **ORDER, wait_timeout=30)
    assert "at the end of wait_timeout" in str(error) and "new-vm" in str(error)
    assert error.retryable and error.facts["changed"] is True
    assert error.facts["instance"]["id"] == named(world, "new-vm")[0]["UHostId"]
    assert run(world, **ORDER)["changed"] is False
    assert writes(world) == [CREATE]


@pytest.mark.parametrize("code", [226609, 8903, 8964, 226621, 226622])
def test_a_busy_response_is_waited_out(world: World, code: int) -> None:
    world.add_faults({"kind": "ret_code", "code": code, "action": "StopCompShareInstance", "count": 5})
    assert run(world, name="train-vm", state="stopped")["changed"]
    world = new_world()
    world.add_faults({"kind": "ret_code", "code": code, "action": "StopCompShareInstance"})
    error = failed(world, WaitError, name="train-vm", state="stopped", wait_timeout=120)
    assert f"RetCode {code}" in str(error) and error.facts["changed"] is False


def test_the_operation_lock_is_waited_out(world: World) -> None:
    world.scenario.instances.lock_seconds = 200
    assert run(world, name="train-vm", state="absent")["instance"] is None
    assert writes(world).count("StopCompShareInstance") == 1


def test_a_lasting_refusal_is_an_error_at_once(world: World) -> None:
    world.stock.left["cn-wlcb-01"]["3090"] = 0
    identity = next(row["UHostId"] for row in named(world, "wyp-test") if row["State"] == "Stopped")
    error = failed(world, instance_id=identity, state="running")
    assert error.ret_code in (8357, 226604) and error.facts["instance"]["state"] == "Stopped"


def test_an_instance_that_goes_back_is_an_error(world: World) -> None:
    identity = put(world, "train-vm", State="Stopped")
    world.scenario.instances.start_seconds = 1000
    world.clock.after(60, lambda: world.instances.all[identity].row.update(State="Stopped"))
    error = failed(world, WaitError, name="train-vm", state="running")
    assert "is Stopped again, after StartCompShareInstance had been accepted" in str(error)


def test_an_instance_that_shows_late_is_waited_for(world: World) -> None:
    world.scenario.instances.visible_after = 60
    assert run(world, **ORDER)["instance"]["state"] == "Running"


def test_an_instance_that_never_shows_is_an_error(world: World) -> None:
    world.scenario.instances.visible_after = 10_000
    error = failed(world, WaitError, **ORDER)
    assert "has not been in the list of instances for 150 s" in str(error)
    assert error.facts["changed"] is True and error.facts["instance"]["name"] == "new-vm"


def test_a_list_that_fails_for_a_while_does_not_end_the_wait(world: World) -> None:
    rule = {"kind": "http", "status": 502, "action": "DescribeCompShareInstance", "after": 3, "count": 12}
    world.add_faults(rule)
    assert run(world, **ORDER)["instance"]["state"] == "Running"
    world = new_world()
    world.add_faults({**rule, "count": None})
    error = failed(world, WaitError, **ORDER)
    assert "The last response was: DescribeCompShareInstance returned HTTP status 502" in str(error)


def test_what_is_delivered_is_compared_with_the_order(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    post = WorldTransport.post

    def forgetting(self: WorldTransport, fields: Any, timeout: float) -> Any:
        if fields["Action"] == CREATE:
            fields = {key: value for key, value in fields.items() if key != "ChargeType"}
        return post(self, fields, timeout)

    monkeypatch.setattr(WorldTransport, "post", forgetting)
    monkeypatch.setattr(
        "ansible_collections.compshare.cloud.tests.simulator.wire.WireRequest.is_signed_with", lambda *_args: True
    )
    error = failed(world, **ORDER)
    assert "charge_type is Month, not Postpay" in str(error) and "charged" in str(error)


# --- Without waiting ---


def test_without_wait_the_task_ends_when_the_request_is_accepted(world: World) -> None:
    created = run(world, **ORDER, wait=False)
    assert created["changed"] and created["instance"]["id"] and created["instance"]["state"] == "Initializing"
    assert run(world, **ORDER, wait=False)["changed"] is False
    assert run(world, name="train-vm", state="stopped", wait=False)["instance"]["state"] == "Running"
    assert run(world, name="train-vm", state="stopped", wait=False)["changed"] is False
    assert named(world, "train-vm")[0]["State"] == "Stopping"
    gone = run(world, name="train-vm", state="absent", wait=False)
    assert writes(world)[-1] == "TerminateCompShareInstance" and gone["changed"]
    assert run(world, name="jupyter-4090", state="running", wait=False)["changed"] is False
    again = run(world, name="jupyter-4090", state="reinstalled", image="Ubuntu 24.04", wait=False)
    assert [action["action"] for action in again["actions"]] == ["StopCompShareInstance", "ReinstallCompShareInstance"]


# --- Spot, schedules, SSH ---


def test_a_spot_instance_is_stopped_by_force() -> None:
    world = new_world(dialect={"spot_stop": "with Force"})
    put(world, "train-vm", IsSpot=True)
    assert run(world, name="train-vm", state="stopped")["changed"]


def test_a_duration_is_scheduled_once(world: World) -> None:
    options = {"name": "train-vm", "schedule_stop": "8h"}
    predicted = run(world, check_mode=True, **options)
    assert predicted["changed"] and writes(world) == []
    done = run(world, **options)
    row = named(world, "train-vm")[0]
    assert row["SchedulerStopTime"] == pytest.approx(world.clock.now() + 8 * 3600, abs=60)
    assert done["instance"]["scheduled_stop_time"] is not None
    world.advance(600)
    assert run(world, **options)["changed"] is False
    never = run(world, name="train-vm", schedule_stop="never")
    assert never["changed"] and named(world, "train-vm")[0]["SchedulerStopTime"] == 0
    assert run(world, name="train-vm", schedule_stop="never")["changed"] is False
    sent = world.requests("UpdateCompShareStopScheduler")[0]["params"]
    assert sent["ProjectId"] == "org-default1"


def test_a_moment_is_scheduled(world: World) -> None:
    moment = int(world.clock.now()) + 7200
    for text in (f"{moment}",):
        assert "which is not a time" in str(failed(world, OptionError, name="train-vm", schedule_stop=text))
    text = "2099-01-01T12:00:00+08:00"
    done = run(world, name="train-vm", schedule_stop=text)
    assert done["instance"]["scheduled_stop_time"] == "2099-01-01T04:00:00Z"
    assert run(world, name="train-vm", schedule_stop="2099-01-01T04:00:00Z")["changed"] is False
    again, task = run_task(world, name="train-vm", schedule_stop="2099-01-01 04:00")
    assert again["changed"] is False
    assert task.warnings == ["schedule_stop names no time zone and is taken as UTC: 2099-01-01T04:00:00Z."]
    assert run(world, name="train-vm", schedule_stop="2099-01-01T05:00:00Z")["changed"] is True
    error = failed(world, OptionError, name="train-vm", schedule_stop="2020-01-01T00:00:00Z")
    assert "not five minutes ahead" in str(error)


def test_a_stopped_instance_has_no_schedule(world: World) -> None:
    put(world, "train-vm", State="Stopped")
    done, task = run_task(world, name="train-vm", schedule_stop="8h")
    assert done["changed"] is False and "is not running" in task.warnings[0]


def test_a_stop_that_is_lost_on_the_way_is_reported(world: World) -> None:
    put(world, "train-vm", CompShareImageId="compshareImage-1old", SchedulerStopTime=int(world.clock.now()) + 36000)
    done, task = run_task(world, name="train-vm", state="reinstalled", image="Ubuntu 24.04")
    assert done["instance"]["scheduled_stop_time"] is None
    assert "was to stop by itself at" in task.warnings[0] and "Set schedule_stop again" in task.warnings[0]
    put(world, "train-vm", CompShareImageId="compshareImage-1old", SchedulerStopTime=int(world.clock.now()) + 36000)
    done, task = run_task(world, name="train-vm", state="reinstalled", image="Ubuntu 24.04", schedule_stop="8h")
    assert done["instance"]["scheduled_stop_time"] is not None and task.warnings == []


def test_a_schedule_goes_with_what_is_created(world: World) -> None:
    created = run(world, **ORDER, schedule_stop="2h")
    assert created["instance"]["scheduled_stop_time"] is not None
    assert run(world, **ORDER, schedule_stop="2h")["changed"] is False


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"schedule_stop": "2026-09-01T00:00:00Z"}, "too soon for an instance that must be created first"),
        ({"schedule_stop": "8h", "wait": False}, "schedule_stop needs wait=true"),
    ],
)
def test_a_stop_that_cannot_be_set_is_found_before_an_instance_is_created(
    world: World, options: dict[str, Any], message: str
) -> None:
    for check_mode in (True, False):
        assert message in str(failed(world, OptionError, check_mode=check_mode, **ORDER, **options))
    world.add_faults({"kind": "ret_code", "code": 299, "action": "GetProjectList"})
    assert failed(world, **ORDER, schedule_stop="8h").ret_code == 299
    assert writes(world) == []
    assert run(world, **ORDER, schedule_stop="never", wait=False)["changed"]


EARLY, LATE = ({"dialect": {"schedule_early": response}} for response in ("accepted", "refused"))


def test_a_stop_is_scheduled_as_soon_as_there_is_an_id() -> None:
    """A run that dies while it waits then leaves an instance that ends by itself. It was scheduled only once it ran."""
    world = new_world(**EARLY)
    error = failed(world, WaitError, **ORDER, schedule_stop="2h", wait_timeout=20)
    assert writes(world) == [CREATE, UPDATE_STOP] and "will not stop by itself" not in str(error)
    assert [action["action"] for action in error.facts["actions"]] == [CREATE, UPDATE_STOP]
    world.advance(3 * 3600)
    assert named(world, "new-vm")[0]["State"] == "Stopped"
    world = new_world(**EARLY)
    predicted = run(world, check_mode=True, **ORDER, schedule_stop="2h")
    done = run(world, **ORDER, schedule_stop="2h")
    assert [action["action"] for action in predicted["actions"]] == [action["action"] for action in done["actions"]]


def test_a_stop_that_is_refused_early_is_tried_until_it_is_accepted() -> None:
    world = new_world(**LATE)
    done, task = run_task(world, **ORDER, schedule_stop="2h")
    sent = [entry["ret_code"] for entry in world.requests(UPDATE_STOP)]
    assert sent[0] == 8905 and sent[-1] == 0 and sent.count(0) == 1 and len(sent) > 2
    assert [action["action"] for action in done["actions"]] == [CREATE, UPDATE_STOP] and not task.warnings
    world = new_world(**LATE)
    error = failed(world, WaitError, **ORDER, schedule_stop="2h", wait_timeout=20)
    assert "schedule_stop is not set yet, so new-vm (" in str(error) and "will not stop by itself" in str(error)


@pytest.mark.parametrize("early", [True, False])
def test_an_interruption_reports_whether_a_new_instance_stops_by_itself(
    monkeypatch: pytest.MonkeyPatch, early: bool
) -> None:
    world = new_world(**(EARLY if early else LATE))
    interrupt_at(monkeypatch, "DescribeCompShareInstance", when=lambda: world.requests(UPDATE_STOP))
    message = str(failed(world, **ORDER, schedule_stop="2h"))
    assert ("will stop by itself at 2026-" in message) is early
    assert ("schedule_stop is not set yet, so new-vm (uhost-" in message) is not early


def test_a_stop_of_a_new_instance_leaves_it_the_time_to_start() -> None:
    world = new_world(**EARLY)
    run(world, **ORDER, schedule_stop="5m")
    assert named(world, "new-vm")[0]["SchedulerStopTime"] >= named(world, "new-vm")[0]["CreateTime"] + 900


@pytest.mark.parametrize("order", [ORDER, {"name": "train-vm"}], ids=["new", "there"])
def test_a_stop_that_is_refused_reports_what_runs_on_and_what_it_costs(world: World, order: dict[str, Any]) -> None:
    world.add_faults({"kind": "ret_code", "code": 299, "action": UPDATE_STOP})
    error = failed(world, **order, schedule_stop="2h")
    row = named(world, order["name"])[0]
    assert f"{order['name']} ({row['UHostId']}, Running, {row['Zone']}) runs, costs " in str(error)
    price = round(row["InstancePrice"] + row["DiskPrice"], 4)
    assert f"costs {price:g} CNY per hour, and will not stop by itself: schedule_stop is not set." in str(error)
    assert "stop it with state=stopped" in str(error) and str(error).count("will not stop by itself") == 1


def test_a_stop_is_tried_for_each_instance_although_one_is_refused(world: World) -> None:
    run(world, **{**ORDER, "name": "worker", "count": 3})
    refused = named(world, "worker-1")[0]["UHostId"]
    world.add_faults({"kind": "ret_code", "code": 299, "action": UPDATE_STOP, "where": {"UHostId": refused}})
    error = failed(world, name="worker", count=3, schedule_stop="2h")
    assert f"worker-1 ({refused}" in str(error) and "worker-2" not in str(error)
    assert all(named(world, f"worker-{number}")[0]["SchedulerStopTime"] for number in (2, 3))


# --- What one response lacks ---


@pytest.mark.parametrize("state", ["absent", "present", "stopped", "running"])
@pytest.mark.parametrize("by_id", [False, True], ids=["by name", "by id"])
def test_one_response_without_the_row_is_no_proof_of_absence(
    world: World, monkeypatch: pytest.MonkeyPatch, state: str, by_id: bool
) -> None:
    """C(state=absent) called an instance gone that one response, or two by its id, did not show."""
    identity = instance_in(world, "train-vm")
    lacking(monkeypatch, identity, range(1, 3) if by_id else range(1, 2))
    options = {"instance_id": identity} if by_id else {**ORDER, "name": "train-vm"}
    done = run(world, state=state, **options)
    assert done["changed"] is (state in ("absent", "stopped"))
    assert CREATE not in writes(world) and (identity in world.instances.all) is (state != "absent")


def lacking(monkeypatch: pytest.MonkeyPatch, identity: str, responses: range) -> None:
    """Leave an instance out of some responses of the list, counted from 1."""
    post, count = WorldTransport.post, [0]

    def without_row(self: WorldTransport, fields: Any, timeout: float) -> Any:
        response = post(self, fields, timeout)
        if fields["Action"] == "DescribeCompShareInstance":
            count[0] += 1
            if count[0] in responses:
                body = json.loads(response.body)
                body["UHostSet"] = [row for row in body["UHostSet"] or [] if row["UHostId"] != identity]
                response = response._replace(body=json.dumps(body).encode())
        return response

    monkeypatch.setattr(WorldTransport, "post", without_row)


def test_what_absence_costs(world: World) -> None:
    """5 s by name; by id two looks more, or none where the API refuses the id as unknown."""
    for options, seconds in (({"name": "nobody"}, 5), ({"instance_id": "uhost-nobody"}, 20)):
        began = world.clock.now()
        run(world, state="absent", **options)
        assert seconds <= world.clock.now() - began < seconds + 2
    world.add_faults({"kind": "ret_code", "code": 230, "message": "Params [UHostIds] not available", "action": LIST})
    began = world.clock.now()
    assert run(world, state="absent", instance_id="uhost-nobody")["changed"] is False
    assert world.clock.now() - began < 2


def test_ssh_is_waited_for() -> None:
    world = new_world(instances={"ssh_listener": True, "ssh_after": 40})
    try:
        assert run(world, check_mode=True, **ORDER, wait_for_ssh=True)["changed"] and writes(world) == []
        created = run(world, **ORDER, wait_for_ssh=True)
        assert created["instance"]["ssh_host"] == "127.0.0.1" and created["instance"]["ssh_port"] != 22
        row = named(world, "new-vm")[0]
        assert world.clock.now() >= row["StartTime"] + 40
        world.scenario.instances.ssh_after = 10_000
        error = failed(world, WaitError, name="new-vm", state="restarted", wait_for_ssh=True, wait_timeout=300)
        assert "no SSH server responded on new-vm" in str(error) and "at 127.0.0.1 port" in str(error)
        assert error.retryable and error.facts["changed"] is True
    finally:
        world.close()


def test_a_stopped_instance_has_no_ssh(world: World) -> None:
    put(world, "train-vm", State="Stopped")
    assert "does not run" in str(failed(world, OptionError, name="train-vm", wait_for_ssh=True))


def test_windows_has_no_ssh(world: World) -> None:
    assert "no SSH login for Windows" in str(failed(world, OptionError, name="win-render", wait_for_ssh=True))


# --- The seventh day ---


def test_when_a_stopped_instance_is_deleted_is_reported(world: World) -> None:
    """Documented: with its system disk, seven days after the stop. The nearer it is, the louder."""
    now = int(world.clock.now())
    put(world, "train-vm", State="Stopped", ReleaseTime=now + 3 * 86400)
    done, task = run_task(world, name="train-vm", state="stopped")
    assert done["instance"]["release_time"] == iso_time(now + 3 * 86400) and task.warnings == []
    identity = put(world, "train-vm", ReleaseTime=now + 86400)
    for state in ("stopped", "present"):
        done, task = run_task(world, name="train-vm", state=state)
        (warning,) = task.warnings
        assert f"will soon delete train-vm ({identity}, Stopped, cn-wlcb-01) at {iso_time(now + 86400)}" in warning
        assert "data disks are only detached" in warning and done["changed"] is False


# --- What is reported ---


def test_states_are_reported_while_they_change(world: World) -> None:
    _done, task = run_task(world, **ORDER)
    messages = [event["message"].split(" after")[0] for event in task.events]
    assert messages[0] == "ordered in cn-wlcb-01 for 1.48 CNY per hour" and messages[-1] == "Running"
    assert {event["name"] for event in task.events} == {"new-vm"}


def test_an_interruption_reports_what_there_is(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupt_at(monkeypatch, "DescribeCompShareInstance", when=lambda: writes(world))
    error = failed(world, **ORDER)
    assert "interrupted" in str(error) and error.facts["changed"] is True
    assert error.facts["instance"]["id"] == named(world, "new-vm")[0]["UHostId"]
    assert "checks the current state" in str(error)


def test_an_interruption_of_a_create_advises_to_wait(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupt_at(monkeypatch, CREATE, after=True)
    assert "'new-vm' may have been ordered. Run the task again" in str(failed(world, **ORDER))


def test_zones_with_different_prices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each instance is shown with its own price; the result has the highest."""
    world = new_world(dialect={"price_key": "PriceDetails"})
    world.stock.left["cn-wlcb-01"]["4090"] = 1
    post = WorldTransport.post

    def dearer_elsewhere(self: WorldTransport, fields: Any, timeout: float) -> Any:
        response = post(self, fields, timeout)
        if fields["Action"] == "GetCompShareInstancePrice" and fields["Zone"] != "cn-wlcb-01":
            body = json.loads(response.body)
            body["PriceDetails"][0]["Instance"] = 9.5
            response = response._replace(body=json.dumps(body).encode())
        return response

    monkeypatch.setattr(WorldTransport, "post", dearer_elsewhere)
    created = run(world, **{**ORDER, "name": "worker", "count": 2})
    shown = sorted(instance["price_per_hour"] for instance in created["diff"]["after"].values())
    assert shown[0] == 1.48 and shown[1] == created["price"]["per_hour"] > 9


def test_nothing_of_a_password_is_in_any_result(world: World) -> None:
    for state in ("present", "running", "stopped"):
        assert "QW5zaWJsZS1UM3N0LSQ=" not in repr(run(world, name="train-vm", state=state))
