"""Names of images and of instances."""

from __future__ import annotations

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import OptionError
from ansible_collections.compshare.cloud.plugins.module_utils._api.naming import check_name, region_of


@pytest.mark.parametrize("name", ["a", "训练环境_v1.0:夜间", "x" * 20, "comfyui-prod:2026.11", "a,b"])
def test_names_that_are_possible(name: str) -> None:
    check_name("image", name, 20)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "The image name cannot be empty"),
        ("x" * 21, "21 characters"),
        ("with space", "has ' ' in it"),
        ("a/b", "has '/' in it"),
        ("a\x1b[31m", r"has '\\x1b' in it"),
        ("{{ 7*7 }}", "has '{' in it"),
        ("naïve", "has 'ï' in it"),
        ("夜间\n", r"has '\\n' in it"),
    ],
)
def test_names_that_are_not(name: str, said: str) -> None:
    with pytest.raises(OptionError) as caught:
        check_name("image", name, 20)
    assert said in str(caught.value)
    assert "\x1b" not in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("zone", "region"),
    [("cn-wlcb-01", "cn-wlcb"), ("us-den-01", "us-den"), ("cn-wlcb", None), ("", None), (None, None)],
)
def test_the_region_of_a_zone(zone: str | None, region: str | None) -> None:
    assert region_of(zone) == region
