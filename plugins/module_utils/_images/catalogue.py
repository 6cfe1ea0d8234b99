# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Where images are listed: one entry for each source, with what that list can and cannot do."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable
from dataclasses import dataclass

from .._api.client import Client
from .._api.errors import OptionError, RefusedError
from .._api.pages import Listing

#: The platform list pages each type by itself when none is named, so rows would be skipped: it is always named.
IMAGE_TYPES = ("System", "App", "Game", "Other")
_FLAT = ("ImageSet",)
#: The documentation knows three shapes of grouped lists; the first is what was recorded.
_GROUPED = ("CompshareImageGroup", "ImageSetGroup", "ImageSet")
_UNKNOWN_ACTION = 161


@dataclass(frozen=True)
class Source:
    """One list of images: its name here, its action, whether its rows are community groups, the options it honours."""

    name: str
    action: str
    grouped: bool
    #: Options beyond those that every source honours.
    own_options: frozenset[str] = frozenset()
    #: In words, for messages: "the platform list".
    title: str = ""


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
        Source("favorite", "DescribeFavoriteImages", True, frozenset({"group_id"}), "the list of your favourites"),
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


class CatalogueRow(t.NamedTuple):
    """A row of a list, and the community group around it (None in a flat list)."""

    row: dict[str, t.Any]
    group: dict[str, t.Any] | None


class CatalogueRows(t.NamedTuple):
    """All rows of a source, and what the user should be told about how they were found."""

    rows: list[CatalogueRow]
    warnings: list[str]


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
            "source=user needs user_id: the account whose published images are wanted.",
            hint="It is the number that the console shows as CompanyID.",
        )
    return source


def read_source(
    client: Client, source: Source, *, name: str | None, image_type: str | None, user_id: int | None, readme: bool
) -> CatalogueRows:
    """Return every row of a source that can bear C(name) and C(image_type); the caller filters exactly.

    Only parameters that were seen to work are sent; the API ignores others without a word. Raises the client's errors.
    """
    if source.name == "favorite":
        return _read_favourites(client, readme)
    return CatalogueRows(_rows_of(client, source, _listings(client, source, name, image_type, user_id, readme)), [])


def _listings(
    client: Client, source: Source, name: str | None, image_type: str | None, user_id: int | None, readme: bool
) -> list[Listing]:
    params: dict[str, t.Any] = {"Region": client.scope.region}
    if source.name == "platform":
        # Recorded: Name keeps what contains it, in the same case, so nothing of that exact name is lost.
        params["Name"] = name
        types = (image_type,) if image_type else IMAGE_TYPES
        return [Listing(source.action, {**params, "ImageType": each}, _FLAT) for each in types]
    if source.name == "user":
        params["TargetTopOrganizationId"] = user_id
    if not source.grouped:
        return [Listing(source.action, params, _FLAT)]
    params["ExcludeReadme"] = None if readme else True
    return [Listing(source.action, params, _GROUPED, id_key="GroupId")]


def _rows_of(client: Client, source: Source, listings: list[Listing]) -> list[CatalogueRow]:
    found: list[CatalogueRow] = []
    for rows in client.read_all(listings):
        for row in rows:
            found += _versions(row) if source.grouped and "Data" in row else [CatalogueRow(row, None)]
    return found


def _versions(group: dict[str, t.Any]) -> list[CatalogueRow]:
    """Return one row for each version in a community group; its Data may be null."""
    versions = group.get("Data")
    rows = versions if isinstance(versions, list) else []
    return [CatalogueRow({"Status": group.get("Status"), **row}, group) for row in rows if isinstance(row, dict)]


def _read_favourites(client: Client, readme: bool) -> CatalogueRows:
    """Return the favourites: by the documented action, or where that is not served, the marked community groups."""
    documented = SOURCES["favorite"]
    try:
        listing = Listing(documented.action, {"Region": client.scope.region}, ("ImageSet", *_GROUPED[:2]))
        rows = _rows_of(client, documented, [listing])
        return CatalogueRows([CatalogueRow({"IsFavorite": True, **found.row}, found.group) for found in rows], [])
    except RefusedError as error:
        if error.ret_code != _UNKNOWN_ACTION:
            raise
    community = SOURCES["community"]
    listings = _listings(client, community, None, None, None, readme)
    marked = [
        found
        for found in _rows_of(client, community, listings)
        if found.group is not None and found.group.get("IsFavorite") in (True, "true", "True", 1)
    ]
    return CatalogueRows(
        marked,
        [
            f"The API does not serve {documented.action}; the favourites are the groups of the community list that it "
            "marks as such. A favourite that is no longer in the community is not among them."
        ],
    )
