"""Names of images and versions."""

from __future__ import annotations

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import OptionError
from ansible_collections.compshare.cloud.plugins.module_utils._images.naming import (
    check_image_name,
    check_version_name,
    name_when_replaced,
    name_while_rebuilt,
)


@pytest.mark.parametrize("name", ["a", "训练环境_v1.0:夜间", "x" * 50, "comfyui-prod:2026.11", "a,b"])
def test_names_that_are_possible(name: str) -> None:
    check_image_name(name)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "cannot be empty"),
        ("x" * 51, "51 characters"),
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
        check_image_name(name)
    assert said in str(caught.value)
    assert "\x1b" not in str(caught.value) and "\n" not in str(caught.value)


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
