from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.client import Scope
from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import OptionError
from ansible_collections.compshare.cloud.plugins.module_utils._api.transport import HttpResponse
from ansible_collections.compshare.cloud.plugins.module_utils._instances.model import describe, normalise_instance
from ansible_collections.compshare.cloud.plugins.module_utils._instances.query import (
    InstanceQuery,
    find_instances,
    one_named,
    read_by_id,
    read_rows,
)

from ..fakes import client_of, success
from ..in_process import new_world, task_in
from .samples import CONTAINER, POD, STOPPED, VM, WINDOWS

ROWS = [POD, VM, STOPPED, WINDOWS, CONTAINER]


def all_rows(_fields: Mapping[str, str]) -> HttpResponse:
    return success(UHostSet=ROWS, TotalCount=len(ROWS))


def found(query: InstanceQuery, scope: Scope | None = None) -> tuple[list[str], list[dict[str, str]]]:
    client, transport, _clock = client_of(all_rows, scope=scope)
    return [instance["name"] for instance in find_instances(client, query)], transport.requests


def test_every_region_is_read_where_none_is_set() -> None:
    names, requests = found(InstanceQuery())
    assert names == ["comfy-pod", "idle", "jupyter", "render", "train-vm"]
    assert len(requests) == 1
    assert not {"Region", "Zone", "UHostIds.0"} & set(requests[0])


def test_a_region_and_its_zone_are_sent_and_checked() -> None:
    names, requests = found(InstanceQuery(), Scope(region="cn-wlcb", zone="cn-sh2-01"))
    assert names == ["comfy-pod"]
    assert (requests[0]["Region"], requests[0]["Zone"]) == ("cn-wlcb", "cn-sh2-01")


def test_a_zone_alone_is_only_checked() -> None:
    names, requests = found(InstanceQuery(), Scope(zone="cn-sh2-01"))
    assert names == ["comfy-pod"]
    assert not {"Region", "Zone"} & set(requests[0])


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({"name": "idle"}, ["idle"]),
        ({"name": "Idle"}, []),
        ({"states": ["stopped", "Starting"]}, ["idle"]),
        ({"kind": "pod"}, ["comfy-pod"]),
        ({"kind": "container"}, ["jupyter"]),
        ({"gpu_type": "5090"}, ["comfy-pod"]),
        ({"tag": "prod"}, []),
        ({"charge_type": "Month"}, []),
        ({"image_id": VM["CompShareImageId"], "kind": "vm"}, ["idle", "render", "train-vm"]),
        ({"instance_ids": [VM["UHostId"], "uhost-none"]}, ["train-vm"]),
    ],
)
def test_filters(options: dict[str, Any], names: list[str]) -> None:
    assert found(InstanceQuery.from_options(options))[0] == names


def test_ids_are_requested_a_hundred_at_a_time_and_compared() -> None:
    client, transport, _clock = client_of(lambda _fields: success(UHostSet=[VM]))
    read_rows(client, ids=[f"uhost-{index}" for index in range(101)] + ["uhost-0"])
    ids = [sum(1 for name in fields if name.startswith("UHostIds.")) for fields in transport.requests]
    assert sorted(ids) == [1, 100]
    assert found(InstanceQuery(instance_ids=["uhost-none"]))[0] == []


def test_each_region_is_a_list_of_its_own() -> None:
    client, transport, _clock = client_of(lambda _fields: success(UHostSet=None))
    assert read_rows(client, regions=["cn-wlcb", "cn-sh2", "cn-wlcb"]) == []
    # Each once more, since an empty response is believed only when it comes twice.
    assert sorted(fields["Region"] for fields in transport.requests) == ["cn-sh2"] * 2 + ["cn-wlcb"] * 2


def test_one_named() -> None:
    instances = [normalise_instance(row) for row in (VM, POD)]
    assert one_named(instances, "none") is None
    assert one_named(instances, "train-vm") is instances[0]
    with pytest.raises(
        OptionError,
        match=r"2 instances are named 'train-vm': train-vm \(uhost-1testvm00001, Running, cn-wlcb-01\), .*instance_id",
    ):
        one_named([instances[0], instances[0]], "train-vm")
    with pytest.raises(OptionError, match=r"12 instances .* and 2 more"):
        one_named(instances[:1] * 12, "train-vm")


def test_an_instance_in_words_has_no_control_characters() -> None:
    hostile = normalise_instance({"UHostId": "u", "Name": "a\x1b[31m", "State": ""})
    assert describe(hostile) == r"a\x1b[31m (u, state unknown)"


@pytest.mark.parametrize("response", ["empty", "refused"])
@pytest.mark.parametrize("count", [10, 20, 30, 50, 100, 200])
def test_a_list_that_ends_with_a_full_page_is_whole(count: int, response: str) -> None:
    """The API may refuse an offset at the end of a list."""
    world = new_world(counts={"platform": 0, "instances": count}, dialect={"offset_past_end": response})
    task = task_in(world, "compshare_instance_info", {})
    assert len(read_rows(task.client)) == count


@pytest.mark.parametrize("identity", [["uhost-a"], {"id": "uhost-a"}, 7])
def test_ids_of_another_type_are_passed_over(identity: object) -> None:
    client, _transport, _clock = client_of(lambda _fields: success(UHostSet=[{"UHostId": identity}, VM]))
    assert list(read_by_id(client, [VM["UHostId"]])) == [VM["UHostId"]]
