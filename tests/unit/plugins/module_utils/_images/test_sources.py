from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.client import Scope
from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import OptionError, RefusedError
from ansible_collections.compshare.cloud.plugins.module_utils._api.transport import HttpResponse
from ansible_collections.compshare.cloud.plugins.module_utils._images.filters import IMAGE_TYPES, SOURCE_NAMES
from ansible_collections.compshare.cloud.plugins.module_utils._images.sources import (
    SOURCES,
    Listed,
    check_options,
    read_images,
)

from ..fakes import client_of, refusal, success


def read(
    source: str, response: Any, *, region: str | None = None, readme: bool = False, **desired: Any
) -> tuple[Listed, list[dict[str, str]]]:
    client, transport, _clock = client_of(response, scope=Scope(region=region))
    options = {"name": None, "image_type": None, "user_id": None, **desired}
    found = read_images(client, SOURCES[source], readme=readme, **options)
    return found, transport.requests


def empty(_fields: Mapping[str, str]) -> HttpResponse:
    return success(ImageSet=None, CompshareImageGroup=None)


def test_every_source_can_be_chosen() -> None:
    assert tuple(SOURCES) == SOURCE_NAMES


@pytest.mark.parametrize(
    ("source", "action"),
    [
        ("platform", "DescribeCompShareImages"),
        ("custom", "DescribeCompShareCustomImages"),
        ("shared", "DescribeCompShareSharingImages"),
        ("published", "DescribeSelfCommunityImages"),
        ("favorite", "DescribeFavoriteImages"),
        ("community", "DescribeCommunityImages"),
        ("user", "DescribeUserCommunityImages"),
    ],
)
def test_each_source_sends_its_action(source: str, action: str) -> None:
    found, requests = read(source, empty, region="cn-wlcb", user_id=5)
    assert found == ([], [])
    assert {fields["Action"] for fields in requests} == {action}
    assert {fields["Region"] for fields in requests} == {"cn-wlcb"}
    assert ("TargetTopOrganizationId" in requests[0]) is (source == "user")


def test_the_platform_list_is_read_one_type_at_a_time() -> None:
    _found, requests = read("platform", empty, name="PyTorch 2.1")
    assert sorted(fields["ImageType"] for fields in requests) == sorted(IMAGE_TYPES)
    assert {fields["Name"] for fields in requests} == {"PyTorch 2.1"}
    assert all("Region" not in fields for fields in requests)
    _found, requests = read("platform", empty, image_type="Game")
    assert [fields["ImageType"] for fields in requests] == ["Game"]


@pytest.mark.parametrize("source", ["custom", "shared", "published", "community"])
def test_no_filter_is_sent_where_it_was_not_seen_to_work(source: str) -> None:
    _found, requests = read(source, empty, name="x")
    assert not {"Name", "ImageType", "Tag", "CompShareImageId"} & set(requests[0])


def test_readmes_are_omitted_unless_requested() -> None:
    assert read("community", empty)[1][0]["ExcludeReadme"] == "true"
    assert "ExcludeReadme" not in read("community", empty, readme=True)[1][0]


@pytest.mark.parametrize("key", ["CompshareImageGroup", "ImageSetGroup"])
def test_groups_become_versions(key: str) -> None:
    groups = [
        {
            "GroupId": "g1",
            "Status": "Available",
            "Data": [{"CompShareImageId": "a"}, {"CompShareImageId": "b", "Status": "Offline"}],
        },
        {"GroupId": "g2", "Status": "UnAvailable", "Data": None},
    ]
    found, _requests = read(
        "published", lambda _fields: success(Action="DescribeCommunityImagesResponse", **{key: groups})
    )
    assert [(image["id"], image["status"], image["group_id"]) for image in found[0]] == [
        ("a", "Available", "g1"),
        ("b", "Offline", "g1"),
    ]


def test_a_flat_response_of_a_community_list_is_read_too() -> None:
    found, _requests = read("published", lambda _fields: success(ImageSet=[{"CompShareImageId": "a"}]))
    assert [(image["id"], image["group_id"]) for image in found[0]] == [("a", None)]


def test_favorites_by_the_documented_action() -> None:
    found, requests = read("favorite", lambda _fields: success(ImageSet=[{"CompShareImageId": "a"}]))
    assert [(image["id"], image["is_favorite"]) for image in found[0]] == [("a", True)]
    assert found[1] == []
    assert len(requests) == 1


def test_favorites_fall_back_to_marked_groups_with_a_warning() -> None:
    def respond(fields: Mapping[str, str]) -> HttpResponse:
        if fields["Action"] == "DescribeFavoriteImages":
            return refusal(161)
        groups = [
            {"GroupId": str(index), "IsFavorite": marked, "Data": [{"CompShareImageId": f"image-{index}"}]}
            for index, marked in enumerate([False, True, "True", None])
        ]
        return success(CompshareImageGroup=groups)

    found, requests = read("favorite", respond)
    assert [image["id"] for image in found[0]] == ["image-1", "image-2"]
    assert "DescribeFavoriteImages" in found[1][0]
    assert len(requests) == 2


def test_another_refusal_of_the_favorites_is_an_error() -> None:
    with pytest.raises(RefusedError):
        read("favorite", lambda _fields: refusal(299))


@pytest.mark.parametrize(
    ("source", "given", "message"),
    [
        ("custom", ["image_type"], r"image_type is not known to source=custom.*use source=platform"),
        (
            "platform",
            ["group_id", "name"],
            r"group_id is not known to source=platform.*use source=published or",
        ),
        ("shared", ["group_id", "user_id"], r"group_id and user_id are not known.*use source=user"),
        ("community", ["image_type", "user_id"], r"image_type and user_id are not known.*Leave them out\."),
    ],
)
def test_an_option_that_a_source_cannot_honour_is_refused_by_name(source: str, given: list[str], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        check_options(source, given, 5)


def test_the_images_of_a_user_need_the_user() -> None:
    with pytest.raises(OptionError, match="source=user needs user_id"):
        check_options("user", [], None)
    assert check_options("user", ["user_id", "group_id"], 5).name == "user"
