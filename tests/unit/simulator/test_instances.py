"""Instances: how they are listed, and how operations move them from state to state."""

from __future__ import annotations

import base64
import socket
import time
from typing import Any

import pytest

from ansible_collections.compshare.cloud.tests.simulator import World
from ansible_collections.compshare.cloud.tests.simulator.caller import Caller
from ansible_collections.compshare.cloud.tests.simulator.fixtures import MakeWorld

PLACE = {"Region": "cn-wlcb", "Zone": "cn-wlcb-01"}
LIST = "DescribeCompShareInstance"


def password(plain: str) -> str:
    return base64.b64encode(plain.encode()).decode()


def rows(caller: Caller, **params: Any) -> list[dict[str, Any]]:
    return caller.call(LIST, **{"Limit": 100, **params})["UHostSet"] or []


def shown(caller: Caller, instance_id: str) -> dict[str, Any]:
    (row,) = rows(caller, UHostIds=[instance_id])
    return row


def operate(caller: Caller, action: str, instance_id: str, **params: Any) -> dict[str, Any]:
    row = caller.call(LIST, UHostIds=[instance_id])["UHostSet"]
    place = {"Region": row[0]["Region"], "Zone": row[0]["Zone"]} if row else PLACE
    return caller.call(action, **{**place, "UHostId": instance_id, **params})


def ubuntu(caller: Caller) -> str:
    found = caller.call("DescribeCompShareImages", ImageType="System", Name="Ubuntu 22.04")
    return str(found["ImageSet"][0]["CompShareImageId"])


def create(caller: Caller, **changes: Any) -> dict[str, Any]:
    spec: dict[str, Any] = {
        **PLACE,
        "GpuType": "4090",
        "GPU": 1,
        "CPU": 16,
        "Memory": 65536,
        "CompShareImageId": ubuntu(caller),
        "ChargeType": "Postpay",
        "Name": "node-1",
        "Disks": [{"IsBoot": True, "Type": "CLOUD_SSD", "Size": 100}, {"IsBoot": False, "Size": 50}],
        **changes,
    }
    return caller.call("CreateCompShareInstance", **{key: value for key, value in spec.items() if value is not None})


@pytest.fixture
def stopped(make_world: MakeWorld) -> World:
    return make_world(
        rows={
            "instances": [
                {"UHostId": "uhost-vm", "Name": "vm", "State": "Stopped"},
                {"UHostId": "uhost-box", "Name": "box", "State": "Stopped", "InstanceType": "Container"},
                {"UHostId": "uhost-up", "Name": "up"},
                {"UHostId": "uhost-upbox", "Name": "upbox", "InstanceType": "Container"},
            ]
        }
    )


def test_the_built_in_instances_are_of_every_kind(caller: Caller) -> None:
    found = rows(caller)
    assert len(found) == 8
    assert {row["UHostId"][:6] for row in found} == {"uhost-", "cpod-1"}
    assert {(row["InstanceType"], row["OsType"]) for row in found} == {
        ("UHost", "Linux"),
        ("UHost", "Windows"),
        ("Container", "Linux"),
    }
    assert {"Running", "Stopped", "Install Fail"} == {row["State"] for row in found}
    assert len({row["Name"] for row in found}) < len(found)
    commands = [row["SshLoginCommand"] for row in found if row["UHostId"].startswith("cpod")]
    assert sum("-s1.podtcp" in one for one in commands) == 1
    assert sum(one.startswith("ssh -p ") for one in commands) == 2
    assert {bool(row["SshLoginCommand"]) for row in found if row["OsType"] == "Windows"} == {False}
    assert {bool(row["SshLoginCommand"]) for row in found if row["State"] != "Running"} == {False}


def test_region_and_zone_filter_strictly(caller: Caller) -> None:
    everywhere = {row["UHostId"] for row in rows(caller)}
    by_region = [{row["UHostId"] for row in rows(caller, Region=region)} for region in ("cn-wlcb", "cn-sh2", "cn-bj2")]
    assert set().union(*by_region) == everywhere
    assert sum(map(len, by_region)) == len(everywhere)
    pod = next(row for row in rows(caller) if row["Zone"] == "cn-sh2-01")
    assert rows(caller, UHostIds=[pod["UHostId"]], Region="cn-wlcb") == []
    assert rows(caller, UHostIds=[pod["UHostId"]], Region="cn-sh2", Zone="cn-sh2-01") == [pod]


