from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import (
    ListError,
    OptionError,
    RefusedError,
    ResponseError,
)
from ansible_collections.compshare.cloud.plugins.module_utils._api.transport import HttpResponse
from ansible_collections.compshare.cloud.plugins.module_utils._images.filters import ORDER_KEYS
from ansible_collections.compshare.cloud.plugins.module_utils._images.model import normalise_image
from ansible_collections.compshare.cloud.plugins.module_utils._images.query import (
    ImageQuery,
    find_images,
    matches,
    nearest_names,
    newest,
    no_such_image,
    ordered,
    pick_image,
)

from ..fakes import client_of, refusal, success


def image(**row: Any) -> dict[str, Any]:
    return normalise_image(row, source="platform")


TORCH = image(
    CompShareImageId="i-1",
    Name="PyTorch 2.1",
    Author="UCloud",
    Description="For 训练",
    Tags=["LLM，pytorch"],
    SupportedGpuTypes=["4090", "5090"],
    ImageType="App",
    Status="Available",
    Price=0,
    ImageOwnerAlias="Official",
    GroupId="g",
)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, True),
        ({"image_ids": ["i-1", "x"]}, True),
        ({"image_ids": ["x"]}, False),
        ({"image_ids": []}, False),
        ({"name": "PyTorch 2.1"}, True),
        ({"name": "PyTorch"}, False),
        ({"name": "pytorch 2.1"}, False),
        ({"search": "TORCH"}, True),
        ({"search": "ucloud"}, True),
        ({"search": "训练"}, True),
        ({"search": "tensorflow"}, False),
        ({"tags": ["llm", "PyTorch"]}, True),
        ({"tags": ["LLM", "ocr"]}, False),
        ({"author": "UCloud"}, True),
        ({"author": "ucloud"}, False),
        ({"image_type": "App"}, True),
        ({"image_type": "System"}, False),
        ({"status": "available"}, True),
        ({"status": "Making"}, False),
        ({"gpu_type": "4090"}, True),
        ({"gpu_type": "4090_48G"}, False),
        ({"group_id": "g"}, True),
        ({"group_id": "h"}, False),
        ({"free": True}, True),
        ({"free": False}, False),
        ({"official": True}, True),
        ({"official": False}, False),
        ({"max_price": 0.0}, True),
        ({"max_size_mb": 0.5}, False),
    ],
)
def test_filters(options: dict[str, Any], expected: bool) -> None:
    query = ImageQuery(**options)
    assert matches(TORCH, query) is expected
    assert query.has_filters is bool(options)


@pytest.mark.parametrize("free", [True, False])
def test_what_the_api_does_not_say_matches_no_filter(free: bool) -> None:
    silent = image(CompShareImageId="i-2")
    assert not matches(silent, ImageQuery(free=free))
    assert not matches(silent, ImageQuery(official=free))
    assert not matches(silent, ImageQuery(max_price=1e9))
    assert not matches(silent, ImageQuery(max_size_mb=1e9))
    assert not matches(silent, ImageQuery(status="Available"))
    assert not matches(silent, ImageQuery(gpu_type="4090"))
    assert not matches(silent, ImageQuery(search="a"))


def named(*names: str | None) -> list[dict[str, Any]]:
    return [image(CompShareImageId=f"i-{index}", Name=name) for index, name in enumerate(names)]


def test_the_order_is_by_name_then_time_then_id() -> None:
    rows = [
        image(CompShareImageId="3", Name="b", CreateTime=1),
        image(CompShareImageId="2", Name="a", CreateTime=9),
        image(CompShareImageId="1", Name="a", CreateTime=9),
        image(CompShareImageId="4", Name="a", CreateTime=5),
    ]
    assert [row["id"] for row in ordered(rows, None, "asc")] == ["4", "1", "2", "3"]
    assert [row["id"] for row in ordered(rows, None, "desc")] == ["3", "2", "1", "4"]


@pytest.mark.parametrize(("order", "ids"), [("asc", ["c", "b", "a", "d"]), ("desc", ["a", "b", "c", "d"])])
def test_images_without_the_key_come_last_in_both_orders(order: str, ids: list[str]) -> None:
    sizes = {"a": 9, "b": "7.5", "c": 1, "d": None}
    rows = [image(CompShareImageId=key, Size=size) for key, size in sizes.items()]
    assert [row["id"] for row in ordered(rows, "size_mb", order)] == ids


@given(st.permutations(list(range(8))), st.sampled_from([*ORDER_KEYS, None]), st.sampled_from(["asc", "desc"]))
def test_the_order_does_not_depend_on_the_order_of_the_api(shuffled: list[int], key: str | None, order: str) -> None:
    rows = [image(CompShareImageId=str(index), Name="n" * (index % 3), Size=index % 2 or None) for index in range(8)]
    assert ordered([rows[index] for index in shuffled], key, order) == ordered(rows, key, order)


def test_the_newest_is_the_one_published_or_created_last() -> None:
    rows = [
        image(CompShareImageId="1", CreateTime=50),
        image(CompShareImageId="2", CreateTime=10, PubTime=60),
        image(CompShareImageId="3"),
    ]
    assert newest(rows)["id"] == "2"


def test_picking_by_id_or_exact_name() -> None:
    rows = named("a", "b", "i-0")
    assert pick_image(rows, "b", most_recent=False, list_title="the list")["id"] == "i-1"  # type: ignore[index]
    assert pick_image(rows, "i-0", most_recent=False, list_title="the list")["name"] == "a"  # type: ignore[index]
    assert pick_image(rows, "B", most_recent=True, list_title="the list") is None


