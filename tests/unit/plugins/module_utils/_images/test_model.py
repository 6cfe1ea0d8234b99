from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.compshare.cloud.plugins.module_utils._images.model import (
    IMAGE_KEYS,
    PartialImage,
    normalise_image,
)

PLATFORM_ROW = {
    "CompShareImageId": "compshareImage-1aaaaaaaaaa1",
    "Name": "cuda128_torch291_py312",
    "ImageType": "App",
    "Status": "Available",
    "Author": "官方",
    "AuthInfo": 1,
    "ImageOwnerAlias": "Official",
    "Container": "True",
    "Visibility": 1,
    "Price": 0,
    "Size": 30720,
    "CreateTime": 1757000000,
    "PubTime": "1757000100",
    "CreatedCount": "1532",
    "FavoritesCount": 0,
    "AutoStart": False,
    "Tags": ["pytorch，Pytorch"],
    "SupportedGpuTypes": ["4090", "5090", "H20"],
    "Softwares": {
        "Framework": "PyTorch",
        "FrameworkVersion": "2.9.1",
        "CUDAVersion": "12.8",
        "PythonVersion": "3.12",
        "OsVersion": "Ubuntu 22.04",
        "FrameworkVersionIndex": 291,
        "Applications": None,
    },
    "Description": "",
    "FailedReason": "",
    "VersionName": "",
    "GroupId": "",
    "SourceGpuType": "4090",
}


def test_a_row_of_the_platform_list() -> None:
    image = normalise_image(PLATFORM_ROW, source="platform")
    assert tuple(image)[: len(IMAGE_KEYS)] == IMAGE_KEYS
    assert image == {
        **dict.fromkeys(IMAGE_KEYS),
        "id": "compshareImage-1aaaaaaaaaa1",
        "name": "cuda128_torch291_py312",
        "type": "App",
        "status": "Available",
        "source": "platform",
        "author": "官方",
        "author_level": 1,
        "visibility": 1,
        "container": True,
        "auto_start": False,
        "official": True,
        "tags": ["pytorch", "Pytorch"],
        "supported_gpu_types": ["4090", "5090", "H20"],
        "software": {
            "framework": "PyTorch",
            "framework_version": "2.9.1",
            "cuda_version": "12.8",
            "python_version": "3.12",
            "os_version": "Ubuntu 22.04",
            "applications": [],
        },
        "software_ports": [],
        "size_mb": 30720,
        "price": 0,
        "created_count": 1532,
        "favorites_count": 0,
        "zones": [],
        "create_time": "2025-09-04T15:33:20Z",
        "publish_time": "2025-09-04T15:35:00Z",
        "source_gpu_type": "4090",
    }


def test_an_own_image() -> None:
    row = {
        "Container": "False",
        "Zone": "cn-wlcb-01",
        "ImageSupportZone": [{"Zone": "cn-wlcb-01", "ZoneId": 10027}, {"Zone": "cn-sh2-02"}, None],
        "Owner": {"AccountId": 50000001, "AccountName": "someone"},
        "IsOfficial": False,
        "SoftwarePorts": [{"Software": "ComfyUI", "Port": "8188"}, "odd"],
    }
    image = normalise_image(row, source="custom")
    assert image["container"] is False
    assert image["zones"] == ["cn-wlcb-01", "cn-sh2-02"]
    assert (image["owner_id"], image["owner_name"], image["official"]) == ("50000001", "someone", False)
    assert image["software_ports"] == [{"software": "ComfyUI", "port": 8188}]


def test_a_version_takes_from_its_group_what_it_leaves_out() -> None:
    group = {
        "GroupId": "9WFDPteiVhX5",
        "ImageName": "Demo ComfyUI",
        "ImageDesc": "about it",
        "CreatedCount": 9000,
        "FavoritesCount": 120,
        "RecommendCount": 100,
        "IsFavorite": True,
        "Status": "Available",
        "Data": [{}],
    }
    row = {"CompShareImageId": "compshareImage-1", "Name": "", "VersionName": "v1.0", "CreatedCount": 7, "Price": "0.5"}
    image = normalise_image(row, source="community", group=group)
    assert image["name"] == image["group_name"] == "Demo ComfyUI"
    assert (image["group_id"], image["description"], image["is_favorite"]) == ("9WFDPteiVhX5", "about it", True)
    assert (image["created_count"], image["favorites_count"], image["price"]) == (7, 120, 0.5)
    assert image["recommend_count"] == 100
    assert "data" not in image


@pytest.mark.parametrize(
    ("row", "official"),
    [
        ({}, None),
        ({"IsOfficial": "True", "ImageOwnerAlias": "Community"}, True),
        ({"ImageOwnerAlias": "Community", "AuthInfo": 1}, False),
        ({"AuthInfo": 1}, True),
        ({"AuthInfo": 2}, False),
    ],
)
def test_official(row: dict[str, Any], official: bool | None) -> None:
    assert normalise_image(row, source="platform")["official"] is official


def test_unknown_fields_never_take_the_place_of_a_key() -> None:
    image = normalise_image({"Id": "other", "NewThing": {"a": 1}, "Owner": {}}, source="platform")
    assert image["id"] is None
    assert image["new_thing"] == {"a": 1}
    assert "owner" not in image


def test_the_readme_comes_only_on_request() -> None:
    row = {"Readme": "# Read me"}
    assert "readme" not in normalise_image(row, source="platform")
    assert normalise_image(row, source="platform", include_readme=True)["readme"] == "# Read me"


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=10,
)
FIELDS = [*PLATFORM_ROW, "Owner", "ImageName", "ImageSupportZone", "Zone", "SoftwarePorts", "Readme", "x"]
ANY_ROW = st.dictionaries(st.sampled_from(FIELDS), ANY_JSON)


@given(ANY_ROW, ANY_ROW | st.none())
def test_any_row_is_an_image(row: dict[str, Any], group: dict[str, Any] | None) -> None:
    image = normalise_image(row, source="community", group=group, include_readme=True)
    assert set(IMAGE_KEYS) <= set(image)
    for key in ("tags", "supported_gpu_types", "zones"):
        assert all(isinstance(item, str) for item in image[key])
    for key in ("container", "auto_start", "official", "is_favorite"):
        assert image[key] in (None, True, False)
    for key in ("size_mb", "price", "created_count"):
        assert image[key] is None or (isinstance(image[key], (int, float)) and not isinstance(image[key], bool))


@given(ANY_ROW, ANY_ROW | st.none(), st.booleans(), st.sampled_from(IMAGE_KEYS))
def test_a_partial_image_shows_what_the_whole_one_does(
    row: dict[str, Any], group: dict[str, Any] | None, include_readme: bool, key: str
) -> None:
    settings: dict[str, Any] = {"source": "community", "group": group, "include_readme": include_readme}
    # As text, in which NaN equals NaN.
    whole = normalise_image(row, **settings)
    image = PartialImage(row, **settings)
    assert repr({known: whole[known] for known in image}) == repr(dict(image))
    assert {"id", "name", "create_time"} < set(image) < set(whole)
    assert repr(image[key]) == repr(whole[key])
    assert repr(dict(image.complete())) == repr(whole)


def test_a_partial_image_has_no_other_keys_and_keeps_what_is_added() -> None:
    image = PartialImage(PLATFORM_ROW, source="platform")
    with pytest.raises(KeyError, match="readme"):
        image["readme"]
    image["readme"] = "# Read me"
    assert image.complete()["readme"] == "# Read me"
    with pytest.raises(KeyError):
        image["readme_2"]
