"""Dialects: each switch has two answers that a client can tell apart, and the presets give all of one kind."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.compshare.cloud.tests.simulator import Scenario, ScenarioError, Simulator, World
from ansible_collections.compshare.cloud.tests.simulator.caller import Caller
from ansible_collections.compshare.cloud.tests.simulator.dialect import SWITCHES, Dialect, table
from ansible_collections.compshare.cloud.tests.simulator.fixtures import MakeWorld

PLACE = {"Region": "cn-wlcb", "Zone": "cn-wlcb-01"}
BUILD = {"image_id": "compshareImage-b", "name": "b", "duration": 100, "model": "accurate"}
PROGRESS = "GetCompShareImageCreateProgress"
README = Path(__file__).parents[2] / "simulator/README.md"
# What the world of each probe holds beside the defaults.
ROWS: Mapping[str, list[dict[str, Any]]] = {
    "instances": [
        {"UHostId": "uhost-vm"},
        {"UHostId": "uhost-off", "State": "Stopped"},
        {"UHostId": "uhost-box", "InstanceType": "Container"},
        {"UHostId": "uhost-boxoff", "InstanceType": "Container", "State": "Stopped"},
        {"UHostId": "uhost-spot", "IsSpot": True, "ChargeType": "Spot"},
        {"UHostId": "uhost-new", "State": "Initializing"},
        {"UHostId": "cpod-off", "State": "Stopped", "Zone": "cn-bj2-03", "Region": "cn-bj2", "GpuType": "5090"},
    ],
    "custom": [
        {"CompShareImageId": "compshareImage-mine", "Name": "mine"},
        {"CompShareImageId": "compshareImage-there", "Name": "there", "Zone": "cn-sh2-02"},
        {"CompShareImageId": "compshareImage-failed", "Name": "failed", "Status": "UnAvailable"},
        {"CompShareImageId": "compshareImage-box", "Name": "box", "Container": "True"},
    ],
}


class Probe:
    """A world and a caller of it, for one look at one answer."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.call = Caller.of(world).call

    def operate(self, action: str, instance_id: str, **params: Any) -> int:
        """The RetCode of an operation, with the instance's own place."""
        row = self.world.instances.all[instance_id].row
        place = {"Region": row["Region"], "Zone": row["Zone"]}
        return int(self.call(action, **{**place, "UHostId": instance_id, **params})["RetCode"])

    def row(self, instance_id: str) -> dict[str, Any]:
        (found,) = self.call("DescribeCompShareInstance", UHostIds=[instance_id])["UHostSet"]
        return dict(found)

    def build(self, instance_id: str = "uhost-vm", name: str = "new") -> dict[str, Any]:
        place = {key: self.world.instances.all[instance_id].row[key] for key in ("Region", "Zone")}
        return self.call("CreateCompShareCustomImage", **place, UHostId=instance_id, Name=name)

    def progress(self, image_id: str) -> Any:
        answer = self.call(PROGRESS, **PLACE, CompShareImageId=image_id)
        return answer["RetCode"] or [answer["Process"], answer["TotalDuration"]]

    def keys(self, action: str, **params: Any) -> set[str]:
        return set(self.call(action, **params))

    def as_json(self, action: str, params: dict[str, Any]) -> Any:
        caller = Caller.of(self.world)
        return caller.post_json(action, params).json()

    def price(self, charge_type: str) -> int:
        size = {"GpuType": "4090", "GPU": 1, "CPU": 16, "Memory": 65536}
        return int(self.call("GetCompShareInstancePrice", **PLACE, **size, ChargeType=charge_type)["RetCode"])

    def ubuntu(self) -> str:
        found = self.call("DescribeCompShareImages", Region="cn-wlcb", ImageType="System", Name="Ubuntu 22.04")
        return str(found["ImageSet"][0]["CompShareImageId"])


