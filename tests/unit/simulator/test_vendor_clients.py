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
    made = sdk(world).invoke(
        "CreateCompShareCustomImage", {**place, "UHostId": instance, "Name": "训练环境", "Softwares": softwares}
    )
    row = world.images.own[made["CompShareImageId"]].row
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
    # It stops where TotalCount says, so the list whose total counts one page must be told whole here.
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
