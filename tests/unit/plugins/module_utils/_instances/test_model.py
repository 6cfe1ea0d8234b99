from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.compshare.cloud.plugins.module_utils._instances.model import (
    INSTANCE_KEYS,
    SECRET_KEYS,
    normalise_instance,
    secrets_of,
)

from .samples import CONTAINER, POD, STOPPED, VM, WINDOWS


def test_a_virtual_machine() -> None:
    instance = normalise_instance(VM)
    assert tuple(instance) == INSTANCE_KEYS
    assert {key: instance[key] for key in ("id", "name", "kind", "gpu_type", "gpu_count", "cpu", "memory_gb")} == {
        "id": "uhost-1testvm00001",
        "name": "train-vm",
        "kind": "vm",
        "gpu_type": "4090",
        "gpu_count": 1,
        "cpu": 16,
        "memory_gb": 64,
    }
    assert (instance["ssh_host"], instance["ssh_port"], instance["ssh_user"]) == ("203.0.113.10", 22, "ubuntu")
    assert (instance["public_ip"], instance["private_ip"]) == ("203.0.113.10", "192.0.2.10")
    assert instance["disks"][1] == {
        "id": "bsi-2",
        "name": "data",
        "type": "CLOUD_SSD",
        "use": "Data",
        "boot": False,
        "size_gb": 50,
        "drive": None,
        "encrypted": None,
    }
    assert instance["remark"] is None
    assert instance["software"] == []
    assert instance["auto_renew"] is False
    assert instance["without_gpu"] is False
    assert instance["start_time"] == "2026-09-10T00:28:20Z"
    assert instance["expire_time"] is None
    assert instance["scheduled_stop_time"] == "2026-09-10T01:26:40Z"


def test_a_pod() -> None:
    instance = normalise_instance(POD)
    assert instance["kind"] == "pod"
    assert instance["gpu_type"] == "5090"
    assert (instance["gpu_count"], instance["memory_gb"]) == (1, 48)
    assert instance["ssh_port"] == 28870
    assert instance["ports"] == {"http": [8888, 8889], "tcp": [23], "udp": []}
    assert instance["public_ip"] is None


def test_containers_windows_and_stopped_ones() -> None:
    assert normalise_instance(CONTAINER)["kind"] == "container"
    assert normalise_instance(CONTAINER)["ssh_port"] == 23
    for row in (WINDOWS, STOPPED):
        instance = normalise_instance(row)
        assert instance["kind"] == "vm"
        assert (instance["ssh_command"], instance["ssh_host"], instance["ssh_port"]) == (None, None, None)


def test_the_second_name_of_a_field_is_read_where_the_first_is_missing() -> None:
    row = {key: value for key, value in VM.items() if key != "SchedulerStopTime"}
    assert normalise_instance({**row, "StopSchedulerTime": 1789003600})["scheduled_stop_time"] is not None


def test_the_region_follows_from_the_zone_where_a_row_lacks_it() -> None:
    assert normalise_instance({"Zone": "cn-wlcb-01"})["region"] == "cn-wlcb"


def test_the_heaviest_public_address_is_taken() -> None:
    addresses = [
        {"Type": "Bgp", "IP": "203.0.113.1", "Weight": 10},
        {"Type": "Internation", "IP": "203.0.113.2", "Weight": "50"},
        {"Type": "Bgp", "IP": "not an address", "Weight": 99},
        {"Type": "Proxy", "IP": "203.0.113.3", "Weight": 99},
    ]
    assert normalise_instance({**VM, "IPSet": addresses})["public_ip"] == "203.0.113.2"


def test_a_disk_in_two_lists_counts_once() -> None:
    row = {**VM, "UDiskSet": [VM["DiskSet"][1], {"DiskId": "bsi-3", "Size": 10}]}
    assert [disk["id"] for disk in normalise_instance(row)["disks"]] == ["bsi-1", "bsi-2", "bsi-3"]


@pytest.mark.parametrize(
    "signs",
    [
        {"MachineType": "O"},
        {"GPU": 0, "WithoutGpuSpec": {"Spec": "A", "Cpu": 2}},
        {"GPU": 0, "WithoutGpuSpec": "A"},
        {"GPU": 0, "SrcInstanceConfig": {"GpuType": "4090"}},
    ],
    ids=["documented", "seen in production", "seen as text", "relied on by a client"],
)
def test_an_instance_without_its_gpu_is_known_by_each_sign(signs: dict[str, Any]) -> None:
    assert normalise_instance({**VM, **signs})["without_gpu"] is True
    assert normalise_instance({**VM, "SrcInstanceConfig": {"GpuType": "4090"}})["without_gpu"] is False


def test_a_pods_id_and_host_name_are_no_addresses() -> None:
    """Seen in production."""
    host = "cpod-a1.podtcp.compshare.cn"
    ip_set = [{"Type": "Private", "IP": "cpod-a1"}, {"Type": "Bgp", "IP": host}]
    instance = normalise_instance({**VM, "IPSet": ip_set})
    assert (instance["private_ip"], instance["public_ip"]) == (None, None)
    assert [entry["ip"] for entry in instance["addresses"]] == ["cpod-a1", host]


HIDDEN = {
    **POD,
    "JupyterToken": "SECRET-1",
    "Nested": {"AccessToken": "SECRET-2", "Kept": [{"Password": "SECRET-3", "Url": "https://h/x?key=SECRET-4"}]},
    "Harmless": "kept",
}


def test_secrets_only_on_request() -> None:
    text = json.dumps(normalise_instance(HIDDEN))
    assert not any(secret in text for secret in ("SECRET", "cG9kLXBhc3M=", "pod-pass", "browse-me"))
    assert "kept" in text
    assert not set(SECRET_KEYS) & set(normalise_instance(HIDDEN))
    assert normalise_instance(HIDDEN)["nested"] == {"Kept": [{"Url": "https://h/x"}]}
    requested = normalise_instance(HIDDEN, include_secrets=True)
    assert (requested["password"], requested["file_browser_password"]) == ("pod-pass", "browse-me")
    assert requested["software"][0]["url"].endswith("?token=SECRET-TOKEN")
    assert set(secrets_of(requested)) == {
        "pod-pass",
        "browse-me",
        "https://8888-x.pod.compshare.cn/lab?token=SECRET-TOKEN",
        "SECRET-1",
        "SECRET-2",
        "SECRET-3",
        "https://h/x?key=SECRET-4",
    }
    assert secrets_of(normalise_instance(HIDDEN)) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = sorted({*VM, *POD, "UDiskSet", "Unknown"})


@given(st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=10), JSON), st.booleans())
def test_no_row_raises_and_the_keys_are_always_the_same(row: dict[str, Any], include_secrets: bool) -> None:
    instance = normalise_instance(row, include_secrets=include_secrets)
    assert tuple(instance)[: len(INSTANCE_KEYS)] == INSTANCE_KEYS
    json.dumps(instance)
    secrets_of(instance)


@pytest.mark.parametrize("key", INSTANCE_KEYS)
def test_an_empty_row_has_every_key(key: str) -> None:
    assert normalise_instance({})[key] in (None, [], {"http": [], "tcp": [], "udp": []})
