# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Where images are listed: one entry for each source, with what that list can and cannot do."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Iterable, Iterator

from .._api.client import Client
from .._api.errors import OptionError, RefusedError
from .._api.pages import Listing
from .._api.retcodes import UNKNOWN_ACTION
from .._api.values import boolean, text
from .filters import IMAGE_TYPES
from .model import PartialImage, normalise_image

_FLAT = ("ImageSet",)
_IDENTITY = "_identity"
#: The documentation knows three shapes of grouped lists; the first is what was recorded.
_GROUPED = ("CompshareImageGroup", "ImageSetGroup", "ImageSet")


# A plain class, like Credentials.
class Source:
    """One list of images: its name here, its action, whether its rows are community groups, its title for messages.

    C(own_options) are those that it honours beyond what every source does.
    """

    def __init__(
        self, name: str, action: str, grouped: bool, own_options: frozenset[str] = frozenset(), title: str = ""
    ) -> None:
        self.name = name
        self.action = action
        self.grouped = grouped
        self.own_options = own_options
        self.title = title


SOURCES = {
    source.name: source
    for source in (
        Source("platform", "DescribeCompShareImages", False, frozenset({"image_type"}), "the platform list"),
        Source("custom", "DescribeCompShareCustomImages", False, title="the list of your own images"),
        Source("shared", "DescribeCompShareSharingImages", False, title="the list of images shared with you"),
        Source(
            "published",
            "DescribeSelfCommunityImages",
            True,
            frozenset({"group_id"}),
            "the list of images you published",
        ),
        Source("favorite", "DescribeFavoriteImages", True, frozenset({"group_id"}), "the list of your favorites"),
        Source("community", "DescribeCommunityImages", True, frozenset({"group_id"}), "the community list"),
        Source(
            "user",
            "DescribeUserCommunityImages",
            True,
            frozenset({"group_id", "user_id"}),
            "the list of images that one user published",
        ),
    )
}
#: Options that only some sources honour.
_PARTIAL_OPTIONS = frozenset(option for source in SOURCES.values() for option in source.own_options)


#: All images of a source, or what they are made of, and warnings about how it was found.
Listed = tuple[list[dict[str, t.Any]], list[str]]


def check_options(source_name: str, given: Iterable[str], user_id: int | None) -> Source:
    """Return the source, or raise OptionError for an option in C(given) that its list cannot honour."""
    source = SOURCES[source_name]
    refused = sorted((set(given) & _PARTIAL_OPTIONS) - source.own_options)
    if refused:
        options, verb = " and ".join(refused), "are" if len(refused) > 1 else "is"
        fitting = [name for name, entry in SOURCES.items() if set(refused) <= entry.own_options]
        raise OptionError(
            f"{options} {verb} not known to source={source_name}: {source.title} has no such thing.",
            hint=f"Leave {'them' if len(refused) > 1 else 'it'} out"
            + (f", or use source={' or '.join(fitting)}." if fitting else "."),
        )
    if source_name == "user" and user_id is None:
        raise OptionError(
            "source=user needs user_id: the account whose published images to list.",
            hint="It is the number that the console shows as CompanyID.",
        )
    return source


def read_images(
    client: Client, source: Source, *, name: str | None, image_type: str | None, user_id: int | None, readme: bool
) -> Listed:
    """Return every image of a source that can bear C(name) and C(image_type); the caller filters exactly.

    C(readme) requests readmes, which flat lists omit all the same. Raises the client's errors.
    """
    make = functools.partial(normalise_image, source=source.name, include_readme=readme)
    rows, warnings = read_rows(
        client, source, name=name, image_type=image_type, user_id=user_id, readme=readme, read_row=make
    )
    return [make(row, group=group) for row, group in _versions(rows)] if source.grouped else rows, warnings


def partial_images(source: Source, rows: list[dict[str, t.Any]], *, readme: bool) -> list[dict[str, t.Any]]:
    """Return the images in the rows that read_rows() returned."""
    versions = _versions(rows) if source.grouped else ((row, None) for row in rows)
    return [PartialImage(row, source=source.name, group=group, include_readme=readme) for row, group in versions]