def test_two_thousand_instances_are_read_in_twenty_pages(make_world: MakeWorld) -> None:
    world = make_world(counts={"instances": 2000})
    caller = Caller.of(world)
    found = caller.rows(LIST, "UHostSet")
    assert {row["UHostId"] for row in found} == set(world.instances.all)
    assert len(world.instances.all) == 2000
    assert {row["SshLoginCommand"].split("@")[-1] for row in found if row["SshLoginCommand"]}


def test_an_instance_from_create_to_delete(caller: Caller, world: World) -> None:
    before = world.stock.left["cn-wlcb-01"]["4090"]
    (instance_id,) = create(caller, Password=password("s3cret-word"))["UHostIds"]
    states = []
    for _unused in range(5):
        states.append(shown(caller, instance_id)["State"])
        world.advance(30)
    assert states == ["Initializing", "Initializing", "Install", "Starting", "Running"]
    row = shown(caller, instance_id)
    assert (row["Name"], row["CPU"], row["Memory"], row["Password"]) == ("node-1", 16, 65536, password("s3cret-word"))
    assert [disk["Size"] for disk in row["DiskSet"]] == [100, 50]
    assert row["SshLoginCommand"].startswith("ssh ubuntu@")
    assert world.stock.left["cn-wlcb-01"]["4090"] == before - 1
    assert operate(caller, "TerminateCompShareInstance", instance_id)["RetCode"] == 8010
    assert operate(caller, "StopCompShareInstance", instance_id)["UHostId"] == instance_id
    assert shown(caller, instance_id)["State"] == "Stopping"
    world.advance(21)
    assert shown(caller, instance_id)["State"] == "Stopped"
    assert world.stock.left["cn-wlcb-01"]["4090"] == before
    assert operate(caller, "TerminateCompShareInstance", instance_id, ReleaseUDisk=True)["InRecycle"] == "Yes"
    world.advance(6)
    assert rows(caller, UHostIds=[instance_id]) == []
    assert world.released[instance_id].release_disks is True
    assert operate(caller, "StartCompShareInstance", instance_id)["Message"] == "Params [UHostId] not available"


@pytest.mark.parametrize(
    ("changes", "ret_code", "message"),
    [
        ({"Memory": 64}, 230, "Params [Memory] not available"),
        ({"GpuType": "9090"}, 230, "Params [GpuType] not available"),
        ({"GpuType": "2080Ti", "CPU": 6, "Memory": 16384}, 8333, "cpu memory ratio not in 2:1 - 1:12"),
        ({"CPU": 15}, 8333, "cpu memory ratio not in 2:1 - 1:12"),
        ({"GpuType": "A800", "CPU": 14, "Memory": 102400}, 226604, "This GPU type is currently out of resources"),
        ({"CompShareImageId": "compshareImage-none"}, 230, "Params [CompShareImageId] not available"),
        ({"Disks": None}, 8360, "The description of the boot disk is wrong"),
        ({"Disks": [{"IsBoot": True, "Size": 10}]}, 8315, "The system disk is smaller than the image"),
        ({"Disks": [{"IsBoot": "yes", "Size": 100}]}, 8360, "The description of the boot disk is wrong"),
        ({"ChargeType": "Hourly"}, 230, "Params [ChargeType] not available"),
        ({"Name": "a b"}, 230, "Params [Name] not available"),
        ({"Name": "x" * 64}, 230, "Params [Name] not available"),
        ({"Password": "plain"}, 230, "Params [Password] not available"),
        ({"Password": password("weakweakweak")}, 8314, "The password does not meet the rules"),
        ({"Zone": "cn-sh2-02"}, 230, "Params [Zone] not available"),
        ({"GPU": None}, 210, "Missing params [GPU]"),
        ({"MaxCount": 21}, 230, "Params [MaxCount] not available"),
    ],
)
def test_wrong_specs_are_refused_and_nothing_is_created(
    caller: Caller, world: World, changes: dict[str, Any], ret_code: int, message: str
) -> None:
    response = create(caller, **changes)
    assert (response["RetCode"], response["Message"]) == (ret_code, message)
    assert len(world.instances.all) == 8


