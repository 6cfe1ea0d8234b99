"""What differs on an image, and the request that changes it."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import OptionError, WaitError
from ansible_collections.compshare.cloud.plugins.module_utils._images.model import normalise_image
from ansible_collections.compshare.cloud.plugins.module_utils._images.update import (
    AUTO_START,
    DESCRIPTION,
    GPU_TYPES,
    PRICE,
    TAGS,
    changed_image,
    changes_of,
    update_image,
)

from ..fakes import client_of, refusal, success

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
    "wanted",
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
def test_what_is_the_same(wanted: dict[str, Any]) -> None:
    assert changes_of(IMAGE, wanted, FIELDS) == []


@pytest.mark.parametrize(
    ("wanted", "before"),
    [
        ({"description": "new"}, "old"),
        ({"description": ""}, "old"),
        ({"tags": ["a"]}, ["a", "b"]),
        ({"supported_gpu_types": ["4090", "5090"]}, ["4090"]),
        ({"auto_start": True}, False),
        ({"price": 0}, 0.5),
    ],
)
def test_what_differs(wanted: dict[str, Any], before: Any) -> None:
    [change] = changes_of(IMAGE, wanted, FIELDS)
    [(option, after)] = wanted.items()
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


def test_a_lost_answer_is_settled_by_what_there_is() -> None:
    changes = changes_of(IMAGE, {"description": "new"}, FIELDS)
    client, transport, _clock = client_of([refusal(110)])
    update_image(client, IMAGE, changes, lambda: changed_image(IMAGE, changes), deadline=2000)
    assert len(transport.requests) == 1


def test_a_lost_answer_without_effect_is_sent_again() -> None:
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
