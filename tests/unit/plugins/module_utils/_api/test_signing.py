from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from ucloud.core.auth import Credential
from ucloud.core.typesystem import encoder

from ansible_collections.compshare.cloud.plugins.module_utils._api import signing
from ansible_collections.compshare.cloud.tests.simulator.wire import read_request

VECTORS = json.loads((Path(__file__).parents[3] / "fixtures" / "signature-vectors.json").read_text(encoding="utf-8"))
PUBLIC, PRIVATE = VECTORS["public_key"], VECTORS["private_key"]
# The SDK writes 1e-07 there, which the documentation forbids; the vector after it has the text that must be sent.
SDK_BREAKS_THE_RULE = "V13 float tiny (SDK violates rule)"


def by_name(name: str) -> dict[str, Any]:
    return next(vector for vector in VECTORS["vectors"] if vector["name"].startswith(name))


@pytest.mark.parametrize(
    "vector", [v for v in VECTORS["vectors"] if v["name"] != SDK_BREAKS_THE_RULE], ids=lambda vector: vector["name"]
)
def test_signature_vectors(vector: dict[str, Any]) -> None:
    fields = signing.signed_fields(vector["params"], PUBLIC, PRIVATE)
    assert fields.pop("Signature") == vector["signature"]
    assert signing.canonical_text(fields) == vector["canonical"]


def test_a_tiny_float_is_signed_as_plain_decimals() -> None:
    fields = signing.signed_fields(by_name("V13 float tiny")["params"], PUBLIC, PRIVATE)
    assert fields["P"] == "0.0000001"
    assert fields["Signature"] == by_name("V13b")["signature"]


@pytest.mark.parametrize(
    ("params", "public_key", "private_key", "expected"),
    [
        (
            {"Action": "DescribeUHostInstance", "Region": "cn-bj2", "Limit": 10},
            "ucloudsomeone@example.com1296235120854146120",
            "46f09bb9fab4f12dfc160dae12273d5332b5debe",
            "cba5cf5ec4d4233d206b1b54951e3787350a642f",
        ),
        ({"foo": "bar"}, "my_public_key", "my_private_key", "d4411ab30953fb0bbcb1e7313081f05e4e91a394"),
    ],
)
def test_published_signatures(params: dict[str, Any], public_key: str, private_key: str, expected: str) -> None:
    assert signing.signed_fields(params, public_key, private_key)["Signature"] == expected


def test_published_signature_without_a_public_key() -> None:
    assert signing.signature({"foo": "bar"}, "my_private_key") == "634edc1bb957c0d65e5ab5494cf3b7784fbc87af"


scalars = (
    st.booleans()
    | st.integers()
    | st.text(st.characters(exclude_categories=("Cs",)))
    | st.none()
    # Elsewhere the SDK writes an exponent, which the documentation forbids.
    | st.floats(allow_nan=False, allow_infinity=False).filter(lambda value: value % 1 == 0 or "e" not in repr(value))
)
names = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=8)
nested = st.dictionaries(
    names,
    st.recursive(
        scalars,
        lambda inner: st.dictionaries(names, inner, max_size=4) | st.lists(scalars | st.dictionaries(names, inner)),
        max_leaves=12,
    ),
)


@given(nested)
def test_signatures_equal_those_of_the_vendors_sdk(params: dict[str, Any]) -> None:
    ours = signing.signed_fields(params, PUBLIC, PRIVATE)
    theirs = Credential(PUBLIC, PRIVATE).verify_ac(encoder.encode(params))
    assert ours["Signature"] == theirs


@given(nested)
def test_what_is_signed_is_what_is_sent(params: dict[str, Any]) -> None:
    fields = signing.signed_fields(params, PUBLIC, PRIVATE)
    body = requests.Request("POST", "https://api.invalid/", data=fields).prepare().body or ""
    received = dict(parse_qsl(body, keep_blank_values=True, strict_parsing=bool(body)))
    claimed = received.pop("Signature")
    assert signing.signature(received, PRIVATE) == claimed


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_never_have_an_exponent_and_keep_their_value(value: float) -> None:
    encoded = signing.encode(value)
    assert re.fullmatch(r"-?\d+(\.\d+)?", encoded)
    assert float(encoded) == value


def test_numbers_that_are_none_keep_their_text() -> None:
    assert signing.encode(float("inf")) == "inf"


def test_without_none_drops_what_was_not_given_at_any_depth() -> None:
    params = {"A": None, "B": {"C": None, "D": 0}, "E": [None, {"F": None, "G": ""}], "H": (1, None)}
    assert signing.without_none(params) == {"B": {"D": 0}, "E": [{"G": ""}], "H": [1]}


MONITOR = {"Action": "GetCompShareInstanceMonitor", "Region": "cn-wlcb", "UHostIds": ["uhost-aaa", "uhost-bbb"]}
SYNC = {
    "Action": "SyncCompShareCustomImage",
    "Region": "cn-wlcb",
    "SourceCompShareImageId": "compshareImage-testid0001",
    "TargetImageName": "copy-1",
    "TargetZoneIds": [8200, 10027],
}


@pytest.mark.parametrize("params", [MONITOR, SYNC])
def test_a_json_body_holds_the_parameters_nested_and_signed(params: dict[str, Any]) -> None:
    body = signing.signed_json(params, PUBLIC, PRIVATE)
    request = read_request("POST", "", "application/json", body)
    assert request.is_signed_with(PRIVATE) and not request.is_signed_with(PRIVATE + "x")
    sent = json.loads(body)
    assert sent == {**params, "PublicKey": PUBLIC, "Signature": sent["Signature"]}


@pytest.mark.parametrize(
    ("params", "expected"),
    [(MONITOR, "bc9370c6a431c3ab7dc234c7dcc97daecdef3bcc"), (SYNC, "ebe23a2fd67e8f641bdebd9f78b3aa1e88c45732")],
)
def test_published_signatures_of_json_bodies(params: dict[str, Any], expected: str) -> None:
    assert json.loads(signing.signed_json(params, PUBLIC, PRIVATE))["Signature"] == expected


@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=("Cs",)), min_size=1).filter(lambda name: name != "Signature"),
        st.recursive(
            st.booleans() | st.integers() | st.text(st.characters(exclude_categories=("Cs",))),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=("Cs",))), inner),
            max_leaves=8,
        ),
    )
)
def test_whatever_is_sent_as_json_is_signed_as_the_simulator_reads_it(params: dict[str, Any]) -> None:
    body = signing.signed_json(params, PUBLIC, PRIVATE)
    assert read_request("POST", "", "application/json", body).is_signed_with(PRIVATE)
    assert {**params, "PublicKey": PUBLIC}.items() <= json.loads(body).items()


@pytest.mark.parametrize(
    ("value", "text"), [(1e-07, b"0.0000001"), (20.0, b"20"), (0.5, b"0.5"), (float("nan"), b'"nan"')]
)
def test_a_number_in_json_has_the_digits_that_are_signed(value: float, text: bytes) -> None:
    body = signing.signed_json({"P": value}, PUBLIC, PRIVATE)
    assert b'"P":' + text in body
    assert read_request("POST", "", "application/json", body).is_signed_with(PRIVATE)