def test_several_at_once_a_month_by_default_and_the_quota(make_world: MakeWorld) -> None:
    world = make_world(instances={"quota": 11})
    caller = Caller.of(world)
    created = create(caller, MaxCount=3, ChargeType=None)["UHostIds"]
    assert {shown(caller, one)["ChargeType"] for one in created} == {"Month"}
    assert create(caller)["RetCode"] == 8095


def test_installations_can_fail_and_new_instances_be_seen_late(make_world: MakeWorld) -> None:
    world = make_world(instances={"fail_installs": 1, "visible_after": 10})
    caller = Caller.of(world)
    (bad,) = create(caller)["UHostIds"]
    assert rows(caller, UHostIds=[bad]) == []
    world.advance(121)
    assert shown(caller, bad)["State"] == "Install Fail"
    (good,) = create(caller)["UHostIds"]
    world.advance(121)
    assert shown(caller, good)["State"] == "Running"


def test_pods_and_containers(caller: Caller, world: World) -> None:
    box = caller.call("DescribeCompShareImages", ImageType="App", Name="cuda128_torch291")["ImageSet"][0]
    disks = [{"IsBoot": True, "Size": 200}]
    image = {"CompShareImageId": box["CompShareImageId"], "Disks": disks}
    (container,) = create(caller, **image)["UHostIds"]
    pod_place = {"Region": "cn-sh2", "Zone": "cn-sh2-01", "GpuType": "5090", "CPU": 14, "Memory": 49152}
    (pod,) = create(caller, **image, **pod_place)["UHostIds"]
    assert create(caller, **pod_place)["Message"] == "Params [CompShareImageId] not available"
    assert create(caller, **image, **pod_place, ChargeType="Dynamic")["Message"] == "Params [ChargeType] not available"
    world.advance(121)
    assert shown(caller, container)["SshLoginCommand"].startswith("ssh -p 23 root@")
    row = shown(caller, pod)
    assert pod.startswith("cpod-")
    assert "podtcp.compshare.cn" in row["SshLoginCommand"]
    assert [one["IP"] for one in row["IPSet"]] == [pod, f"{pod}.podtcp.compshare.cn"]


STATES_REFUSED = [
    ("StartCompShareInstance", "uhost-up", {}, 8905),
    ("StopCompShareInstance", "uhost-vm", {}, 8905),
    ("RebootCompShareInstance", "uhost-vm", {}, 8905),
    ("ResizeCompShareInstance", "uhost-up", {"CPU": 16, "Memory": 65536}, 8010),
    ("TerminateCompShareInstance", "uhost-up", {}, 8010),
    ("ResetCompShareInstancePassword", "uhost-up", {"Password": "x"}, 8905),
    ("ResetCompShareInstancePassword", "uhost-box", {"Password": "x"}, 8433),
]


@pytest.mark.parametrize(("action", "instance_id", "params", "ret_code"), STATES_REFUSED)
def test_operations_need_the_right_state(
    stopped: World, action: str, instance_id: str, params: dict[str, Any], ret_code: int
) -> None:
    assert operate(Caller.of(stopped), action, instance_id, **params)["RetCode"] == ret_code


def test_one_operation_at_a_time(stopped: World) -> None:
    caller = Caller.of(stopped)
    assert operate(caller, "StartCompShareInstance", "uhost-vm")["RetCode"] == 0
    for action in ("StartCompShareInstance", "StopCompShareInstance", "TerminateCompShareInstance"):
        assert operate(caller, action, "uhost-vm")["RetCode"] == 226609
    stopped.advance(41)
    assert operate(caller, "RebootCompShareInstance", "uhost-vm")["RetCode"] == 0
    assert shown(caller, "uhost-vm")["State"] == "Rebooting"
    stopped.advance(61)
    assert shown(caller, "uhost-vm")["State"] == "Running"


