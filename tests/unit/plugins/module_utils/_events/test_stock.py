"""Events about stock and prices."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._events.stock import StockEvents


def entry(stock: int | None, price: float | None = 2.0, **more: Any) -> dict[str, Any]:
    prices = [] if price is None else [{"charge_type": "Postpay", "per_hour": price}]
    return {
        "gpu_type": "4090",
        "zone": "cn-wlcb-01",
        "stock": stock,
        "spot_stock": None,
        "sold_out": None,
        "prices": prices,
        **more,
    }


def types(events: list[dict[str, Any]]) -> list[str]:
    return [event["type"] for event in events]


def test_a_type_is_reported_when_it_can_be_had_and_again_after_it_was_sold_out() -> None:
    events = StockEvents()
    reported = [types(events.events([entry(stock)])) for stock in (0, 3, 2, 0, 1)]
    assert reported == [[], ["gpu_available"], [], [], ["gpu_available"]]


def test_a_price_at_the_limit_is_reported_once() -> None:
    events = StockEvents(max_price=1.5)
    reported = [types(events.events([entry(1, price)])) for price in (2.0, 1.5, 1.4, 1.6, 1.5)]
    assert reported == [["gpu_available"], ["gpu_price_below"], [], [], ["gpu_price_below"]]


def test_a_price_counts_only_while_the_type_can_be_had() -> None:
    assert StockEvents(max_price=9).events([entry(0)]) == []


@pytest.mark.parametrize(
    ("charge_type", "more", "expected"),
    [
        ("Postpay", {"stock": None, "sold_out": False}, ["gpu_available"]),
        ("Postpay", {"stock": None, "sold_out": True}, []),
        ("Spot", {"stock": 0, "spot_stock": 2}, ["gpu_available"]),
        ("Spot", {"stock": 5, "spot_stock": None, "sold_out": False}, []),
    ],
)
def test_stock_that_is_not_counted(charge_type: str, more: dict[str, Any], expected: list[str]) -> None:
    assert types(StockEvents(charge_type).events([entry(**{"stock": None, **more})])) == expected