def password(length: int) -> str:
    return base64.b64encode(("Aa1!" * 20)[:length].encode()).decode()


def _parallel_builds(probe: Probe) -> Any:
    for number in range(21):
        probe.world.sources[f"compshareImage-{number}"] = "uhost-other"
    return probe.build()["RetCode"]


def _image_without_gpu(probe: Probe) -> Any:
    probe.operate("StartCompShareInstance", "uhost-off", WithoutGpuSpec="B")
    probe.world.advance(60)
    return probe.build("uhost-off")["RetCode"]


def _no_gpu_sign(probe: Probe) -> Any:
    probe.operate("StartCompShareInstance", "uhost-off", WithoutGpuSpec="A")
    row = probe.row("uhost-off")
    return [row["MachineType"], "WithoutGpuSpec" in row, "SrcInstanceConfig" in row]


def _delete_while_making(probe: Probe) -> Any:
    place = {"Region": "cn-wlcb", "CompShareImageId": "compshareImage-b"}
    return probe.call("TerminateCompShareCustomImage", **place)["RetCode"]


def _terminate_while_making(probe: Probe) -> Any:
    probe.build()
    return probe.operate("TerminateCompShareInstance", "uhost-vm")


def _source_while_making(probe: Probe) -> Any:
    probe.build()
    return probe.row("uhost-vm")["State"]


def _rejected(probe: Probe) -> Any:
    probe.world.scenario.publish.outcome = "rejected"
    place = {"Region": "cn-wlcb", "CompShareImageId": "compshareImage-box"}
    probe.call("PublishCompShareImage", **place, VersionName="v1.0", CommunityImageName="box")
    probe.world.advance(601)
    return probe.world.images.own["compshareImage-box"].row["Status"]


def _start_without_stock(probe: Probe) -> Any:
    probe.world.stock.left["cn-wlcb-01"]["4090"] = 0
    return probe.operate("StartCompShareInstance", "uhost-off")


def _first_pod_state(probe: Probe) -> Any:
    box = probe.call("DescribeCompShareImages", Region="cn-wlcb", ImageType="App", Name="cuda128_torch291")["ImageSet"]
    place = {"Region": "cn-sh2", "Zone": "cn-sh2-01", "CompShareImageId": box[0]["CompShareImageId"]}
    size = {"GpuType": "5090", "GPU": 1, "CPU": 14, "Memory": 49152, "Disks": [{"IsBoot": True, "Size": 200}]}
    (created,) = probe.call("CreateCompShareInstance", **place, **size, ChargeType="Postpay")["UHostIds"]
    return probe.row(created)["State"]


def _stop_time(probe: Probe) -> Any:
    probe.operate("StopCompShareInstance", "uhost-vm")
    probe.world.advance(30)
    return bool(probe.row("uhost-vm")["StopTime"])


def _interrupted(probe: Probe) -> Any:
    probe.world.interrupt("uhost-spot")
    return probe.row("uhost-spot")["State"]


def _reinstall_password(probe: Probe) -> Any:
    expected = password(10)
    probe.operate("ReinstallCompShareInstance", "uhost-off", CompShareImageId=probe.ubuntu(), Password=expected)
    return probe.row("uhost-off")["Password"] == expected


def _reinstall_state(probe: Probe) -> Any:
    box = probe.call("DescribeCompShareImages", Region="cn-wlcb", ImageType="App", Name="cuda128_torch291")["ImageSet"]
    probe.world.instances.all["uhost-box"].row["DiskSet"][0]["Size"] = 500
    image = {"CompShareImageId": box[0]["CompShareImageId"]}
    return probe.operate("ReinstallCompShareInstance", "uhost-box", **image)


def _recycle(probe: Probe) -> Any:
    return probe.call("TerminateCompShareInstance", **PLACE, UHostId="uhost-off")["InRecycle"]