def test_a_lock_can_outlast_the_operation(make_world: MakeWorld) -> None:
    world = make_world(rows={"instances": [{"UHostId": "uhost-up"}]}, instances={"lock_seconds": 600})
    caller = Caller.of(world)
    operate(caller, "StopCompShareInstance", "uhost-up")
    world.advance(30)
    assert shown(caller, "uhost-up")["State"] == "Stopped"
    assert operate(caller, "StartCompShareInstance", "uhost-up")["RetCode"] == 226609
    world.advance(571)
    assert operate(caller, "StartCompShareInstance", "uhost-up")["RetCode"] == 0


def test_power_is_refused_while_an_image_is_built(stopped: World) -> None:
    caller = Caller.of(stopped)
    assert operate(caller, "CreateCompShareCustomImage", "uhost-up", Name="n")["RetCode"] == 0
    for action in ("StopCompShareInstance", "RebootCompShareInstance", "TerminateCompShareInstance"):
        assert operate(caller, action, "uhost-up")["RetCode"] == 8964


def test_region_and_zone_must_be_the_instances_own(stopped: World) -> None:
    caller = Caller.of(stopped)
    wrong = {"Region": "cn-sh2", "Zone": "cn-sh2-02", "UHostId": "uhost-vm"}
    assert caller.call("StartCompShareInstance", **wrong)["Message"] == "Params [Zone] not available"
    no_zone = {"Region": "cn-wlcb", "UHostId": "uhost-vm"}
    assert caller.call("StartCompShareInstance", **no_zone)["Message"] == "Missing params [Zone]"


@pytest.mark.parametrize(
    ("params", "cards"),
    [({}, 1), ({"WithoutGpu": "__probe__"}, 1), ({"WithoutGpu": True}, 0), ({"WithoutGpuSpec": "B"}, 0)],
)
def test_a_gpu_that_was_not_clearly_refused_is_started_and_paid(
    stopped: World, params: dict[str, Any], cards: int
) -> None:
    caller = Caller.of(stopped)
    before = stopped.stock.left["cn-wlcb-01"]["4090"]
    assert operate(caller, "StartCompShareInstance", "uhost-vm", **params)["RetCode"] == 0
    assert shown(caller, "uhost-vm")["GPU"] == cards
    assert stopped.stock.left["cn-wlcb-01"]["4090"] == before - cards


def test_only_one_instance_without_gpu_and_back_to_full_size(stopped: World) -> None:
    caller = Caller.of(stopped)
    full = shown(caller, "uhost-vm")
    operate(caller, "StartCompShareInstance", "uhost-vm", WithoutGpuSpec="A")
    row = shown(caller, "uhost-vm")
    assert (row["GPU"], row["CPU"], row["Memory"], row["InstancePrice"]) == (0, 2, 4096, 0.13)
    assert row["WithoutGpuSpec"]["Spec"] == "A"
    assert operate(caller, "StartCompShareInstance", "uhost-box", WithoutGpu=True)["RetCode"] == 8445
    assert operate(caller, "StartCompShareInstance", "uhost-box", WithoutGpuSpec="C")["RetCode"] == 230
    stopped.advance(41)
    operate(caller, "StopCompShareInstance", "uhost-vm")
    stopped.advance(21)
    assert shown(caller, "uhost-vm")["GPU"] == 0
    operate(caller, "StartCompShareInstance", "uhost-vm")
    row = shown(caller, "uhost-vm")
    size = ("GPU", "CPU", "Memory", "InstancePrice")
    assert {key: row[key] for key in size} == {key: full[key] for key in size}
    assert "WithoutGpuSpec" not in row


@pytest.mark.parametrize("charge_type", ["Month", "Spot"])
def test_prepaid_and_spot_instances_need_their_gpu(make_world: MakeWorld, charge_type: str) -> None:
    row = {"UHostId": "uhost-vm", "State": "Stopped", "ChargeType": charge_type}
    caller = Caller.of(make_world(rows={"instances": [row]}))
    assert operate(caller, "StartCompShareInstance", "uhost-vm", WithoutGpuSpec="A")["RetCode"] == 8442


def test_a_pod_without_gpu_has_the_smaller_size_only(make_world: MakeWorld) -> None:
    caller = Caller.of(make_world(rows={"instances": [{"UHostId": "cpod-a1", "State": "Stopped"}]}))
    assert operate(caller, "StartCompShareInstance", "cpod-a1", WithoutGpuSpec="B")["RetCode"] == 230
    assert operate(caller, "StartCompShareInstance", "cpod-a1", WithoutGpuSpec="A")["RetCode"] == 0


