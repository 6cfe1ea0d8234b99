# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""The image of an instance: found by its name, and whether its system disk can hold it."""

from __future__ import annotations

import math
import re
import typing as t
from collections.abc import Mapping, Sequence

from .._api.client import Client
from .._api.errors import OptionError, printable
from .._images.query import ImageQuery, find_images, no_such_image, pick_image
from .._images.sources import SOURCES
from .model import system_disk
from .pricing import Offer
from .query import describe
from .spec import DEFAULT_DISK_TYPE, Order

_USUAL_SOURCES = ("platform", "custom")
_IMAGE_ID = re.compile(r"compshareImage-[0-9A-Za-z]+\Z")
_DEFAULT_BOOT_GB = 100


class OrderedImage(t.NamedTuple):
    """The image of an order: its id, and its row if it was looked up by its name."""

    image_id: str
    found: dict[str, t.Any] | None


def resolve_image(client: Client, image: str, image_source: str | None) -> OrderedImage:
    """Return the image that an id or an exact name means; raises OptionError if none, or several, have the name.

    An id is taken as it is; the API says whether it can be used in a zone. A name is looked for in C(image_source), or
    if that is None, among the vendor's images and the account's own.
    """
    if _IMAGE_ID.match(image):
        return OrderedImage(image, None)
    sources = (image_source,) if image_source else _USUAL_SOURCES
    title = " and ".join(SOURCES[source].title for source in sources)
    found = pick_image(_listed(client, sources, image), image, most_recent=False, list_title=title)
    if found is None:
        raise no_such_image(_listed(client, sources, None), image, title)
    if found["status"] not in (None, "Available"):
        raise OptionError(
            f"The image {printable(image, 80)!r} ({found['id']}) is not available: its status is {found['status']}.",
            hint="compshare_image_progress waits for an image that is being created.",
        )
    return OrderedImage(found["id"], found)


def _listed(client: Client, sources: Sequence[str], name: str | None) -> list[dict[str, t.Any]]:
    return [image for source in sources for image in find_images(client, ImageQuery(source=source, name=name)).images]


def offer_for(order: Order, image: OrderedImage) -> Offer:
    """Return what stock and price are read for; raises OptionError if the system disk cannot hold the image."""
    size_mb = (image.found or {}).get("size_mb") or 0
    needed = math.ceil(size_mb / 1024)
    disks = order.disks or ({"IsBoot": True, "Type": DEFAULT_DISK_TYPE, "Size": max(_DEFAULT_BOOT_GB, needed)},)
    boot = next(disk for disk in disks if disk["IsBoot"])
    if boot["Size"] < needed:
        raise OptionError(
            f"The system disk of {boot['Size']} GB cannot hold the image {printable(order.image, 80)!r}, "
            f"which needs {needed} GB.",
            hint="Give a larger size_gb to the disk with boot=true, or omit disks.",
        )
    return Offer(order.gpu_type, image.image_id, order.charge_type, disks, (image.found or {}).get("type"))


def check_reinstall(instance: Mapping[str, t.Any], image: OrderedImage) -> None:
    """Raise OptionError if an image that was looked up by its name cannot be put on an instance.

    The API refuses the same, but only after the instance was stopped for it.
    """
    found = image.found
    if found is None:
        return
    title = f"{describe(instance)} cannot get the image {printable(str(found['name']), 80)!r}"
    if instance["kind"] == "pod" and found["container"] is False:
        raise OptionError(f"{title}: a pod needs a container image.")
    needed = math.ceil((found["size_mb"] or 0) / 1024)
    boot_gb = (system_disk(instance) or {}).get("size_gb")
    if boot_gb is not None and boot_gb < needed:
        raise OptionError(f"{title}: its system disk has {boot_gb} GB, and the image needs {needed} GB.")
    gpu_type, supported = instance["gpu_type"], found["supported_gpu_types"]
    # In no-GPU mode, the API reports another type.
    if not gpu_type or not supported or instance["without_gpu"]:
        return
    # 4090_48G is a 4090.
    if not any(gpu_type == other or gpu_type.startswith(f"{other}_") for other in supported):
        raise OptionError(f"{title}: it supports {printable(', '.join(supported))}, and this is a {gpu_type}.")
