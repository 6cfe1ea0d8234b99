"""The check of an account against both dialects of the simulator: what it finds, and what it must never show."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import RefusedError
from ansible_collections.compshare.cloud.plugins.module_utils._check.checks import CHECKS
from ansible_collections.compshare.cloud.plugins.module_utils._check.run import check_account
from ansible_collections.compshare.cloud.tests.simulator.dialect import SWITCHES
from ansible_collections.compshare.cloud.tests.simulator.registry import ACTIONS
from ansible_collections.compshare.cloud.tests.simulator.world import World

from ..in_process import new_world, task_in, writes

MODULE = "compshare_account_check"
PLUGINS = Path(__file__).parents[5] / "plugins"
ROWS: dict[str, Any] = {
    "instances": [
        {"UHostId": "uhost-1secretvm001", "Name": "payroll-training", "Remark": "call Ms Wang", "Tag": "finance"},
        {"UHostId": "uhost-1secretvm002", "Name": "stopped-one", "State": "Stopped"},
        {"UHostId": "cpod-1secretpod01", "Name": "secret-pod", "Zone": "cn-sh2-01", "Region": "cn-sh2"},
        {"UHostId": "uhost-1secretvm003", "Name": "odd-state", "State": "Frobnicating in Suzhou"},
    ],
    "disks": [
        {"ResourceId": "bsi-1secretdisk1", "Name": "customer-data", "MountInstance": "uhost-1secretvm001"},
        {"ResourceId": "bsi-1secretdisk2", "Name": "old-data"},
    ],
    "custom": [
        {"CompShareImageId": "compshareImage-1secret001", "Name": "fraud-model", "Description": "built for Acme"},
        {"CompShareImageId": "compshareImage-1secret002", "Name": "fraud-box", "Container": "True"},
        {"CompShareImageId": "compshareImage-1secret003", "Name": "elsewhere", "Zone": "cn-sh2-02"},
    ],
}
TRACES = [{"image_id": "compshareImage-1secret004", "name": "slow-build", "duration": 6000}]
#: Switches that no read request can see, or only at a moment.
NOT_READ = {
    "progress_start",
    "duplicate_name",
    "name_scope",
    "failed_name",
    "parallel_builds",
    "delete_while_making",
    "terminate_while_making",
    "source_while_making",
    "image_without_gpu",
    "delete_missing",
    "rejected_status",
    "copied_status",
    "favorite_again",
    "favorite_unknown",
    "start_without_stock",
    "first_pod_state",
    "stop_initializing",
    "terminate_state",
    "spot_stop",
    "interrupted_state",
    "reinstall_state",
    "reinstall_password",
    "resize_without_gpu",
    "container_password",
    "password_length",
    "pod_disks",
    "recycle",
    "created_disk",
    "grow_attached",
    "delete_attached",
    "ports_zone_id",
    "ports_missing",
    "monitor_batch",
    "sync_body",
    "timestamp",
    "schedule_early",
    # Would need more instances than an account may have at hand.
    "no_gpu_sign",
}


def world_of(dialect: Any = "recorded", **settings: Any) -> World:
    return new_world(
        rows=ROWS,
        traces=TRACES,
        dialect=dialect,
        counts={"platform": 100, "community_groups": 40},
        account={"balance": 98765.43, "id": 51234567, "name": "Acme GmbH", "projects": ["org-acme01"]},
        **settings,
    )


def check(world: World) -> dict[str, Any]:
    return check_account(task_in(world, MODULE, {}))


def test_everything_that_can_be_seen_holds_in_the_world_that_was_recorded() -> None:
    world = world_of()
    found = check(world)
    assert found["differs"] == []
    assert len(found["holds"]) > 30
    assert "## Differs (0)\n\nNone.\n" in found["report"]
    assert writes(world) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(SWITCHES) - NOT_READ))
def test_each_switch_that_reads_can_see_is_a_difference(name: str) -> None:
    """One report from an account answers each of these questions."""
    found = check(world_of({name: SWITCHES[name].answers[1]}))
    assert name in [one["key"] for one in found["differs"]], found["differs"]
    assert f"| `{name}` |" in found["report"].split("## Holds")[0]


def test_the_report_of_the_documented_world_differs_in_many_places() -> None:
    found = check(world_of("documented"))
    keys = {one["key"] for one in found["differs"]}
    assert keys >= {"inventory_key", "offset_past_end", "community_shape", "list_region", "progress_types", "sold_out"}
    assert not keys & {one["key"] for one in found["holds"]}


def test_questions_that_nobody_can_see_are_not_claimed_to_be_seen() -> None:
    seen = {one.key for one in CHECKS}
    assert set(SWITCHES) - NOT_READ <= seen


def texts_in(value: Any) -> set[str]:
    """Every text and number of a world that has four characters or more."""
    if isinstance(value, dict):
        return {text for item in value.values() for text in texts_in(item)}
    if isinstance(value, (list, tuple, set)):
        return {text for item in value for text in texts_in(item)}
    text = str(value)
    return {text} if len(text) >= 4 and not isinstance(value, bool) else set()


@pytest.mark.slow
@pytest.mark.parametrize("dialect", ["recorded", "documented"])
@pytest.mark.parametrize("types", ["plain", "mixed"])
def test_nothing_of_the_account_is_in_the_report(dialect: str, types: str) -> None:
    world = world_of(dialect, types=types)
    personal = {
        "SECRET",
        world.public_key,
        world.private_key,
        "51234567",
        "Acme",
        "98765",
        "org-acme01",
        "Frobnicating",
        "Suzhou",
    }
    for row in [one.shown(world.dialect) for one in world.instances.all.values()]:
        personal |= texts_in([row[name] for name in ("UHostId", "UUID", "Name", "Remark", "Tag", "IPSet", "Password")])
        personal |= texts_in([row["SshLoginCommand"], row["Softwares"], row.get("IngressHost"), row["DiskSet"]])
    for disk in world.disks.all.values():
        personal |= {disk.identifier, disk.entry["Name"]}
    for image in world.images.own.values():
        personal |= texts_in([image.row[name] for name in ("CompShareImageId", "Name", "Description", "Owner")])
    for group in world.images.groups.values():
        personal |= {group["GroupId"], group["ImageName"]}
    # What is a word of the API, or too common to be anybody's.
    words = {
        "None",
        "Private",
        "Boot",
        "Data",
        "Udisk",
        "IPv4",
        "true",
        "false",
        "True",
        "False",
        "CLOUD_SSD",
        "Default",
        "data",
    }
    report = check(world)["report"]
    found = [text for text in personal - words if re.search(rf"(?<!\w){re.escape(text)}(?!\w)", report)]
    assert found == []
    assert not re.search(r"\d+\.\d+\.\d+\.\d+|uhost-|cpod-|bsi-|compshareImage-|cn-\w+-\d", report)
    assert "(hidden) 1" in report  # the state that nobody documented is counted, not shown


def test_every_read_action_of_the_collection_is_sent() -> None:
    world = world_of()
    check(world)
    requested = {entry["action"] for entry in world.requests()}
    text = "\n".join(
        path.read_text(encoding="utf-8")
        for path in (PLUGINS / "module_utils").rglob("*.py")
        if "_check" not in path.parts
    )
    used = {name for name, action in ACTIONS.items() if action.reads and f'"{name}"' in text}
    assert used - requested == set()
    assert len(used) > 15


def test_a_key_that_may_read_little_still_gets_a_report() -> None:
    found = check(world_of(permissions={"allow": ["DescribeCompShareSupportZone", "DescribeCompShareImages"]}))
    assert "RetCode 299" in found["report"]
    assert found["holds"]


def test_an_empty_account_says_what_it_cannot_see() -> None:
    empty = {
        "platform": 0,
        "custom": 0,
        "shared": 0,
        "community_groups": 0,
        "published": 0,
        "favorites": 0,
        "instances": 0,
    }
    found = check(new_world(counts=empty))
    assert {"own_total", "pod_addresses", "monitor_body", "disk_pages"} <= {one["key"] for one in found["not_seen"]}


def test_a_wrong_key_is_an_error() -> None:
    world = world_of()
    world.add_faults({"kind": "ret_code", "code": 171, "action": "*"})
    with pytest.raises(RefusedError, match="the signature is wrong"):
        check(world)


@pytest.mark.parametrize("kind", ["truncated", "null_list", "string_list", "html", "http"])
def test_faults_leave_a_report(kind: str) -> None:
    world = world_of()
    world.add_faults({"kind": kind, "action": "Describe*", "after": 1, "every": 3})
    assert "# What the CompShare API does" in check(world)["report"]


@pytest.mark.parametrize("odd", [["cn-wlcb-01"], {"Id": 1}, 7])
def test_odd_zones_and_ids_leave_a_report(odd: Any) -> None:
    body = json.dumps({"RetCode": 0, "ImageSet": [{"CompShareImageId": odd, "Zone": odd}]})
    world = world_of()
    world.add_faults({"kind": "raw", "action": "DescribeCompShareCustomImages", "body": body})
    assert "# What the CompShare API does" in check(world)["report"]
