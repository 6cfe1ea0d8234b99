# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Finding images: which ones, in which order, how many. One implementation for the module and the lookup."""

from __future__ import annotations

import difflib
import functools
import typing as t
from collections.abc import Iterable, Mapping

from .._api.client import Client
from .._api.errors import OptionError, printable
from .._api.list_cache import ListCache
from .sources import SOURCES, Source, check_options, partial_images, read_images, read_rows, readme_of

#: Fields of a query that do not narrow it.
_NOT_FILTERS = frozenset(("source", "user_id", "order_by", "order", "limit", "include_readme"))


# A plain class, like Credentials: a named tuple of so many fields takes half a millisecond to create.
class ImageQuery:
    """What to find; the fields are the options of compshare_image_info, None if an option is omitted."""

    def __init__(
        self,
        source: str = "platform",
        *,
        image_ids: t.Sequence[str] | None = None,
        name: str | None = None,
        search: str | None = None,
        tags: t.Sequence[str] | None = None,
        author: str | None = None,
        image_type: str | None = None,
        status: str | None = None,
        gpu_type: str | None = None,
        group_id: str | None = None,
        user_id: int | None = None,
        free: bool | None = None,
        official: bool | None = None,
        max_price: float | None = None,
        max_size_mb: float | None = None,
        order_by: str | None = None,
        order: str = "asc",
        limit: int | None = None,
        include_readme: bool = False,
    ) -> None:
        self.source = source
        self.image_ids = image_ids
        self.name = name
        self.search = search
        self.tags = tags
        self.author = author
        self.image_type = image_type
        self.status = status
        self.gpu_type = gpu_type
        self.group_id = group_id
        self.user_id = user_id
        self.free = free
        self.official = official
        self.max_price = max_price
        self.max_size_mb = max_size_mb
        self.order_by = order_by
        self.order = order
        self.limit = limit
        self.include_readme = include_readme

    @classmethod
    def from_options(cls, options: Mapping[str, t.Any]) -> ImageQuery:
        """Return the query in a module's or lookup's options; raises OptionError for what no source can do."""
        given = {name: options.get(name) for name in vars(cls())}
        query = cls(**{name: value for name, value in given.items() if value is not None})
        if query.limit is not None and query.limit < 1:
            raise OptionError(f"limit is {query.limit}; it must be 1 or more.", hint="Omit it for all images.")
        check_options(query.source, [name for name, value in given.items() if value is not None], query.user_id)
        return query

    @property
    def has_filters(self) -> bool:
        """Return whether there are images of the source that may not match."""
        return any(value is not None for name, value in vars(self).items() if name not in _NOT_FILTERS)


class Found:
    """The sorted images, how many match before the limit, and the warnings for the user."""

    def __init__(self, images: list[dict[str, t.Any]], total: int, warnings: list[str]) -> None:
        self.images = images
        self.total = total
        self.warnings = warnings


def find_images(client: Client, query: ImageQuery, cache: ListCache | None = None) -> Found:
    """Return the images that match, all of them or an error: never a part of a list.

    A list in C(cache) is not read again. With a cache, each image is a PartialImage, and lacks what add_readmes() adds.
    """
    source = SOURCES[query.source]
    options: dict[str, t.Any] = {
        "name": query.name,
        "image_type": query.image_type,
        "user_id": query.user_id,
        "readme": query.include_readme,
    }
    if cache is None:
        images, warnings = read_images(client, source, **options)
    else:
        key = ("rows", source.name, client.scope.project_id, client.scope.region, *options.values())
        rows, warnings = cache.get(key, functools.partial(read_rows, client, source, **options))
        images = partial_images(source, rows, readme=query.include_readme)
    images = _each_once(images)
    if query.has_filters:
        warnings = [*warnings, *_unknown_values(images, query, source)]
        images = [image for image in images if matches(image, query)]
    matching = ordered(images, query.order_by, query.order)
    shown = matching[: query.limit]
    if cache is None:
        add_readmes(client, query, shown)
    return Found(shown, len(matching), warnings)


def _each_once(images: list[dict[str, t.Any]]) -> list[dict[str, t.Any]]:
    """Return images without repeats of an id: a version may stand in two groups, an image under two types."""
    seen: set[str] = set()
    found = []
    for image in images:
        if image["id"] is None or image["id"] not in seen:
            seen.add(image["id"])
            found.append(image)
    return found


def matches(image: Mapping[str, t.Any], query: ImageQuery) -> bool:
    """Return whether an image is one that the query wants. What the API does not say matches no filter on it."""
    return all(
        (
            query.image_ids is None or image["id"] in query.image_ids,
            query.name is None or image["name"] == query.name,
            query.author is None or image["author"] == query.author,
            query.group_id is None or image["group_id"] == query.group_id,
            query.free is None or (image["price"] is not None and (image["price"] == 0) == query.free),
            query.official is None or image["official"] == query.official,
            _at_most(image["price"], query.max_price),
            _at_most(image["size_mb"], query.max_size_mb),
            _same(query.image_type, image["type"]),
            _same(query.status, image["status"]),
            _among([query.gpu_type] if query.gpu_type else [], image["supported_gpu_types"]),
            _among(query.tags or [], image["tags"]),
            query.search is None or _mentions(image, query.search),
        )
    )


