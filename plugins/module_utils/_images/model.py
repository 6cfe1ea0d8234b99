# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""One image, the same dictionary wherever it comes from."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from .._api import values


def _texts(value: object) -> list[str] | None:
    return values.common_texts(value) or None


def _tags(value: object) -> list[str] | None:
    return values.tags(value) or None


#: How keys of an image are read: the API's field names, the first that says something, and what it is.
_FIELDS: values.Fields = (
    ("id", ("CompShareImageId",), values.text),
    ("name", ("Name",), values.text),
    ("type", ("ImageType",), values.common_text),
    ("status", ("Status",), values.common_text),
    ("description", ("Description",), values.text),
    ("author", ("Author",), values.common_text),
    ("author_level", ("AuthInfo",), values.integer),
    ("visibility", ("Visibility",), values.integer),
    ("container", ("Container", "IsContainer"), values.boolean),
    ("auto_start", ("AutoStart",), values.boolean),
    ("tags", ("Tags",), _tags),
    ("supported_gpu_types", ("SupportedGpuTypes",), _texts),
    ("size_mb", ("Size", "ActualSize", "ImageSize"), values.number),
    ("price", ("Price",), values.number),
    ("created_count", ("CreatedCount",), values.integer),
    ("favorites_count", ("FavoritesCount",), values.integer),
    ("use_hours", ("ImageUseTime",), values.number),
    ("is_favorite", ("IsFavorite",), values.boolean),
    ("group_id", ("GroupId",), values.text),
    ("group_name", ("ImageName",), values.text),
    ("version_name", ("VersionName",), values.text),
    ("version_description", ("VersionDesc",), values.text),
    ("cover_url", ("Cover",), values.text),
    ("failed_reason", ("FailedReason",), values.text),
    ("create_time", ("CreateTime",), values.iso_time),
    ("publish_time", ("PubTime",), values.iso_time),
    ("update_time", ("UpdateTime",), values.iso_time),
)
_SOFTWARE = {
    "framework": "Framework",
    "framework_version": "FrameworkVersion",
    "cuda_version": "CUDAVersion",
    "python_version": "PythonVersion",
    "os_version": "OsVersion",
}
#: Every key that an image always has, in the order of the documentation.
IMAGE_KEYS = (
    "id",
    "name",
    "type",
    "status",
    "source",
    "description",
    "author",
    "author_level",
    "owner_id",
    "owner_name",
    "visibility",
    "container",
    "auto_start",
    "official",
    "tags",
    "supported_gpu_types",
    "software",
    "software_ports",
    "size_mb",
    "price",
    "created_count",
    "favorites_count",
    "use_hours",
    "is_favorite",
    "group_id",
    "group_name",
    "version_name",
    "version_description",
    "zones",
    "cover_url",
    "failed_reason",
    "create_time",
    "publish_time",
    "update_time",
)
_NOTHING = dict.fromkeys(IMAGE_KEYS)
#: Fields of a row that the keys above come from; every other field is returned under its own name.
_KNOWN = frozenset(name for _key, names, _read in _FIELDS for name in names) | {
    "Owner",
    "IsOfficial",
    "ImageOwnerAlias",
    "Softwares",
    "SoftwarePorts",
    "Zone",
    "ImageSupportZone",
    "Readme",
}
#: A group also has fields that mean something else in its versions.
_KNOWN_IN_GROUP = _KNOWN | {"Data", "ImageDesc"}