def _pod_disks(probe: Probe) -> Any:
    probe.operate("TerminateCompShareInstance", "cpod-off", ReleaseUDisk=True)
    return probe.world.instances.all["cpod-off"].release_disks


def _community_tags(probe: Probe) -> Any:
    found = probe.as_json("DescribeCommunityImages", {"Region": "cn-wlcb", "Tag": ["LLM"], "Limit": 100})
    return len(found.get("CompshareImageGroup") or [])


def _timestamp(probe: Probe) -> Any:
    caller = Caller.of(probe.world)
    caller.session.headers["U-Timestamp-Ms"] = "1000"
    return caller.call("GetProjectList")["RetCode"]


def _sync(probe: Probe, **changes: Any) -> dict[str, Any]:
    params = {"SourceCompShareImageId": "compshareImage-mine", "TargetImageName": "copy", "TargetZoneIds": [8200]}
    return dict(probe.as_json("SyncCompShareCustomImage", {**params, **changes}))


def _copied_status(probe: Probe) -> Any:
    (result,) = _sync(probe)["Results"]
    return probe.world.images.own[result["CompShareImageId"]].row["Status"]


def _create_disk(probe: Probe, **changes: Any) -> dict[str, Any]:
    params = {**PLACE, "UHostId": "uhost-vm", "Size": 50, "Name": "data", "ChargeType": "Postpay", **changes}
    answer = probe.call("CreateAndAttachCompshareDisk", **params)
    probe.world.advance(10)
    return answer


def _of_new_disk(probe: Probe, action: str, **params: Any) -> int:
    _create_disk(probe)
    (row,) = probe.call("DescribeCompshareDisk", HostId="uhost-vm")["DiskSet"]
    return int(probe.call(action, **PLACE, UDiskId=row["ResourceId"], **params)["RetCode"])


def _disk_pages(probe: Probe) -> Any:
    _create_disk(probe)
    _create_disk(probe)
    return len(probe.call("DescribeCompshareDisk", Limit=1)["DiskSet"])


def _monitored(probe: Probe, count: int) -> Any:
    place = {"Region": "cn-wlcb", "UHostIds": ["uhost-vm"] * count}
    return probe.as_json("GetCompShareInstanceMonitor", place)["RetCode"]


def _pod_ports(probe: Probe, **ports: Any) -> Any:
    probe.operate("StartCompShareInstance", "cpod-off")
    probe.world.advance(60)
    answer = probe.operate("UpdateCompShareInstancePorts", "cpod-off", **ports)
    return answer, probe.world.instances.all["cpod-off"].row["Ports"]


def _favorite_again(probe: Probe) -> Any:
    group = next(iter(probe.world.images.favorites))
    return probe.call("CreateCompShareImageFavorite", GroupId=group)["RetCode"]


def _image_status(probe: Probe, **params: Any) -> Any:
    return [bool(probe.call("DescribeCompShareImages", **params).get("ImageSet"))]


