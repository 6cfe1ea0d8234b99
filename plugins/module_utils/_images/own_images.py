# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""The account's own images as they are now: found by id or name, waited for, and never confused with another's."""

from __future__ import annotations

import typing as t

from .._api.client import Client
from .._api.errors import OptionError, RefusedError, printable
from .._api.pages import Listing
from .._api.retcodes import PERMISSION_CODES
from .._api.values import region_of, text
from .model import normalise_image
from .query import readme_of
from .sources import SOURCES, read_images

Image = dict[str, t.Any]

MAKING = "Making"
AVAILABLE = "Available"
UNAVAILABLE = "UnAvailable"
REVIEWING = "Reviewing"
OFFLINE = "Offline"
_KNOWN = (None, MAKING, AVAILABLE, REVIEWING, OFFLINE)


def is_rejected(status: str | None) -> bool:
    """Return whether a version failed its review: it is UnAvailable, or in a state that no source names."""
    return status not in _KNOWN


def title_of(image: t.Mapping[str, t.Any]) -> str:
    """Return an image's name and id for a message, safe to show."""
    return f"{printable(image['name'], 80)} ({image['id']})" if image["name"] else str(image["id"])


def place_of(client: Client, image: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the Region and Zone for a request about an image: where it lies, or else where the options point."""
    zone = image["zones"][0] if image["zones"] else client.scope.zone
    return {"Region": image.get("region") or region_of(zone) or client.scope.region, "Zone": zone}


class OwnImages:
    """Reads the list of the account's custom images.

    The list is always read whole and matched here: in response to one id, the API was seen to return other images.
    C(also_in) are regions whose lists are read besides that of the options.
    """

    def __init__(self, client: Client, also_in: t.Iterable[str | None] = ()) -> None:
        self._client = client
        self._regions = list(dict.fromkeys([client.scope.region, *also_in]))

    def look_also_in(self, region: str | None) -> None:
        """Read the list of C(region), too: whether a list without a region has the images of all is not known."""
        if self._regions[0] is None and region not in self._regions:
            self._regions.append(region)

    def all(self) -> list[Image]:
        """Return every custom image of the account, whatever its state. Raises the client's errors."""
        source = SOURCES["custom"]
        read = self._client.read_all([Listing(source.action, {"Region": region}) for region in self._regions])
        rows = {text(row.get("CompShareImageId")) or id(row): row for rows in read for row in rows}
        return [normalise_image(row, source=source.name) for row in rows.values()]

    def find(self, *, image_id: str | None = None, name: str | None = None, with_readme: bool = False) -> Image | None:
        """Return the image of an id, or else of a name; None if there is none.

        C(with_readme) adds its readme, at the cost of a request. Raises OptionError if several have the name.
        """
        image = pick(self.all(), image_id=image_id, name=name)
        return self.with_readme(image) if image and with_readme else image

    def with_readme(self, image: Image) -> Image:
        """Return an image with its readme, which the list leaves out."""
        return {**image, "readme": readme_of(self._client, SOURCES["custom"], image["id"])}

    def require(self, image_id: str) -> Image:
        """Return the image of an id; raises OptionError if the account has none."""
        image = self.find(image_id=image_id)
        if image is None:
            raise no_such_image(image_id)
        return image

    def published(self) -> dict[str, Image]:
        """Return the versions that the account published, by image id, whatever its state.

        If the key may not list them, none are seen: the API still refuses what must not be done to them.
        """
        try:
            images, _warnings = read_images(
                self._client, SOURCES["published"], name=None, image_type=None, user_id=None, readme=True
            )
        except RefusedError as error:
            if error.ret_code in PERMISSION_CODES:
                return {}
            raise
        return {str(image["id"]): image for image in images}


def no_such_image(image_id: str) -> OptionError:
    """Return the error for an id that none of the account's images has."""
    return OptionError(
        f"None of your own images has the id {printable(image_id, 80)}.",
        hint="Check image_id, region and the account of the key; compshare_image_info with source=custom lists them.",
    )


def pick(images: t.Iterable[Image], *, image_id: str | None = None, name: str | None = None) -> Image | None:
    """Return the image of an id, or else of a name. Raises OptionError if several have the name."""
    if image_id is not None:
        return next((image for image in images if image["id"] == image_id), None)
    found = [image for image in images if image["name"] == name]
    if len(found) > 1:
        listed = ", ".join(f"{image['id']} ({image['status']}, created {image['create_time']})" for image in found[:10])
        raise OptionError(
            f"{len(found)} of your own images are named {printable(name or '', 80)!r}: {listed}.",
            hint="Set image_id to select one.",
        )
    return found[0] if found else None