def normalise_image(
    row: Mapping[str, t.Any], *, source: str, group: Mapping[str, t.Any] | None = None, include_readme: bool = False
) -> dict[str, t.Any]:
    """Return the image in a row of any list, with IMAGE_KEYS and then the fields that have no key of ours.

    C(group) is the community group around the row; it gives what the row leaves out, such as the name. Times are ISO
    8601 in UTC, sizes MB, prices CNY per hour. Nothing in a row can raise: what is not of its kind is None.
    """
    image: dict[str, t.Any] = _NOTHING.copy()
    values.read_fields(image, _FIELDS, row)
    if group:
        values.read_fields(image, _FIELDS, group)
        image["description"] = image["description"] or values.text(group.get("ImageDesc"))
    image["source"] = source
    image["name"] = image["name"] or image["group_name"]
    image["tags"] = image["tags"] or []
    image["supported_gpu_types"] = image["supported_gpu_types"] or []
    owner = values.dictionary(row.get("Owner"))
    image["owner_id"] = values.text(owner.get("AccountId"))
    image["owner_name"] = values.text(owner.get("AccountName"))
    image["official"] = _official(row, image["author_level"])
    image["software"] = _software(row.get("Softwares"))
    image["software_ports"] = _software_ports(row.get("SoftwarePorts"))
    image["zones"] = _zones(row)
    if include_readme:
        image["readme"] = values.text(row.get("Readme"))
    _add_unknown(image, row, _KNOWN)
    if group:
        _add_unknown(image, group, _KNOWN_IN_GROUP)
    return image


#: What an image is found by, and what lists are ordered by.
_NOTHING_TO_FIND_BY = dict.fromkeys(("id", "name", "group_name", "create_time"))
_FINDING = tuple(field for field in _FIELDS if field[0] in _NOTHING_TO_FIND_BY)


class PartialImage(dict[str, t.Any]):
    """An image of which only what it is found by is read, and the rest once another key is looked up, or by complete().

    Most lookups look for one image of a list; to read the others, too, would take a tenth of the time of a lookup.
    """

    def __init__(
        self,
        row: Mapping[str, t.Any],
        *,
        source: str,
        group: Mapping[str, t.Any] | None = None,
        include_readme: bool = False,
    ) -> None:
        super().__init__(_NOTHING_TO_FIND_BY)
        self._row, self._source, self._group, self._include_readme = row, source, group, include_readme
        self._complete = False
        values.read_fields(self, _FINDING, row)
        if group:
            values.read_fields(self, _FINDING, group)
        self["name"] = self["name"] or self["group_name"]

    def complete(self) -> dict[str, t.Any]:
        """Return the whole image as a plain dictionary, as normalise_image() does."""
        if not self._complete:
            self._complete = True
            self.clear()
            self.update(
                normalise_image(self._row, source=self._source, group=self._group, include_readme=self._include_readme)
            )
        return dict(self)

    def __missing__(self, key: str) -> t.Any:
        if self._complete:
            raise KeyError(key)
        self.complete()
        return self[key]


def _add_unknown(image: dict[str, t.Any], fields: Mapping[str, t.Any], known: frozenset[str]) -> None:
    for name, value in fields.items():
        if name not in known:
            image.setdefault(values.snake_case(str(name)), value)


def _official(row: Mapping[str, t.Any], author_level: int | None) -> bool | None:
    """Return whether the image is the vendor's; each list has its own field for that."""
    official = values.boolean(row.get("IsOfficial"))
    if official is not None:
        return official
    alias = values.text(row.get("ImageOwnerAlias"))
    if alias is not None:
        return alias == "Official"
    return None if author_level is None else author_level == 1


def _software(softwares: object) -> dict[str, t.Any]:
    fields = values.dictionary(softwares)
    found: dict[str, t.Any] = {key: values.common_text(fields.get(name)) for key, name in _SOFTWARE.items()}
    found["applications"] = values.common_texts(fields.get("Applications", fields.get("Application")))
    return found


def _software_ports(ports: object) -> list[dict[str, t.Any]]:
    rows = ports if isinstance(ports, list) else []
    return [
        {"software": values.text(row.get("Software")), "port": values.integer(row.get("Port"))}
        for row in rows
        if isinstance(row, dict)
    ]


def _zones(row: Mapping[str, t.Any]) -> list[str]:
    """Return the zones in which the image lies, its own first."""
    supported = row.get("ImageSupportZone")
    found = [row.get("Zone")]
    if isinstance(supported, list):
        found += [values.dictionary(zone).get("Zone") for zone in supported]
    return list(dict.fromkeys(values.common_texts(found)))