def read_rows(
    client: Client,
    source: Source,
    *,
    name: str | None,
    image_type: str | None,
    user_id: int | None,
    readme: bool,
    read_row: t.Callable[[dict[str, t.Any]], dict[str, t.Any]] | None = None,
) -> Listed:
    """Return what images are made of, as the API sends it: the groups of a grouped list, else rows.

    C(read_row) converts those rows as they come. Only parameters that were seen to work are sent; the API ignores
    others without a word.
    """
    if source.name == "favorite":
        return _read_favorites(client, readme)
    params: dict[str, t.Any] = {"Region": client.scope.region}
    if source.name == "user":
        params["TargetTopOrganizationId"] = user_id
    if source.grouped:
        return _read_groups(client, source, params, readme), []
    types: tuple[str | None, ...] = (None,)
    if source.name == "platform":
        # Recorded: Name keeps what contains it, in the same case, so nothing of that exact name is lost.
        params["Name"] = name
        types = (image_type,) if image_type else IMAGE_TYPES
    listing = Listing(source.action, params, _FLAT, "CompShareImageId")
    if read_row is not None:
        listing = listing._replace(id_key="id", read_row=read_row)
    lists = client.read_all([listing._replace(params={**params, "ImageType": each}) for each in types])
    return [row for rows in lists for row in rows], []


def _read_groups(client: Client, source: Source, params: dict[str, t.Any], readme: bool) -> list[dict[str, t.Any]]:
    excluded = None if readme else True
    listing = Listing(source.action, {**params, "ExcludeReadme": excluded}, _GROUPED, _IDENTITY, _with_identity)
    return [{key: value for key, value in row.items() if key != _IDENTITY} for row in client.read_all([listing])[0]]


def _with_identity(row: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return a row with what identifies it: a group by its own id, a version in a list without groups by its."""
    return {**row, _IDENTITY: row.get("CompShareImageId") or row.get("GroupId")}


def _versions(rows: list[dict[str, t.Any]]) -> Iterator[tuple[dict[str, t.Any], dict[str, t.Any] | None]]:
    """Yield the images of groups, whose Data may be null, each with its group, and those of rows that are no groups."""
    for row in rows:
        if "Data" not in row:
            yield row, None
        elif isinstance(row["Data"], list):
            yield from ((version, row) for version in row["Data"] if isinstance(version, dict))


def _read_favorites(client: Client, readme: bool) -> Listed:
    """Return the favorites: by the documented action, or where that is not served, the marked community groups."""
    source = SOURCES["favorite"]
    params = {"Region": client.scope.region}
    try:
        [rows] = client.read_all([Listing(source.action, params, ("ImageSet", *_GROUPED[:2]))])
        return [_marked(row) for row in rows], []
    except RefusedError as error:
        if error.ret_code != UNKNOWN_ACTION:
            raise
    groups = _read_groups(client, SOURCES["community"], params, readme)
    return [group for group in groups if boolean(group.get("IsFavorite"))], [
        f"The API does not serve {source.action}; the favorites are the groups of the community list that it "
        "marks as such. A favorite that is no longer in the community is not among them."
    ]


def _marked(row: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return a row of the favorites, or a group, whose images are marked as favorites unless they say it themselves."""
    if "Data" not in row:
        return {"IsFavorite": True, **row}
    versions = row["Data"] if isinstance(row["Data"], list) else []
    return {**row, "Data": [{"IsFavorite": True, **version} for version in versions if isinstance(version, dict)]}


def readme_of(client: Client, source: Source, image_id: str) -> str | None:
    """Return the readme of an image in a flat list, which the whole list omits; None if it has none."""
    listing = Listing(source.action, {"Region": client.scope.region, "CompShareImageId": image_id})
    try:
        (rows,) = client.read_all([listing])
    except RefusedError as error:
        if error.names_parameter("CompShareImageId"):
            return None  # deleted since it was listed
        raise
    # Requests for one id were seen to return other rows, so the id is compared.
    mine = next((row for row in rows if row.get("CompShareImageId") == image_id), {})
    return text(mine.get("Readme"))
