"""Disks as results have them, and what they cost."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.client import Scope
from ansible_collections.compshare.cloud.plugins.module_utils._disks.model import DISK_KEYS, normalise_disk, size_gb
from ansible_collections.compshare.cloud.plugins.module_utils._disks.pricing import add_prices
from ansible_collections.compshare.cloud.plugins.module_utils._disks.query import matches, read_disks

from ..in_process import new_world, task_in

MODULE = "compshare_disk_info"
ROWS: dict[str, Any] = {
    "instances": [{"UHostId": "uhost-a"}],
    "disks": [
        {"ResourceId": "bsi-b", "Name": "b", "Size": 100, "MountInstance": "uhost-a"},
        {"ResourceId": "bsi-a", "Name": "a", "Size": 20, "ChargeType": "Month", "Zone": "cn-sh2-02"},
    ],
}


@pytest.mark.parametrize("types", ["plain", "mixed"])
def test_disks_have_the_documented_keys(types: str) -> None:
    world = new_world(rows=ROWS, replace=["instances"], types=types)
    first, second = read_disks(task_in(world, MODULE, {}).client)
    assert tuple(second) == DISK_KEYS
    assert (first["name"], first["size_gb"], first["region"], first["instance_id"]) == ("a", 20, "cn-sh2", None)
    assert (second["instance_id"], second["device"], second["state"]) == ("uhost-a", "/dev/vdb", "InUse")
    assert second["create_time"] == "2026-11-20T00:00:00Z" and first["expire_time"] == "2026-12-20T00:00:00Z"


def test_the_scope_narrows_the_list() -> None:
    world = new_world(rows=ROWS, replace=["instances"])
    client = task_in(world, MODULE, {}, scope=Scope(region="cn-sh2", zone="cn-sh2-02")).client
    assert [disk["id"] for disk in read_disks(client)] == ["bsi-a"]


@pytest.mark.parametrize(
    ("reported", "size"),
    [
        (("100GB",), 100),
        (("1.5 TB",), 1536),
        ((80,), 80),
        (("80",), 80),
        ((None, 40), 40),
        (("large",), None),
        ((True,), None),
        ((None,), None),
    ],
)
def test_sizes_are_read_in_every_form(reported: tuple[object, ...], size: float | None) -> None:
    assert size_gb(*reported) == size


def test_unknown_fields_follow_under_their_own_names() -> None:
    assert normalise_disk({"ResourceId": "bsi-a", "BackupMode": "NONE"})["backup_mode"] == "NONE"


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, ["bsi-a", "bsi-b"]),
        ({"disk_ids": ["bsi-b"]}, ["bsi-b"]),
        ({"name": "a"}, ["bsi-a"]),
        ({"instance_id": "uhost-a"}, ["bsi-b"]),
        ({"attached": False}, ["bsi-a"]),
    ],
)
def test_filters(filters: dict[str, Any], found: list[str]) -> None:
    none = dict.fromkeys(("disk_ids", "name", "instance_id", "attached"))
    world = new_world(rows=ROWS, replace=["instances"])
    disks = read_disks(task_in(world, MODULE, {}).client)
    assert [disk["id"] for disk in disks if matches(disk, **{**none, **filters})] == found


def test_prices_are_requested_once_for_each_kind_of_disk() -> None:
    rows = {"disks": [{"Name": f"d{number}", "Size": 100} for number in range(5)] + ROWS["disks"][1:]}
    world = new_world(rows=rows, replace=["instances"])
    client = task_in(world, MODULE, {}).client
    disks = read_disks(client)
    add_prices(client, disks)
    assert disks[0]["price"] == {"charge_type": "Month", "amount": 8.64, "unit": "month", "per_hour": 0.012}
    assert {disk["price"]["amount"] for disk in disks[1:]} == {0.06}
    assert len(world.requests("GetCompShareInstancePrice")) == 2
