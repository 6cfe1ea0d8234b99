"""Whatever stands in the rows of a list: each row comes through, once, and the text in it as it is."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.compshare.cloud.plugins.module_utils._api.transport import HttpResponse
from ansible_collections.compshare.cloud.tests.reliability.properties import Tally, examples_for
from ansible_collections.compshare.cloud.tests.reliability.public_runs import FreeClock, run_lookup, run_module
from ansible_collections.compshare.cloud.tests.reliability.untrusted import (
    UntrustedSource,
    drawn_by,
    encoded,
    fields_of,
)

KEYS = {"public_key": "public-key-0001", "private_key": "private-key-0001", "api_retries": 0}
IMAGE_LISTS = {
    "platform": ("DescribeCompShareImages", "ImageSet"),
    "custom": ("DescribeCompShareCustomImages", "ImageSet"),
    "shared": ("DescribeCompShareSharingImages", "ImageSet"),
    "published": ("DescribeSelfCommunityImages", "CompshareImageGroup"),
    "favorite": ("DescribeFavoriteImages", "CompshareImageGroup"),
    "community": ("DescribeCommunityImages", "CompshareImageGroup"),
    "user": ("DescribeUserCommunityImages", "CompshareImageGroup"),
}


class ListTransport:
    """Serves the rows of one action in pages, as the API does; every other list is empty."""

    url = "https://api.compshare.cn/"

    def __init__(self, action: str, key: str, rows: Sequence[Mapping[str, Any]], **params: str) -> None:
        self._action = action
        self._key = key
        self._rows = rows
        self._params = params

    def post(self, body: Mapping[str, str] | bytes, timeout: float) -> HttpResponse:
        fields = fields_of(body)
        mine = fields["Action"] == self._action and all(fields[name] == value for name, value in self._params.items())
        start = int(fields["Offset"])
        rows = self._rows[start : start + int(fields["Limit"])] if mine else []
        response = {"RetCode": 0, self._key: rows, "TotalCount": len(self._rows) if mine else 0}
        return HttpResponse(200, encoded(response), "request-1", None, None)


def rows_with(id_key: str) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Return rows of any shape, each with an id of its own; now and then so many that there are several pages."""
    sizes = st.integers(0, 15).flatmap(lambda kind: st.integers(100, 250) if kind == 15 else st.integers(1, 8))

    def make(source: UntrustedSource, size: int) -> list[dict[str, Any]]:
        kinds = [source.row() for _row in range(min(size, 8))]
        return [{**kinds[number % len(kinds)], id_key: f"id-{number}"} for number in range(size)]

    return sizes.flatmap(lambda size: drawn_by(lambda source: make(source, size)))


@pytest.mark.parametrize("source", IMAGE_LISTS)
def test_no_image_is_lost(source: str, tally: Tally) -> None:
    action, key = IMAGE_LISTS[source]
    grouped = key != "ImageSet"

    @examples_for(len(IMAGE_LISTS))
    @given(rows_with("CompShareImageId"))
    def run(rows: list[dict[str, Any]]) -> None:
        tally.count()
        params = {"ImageType": "App"} if source == "platform" else {}
        served = [{"GroupId": f"g{row['CompShareImageId']}", "Data": [row]} for row in rows] if grouped else rows
        transport = ListTransport(action, key, served, **params)
        options = {**KEYS, "source": source, **({"user_id": 7} if source == "user" else {})}
        outcome = run_module("compshare_image_info", options, clock=FreeClock(), transport=transport)
        assert not outcome.failed, outcome.message
        assert sorted(image["id"] for image in outcome.result["images"]) == sorted(
            row["CompShareImageId"] for row in rows
        )
        assert outcome.result["total"] == len(rows)

    run()


def test_no_instance_is_lost(tally: Tally) -> None:
    @given(rows_with("UHostId"))
    def run(rows: list[dict[str, Any]]) -> None:
        tally.count()
        transport = ListTransport("DescribeCompShareInstance", "UHostSet", rows)
        outcome = run_module("compshare_instance_info", KEYS, clock=FreeClock(), transport=transport)
        assert not outcome.failed, outcome.message
        assert sorted(one["id"] for one in outcome.result["instances"]) == sorted(row["UHostId"] for row in rows)

    run()


def as_shown(text: str) -> str:
    """Return text as users get it: U+FFFD stands for what turns its order, and for control characters beyond ASCII."""
    turning = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")

    def steers(character: str) -> bool:
        control = unicodedata.category(character) == "Cc" and character >= "\x7f"
        return control or unicodedata.bidirectional(character) in turning

    return "".join("\ufffd" if steers(character) else character for character in text)


def test_text_comes_through_as_it_is_but_for_what_steers_terminals(tally: Tally) -> None:
    @given(drawn_by(lambda source: source.text()).filter(bool))
    def run(text: str) -> None:
        tally.count()
        readable = json.loads(json.dumps(text)).encode("utf-8", "replace").decode()  # half a character becomes "?"
        rows = [{"CompShareImageId": "compshareImage-a", "Name": text, "Description": text}]
        transport = ListTransport("DescribeCompShareCustomImages", "ImageSet", rows)
        options = {**KEYS, "source": "custom"}
        outcome = run_module("compshare_image_info", options, clock=FreeClock(), transport=transport)
        image = outcome.result["images"][0]
        assert (image["name"], image["description"]) == (as_shown(readable),) * 2
        uncached = {**options, "field": "name", "cache_timeout": 0}  # the lists of all examples have one name
        found = run_lookup([readable], uncached, clock=FreeClock(), transport=transport)
        assert found.result["value"] == [as_shown(readable)]

    run()
