"""The instance that an image is created from."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.client import Scope
from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import OptionError, ResponseError
from ansible_collections.compshare.cloud.plugins.module_utils._images.create import (
    NotImageableError,
    SourceInstance,
    check_imageable,
    find_source,
)

from ..fakes import client_of, success

ROW = {
    "UHostId": "uhost-1",
    "Name": "train",
    "Region": "cn-wlcb",
    "Zone": "cn-wlcb-01",
    "State": "Running",
    "InstanceType": "UHost",
}


def rows(*found: dict[str, Any]) -> Any:
    return success(UHostSet=list(found) or None)


def test_found_in_any_region() -> None:
    client, transport, _clock = client_of([rows(ROW)])
    assert find_source(client, "uhost-1") == SourceInstance(
        "uhost-1", "train", "cn-wlcb", "cn-wlcb-01", "Running", container=False
    )
    [request] = transport.requests
    assert request["UHostIds.0"] == "uhost-1" and "Region" not in request and "Zone" not in request


def test_the_region_follows_from_the_zone_where_the_row_has_none() -> None:
    row = {key: value for key, value in ROW.items() if key != "Region"}
    client, _transport, _clock = client_of([rows(row)])
    assert find_source(client, "uhost-1").region == "cn-wlcb"


@pytest.mark.parametrize(
    ("row", "container"),
    [
        ({"InstanceType": "Container"}, True),
        ({"UHostId": "cpod-1", "InstanceType": None}, True),
        ({}, False),
    ],
)
def test_kinds(row: dict[str, Any], container: bool) -> None:
    row = {**ROW, **row}
    client, _transport, _clock = client_of([rows(row)])
    assert find_source(client, row["UHostId"]).container is container


def test_an_empty_response_may_pass() -> None:
    client, transport, _clock = client_of([rows(), rows({**ROW, "UHostId": "uhost-other"}), rows(ROW)])
    assert find_source(client, "uhost-1").instance_id == "uhost-1"
    transport.assert_all_used()


def test_an_instance_that_does_not_exist() -> None:
    client, _transport, clock = client_of(lambda _fields: rows({**ROW, "UHostId": "uhost-other"}))
    with pytest.raises(OptionError, match="no instance uhost-1 to create an image from"):
        find_source(client, "uhost-1")
    assert clock.slept


def test_a_response_that_is_no_list() -> None:
    client, _transport, _clock = client_of(lambda _fields: success(UHostSet="text"), retries=0)
    with pytest.raises(ResponseError, match="where its list UHostSet should stand"):
        find_source(client, "uhost-1")


@pytest.mark.parametrize(
    ("scope", "said"),
    [
        (Scope(region="cn-sh2"), "in the region cn-wlcb, not in cn-sh2"),
        (Scope(zone="cn-wlcb-02"), "in the zone cn-wlcb-01, not in cn-wlcb-02"),
    ],
)
def test_options_that_point_elsewhere(scope: Scope, said: str) -> None:
    client, _transport, _clock = client_of([rows(ROW)], scope=scope)
    with pytest.raises(OptionError, match=said):
        find_source(client, "uhost-1")


def instance(state: str, *, container: bool) -> SourceInstance:
    return SourceInstance("uhost-1", "train", "cn-wlcb", "cn-wlcb-01", state, container)


@pytest.mark.parametrize(
    ("state", "container"), [("Running", False), ("Stopped", False), ("ImageMaking", False), ("Running", True)]
)
def test_states_that_can_be_imaged(state: str, container: bool) -> None:
    check_imageable(instance(state, container=container))


@pytest.mark.parametrize("state", ["Install Fail", "Starting", "Stopping", "Resizing", "Initializing", ""])
def test_states_of_a_virtual_machine_that_cannot(state: str) -> None:
    with pytest.raises(NotImageableError, match="must be running or stopped") as caught:
        check_imageable(instance(state, container=False))
    assert f"while its state is {state or 'unknown'}" in str(caught.value)


@pytest.mark.parametrize("state", ["Stopped", "Install Fail", "Rebooting"])
def test_states_of_a_container_that_cannot(state: str) -> None:
    with pytest.raises(NotImageableError, match="A container instance must be running"):
        check_imageable(instance(state, container=True))
