"""Regions and zones."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.client import Scope
from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import OptionError, ResponseError
from ansible_collections.compshare.cloud.plugins.module_utils._instances.query import (
    ZONE_KEYS,
    list_zones,
    zones_in,
    zones_named,
)

from ..fakes import client_of, success

ROWS: tuple[dict[str, Any], ...] = (
    {"Region": "cn-wlcb", "Zone": "cn-wlcb-01", "ZoneId": 10027, "Describe": "华北二A", "IsPod": False, "X": 1},
    {"Region": "cn-sh2", "Zone": "cn-sh2-01", "ZoneId": "8100", "IsPod": "True"},
    {"Zone": "cn-sh2-02"},
    {"Zone": None},
)


def zones(rows: Any = ROWS) -> list[dict[str, Any]]:
    client, transport, _clock = client_of(
        lambda _fields: success(ZoneInfo=list(rows) if isinstance(rows, tuple) else rows)
    )
    found = list_zones(client)
    assert "Region" not in transport.requests[0]
    return found


def test_zones_always_have_the_same_keys() -> None:
    found = zones()
    assert [zone["zone"] for zone in found] == ["cn-wlcb-01", "cn-sh2-01", "cn-sh2-02"]
    assert tuple(found[0]) == (*ZONE_KEYS, "x")
    assert tuple(found[1]) == ZONE_KEYS
    assert [zone["pod"] for zone in found] == [False, True, False]
    assert (found[1]["zone_id"], found[2]["region"]) == (8100, "cn-sh2")


def test_no_zone_at_all_is_an_error() -> None:
    for rows in (None, [], [{"Zone": None}]):
        with pytest.raises(ResponseError, match="has no zone"):
            zones(rows)


def test_what_is_no_list_is_an_error() -> None:
    with pytest.raises(ResponseError, match="ZoneInfo"):
        zones("none")


def test_the_options_narrow_the_zones() -> None:
    found = zones()
    assert zones_in(found, Scope()) == found
    assert [zone["zone"] for zone in zones_in(found, Scope(region="cn-sh2"))] == ["cn-sh2-01", "cn-sh2-02"]
    assert [zone["zone"] for zone in zones_in(found, Scope(zone="cn-sh2-02"))] == ["cn-sh2-02"]


@pytest.mark.parametrize(
    ("scope", "message"),
    [
        (Scope(region="cn-none"), "There is no region 'cn-none'."),
        (Scope(zone="cn-none-01"), "There is no zone 'cn-none-01'."),
        (Scope(region="cn-wlcb", zone="cn-sh2-01"), "The zone cn-sh2-01 is in the region cn-sh2, not in cn-wlcb."),
    ],
)
def test_a_place_that_does_not_exist_is_an_error(scope: Scope, message: str) -> None:
    with pytest.raises(OptionError) as caught:
        zones_in(zones(), scope)
    assert message in str(caught.value)


def test_zones_by_name_keep_the_order_of_the_option() -> None:
    named = zones_named(zones(), ["cn-sh2-02", "cn-wlcb-01", "cn-sh2-02"])
    assert [zone["zone"] for zone in named] == ["cn-sh2-02", "cn-wlcb-01"]
    with pytest.raises(OptionError, match=r"no zone 'cn-none-01'.*cn-wlcb-01, cn-sh2-01"):
        zones_named(zones(), ["cn-none-01"])