def test_starting_a_sold_out_gpu(make_world: MakeWorld) -> None:
    world = make_world(
        rows={"instances": [{"UHostId": "uhost-vm", "State": "Stopped"}]},
        instances={"stock": {"cn-wlcb-01": {"4090": 0}}},
    )
    assert operate(Caller.of(world), "StartCompShareInstance", "uhost-vm")["RetCode"] == 8357


def test_spot_instances_stop_only_by_force(make_world: MakeWorld) -> None:
    caller = Caller.of(make_world(rows={"instances": [{"UHostId": "uhost-spot", "IsSpot": True}]}))
    assert operate(caller, "StopCompShareInstance", "uhost-spot")["Message"] == "Params [Force] not available"
    assert operate(caller, "StopCompShareInstance", "uhost-spot", Force=True)["RetCode"] == 0


def test_reinstalling(stopped: World) -> None:
    caller = Caller.of(stopped)
    box = caller.call("DescribeCompShareImages", ImageType="App", Name="cuda128_torch291")["ImageSet"][0]
    before = shown(caller, "uhost-vm")["Password"]
    assert operate(caller, "ReinstallCompShareInstance", "uhost-vm", CompShareImageId=ubuntu(caller))["RetCode"] == 0
    assert shown(caller, "uhost-vm")["State"] == "Reinstalling"
    stopped.advance(91)
    row = shown(caller, "uhost-vm")
    assert (row["State"], row["Password"], row["CompShareImageName"]) == ("Running", before, "Ubuntu 22.04")
    operate(caller, "StopCompShareInstance", "uhost-vm")
    stopped.advance(21)
    changed = operate(caller, "ReinstallCompShareInstance", "uhost-vm", CompShareImageId=box["CompShareImageId"])
    assert changed["RetCode"] == 0
    stopped.advance(91)
    row = shown(caller, "uhost-vm")
    assert (row["InstanceType"], row["SshLoginCommand"][:15]) == ("Container", "ssh -p 23 root@")
    assert row["Password"] != before


def test_reinstalling_checks_gpu_and_disk(make_world: MakeWorld) -> None:
    images: list[dict[str, Any]] = [
        {"CompShareImageId": "compshareImage-h20", "Name": "h20", "ImageType": "App", "SupportedGpuTypes": ["H20"]},
        {"CompShareImageId": "compshareImage-big", "Name": "big", "ImageType": "App", "Size": 500 * 1024},
        {"CompShareImageId": "compshareImage-off", "Name": "off", "ImageType": "App", "Status": "Offline"},
    ]
    instances = [{"UHostId": "uhost-vm", "State": "Stopped"}]
    caller = Caller.of(make_world(rows={"platform": images, "instances": instances}))
    codes = [
        operate(caller, "ReinstallCompShareInstance", "uhost-vm", CompShareImageId=row["CompShareImageId"])["RetCode"]
        for row in images
    ]
    assert codes == [226603, 8315, 8017]


def test_resizing(stopped: World) -> None:
    caller = Caller.of(stopped)
    assert operate(caller, "ResizeCompShareInstance", "uhost-vm", Cpu=24, Memory=65536, Gpu=2)["RetCode"] == 0
    assert shown(caller, "uhost-vm")["State"] == "Resizing"
    stopped.advance(16)
    row = shown(caller, "uhost-vm")
    assert (row["State"], row["GPU"], row["CPU"], row["Memory"]) == ("Stopped", 2, 24, 65536)
    assert operate(caller, "ResizeCompShareInstance", "uhost-vm", Cpu=3, Memory=65536)["RetCode"] == 8333
    disk = row["DiskSet"][0]["DiskId"]
    assert operate(caller, "ResizeCompShareInstance", "uhost-vm", DiskId=disk, DiskSpace=50)["RetCode"] == 8107
    assert operate(caller, "ResizeCompShareInstance", "uhost-vm", DiskId=disk, DiskSpace=200)["RetCode"] == 0
    assert shown(caller, "uhost-vm")["DiskSet"][0]["Size"] == 200


