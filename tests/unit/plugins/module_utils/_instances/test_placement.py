"""Which zone is taken, and what is said where none can be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import RefusedError
from ansible_collections.compshare.cloud.plugins.module_utils._instances.placement import (
    Choice,
    NoZoneError,
    choose,
    offer_for,
)
from ansible_collections.compshare.cloud.plugins.module_utils._instances.spec import Order, OrderedImage
from ansible_collections.compshare.cloud.tests.unit.plugins.module_utils.fakes import client_of, refusal, success

OPTIONS: dict[str, Any] = {
    "gpu_type": "4090",
    "gpu_types": None,
    "charge_types": None,
    "security_group_id": None,
    "gpu_count": 1,
    "cpu": None,
    "memory_gb": None,
    "image": "compshareImage-1a",
    "image_source": None,
    "disks": None,
    "charge_type": "Postpay",
    "password": None,
    "remark": None,
    "max_price": None,
}
ZONES = [{"zone": "cn-wlcb-01", "region": "cn-wlcb"}, {"zone": "cn-sh2-02", "region": "cn-sh2"}]
CAPACITY, PRICE = "CheckCompShareResourceCapacity", "GetCompShareInstancePrice"


def spec(cpu: int, memory: int, enough: bool, gpu: int = 1) -> dict[str, Any]:
    return {"Gpu": gpu, "Cpu": cpu, "Mem": memory, "ResourceEnough": enough}


IN_STOCK = success(Specs=[spec(16, 64, True)])
CHEAP = success(PriceDetails=[{"ChargeType": "Postpay", "Instance": 1.5}])


def choose_from(responses: Mapping[tuple[str, str], Any], **options: Any) -> Choice:
    """Choose a zone for an order; each action responds by zone, with IN_STOCK and CHEAP where nothing is said."""
    (order,) = Order.preferences({**OPTIONS, **options})
    usual = {CAPACITY: IN_STOCK, PRICE: CHEAP}

    def respond(sent: Mapping[str, str]) -> Any:
        return responses.get((sent["Action"], sent.get("Zone", "")), usual.get(sent["Action"], refusal(299)))

    client, _transport, _clock = client_of(respond)
    return choose(client, order, offer_for(order, OrderedImage("compshareImage-1a", None)), ZONES, title="It")


def test_the_smallest_size_in_stock_of_the_first_zone_is_taken() -> None:
    specs = [spec(64, 256, True), spec(8, 32, False), spec(16, 64, True), spec(16, 128, True), spec(8, 32, True, gpu=2)]
    choice = choose_from({(CAPACITY, "cn-wlcb-01"): success(Specs=specs)})
    assert (choice.zone["zone"], choice.size) == ("cn-wlcb-01", (1, 16, 64))
    assert choice.price is not None and choice.price["per_hour"] == 1.5


@pytest.mark.parametrize(
    "responses",
    [
        {(CAPACITY, "cn-wlcb-01"): success(Specs=[spec(16, 64, False)])},
        {(CAPACITY, "cn-wlcb-01"): success(Specs=[spec(16, 64, True, gpu=2)])},
        {(CAPACITY, "cn-wlcb-01"): success(Specs=None)},
        {(CAPACITY, "cn-wlcb-01"): refusal(226604)},
        {(CAPACITY, "cn-wlcb-01"): refusal(8333)},
        {(PRICE, "cn-wlcb-01"): refusal(8333)},
        {(PRICE, "cn-wlcb-01"): success(PriceDetails=[{"ChargeType": "Postpay", "Instance": 9}])},
        {(PRICE, "cn-wlcb-01"): success(PriceDetails=[{"ChargeType": "Month", "Instance": 1}])},
    ],
)
def test_a_zone_that_cannot_be_taken_is_passed_over(responses: Mapping[tuple[str, str], Any]) -> None:
    assert choose_from(responses, max_price=2).zone["zone"] == "cn-sh2-02"


def test_a_refusal_that_is_not_about_the_zone_ends_it() -> None:
    with pytest.raises(RefusedError, match="RetCode 520"):
        choose_from({(CAPACITY, "cn-wlcb-01"): refusal(520)})


def test_every_zone_has_its_reason_and_there_is_one_hint() -> None:
    unavailable = refusal(230, "Params [ZoneId] not available")
    with pytest.raises(NoZoneError) as caught:
        choose_from({(CAPACITY, zone["zone"]): unavailable for zone in ZONES})
    assert "cn-wlcb-01, cn-sh2-02: RetCode 230, Params [ZoneId] not available." in str(caught.value)
    # The list of what is sold, which a better hint would need, is refused here.
    assert caught.value.hint == "compshare_instance_type_info lists what each zone sells."
    assert not caught.value.retryable


def test_what_may_be_otherwise_later_can_be_retried() -> None:
    with pytest.raises(NoZoneError, match="cn-wlcb-01: does not sell 4090; cn-sh2-02: sold out") as caught:
        choose_from(
            {
                (CAPACITY, "cn-wlcb-01"): refusal(230, "Params [GpuType] not available"),
                (CAPACITY, "cn-sh2-02"): refusal(8357),
            }
        )
    assert caught.value.retryable


def test_a_price_that_is_too_high_says_so() -> None:
    with pytest.raises(NoZoneError, match=r"costs 1\.5 CNY per hour, more than 1\. Raise max_price"):
        choose_from({}, max_price=1)
