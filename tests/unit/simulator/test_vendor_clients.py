"""The vendor's own clients work on the simulator: its SDK, and its command line with the base URL pointed here."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from typing import Any

import pytest

from ansible_collections.compshare.cloud.tests.simulator import World
from ansible_collections.compshare.cloud.tests.simulator.fixtures import MakeWorld

ucloud_client = pytest.importorskip("ucloud.client", reason="ucloud-sdk-python3 is not installed")
pytest.importorskip("compshare_cli", reason="compshare-cli is not installed")

# The command line takes its address from a constant.
LAUNCHER = """
import os, sys
import compshare_cli.config
compshare_cli.config.DEFAULT_BASE_URL = os.environ["COMPSHARE_API_URL"]
from compshare_cli.cli import main
sys.exit(main())
"""


def sdk(world: World) -> Any:
    config = {"public_key": world.public_key, "private_key": world.private_key, "base_url": world.url}
    return ucloud_client.Client({**config, "region": "cn-wlcb"}, logger=logging.getLogger("silent")).ucompshare()


def test_the_sdk_lists_images_and_instances(world: World) -> None:
    client = sdk(world)
    found = client.describe_comp_share_images({"Limit": 100, "Offset": 0})
    assert {row["CompShareImageId"] for row in found["ImageSet"]} <= world.expected_ids("platform")
    for action, key in (
        ("DescribeCompShareImages", "ImageSet"),
        ("DescribeCompShareCustomImages", "ImageSet"),
        ("DescribeCompShareSharingImages", "ImageSet"),
        ("DescribeCommunityImages", "CompshareImageGroup"),
        ("DescribeSelfCommunityImages", "CompshareImageGroup"),
        ("DescribeCompShareInstance", "UHostSet"),
    ):
        assert client.invoke(action, {"Tag": ["LLM", "其他"], "Zone": "cn-wlcb-01"})[key], action


def test_the_sdk_sends_nested_values_and_bools_that_are_understood(world: World) -> None:
    instance = next(one for one in world.instances.all.values() if one.row["Name"] == "train-vm").identifier
    softwares = {"Framework": "PyTorch", "Application": ["一", "二"]}
    place = {"Region": "cn-wlcb", "Zone": "cn-wlcb-01"}
    created = sdk(world).invoke(
        "CreateCompShareCustomImage", {**place, "UHostId": instance, "Name": "训练环境", "Softwares": softwares}
    )
    row = world.images.own[created["CompShareImageId"]].row
    assert row["Softwares"]["Applications"] == ["一", "二"]
    free = sdk(world).invoke("DescribeCommunityImages", {"IsFree": False, "Limit": 100})
    assert all(row["Price"] > 0 for group in free["CompshareImageGroup"] for row in group["Data"])


def run_cli(world: World, *arguments: str) -> Any:
    command = [sys.executable, "-c", LAUNCHER, "--json", *arguments]
    environment = {**os.environ, **world.environment(), "COMPSHARE_CONFIG_FILE": os.devnull + ".none"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def ids_in(value: Any, key: str) -> set[str]:
    if isinstance(value, dict):
        return {value[key]} if key in value else {one for part in value.values() for one in ids_in(part, key)}
    return {one for part in value for one in ids_in(part, key)} if isinstance(value, list) else set()


@pytest.mark.slow
@pytest.mark.parametrize("source", ["platform", "community", "shared", "published", "custom"])
def test_the_command_line_lists_images(make_world: MakeWorld, source: str) -> None:
    # It stops where TotalCount says, so the list whose total counts one page must be returned whole here.
    world = make_world(lists={"DescribeCompShareCustomImages": {"total": "right"}})
    found = run_cli(world, "image", "list", "--source", source, "--all")
    assert ids_in(found, "CompShareImageId") == world.expected_ids(source)


@pytest.mark.slow
def test_the_command_line_lists_one_users_images(make_world: MakeWorld) -> None:
    group = {"GroupId": "g", "ImageName": "G", "OwnerId": 77}
    world = make_world(rows={"community": [group]})
    found = run_cli(world, "image", "list", "--source", "user", "--user", "77")
    assert ids_in(found, "CompShareImageId") == world.expected_ids("user", 77)


@pytest.mark.slow
def test_the_command_line_lists_instances(world: World) -> None:
    found = run_cli(world, "instance", "list", "--all")
    assert ids_in(found, "UHostId") == set(world.instances.all)


@pytest.fixture
def machines(make_world: MakeWorld) -> World:
    """A machine, a stopped one and a Pod, on a clock that runs: the command line waits in real time."""
    rows = [
        {"UHostId": "uhost-a"},
        {"UHostId": "uhost-off", "State": "Stopped"},
        {"UHostId": "cpod-a", "Zone": "cn-sh2-01", "Region": "cn-sh2"},
    ]
    # It knows the metrics of a Pod as a list only.
    dialect = {"pod_monitor": "a list of metrics"}
    return make_world(speed=60, replace=["instances"], rows={"instances": rows}, dialect=dialect)


@pytest.mark.slow
def test_the_command_line_takes_a_disk_through_its_life(machines: World) -> None:
    disk, host = ("storage", "disk"), ("--instance", "uhost-a")
    run_cli(machines, *disk, "create", *host, "--size", "50GiB", "--name", "data", "--charge", "Postpay", "--yes")
    (disk_id,) = machines.disks.all
    assert ids_in(run_cli(machines, *disk, "list", *host), "ResourceId") == {disk_id}
    assert run_cli(machines, *disk, "price", disk_id, *host, "--size", "80GiB")["data"]["Price"] > 0
    run_cli(machines, *disk, "resize", disk_id, "--size", "80GiB", "--yes")
    assert machines.disks.all[disk_id].size == 80
    run_cli(machines, *disk, "detach", disk_id, *host, "--device", "/dev/vdb", "--yes")
    machines.advance(7)
    run_cli(machines, *disk, "attach", disk_id, "--instance", "uhost-off")
    machines.advance(7)
    owner = machines.disks.all[disk_id].owner
    assert owner is not None and owner.identifier == "uhost-off"
    run_cli(machines, *disk, "delete", disk_id, "--yes")
    assert machines.deleted_disks == [disk_id]


@pytest.mark.slow
def test_the_command_line_waits_for_a_disk_that_is_detaching(machines: World) -> None:
    disk, host = ("storage", "disk"), ("--instance", "uhost-a")
    machines.scenario.instances.detach_seconds = 150
    run_cli(machines, *disk, "create", *host, "--size", "50GiB", "--name", "data", "--charge", "Postpay", "--yes")
    (disk_id,) = machines.disks.all
    machines.advance(7)
    run_cli(machines, *disk, "detach", disk_id, *host, "--device", "/dev/vdb", "--yes")
    run_cli(machines, *disk, "delete", disk_id, "--yes")
    assert {8434, 0} == {one["ret_code"] for one in machines.requests("DeleteCompshareDisk")}


@pytest.mark.slow
def test_the_command_line_resizes_an_instance(machines: World) -> None:
    size = ("--cpu", "32", "--memory", "128GiB", "--gpu", "2")
    assert run_cli(machines, "instance", "resize-price", "uhost-off", *size)["data"]["Price"] == 1.48
    run_cli(machines, "instance", "resize", "uhost-off", *size, "--no-wait", "--yes")
    row = machines.instances.all["uhost-off"].row
    assert (row["CPU"], row["Memory"], row["GPU"]) == (32, 131072, 2)


@pytest.mark.slow
def test_the_command_line_changes_ports_and_charge_type_and_reads_the_monitor(machines: World) -> None:
    run_cli(machines, "instance", "ports", "update", "cpod-a", "--http", "9000", "--tcp", "6006", "--yes")
    ports = {"HttpPorts": [9000, 8888], "TcpPorts": [6006, 23], "UdpPorts": []}
    assert machines.instances.all["cpod-a"].row["Ports"] == ports
    run_cli(machines, "instance", "charge", "uhost-a", "--to", "Day", "--yes")
    assert machines.instances.all["uhost-a"].row["ChargeType"] == "Day"
    seen = run_cli(machines, "instance", "monitor", "uhost-a", "cpod-a")
    assert {row["MetricKey"] for row in seen["data"]["Data"]["List"][0]["Metrics"]} > {
        "uhost_cpu_used",
        "cloudwatch_gpu_util",
    }
    assert seen["data"]["Data"]["PodList"][0]["PodId"] == "cpod-a"
