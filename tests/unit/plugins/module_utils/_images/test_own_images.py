from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import OptionError, WaitError
from ansible_collections.compshare.cloud.plugins.module_utils._images.model import normalise_image
from ansible_collections.compshare.cloud.plugins.module_utils._images.own_images import (
    AUTO_START,
    DESCRIPTION,
    GPU_TYPES,
    PRICE,
    TAGS,
    OwnImages,
    changed_image,
    changes_of,
    check_image_name,
    check_version_name,
    name_when_replaced,
    name_while_rebuilt,
    update_image,
)

from ..fakes import client_of, refusal, success


@pytest.mark.parametrize("odd", [{"a": 1}, [1], None, True, 7])
def test_a_row_is_kept_whatever_its_id_is(odd: Any) -> None:
    rows = [{"CompShareImageId": odd, "Name": "odd"}, {"CompShareImageId": "compshareImage-a", "Name": "even"}]
    client, _transport, _clock = client_of(lambda _fields: success(ImageSet=rows))
    assert [image["name"] for image in OwnImages(client).all()] == ["odd", "even"]


@pytest.mark.parametrize("name", ["a", "夜" * 50])
def test_names_that_are_possible(name: str) -> None:
    check_image_name(name)


def test_a_name_too_long() -> None:
    with pytest.raises(OptionError, match="51 characters"):
        check_image_name("x" * 51)


@pytest.mark.parametrize("name", ["v1.0", "v26.0529", "v3.6.1", "v10.20.30.40"])
def test_versions_that_are_possible(name: str) -> None:
    check_version_name(name)


@pytest.mark.parametrize("name", ["", "v1", "1.0", "V1.0", "v1.", "v1.0-rc", "v1.0\n", "v١.٠", "v 1.0"])
def test_versions_that_are_not(name: str) -> None:
    with pytest.raises(OptionError, match=r"v1\.0 or v26\.0529"):
        check_version_name(name)


@pytest.mark.parametrize("name", ["a", "夜" * 50, "x" * 50])
def test_names_of_a_rebuild(name: str) -> None:
    names = {name, name_while_rebuilt(name), name_when_replaced(name)}
    assert len(names) == 3
    for each in names:
        check_image_name(each)
    assert name_while_rebuilt(name) == name_while_rebuilt(name)


def test_names_of_rebuilds_differ_although_their_beginnings_are_the_same() -> None:
    one, other = "x" * 49 + "1", "x" * 49 + "2"
    assert name_while_rebuilt(one) != name_while_rebuilt(other)
    assert name_when_replaced(one) != name_when_replaced(other)


FIELDS = (DESCRIPTION, TAGS, GPU_TYPES, AUTO_START, PRICE)
IMAGE = normalise_image(
    {
        "CompShareImageId": "compshareImage-1",
        "Name": "env",
        "Description": "old",
        "Tags": ["a，b"],
        "SupportedGpuTypes": ["4090"],
        "AutoStart": "False",
        "Price": "0.5",
        "Zone": "cn-sh2-02",
    },
    source="custom",
)


@pytest.mark.parametrize(
    "desired",
    [
        {},
        {"description": None, "tags": None},
        {"description": "old"},
        {"description": "old\n"},
        {"tags": ["b", "a"]},
        {"tags": ["a,b"]},
        {"supported_gpu_types": ["4090"]},
        {"auto_start": False},
        {"price": 0.5},
    ],
)
def test_what_is_the_same(desired: dict[str, Any]) -> None:
    assert changes_of(IMAGE, desired, FIELDS) == []


@pytest.mark.parametrize(
    ("desired", "before"),
    [
        ({"description": "new"}, "old"),
        ({"description": ""}, "old"),
        ({"tags": ["a"]}, ["a", "b"]),
        ({"supported_gpu_types": ["4090", "5090"]}, ["4090"]),
        ({"auto_start": True}, False),
        ({"price": 0}, 0.5),
    ],
)
def test_what_differs(desired: dict[str, Any], before: Any) -> None:
    [change] = changes_of(IMAGE, desired, FIELDS)
    [(option, after)] = desired.items()
    assert (change.field.option, change.before, change.after) == (option, before, after)
    assert changed_image(IMAGE, [change])[option] == after
    assert IMAGE[option] == before


def test_an_empty_list_cannot_be_sent() -> None:
    with pytest.raises(OptionError, match=r"tags of the image env \(compshareImage-1\) cannot be emptied"):
        changes_of(IMAGE, {"tags": []}, FIELDS)


def test_an_empty_list_where_it_is_empty() -> None:
    assert changes_of({**IMAGE, "tags": []}, {"tags": []}, FIELDS) == []


def test_one_request_with_what_differs_only() -> None:
    changes = changes_of(IMAGE, {"description": "new", "tags": ["c"], "price": 0.5}, FIELDS)
    client, transport, _clock = client_of([success()])
    update_image(client, IMAGE, changes, lambda: changed_image(IMAGE, changes), deadline=2000)
    [request] = transport.requests
    sent = {key: value for key, value in request.items() if key not in ("PublicKey", "Signature")}
    assert sent == {
        "Action": "UpdateCompShareImage",
        "Region": "cn-sh2",
        "Zone": "cn-sh2-02",
        "CompShareImageId": "compshareImage-1",
        "Description": "new",
        "Tags.0": "c",
    }


def test_a_change_that_shows_late_is_waited_for() -> None:
    changes = changes_of(IMAGE, {"description": "new"}, FIELDS)
    seen = [IMAGE, None, changed_image(IMAGE, changes)]
    client, _transport, clock = client_of([success()])
    update_image(client, IMAGE, changes, lambda: seen.pop(0), deadline=2000)
    assert not seen and clock.slept


def test_a_change_that_the_api_accepts_and_does_not_make() -> None:
    changes = changes_of(IMAGE, {"tags": ["c"]}, FIELDS)
    client, transport, _clock = client_of([success()])
    with pytest.raises(WaitError, match=r"tags of the image env \(compshareImage-1\) changed"):
        update_image(client, IMAGE, changes, lambda: IMAGE, deadline=5000)
    assert len(transport.requests) == 1


def test_a_lost_response_is_settled_by_what_there_is() -> None:
    changes = changes_of(IMAGE, {"description": "new"}, FIELDS)
    client, transport, _clock = client_of([refusal(110)])
    update_image(client, IMAGE, changes, lambda: changed_image(IMAGE, changes), deadline=2000)
    assert len(transport.requests) == 1


def test_a_lost_response_without_effect_is_retried() -> None:
    changes = changes_of(IMAGE, {"description": "new"}, FIELDS)
    client, transport, _clock = client_of([refusal(110), success()])
    update_image(
        client,
        IMAGE,
        changes,
        lambda: changed_image(IMAGE, changes) if len(transport.requests) == 2 else IMAGE,
        deadline=2000,
    )
    assert len(transport.requests) == 2