#: Every status that is documented.
_STATUSES = ("Available", "Making", "UnAvailable", "Reviewing", "Offline")


def _unknown_values(images: list[dict[str, t.Any]], query: ImageQuery, source: Source) -> t.Iterator[str]:
    """Yield a warning for each value that no image of the list has, and that may be a slip."""
    statuses = {*_STATUSES, *(image["status"] for image in images if image["status"])}
    if query.status is not None and not any(_same(query.status, status) for status in statuses):
        yield _unknown("status", query.status, statuses, source)
    gpu_types = {gpu_type for image in images for gpu_type in image["supported_gpu_types"]}
    if query.gpu_type is not None and gpu_types and not _among([query.gpu_type], gpu_types):
        yield _unknown("gpu_type", query.gpu_type, gpu_types, source)


def _unknown(option: str, value: str, known: t.Iterable[str], source: Source) -> str:
    shown = ", ".join(printable(each, 40) for each in sorted(known)[:30])
    return f"No image in {source.title} has the {option} {printable(value, 60)!r}. There are: {shown}."


def _at_most(value: float | None, limit: float | None) -> bool:
    return limit is None or (value is not None and value <= limit)


def _same(filtered: str | None, value: str | None) -> bool:
    return filtered is None or (value is not None and filtered.casefold() == value.casefold())


def _among(items: t.Iterable[str], present: t.Iterable[str]) -> bool:
    known = {item.casefold() for item in present}
    return all(item.strip().casefold() in known for item in items)


def _mentions(image: Mapping[str, t.Any], phrase: str) -> bool:
    folded = phrase.casefold()
    return any(folded in (image[key] or "").casefold() for key in ("name", "author", "description"))


def ordered(images: list[dict[str, t.Any]], order_by: str | None, order: str) -> list[dict[str, t.Any]]:
    """Return images in a fixed order: by a key (those without it last), then by name, creation and id.

    The API's own order changes from call to call, so it is never kept.
    """
    in_order = sorted(images, key=_tie_break)
    if order_by is None:
        return in_order[::-1] if order == "desc" else in_order
    known = [image for image in in_order if image[order_by] is not None]
    unknown = [image for image in in_order if image[order_by] is None]
    return sorted(known, key=lambda image: t.cast(t.Any, image[order_by]), reverse=order == "desc") + unknown


def _tie_break(image: Mapping[str, t.Any]) -> tuple[str, str, str]:
    return (image["name"] or "", image["create_time"] or "", image["id"] or "")


def newest(images: list[dict[str, t.Any]]) -> dict[str, t.Any]:
    """Return the image published last, or else created last."""
    return max(images, key=lambda image: (image["publish_time"] or image["create_time"] or "", _tie_break(image)))


def pick_image(
    images: list[dict[str, t.Any]], term: str, *, most_recent: bool, list_title: str
) -> dict[str, t.Any] | None:
    """Return the image whose id or name is C(term), None when there is none.

    Raises OptionError when several are named so, unless C(most_recent) says which is meant.
    """
    found = [image for image in images if image["id"] == term] or [image for image in images if image["name"] == term]
    if len(found) > 1 and not most_recent:
        listed = ", ".join(f"{image['id']} ({image['version_name'] or image['create_time']})" for image in found[:10])
        more = f" and {len(found) - 10} more" if len(found) > 10 else ""
        raise OptionError(
            f"{len(found)} images are named {term!r} in {list_title}: {listed}{more}.",
            hint="Use the id of one of them, or most_recent=true for the newest.",
        )
    return newest(found) if found else None


def no_such_image(images: list[dict[str, t.Any]], term: str, list_title: str) -> OptionError:
    """Return the error for a name that no image of a list has, with those that come near."""
    text = f"No image is named {term!r} in {list_title} ({_count(len(images), 'image')})."
    near = nearest_names(term, [image["name"] for image in images if image["name"]])
    if near:
        text += " Near: " + ", ".join(repr(printable(name, 60)) for name in near) + "."
    return OptionError(text, hint="Names are exact: case, spaces and punctuation count.")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def nearest_names(term: str, names: list[str], most: int = 5) -> list[str]:
    """Return the names most like C(term), best first: those that contain it, then those of similar spelling."""
    by_folded: dict[str, str] = {}
    for name in sorted(set(names)):
        by_folded.setdefault(name.casefold(), name)
    folded = term.casefold()
    containing = sorted((name for name in by_folded if folded and folded in name), key=lambda name: (len(name), name))
    similar = difflib.get_close_matches(folded[:200], [name[:200] for name in by_folded], n=most, cutoff=0.5)
    return [by_folded[name] for name in dict.fromkeys(containing + similar) if name in by_folded][:most]


def add_readmes(client: Client, query: ImageQuery, images: Iterable[dict[str, t.Any]]) -> None:
    """Fill in the readmes that a query wants and a flat list omits: the API returns each in a request of its own."""
    source = SOURCES[query.source]
    if not query.include_readme or source.grouped:
        return
    for image in images:
        if image["readme"] is None and image["id"] is not None:
            image["readme"] = readme_of(client, source, image["id"])
