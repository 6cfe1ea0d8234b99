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