PROBES: Mapping[str, Callable[[Probe], Any]] = {
    "offset_past_end": lambda it: it.call("DescribeCompShareInstance", Offset=15, Limit=15)["RetCode"],
    "empty_region": lambda it: it.call("DescribeCompShareInstance", Region="")["RetCode"],
    "list_region": lambda it: it.call("DescribeCompShareImages")["RetCode"],
    "own_total": lambda it: it.call("DescribeCompShareCustomImages", Region="cn-wlcb", Limit=1)["TotalCount"],
    "own_place": lambda it: len(it.call("DescribeCompShareCustomImages", Region="cn-sh2")["ImageSet"]),
    "group_total": lambda it: it.call("DescribeCommunityImages", Region="cn-wlcb")["TotalCount"],
    "community_shape": lambda it: it.keys("DescribeCommunityImages", Region="cn-wlcb"),
    "published_shape": lambda it: it.keys("DescribeSelfCommunityImages", Region="cn-wlcb"),
    "community_filters": lambda it: it.call("DescribeCommunityImages", IsFree=True)["TotalCount"],
    "community_tags": _community_tags,
    "platform_zone": lambda it: _image_status(it, ImageType="System", Zone="cn-wlcb-03"),
    "image_types": lambda it: _image_status(it, ImageType="Other"),
    "unknown_image_type": lambda it: it.call("DescribeCompShareImages", ImageType="Toy")["RetCode"],
    "favorites_list": lambda it: it.call("DescribeFavoriteImages")["RetCode"],
    "progress_start": lambda it: it.progress("compshareImage-b"),
    "progress_end": lambda it: it.progress("compshareImage-mine"),
    "progress_types": lambda it: [it.world.advance(20), it.progress("compshareImage-b")],
    "progress_unknown": lambda it: it.progress("compshareImage-none"),
    "progress_platform": lambda it: it.progress(it.ubuntu()),
    "progress_container": lambda it: it.progress("compshareImage-box"),
    "duplicate_name": lambda it: it.build(name="mine")["RetCode"],
    "name_scope": lambda it: it.build(name="there")["RetCode"],
    "failed_name": lambda it: it.build(name="failed")["RetCode"],
    "parallel_builds": _parallel_builds,
    "delete_while_making": _delete_while_making,
    "terminate_while_making": _terminate_while_making,
    "source_while_making": _source_while_making,
    "image_without_gpu": _image_without_gpu,
    "delete_missing": lambda it: it.call(
        "TerminateCompShareCustomImage", Region="cn-wlcb", CompShareImageId="compshareImage-none"
    )["RetCode"],
    "rejected_status": _rejected,
    "favorite_again": _favorite_again,
    "favorite_unknown": lambda it: it.call("CreateCompShareImageFavorite", GroupId="none")["RetCode"],
    "image_copy": lambda it: _sync(it)["RetCode"],
    "copied_status": _copied_status,
    "sync_body": lambda it: it.call(
        "SyncCompShareCustomImage",
        SourceCompShareImageId="compshareImage-mine",
        TargetImageName="copy",
        TargetZoneIds=[8200],
    )["RetCode"],
    "disk_pages": _disk_pages,
    "created_disk": lambda it: "UDiskId" in _create_disk(it),
    "grow_attached": lambda it: _of_new_disk(it, "ResizeCompShareDisk", Size=60),
    "delete_attached": lambda it: _of_new_disk(it, "DeleteCompshareDisk"),
    "ports_zone_id": lambda it: _pod_ports(it, HttpPorts=[8080]),
    "ports_missing": lambda it: _pod_ports(it, TcpPorts=[6006]),
    "monitor_body": lambda it: it.call("GetCompShareInstanceMonitor", Region="cn-wlcb", UHostIds=["uhost-vm"])[
        "RetCode"
    ],
    "pod_monitor": lambda it: type(
        it.as_json("GetCompShareInstanceMonitor", {"Region": "cn-bj2", "UHostIds": ["cpod-off"]})["Data"]["PodList"][0][
            "Metrics"
        ]
    ),
    "monitor_batch": lambda it: _monitored(it, 11),
    "inventory_key": lambda it: it.keys("DescribeCompShareGpuInventory"),
    "inventory_type": lambda it: type(it.call("DescribeCompShareGpuInventory")["GpuInventory"]),
    "sold_out": lambda it: sorted(
        {row["Status"] for row in it.call("DescribeAvailableCompShareInstanceTypes")["AvailableInstanceTypes"]}
    ),
    "start_without_stock": _start_without_stock,
    "price_key": lambda it: it.keys("GetCompShareInstancePrice", **PLACE, GpuType="4090", GPU=1, CPU=16, Memory=65536),
    "year": lambda it: it.price("Year"),
    "pod_addresses": lambda it: len(it.row("cpod-off")["IPSet"]),
    "no_gpu_sign": _no_gpu_sign,
    "stop_time": _stop_time,
    "schedule_key": lambda it: "SchedulerStopTime" in it.row("uhost-vm"),
    "schedule_early": lambda it: it.operate(
        "UpdateCompShareStopScheduler",
        "uhost-new",
        ProjectId="org-default1",
        SchedulerStopTime=int(it.world.clock.now()) + 900,
    ),
    "first_pod_state": _first_pod_state,
    "stop_initializing": lambda it: it.operate("StopCompShareInstance", "uhost-new"),
    "terminate_state": lambda it: it.operate("TerminateCompShareInstance", "uhost-new"),
    "spot_stop": lambda it: it.operate("StopCompShareInstance", "uhost-spot", Force=True),
    "interrupted_state": _interrupted,
    "reinstall_state": _reinstall_state,
    "reinstall_password": _reinstall_password,
    "resize_without_gpu": lambda it: it.operate("ResizeCompShareInstance", "uhost-off", WithoutGpu=True),
    "container_password": lambda it: it.operate(
        "ResetCompShareInstancePassword", "uhost-boxoff", Password=password(10)
    ),
    "password_length": lambda it: it.operate("ResetCompShareInstancePassword", "uhost-off", Password=password(31)),
    "pod_disks": _pod_disks,
    "recycle": _recycle,
    "timestamp": _timestamp,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SWITCHES)
