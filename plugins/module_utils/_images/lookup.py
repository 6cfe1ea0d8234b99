# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What a lookup of images returns if its result is not kept from an earlier one."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence

from .._api.client import Client
from .._api.errors import OptionError, RefusedError
from .._api.list_cache import ListCache
from .._api.values import inert
from .model import IMAGE_KEYS, PartialImage
from .query import Found, ImageQuery, add_readmes, find_images, no_such_image, pick_image
from .sources import SOURCES


def look_up(
    options: Mapping[str, t.Any],
    terms: Sequence[str],
    *,
    given_zone: str | None,
    may_lack: bool,
    cache: ListCache,
    debug: t.Callable[[str], None],
) -> tuple[list[t.Any], list[str]]:
    """Return what was found, and warnings: for each of C(terms) a list of one, or with C(may_lack) of none.

    Without C(terms), what was found are the images that match. C(options) are those of the lookup, and C(given_zone) is
    its zone unless that comes from the environment. Raises OptionError and the client's errors.
    """
    query = ImageQuery.from_options(options)
    if terms and query.limit is not None:
        raise OptionError("limit cannot be used together with a name or id: each must match exactly one image.")
    client = Client.from_options(options, debug=debug)
    found = _found(client, query, cache)
    # No list of images is narrowed by a zone, so the API refuses none.
    if given_zone:
        cache.get(["zones", given_zone], lambda: _check_places(client, zones=[given_zone]))
    field = options["field"]
    known = (*IMAGE_KEYS, "readme") if query.include_readme else IMAGE_KEYS
    if not terms:
        add_readmes(client, query, found.images)
        return inert([_field_of(image, field, known) for image in found.images]), found.warnings
    title, picked = SOURCES[query.source].title, []
    for term in terms:
        image = pick_image(found.images, term, most_recent=options["most_recent"], list_title=title)
        if image is None and not may_lack:
            raise no_such_image(found.images, term, title)
        picked.append([] if image is None else [image])
    add_readmes(client, query, {image["id"]: image for each in picked for image in each}.values())
    return inert([[_field_of(image, field, known) for image in each] for each in picked]), found.warnings


def _found(client: Client, query: ImageQuery, cache: ListCache) -> Found:
    try:
        return find_images(client, query, cache)
    except RefusedError as error:
        if error.names_parameter("Region"):
            _check_places(client, regions=[client.scope.region or ""])
        raise


def _check_places(client: Client, *, regions: Sequence[str] = (), zones: Sequence[str] = ()) -> None:
    # Few lookups need it. The others, each in a process of its own, would spend a tenth of their time on the import.
    from .._instances.query import check_places  # noqa: PLC0415 -- see above

    check_places(client, regions=regions, zones=zones)


def _field_of(image: dict[str, t.Any], field: str | None, known: tuple[str, ...]) -> t.Any:
    if isinstance(image, PartialImage):
        image = image.complete()
    if field is None:
        return image
    if field not in image:
        raise OptionError(f"An image has no field {field!r}.", hint=f"It has: {', '.join(known)}.")
    return image[field]
