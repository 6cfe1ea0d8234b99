# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""The account's own images: found by id or name as they are now, named, updated and deleted."""

from __future__ import annotations

import hashlib
import re
import typing as t
from dataclasses import dataclass

from .._api import values
from .._api.client import Client
from .._api.errors import CompShareError, OptionError, RefusedError, WaitError, printable
from .._api.pages import Listing
from .._api.retcodes import GONE_CODES, PERMISSION_CODES
from .._api.values import check_name, region_of, text
from .._waiting import (
    REPEATS,
    VISIBLE_WITHIN,
    apply,
    apply_and_confirm,
    confirm_accepted,
    confirm_within,
)
from .model import normalise_image
from .sources import SOURCES, read_images, readme_of

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


# --- Names ---

NAME_LENGTH = 50
_VERSION = re.compile(r"v[0-9]+(\.[0-9]+)+\Z", re.ASCII)


def check_image_name(name: str) -> None:
    """Raise OptionError if C(name) cannot be the name of a custom image."""
    check_name("image", name, NAME_LENGTH)


def check_version_name(version_name: str) -> None:
    """Raise OptionError if C(version_name) cannot be the name of a version in a community group."""
    if not _VERSION.match(version_name):
        raise OptionError(
            f"{printable(version_name, 80)!r} is not a version name.",
            hint="A version name is v followed by numbers and dots, such as v1.0 or v26.0529.",
        )


def name_while_rebuilt(name: str) -> str:
    """Return the name under which the new image of a rebuild is created, as long as the old one has C(name).

    Names are unique within an account. This one cannot be confused with a name that a user chose, and it is always the
    same for the same C(name), so that a second run finds what the first one left.
    """
    return f"{name[:35]}.rebuild-{_mark(name)}"


def name_when_replaced(name: str) -> str:
    """Return the name of the old image between the end of a rebuild and its deletion."""
    return f"{name[:34]}.replaced-{_mark(name)}"


def _mark(name: str) -> str:
    return hashlib.sha1(name.encode("utf-8"), usedforsecurity=False).hexdigest()[:6]


# --- Updating ---

UPDATE_ACTION = "UpdateCompShareImage"


def _same_text(present: t.Any, desired: t.Any) -> bool:
    # A text from a file or a block of YAML ends with a newline, which the API may drop.
    return str(present or "").rstrip() == str(desired or "").rstrip()


def _same_members(present: t.Any, desired: t.Any) -> bool:
    return set(values.tags(present)) == set(values.tags(desired))


def _equal(present: t.Any, desired: t.Any) -> bool:
    return bool(present == desired)


@dataclass(frozen=True)
class Field:
    """A part of an image: its option and key, the API's parameter, and when two values of it are the same."""

    option: str
    param: str
    same: t.Callable[[t.Any, t.Any], bool] = _same_text


NAME = Field("name", "Name")
DESCRIPTION = Field("description", "Description")
README = Field("readme", "Readme")
TAGS = Field("tags", "Tags", _same_members)
GPU_TYPES = Field("supported_gpu_types", "SupportedGpuTypes", _same_members)
AUTO_START = Field("auto_start", "AutoStart", _equal)
PRICE = Field("price", "Price", _equal)
VERSION_NAME = Field("version_name", "VersionName")
VERSION_DESCRIPTION = Field("version_description", "VersionDesc")


class Change(t.NamedTuple):
    """One field of an image that is not in the desired state."""

    field: Field
    before: t.Any
    after: t.Any


def changes_of(image: t.Mapping[str, t.Any], desired: t.Mapping[str, t.Any], fields: t.Iterable[Field]) -> list[Change]:
    """Return what differs between an image and the options in C(desired); those that are None are ignored.

    Raises OptionError if a list should become empty: the API has no way to receive that.
    """
    changes = []
    for field in fields:
        after = desired.get(field.option)
        before = image.get(field.option)
        if after is None or field.same(before, after):
            continue
        if after == []:
            raise OptionError(
                f"{field.option} of the image {title_of(image)} cannot be emptied: the API accepts no empty list.",
                hint="Give at least one element, or empty it in the console.",
            )
        changes.append(Change(field, before, after))
    return changes


def changed_image(image: Image, changes: t.Iterable[Change]) -> Image:
    """Return the image as it is after C(changes)."""
    return {**image, **{change.field.option: change.after for change in changes}}


def update_image(
    client: Client,
    image: Image,
    changes: t.Sequence[Change],
    read: t.Callable[[], Image | None],
    *,
    deadline: float,
    extra: t.Mapping[str, t.Any] | None = None,
) -> None:
    """Change an image and see that it is changed; C(read) returns it as it is now, None if it is not to be seen.

    C(extra) are parameters that do not change anything by themselves. Raises the client's errors, and WaitError where
    the API accepts a change without applying it.
    """

    def seen() -> bool:
        now = read()
        return now is not None and all(
            change.field.same(now.get(change.field.option), change.after) for change in changes
        )

    options = ", ".join(change.field.option for change in changes)
    apply_and_confirm(
        client,
        UPDATE_ACTION,
        {
            **place_of(client, image),
            "CompShareImageId": image["id"],
            **(extra or {}),
            **{change.field.param: change.after for change in changes},
        },
        seen,
        deadline=deadline,
        desired=f"{options} of the image {title_of(image)} changed",
    )


# --- Deleting ---

DELETE_ACTION = "TerminateCompShareCustomImage"


def check_deletable(image: Image, published: dict[str, Image]) -> None:
    """Raise CompShareError if the image cannot be deleted as it is.

    C(published) are the account's published versions. Documented: a published image must be withdrawn first.
    """
    if image["status"] == MAKING:
        raise CompShareError(
            f"The image {title_of(image)} is still being created, and the API does not delete such an image.",
            hint="Wait for its end with compshare_image_progress and wait=true, then run the task again.",
        )
    version = published.get(str(image["id"]), image)
    if version["group_id"] and version["status"] in (AVAILABLE, REVIEWING):
        raise CompShareError(
            f"The image {title_of(image)} is published in the community group {version['group_id']} "
            f"as {version['version_name']} ({version['status']}), so it cannot be deleted.",
            hint="Withdraw it first with compshare_image_publication and state=withdrawn.",
        )


def delete_image(client: Client, own: OwnImages, image: Image, *, deadline: float, wait: bool = True) -> None:
    """Delete an image and, with C(wait), see that no list has it any more, until C(deadline) at most.

    A second delete does no harm, so a request without a response is retried while the image is still there.
    """

    def gone() -> bool:
        return own.find(image_id=image["id"]) is None

    params = {**place_of(client, image), "CompShareImageId": image["id"]}
    applied = apply(
        client,
        DELETE_ACTION,
        params,
        lambda: confirm_within(client, gone, VISIBLE_WITHIN),
        deadline=deadline,
        repeats=REPEATS,
        leaves_open=_says_gone,
    )
    applied.raise_unless_done(DELETE_ACTION)
    left = deadline - client.clock.now()
    if wait and applied.lost is None and not confirm_accepted(client, DELETE_ACTION, gone, left):
        raise WaitError(
            f"The deletion of the image {title_of(image)} was accepted, but the image was still there at the end of "
            "wait_timeout.",
            action=DELETE_ACTION,
            hint="Run the task again.",
            retryable=True,
        )


def _says_gone(error: CompShareError) -> bool:
    """Return whether a refusal says that there is no such image; which RetCode does is not documented."""
    if not isinstance(error, RefusedError):
        return False
    return error.ret_code in GONE_CODES or error.names_parameter("CompShareImageId")
