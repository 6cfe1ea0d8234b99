from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.client import Scope
from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import OptionError, RefusedError
from ansible_collections.compshare.cloud.plugins.module_utils._api.transport import HttpResponse
from ansible_collections.compshare.cloud.plugins.module_utils._instances.gpu_types import (
    TYPE_KEYS,
    TypeQuery,
    find_types,
    normalise_type,
)

from ..fakes import client_of, refusal, success

ZONES = [
    {"Region": "cn-wlcb", "Zone": "cn-wlcb-01", "ZoneId": 10027},
    {"Region": "cn-sh2", "Zone": "cn-sh2-01", "ZoneId": 8100, "IsPod": True},
]
TYPES: dict[str, list[dict[str, Any]]] = {
    "cn-wlcb-01": [
        {
            "Name": "4090",
            "Zone": "cn-wlcb-01",
            "Status": "Normal",
            "GraphicsMemory": {"Value": 24},
            "Performance": {"Value": 83.0},
            "CpuPlatforms": {"Amd": ["Amd/Auto"], "Intel": None},
            "MachineSizes": [
                {"Gpu": 2, "Collection": [{"Cpu": 32, "Memory": [128]}]},
                {"Gpu": 1, "Collection": [{"Cpu": 16, "Memory": [64, 96]}, {"Cpu": 12, "Memory": 32}]},
            ],
            "Disks": [{"BootDisk": [{"Name": "CLOUD_SSD", "MaximalSize": 500}], "DataDisk": None}],
            "MachineClass": "x",
        },
        {"Name": "A800", "Zone": "cn-wlcb-01", "Status": "SoldOut", "MachineSizes": None},
        {"Name": "5090", "Zone": "cn-sh2-01", "Status": "Normal"},
    ],
    "cn-sh2-01": [{"Name": "5090", "Zone": "cn-sh2-01", "Status": "Normal"}],
}
INVENTORY: dict[str, dict[str, Any]] = {
    "": {"Exclusive": {"10027": {"4090": 64, "A800": 0}}, "Spot": {"10027": {"4090": "3"}}},
    "8100": {"Exclusive": {"8100": {"5090": 32}}, "Spot": None},
}
PRICES = [{"ChargeType": "Postpay", "Instance": 1.5}, {"ChargeType": "Day", "Instance": 24}]


def respond(fields: Mapping[str, str]) -> HttpResponse:
    action = fields["Action"]
    if action == "DescribeCompShareSupportZone":
        return success(ZoneInfo=ZONES)
    if action == "DescribeAvailableCompShareInstanceTypes":
        return success(AvailableInstanceTypes=TYPES[fields["Zone"]])
    if action == "DescribeCompShareGpuInventory":
        return success(GpuInventory=INVENTORY[fields.get("zone_id", "")])
    return success(PriceDetails=PRICES)


def found(
    replies: Any = respond, scope: Scope | None = None, **options: Any
) -> tuple[list[dict[str, Any]], list[str], list[dict[str, str]]]:
    client, transport, _clock = client_of(replies, scope=scope)
    types, warnings = find_types(client, TypeQuery.from_options(options))
    return types, warnings, transport.requests


def test_types_sizes_stock_and_prices() -> None:
    types, warnings, _requests = found()
    assert [(entry["zone"], entry["gpu_type"]) for entry in types] == [
        ("cn-wlcb-01", "4090"),
        ("cn-wlcb-01", "A800"),
        ("cn-sh2-01", "5090"),
    ]
    first, sold_out, pod = types
    assert tuple(first) == (*TYPE_KEYS, "machine_class")
    assert [tuple(size.values()) for size in first["sizes"]] == [(1, 12, 32), (1, 16, 64), (1, 16, 96), (2, 32, 128)]
    assert (first["stock"], first["spot_stock"], first["sold_out"]) == (64, 3, False)
    assert (first["gpu_memory_gb"], first["performance"], first["cpu_platforms"]) == (24, 83, ["Amd/Auto"])
    assert first["disks"] == [{"type": "CLOUD_SSD", "boot": True, "min_gb": None, "max_gb": 500}]
    assert [(price["charge_type"], price["per_hour"], price["cpu"]) for price in first["prices"]] == [
        ("Postpay", 1.5, 12),
        ("Day", 1, 12),
    ]
    assert (sold_out["stock"], sold_out["sold_out"], sold_out["prices"]) == (0, True, [])
    assert (pod["pod"], pod["stock"]) == (True, 32)
    assert warnings == []


