"""The simulator checks signatures as the API does, in a form, a query and a JSON body."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import requests

from ansible_collections.compshare.cloud.tests.simulator import World
from ansible_collections.compshare.cloud.tests.simulator.caller import Caller
from ansible_collections.compshare.cloud.tests.simulator.wire import read_request, signature_of

VECTORS = json.loads((Path(__file__).parents[1] / "fixtures" / "signature-vectors.json").read_text(encoding="utf-8"))
FORM = "application/x-www-form-urlencoded"


def _flat(name: str, value: Any) -> list[tuple[str, str]]:
    """What the vectors' own notes say: zero-based dots, floats without exponent, true and false."""
    if isinstance(value, dict):
        return [pair for key, one in value.items() for pair in _flat(f"{name}.{key}", one)]
    if isinstance(value, list):
        return [pair for index, one in enumerate(value) for pair in _flat(f"{name}.{index}", one)]
    if isinstance(value, bool):
        return [(name, str(value).lower())]
    if isinstance(value, float) and value.is_integer():
        return [(name, str(int(value)))]
    return [(name, str(value))]


@pytest.mark.parametrize("vector", VECTORS["vectors"], ids=lambda vector: vector["name"])
def test_every_published_vector_is_accepted_over_the_wire(vector: dict[str, Any]) -> None:
    pairs = [pair for name, value in vector["params"].items() for pair in _flat(name, value)]
    pairs += [("PublicKey", VECTORS["public_key"]), ("Signature", vector["signature"])]
    body = urlencode(pairs).encode()
    assert read_request("POST", "", FORM, body).is_signed_with(VECTORS["private_key"])
    assert read_request("GET", body.decode(), "", b"").is_signed_with(VECTORS["private_key"])
    assert not read_request("POST", "", FORM, body).is_signed_with(VECTORS["private_key"] + "x")


@pytest.mark.parametrize(
    ("params", "signature"),
    [
        (
            {"Action": "GetCompShareInstanceMonitor", "Region": "cn-wlcb", "UHostIds": ["uhost-aaa", "uhost-bbb"]},
            "bc9370c6a431c3ab7dc234c7dcc97daecdef3bcc",
        ),
    ],
)
def test_json_bodies_sign_arrays_as_their_elements(params: dict[str, Any], signature: str) -> None:
    body = json.dumps({**params, "PublicKey": VECTORS["public_key"], "Signature": signature}).encode()
    wire = read_request("POST", "", "application/json; charset=utf-8", body)
    assert wire.is_signed_with(VECTORS["private_key"])
    assert wire.flat["UHostIds.1"] == "uhost-bbb"


def _change(flat: dict[str, str], **changes: str | None) -> dict[str, str]:
    return {name: value for name, value in {**flat, **changes}.items() if value is not None}


@pytest.mark.parametrize(
    ("changes", "ret_code", "message"),
    [
        ({"Action": None}, 160, "Missing Action"),
        ({"Action": "DescribeCompShareImage"}, 161, "Action DescribeCompShareImage does not exist"),
        ({"Signature": None}, 170, "Missing Signature"),
        ({"Signature": "0" * 40}, 171, "Signature VerifyAC Error"),
        ({"Limit": "99"}, 171, "Signature VerifyAC Error"),
        ({"PublicKey": "nobody"}, 172, "User does not exist"),
    ],
)
def test_wrong_requests_are_refused_with_status_200(
    caller: Caller, changes: dict[str, str | None], ret_code: int, message: str
) -> None:
    flat = _change(caller.signed("DescribeCompShareImages", {"Limit": 1}), **changes)
    response = requests.post(caller.url, data=flat, timeout=10)
    assert response.status_code == 200
    assert response.headers["X-UCLOUD-REQUEST-UUID"]
    assert response.json()["RetCode"] == ret_code
    assert response.json()["Message"] == message


def test_a_bool_sent_otherwise_than_it_was_signed_is_a_wrong_signature(caller: Caller) -> None:
    flat = caller.signed("DescribeCommunityImages", {"IsFree": True})
    assert requests.post(caller.url, data={**flat, "IsFree": "True"}, timeout=10).json()["RetCode"] == 171


def test_get_with_a_query_string_works(caller: Caller) -> None:
    flat = caller.signed("DescribeCompShareImages", {"Name": "教学 & 环境", "Limit": 1})
    assert requests.get(caller.url, params=flat, timeout=10).json()["RetCode"] == 0


def test_json_body_works_end_to_end(world: World) -> None:
    tree = {"Action": "DescribeCompShareImages", "PublicKey": world.public_key, "Limit": 1, "Unknown": [1, 2.0, True]}
    signed = {**{key: str(value) for key, value in tree.items()}, "Unknown": "12true"}
    body = {**tree, "Signature": signature_of(signed, world.private_key)}
    assert requests.post(world.url, json=body, timeout=10).json()["RetCode"] == 0


@pytest.mark.parametrize("body", [b"[1, 2]", b"{", b"\xff"])
def test_a_body_that_is_no_request_is_a_bad_request(world: World, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    assert requests.post(world.url, data=body, headers=headers, timeout=10).status_code == 400