def test_each_answer_of_a_switch_is_another_one(make_world: MakeWorld, name: str) -> None:
    def look(answer: str) -> Any:
        world = make_world(rows=dict(ROWS), traces=[BUILD], dialect={name: answer})
        return PROBES[name](Probe(world))

    seen = [look(answer) for answer in SWITCHES[name].answers]
    assert all(one not in seen[:place] for place, one in enumerate(seen)), seen


def test_the_default_is_the_first_answer_and_the_preset_the_second(make_world: MakeWorld) -> None:
    assert make_world().dialect.as_dict() == {name: one.answers[0] for name, one in SWITCHES.items()}
    other = make_world(dialect="documented")
    assert other.dialect.as_dict() == {name: one.answers[1] for name, one in SWITCHES.items()}


def test_a_server_has_a_dialect_for_worlds_that_name_none() -> None:
    with Simulator(speed=0, dialect="documented") as simulator:
        assert simulator.world.dialect["sold_out"] == "Soldout"
        some = simulator.new_world(dialect={"sold_out": "SoldOut"}).dialect
        assert (some["sold_out"], some["inventory_key"]) == ("SoldOut", "GpuInventoryByZone")
        assert simulator.new_world(dialect="recorded").dialect["inventory_key"] == "GpuInventory"


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("spoken", "there is no dialect 'spoken'; there are recorded and documented"),
        ({"offset": "empty"}, "there is no switch 'offset'; there are offset_past_end,"),
        ({"offset_past_end": "full"}, "offset_past_end is empty or refused, not 'full'"),
    ],
)
def test_what_does_not_exist_is_refused(setting: Any, message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        Scenario.read({"dialect": setting})


def test_a_question_is_asked_with_a_known_answer() -> None:
    with pytest.raises(ValueError, match="sold_out is SoldOut or Soldout, not 'gone'"):
        Dialect().is_("sold_out", "gone")


def test_the_control_api_shows_the_dialect(make_world: MakeWorld) -> None:
    world = make_world(dialect={"recycle": "No"})
    query = {"public_key": world.public_key}
    shown = Caller.of(world).session.get(f"{world.url}/_simulator/dialect", params=query, timeout=10).json()
    assert shown["dialect"]["recycle"] == "No"
    assert shown["switches"]["recycle"] == {
        "question": "What does InRecycle say?",
        "answers": ["Yes", "No"],
        "basis": "seen in production",
    }
    json.dumps(shown)


def test_the_readme_lists_every_switch() -> None:
    assert table() in README.read_text(encoding="utf-8")