def test_the_size_to_price_can_be_chosen() -> None:
    types, _warnings, requests = found(gpu_types=["4090"], gpu_count=1, cpu=16, charge_type="Day", disk_gb=200)
    assert [(price["charge_type"], price["memory_gb"]) for price in types[0]["prices"]] == [("Day", 64)]
    requested = next(fields for fields in requests if fields["Action"] == "GetCompShareInstancePrice")
    assert (requested["Cpu"], requested["Disks.0.Size"], requested["ChargeType"]) == ("16", "200", "Day")
    assert "CompShareImageId" not in requested
    assert found(gpu_types=["4090"], gpu_count=8)[0][0]["prices"] == []


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({"in_stock": True}, ["4090", "5090"]),
        ({"in_stock": False}, ["A800"]),
        ({"zones": ["cn-sh2-01"]}, ["5090"]),
        ({"gpu_types": ["a800 "]}, ["A800"]),
        ({"scope": Scope(region="cn-sh2")}, ["5090"]),
        ({"scope": Scope(region="cn-sh2"), "zones": ["cn-wlcb-01"]}, ["4090", "A800"]),
    ],
)
def test_filters(options: dict[str, Any], names: list[str]) -> None:
    assert [entry["gpu_type"] for entry in found(prices=False, **options)[0]] == names


def test_no_price_is_requested_without_need() -> None:
    assert "GetCompShareInstancePrice" not in {fields["Action"] for fields in found(prices=False)[2]}


@pytest.mark.parametrize(
    ("inventory", "said"),
    [
        (refusal(161), "DescribeCompShareGpuInventory was refused"),
        (success(), "has no GpuInventory or"),
        (success(GpuInventory="{"), "has no"),
    ],
)
def test_an_unknown_stock_is_reported_and_not_taken_for_none(inventory: HttpResponse, said: str) -> None:
    def without_inventory(fields: Mapping[str, str]) -> HttpResponse:
        return inventory if fields["Action"] == "DescribeCompShareGpuInventory" else respond(fields)

    types, warnings, _requests = found(without_inventory, in_stock=True)
    assert [(entry["gpu_type"], entry["stock"]) for entry in types] == [("4090", None), ("5090", None)]
    assert said in warnings[0]


@pytest.mark.parametrize("key", ["GpuInventory", "GpuInventoryByZone"], ids=["seen in production", "documented"])
@pytest.mark.parametrize("encode", [lambda value: value, json.dumps], ids=["object", "text"])
def test_the_stock_is_read_in_every_shape(key: str, encode: Callable[[object], object]) -> None:
    def shaped(fields: Mapping[str, str]) -> HttpResponse:
        if fields["Action"] != "DescribeCompShareGpuInventory":
            return respond(fields)
        return success(**{key: encode(INVENTORY[fields.get("zone_id", "")])})

    types, warnings, _requests = found(shaped, prices=False)
    assert ([entry["stock"] for entry in types], warnings) == ([64, 0, 32], [])


@pytest.mark.parametrize("status", ["SoldOut", "Soldout", "SOLDOUT"])
def test_sold_out_is_read_in_any_case(status: str) -> None:
    zone = {"region": "r", "zone": "z", "pod": False}
    assert normalise_type({"Name": "A800", "Status": status}, zone)["sold_out"] is True


def test_a_refused_price_is_none_and_another_refusal_an_error() -> None:
    def refusing(code: int) -> Any:
        return lambda fields: refusal(code) if fields["Action"] == "GetCompShareInstancePrice" else respond(fields)

    assert found(refusing(8333), gpu_types=["4090"])[0][0]["prices"] == []
    with pytest.raises(RefusedError, match="299"):
        found(refusing(299), gpu_types=["4090"])


@pytest.mark.parametrize("option", ["gpu_count", "cpu", "memory_gb", "disk_gb"])
def test_sizes_are_positive(option: str) -> None:
    with pytest.raises(OptionError, match=f"{option} is 0"):
        TypeQuery.from_options({option: 0})


def test_a_type_that_no_zone_sells_is_warned_of() -> None:
    client, _transport, _clock = client_of(respond)
    found = find_types(client, TypeQuery(gpu_types=["RTX4090", "a800"], prices=False))
    assert [entry["gpu_type"] for entry in found.types] == ["A800"]
    assert found.warnings == ["No zone sells the GPU type 'RTX4090'. There are: 4090, 5090, A800."]


@pytest.mark.parametrize("status", ["Beta", "Hidden"])
def test_a_status_is_shown_as_it_is(status: str) -> None:
    """Documented beside Normal and Soldout."""
    entry = normalise_type({"Name": "B200", "Status": status}, {"zone": "z", "region": "r", "pod": False})
    assert (entry["status"], entry["sold_out"]) == (status, False)
