# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What can be changed on an existing image: how it differs from the desired state, and the request that updates it."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from .._api import values
from .._api.client import Client
from .._api.errors import OptionError
from .._waiting import apply_and_confirm
from .own_images import Image, place_of, title_of

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
