"""What is ordered, checked before anything is asked."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import OptionError
from ansible_collections.compshare.cloud.plugins.module_utils._instances.boot_image import OrderedImage, check_reinstall
from ansible_collections.compshare.cloud.plugins.module_utils._instances.model import normalise_instance

from .samples import VM

IMAGE: dict[str, Any] = {"name": "next", "size_mb": 50 * 1024, "container": False, "supported_gpu_types": []}


def check(image: dict[str, Any], **row: Any) -> None:
    check_reinstall(normalise_instance({**VM, **row}), OrderedImage("compshareImage-2", {**IMAGE, **image}))


@pytest.mark.parametrize(
    ("image", "row"),
    [
        ({}, {}),
        ({"size_mb": None}, {}),
        ({"supported_gpu_types": ["5090", "4090"]}, {}),
        ({"supported_gpu_types": ["4090"]}, {"GpuType": "4090_48G"}),
        ({"supported_gpu_types": ["5090"]}, {"GpuType": "hidden", "MachineType": "O"}),
        ({"supported_gpu_types": ["5090"]}, {"GpuType": None}),
        ({"size_mb": 10**9}, {"DiskSet": []}),
        ({"container": True}, {"UHostId": "cpod-1"}),
    ],
)
def test_an_image_that_may_fit_is_left_to_the_api(image: dict[str, Any], row: dict[str, Any]) -> None:
    check(image, **row)


@pytest.mark.parametrize(
    ("image", "row", "message"),
    [
        ({}, {"UHostId": "cpod-1"}, "a pod needs a container image"),
        ({"size_mb": 100 * 1024 + 1}, {}, "its system disk has 100 GB, and the image needs 101 GB"),
        ({"supported_gpu_types": ["5090", "H20"]}, {}, "it supports 5090, H20, and this is a 4090"),
        ({"supported_gpu_types": ["4090_48G"]}, {}, "it supports 4090_48G, and this is a 4090"),
    ],
)
def test_an_image_that_cannot_fit_is_refused(image: dict[str, Any], row: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        check(image, **row)


def test_an_id_is_left_to_the_api() -> None:
    check_reinstall(normalise_instance(VM), OrderedImage("compshareImage-2", None))
