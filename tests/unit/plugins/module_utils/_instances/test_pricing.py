from __future__ import annotations

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import ResponseError
from ansible_collections.compshare.cloud.plugins.module_utils._instances.pricing import (
    Offer,
    Size,
    Stock,
    price_of,
    stock_of,
)

from ..fakes import client_of, success

ZONE = {"region": "cn-wlcb", "zone": "cn-wlcb-01"}
DISKS = ({"IsBoot": True, "Type": "CLOUD_SSD", "Size": 100},)
OFFER = Offer("4090", "compshareImage-1", "Postpay", DISKS)
SIZE = Size(1, 16, 64)


def test_a_price_is_the_sum_of_its_parts() -> None:
    row = {"ChargeType": "Postpay", "Instance": 1.48, "SystemDisks": "0.02", "Disks": None, "CompShareImage": 0.5}
    client, transport, _clock = client_of([success(PriceDetails=[row])])
    (price,) = price_of(client, ZONE, OFFER, SIZE)
    assert price == {
        "charge_type": "Postpay",
        "amount": 2,
        "unit": "hour",
        "per_hour": 2,
        "instance": 1.48,
        "system_disk": 0.02,
        "data_disks": None,
        "image": 0.5,
    }
    sent = transport.requests[0]
    assert {key: sent[key] for key in ("Gpu", "Cpu", "Memory", "Disks.0.IsBoot", "Disks.0.Size", "Quantity")} == {
        "Gpu": "1",
        "Cpu": "16",
        "Memory": "65536",
        "Disks.0.IsBoot": "true",
        "Disks.0.Size": "100",
        "Quantity": "1",
    }


@pytest.mark.parametrize(
    ("charge_type", "unit", "per_hour"),
    [("Dynamic", "hour", 720), ("Spot", "hour", 720), ("Day", "day", 30), ("Month", "month", 1)],
)
def test_prices_of_a_period_are_returned_per_hour_too(charge_type: str, unit: str, per_hour: float) -> None:
    client, _transport, _clock = client_of([success(PriceDetail=[{"ChargeType": charge_type, "Instance": 720}])])
    (price,) = price_of(client, ZONE, OFFER, SIZE)
    assert (price["amount"], price["unit"], price["per_hour"]) == (720, unit, per_hour)


def test_no_price_is_none() -> None:
    client, _transport, _clock = client_of([success(PriceDetails=[{"ChargeType": "Year"}]), success(PriceDetails=None)])
    assert price_of(client, ZONE, OFFER, SIZE) == []
    assert price_of(client, ZONE, OFFER, SIZE) == []


def test_the_stock_of_each_size() -> None:
    specs = [
        {"Gpu": 1, "Cpu": 16, "Mem": 64, "ResourceEnough": False},
        {"Gpu": "1", "Cpu": 12, "Mem": 32, "ResourceEnough": "true"},
        {"Gpu": 1, "Cpu": 16, "Mem": 64, "ResourceEnough": True},
    ]
    client, transport, _clock = client_of([success(Specs=specs), success(Specs=None)])
    assert stock_of(client, ZONE, OFFER) == [Stock(Size(1, 12, 32), True), Stock(SIZE, True)]
    sent = transport.requests[0]
    assert (sent["CompShareImageId"], sent["ChargeType"], sent["MachineType"]) == ("compshareImage-1", "Postpay", "G")
    assert stock_of(client, ZONE, OFFER) == []


@pytest.mark.parametrize("specs", [[{"Gpu": 1, "Cpu": None, "Mem": 64}], ["x"], "x"])
def test_a_stock_that_cannot_be_read_is_an_error(specs: object) -> None:
    client, _transport, _clock = client_of(lambda _fields: success(Specs=specs))
    with pytest.raises(ResponseError, match=r"Specs|without Gpu"):
        stock_of(client, ZONE, OFFER)


def test_a_size_fits_what_leaves_things_open() -> None:
    assert SIZE.fits(1, None, None)
    assert SIZE.fits(1, 16, 64)
    assert not SIZE.fits(2, None, None)
    assert not SIZE.fits(1, 12, None)
    assert not SIZE.fits(1, 16, 32)
    assert str(SIZE) == "1 x GPU, 16 CPU, 64 GB"