def test_passwords_and_names(stopped: World) -> None:
    caller = Caller.of(stopped)
    response = operate(caller, "ResetCompShareInstancePassword", "uhost-vm", Password=password("new-Pass-1"))
    assert (response["RetCode"], response["Action"]) == (0, "ResetCompShareInstancePassword")
    assert (
        operate(caller, "ResetCompShareInstancePassword", "uhost-upbox", Password=password("new-Pass-1"))["RetCode"]
        == 0
    )
    assert shown(caller, "uhost-vm")["Password"] == password("new-Pass-1")
    assert operate(caller, "ModifyCompShareInstanceName", "uhost-vm", Name="改名")["RetCode"] == 0
    assert shown(caller, "uhost-vm")["Name"] == "改名"
    assert "new-Pass-1" not in str(stopped.state())
    assert password("new-Pass-1") not in str(stopped.state())


def test_scheduled_stops(stopped: World) -> None:
    caller = Caller.of(stopped)
    stop: dict[str, Any] = {"action": "UpdateCompShareStopScheduler", "instance_id": "uhost-up"}
    stop["ProjectId"] = "org-default1"
    now = int(stopped.clock.now())
    assert operate(caller, **stop, SchedulerStopTime=now + 200)["Message"] == "Params [SchedulerStopTime] not available"
    assert operate(caller, **{**stop, "ProjectId": ""}, SchedulerStopTime=now + 400)["RetCode"] == 210
    assert operate(caller, **stop, SchedulerStopTime=now + 400)["RetCode"] == 0
    assert shown(caller, "uhost-up")["SchedulerStopTime"] == now + 400
    stopped.advance(430)
    assert shown(caller, "uhost-up")["State"] == "Stopped"
    again = {**stop, "instance_id": "uhost-upbox"}
    now = int(stopped.clock.now())
    operate(caller, **again, SchedulerStopTime=now + 400)
    assert operate(caller, "DeleteCompShareStopScheduler", "uhost-upbox", ProjectId="org-default1")["RetCode"] == 0
    stopped.advance(430)
    assert shown(caller, "uhost-upbox")["State"] == "Running"


def test_charge_types_can_be_switched_from_postpay(stopped: World) -> None:
    caller = Caller.of(stopped)
    switch: dict[str, Any] = {"action": "SwitchChargeType", "instance_id": "uhost-up"}
    assert operate(caller, **switch, DestChargeType="Spot")["RetCode"] == 230
    assert operate(caller, **switch, DestChargeType="Month")["RetCode"] == 0
    assert operate(caller, **switch, DestChargeType="Day")["RetCode"] == 8116


def test_a_port_greets_like_ssh_some_time_after_the_instance_runs(make_world: MakeWorld) -> None:
    world = make_world(instances={"ssh_listener": True, "ssh_after": 5})
    caller = Caller.of(world)
    (instance_id,) = create(caller)["UHostIds"]
    world.advance(121)
    command = shown(caller, instance_id)["SshLoginCommand"].split()
    assert command[0:2] == ["ssh", "-p"]
    assert command[3] == "ubuntu@127.0.0.1"
    address = ("127.0.0.1", int(command[2]))
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, timeout=5)
    world.advance(5)
    with socket.create_connection(address, timeout=5) as connection:
        assert connection.recv(8) == b"SSH-2.0-"
    operate(caller, "StopCompShareInstance", instance_id)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, timeout=5)


def test_at_speed_the_port_opens_without_anybody_asking(make_world: MakeWorld) -> None:
    world = make_world(speed=200, instances={"ssh_listener": True, "ssh_after": 20, "create_seconds": 3})
    caller = Caller.of(world)
    (instance_id,) = create(caller)["UHostIds"]
    give_up = time.monotonic() + 20
    command = ""
    while not command and time.monotonic() < give_up:
        command = shown(caller, instance_id)["SshLoginCommand"]
    while time.monotonic() < give_up:
        try:
            with socket.create_connection(("127.0.0.1", int(command.split()[2])), timeout=5) as connection:
                assert connection.recv(8) == b"SSH-2.0-"
                return
        except ConnectionRefusedError:
            continue
    pytest.fail("the port did not open")