def test_several_of_a_name_are_an_error_that_lists_them() -> None:
    rows = named(*["same"] * 12)
    with pytest.raises(OptionError, match=r"12 images are named 'same' in the list: i-0 .* and 2 more\."):
        pick_image(rows, "same", most_recent=False, list_title="the list")
    assert pick_image(rows, "same", most_recent=True, list_title="the list") is not None


def test_a_name_that_no_image_has_comes_with_the_nearest() -> None:
    rows = named("PyTorch 2.1.2", "pytorch-2.1-cuda121", "TensorFlow 2.15", "Ubuntu 22.04", None)
    message = str(no_such_image(rows, "PyTorch 2.1", "the platform list"))
    assert message.startswith("No image is named 'PyTorch 2.1' in the platform list (5 images). Near: 'PyTorch 2.1.2',")
    assert "Ubuntu" not in message
    assert "Near" not in str(no_such_image(named("a"), "zzzzzz", "the platform list"))
    assert "(1 image)" in str(no_such_image(named("a"), "zzzzzz", "the platform list"))


@given(st.text(max_size=30), st.lists(st.text(max_size=30), max_size=20))
def test_nearest_names_are_a_few_of_the_names(term: str, names: list[str]) -> None:
    near = nearest_names(term, names)
    assert len(near) <= 5
    assert set(near) <= set(names)


def test_options_omitted_are_no_filter() -> None:
    given_options = {"source": "custom", "name": None, "limit": None, "other": 1}
    assert vars(ImageQuery.from_options(given_options)) == vars(ImageQuery("custom"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"limit": 0}, "limit is 0"),
        ({"source": "custom", "image_type": "App"}, "image_type is not known"),
        ({"source": "user"}, "needs user_id"),
    ],
)
def test_options_that_cannot_work_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        ImageQuery.from_options(options)


def custom_rows(*rows: dict[str, Any]) -> Any:
    return lambda _fields: success(ImageSet=list(rows))


def test_the_total_counts_what_matches_before_the_limit() -> None:
    rows = [{"CompShareImageId": str(index), "Name": f"n{index}"} for index in range(5)]
    client, _transport, _clock = client_of(custom_rows(*rows))
    found = find_images(client, ImageQuery("custom", search="n", limit=2))
    assert ([row["name"] for row in found.images], found.total) == (["n0", "n1"], 5)


def test_an_image_that_stands_twice_comes_once() -> None:
    groups = [
        {"GroupId": "g1", "Data": [{"CompShareImageId": "a"}, {"CompShareImageId": "b"}, {}]},
        {"GroupId": "g2", "Data": [{"CompShareImageId": "a"}, {}]},
    ]
    client, _transport, _clock = client_of(lambda _fields: success(CompshareImageGroup=groups))
    found = find_images(client, ImageQuery("community"))
    assert sorted(str(row["id"]) for row in found.images) == ["None", "None", "a", "b"]


def readme_api(fields: Mapping[str, str]) -> HttpResponse:
    expected = fields.get("CompShareImageId")
    if expected == "gone":
        return refusal(230, "Params [CompShareImageId] not available")
    if expected == "forbidden":
        return refusal(299)
    if expected == "other":
        return success(ImageSet=[{"CompShareImageId": "not requested", "Readme": "wrong"}])
    if expected:
        return success(ImageSet=[{"CompShareImageId": expected, "Readme": f"about {expected}"}])
    names = ["a", "gone", "other", "with"]
    rows: list[dict[str, Any]] = [{"CompShareImageId": name, "Name": name} for name in names]
    rows[3]["Readme"] = "in the list"
    return success(ImageSet=rows)


def test_readmes_of_a_flat_list_are_requested_by_id() -> None:
    client, transport, _clock = client_of(readme_api)
    found = find_images(client, ImageQuery("custom", include_readme=True))
    readmes = {row["name"]: row["readme"] for row in found.images}
    assert readmes == {"a": "about a", "gone": None, "other": None, "with": "in the list"}
    assert len(transport.requests) == 4


def test_a_readme_that_may_not_be_read_is_an_error() -> None:
    client, _transport, _clock = client_of(
        lambda fields: refusal(299) if "CompShareImageId" in fields else success(ImageSet=[{"CompShareImageId": "x"}])
    )
    with pytest.raises(RefusedError):
        find_images(client, ImageQuery("shared", include_readme=True))


@pytest.mark.parametrize("lost", [{"ImageSet": "x"}, {"ImageSet": [1]}, {"ImageSet": None, "TotalCount": 1}])
def test_a_response_that_shows_no_image_is_not_taken_for_an_image_without_a_readme(lost: dict[str, Any]) -> None:
    client, _transport, _clock = client_of(
        lambda fields: (
            success(**lost)
            if "CompShareImageId" in fields
            else success(ImageSet=[{"CompShareImageId": "compshareImage-a"}])
        )
    )
    with pytest.raises((ResponseError, ListError)):
        find_images(client, ImageQuery("custom", include_readme=True))


def test_a_limit_keeps_the_readmes_few() -> None:
    client, transport, _clock = client_of(readme_api)
    find_images(client, ImageQuery("custom", include_readme=True, limit=1))
    assert len(transport.requests) == 2
