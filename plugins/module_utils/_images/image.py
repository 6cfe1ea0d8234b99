# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""One image, the same dictionary wherever it comes from."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from .._api import values

#: How each key of an image is read: the API's field names, the first that holds something, and what it is.
_FIELDS: dict[str, tuple[tuple[str, ...], t.Callable[[object], t.Any]]] = {
    "id": (("CompShareImageId",), values.text),
    "name": (("Name",), values.text),
    "type": (("ImageType",), values.text),
    "status": (("Status",), values.text),
    "description": (("Description",), values.text),
    "author": (("Author",), values.text),
    "author_level": (("AuthInfo",), values.integer),
    "visibility": (("Visibility",), values.integer),
    "container": (("Container", "IsContainer"), values.boolean),
    "auto_start": (("AutoStart",), values.boolean),
    "tags": (("Tags",), values.tags),
    "supported_gpu_types": (("SupportedGpuTypes",), values.text_list),
    "size_mb": (("Size", "ActualSize", "ImageSize"), values.number),
    "price": (("Price",), values.number),
    "created_count": (("CreatedCount",), values.integer),
    "favorites_count": (("FavoritesCount",), values.integer),
    "use_hours": (("ImageUseTime",), values.number),
    "is_favorite": (("IsFavorite",), values.boolean),
    "group_id": (("GroupId",), values.text),
    "group_name": (("ImageName",), values.text),
    "version_name": (("VersionName",), values.text),
    "version_description": (("VersionDesc",), values.text),
    "cover_url": (("Cover",), values.text),
    "failed_reason": (("FailedReason",), values.text),
    "create_time": (("CreateTime",), values.iso_time),
    "publish_time": (("PubTime",), values.iso_time),
    "update_time": (("UpdateTime",), values.iso_time),
}
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
#: Fields of a row that the keys above are made of; every other one follows under its own name.
_KNOWN = frozenset(name for names, _read in _FIELDS.values() for name in names) | {
    "Owner",
    "IsOfficial",
    "ImageOwnerAlias",
    "Softwares",
    "SoftwarePorts",
    "Zone",
    "ImageSupportZone",
    "Readme",
}
#: Fields of a group that its versions have too, with a meaning of their own.
_GROUP_ONLY = frozenset({"Data", "ImageDesc", "Status"})


def normalise_image(
    row: Mapping[str, t.Any], *, source: str, group: Mapping[str, t.Any] | None = None, include_readme: bool = False
) -> dict[str, t.Any]:
    """Return the image in a row of any list, with IMAGE_KEYS and then the fields that have no key of ours.

    C(group) is the community group around the row; it gives what the row leaves out, such as the name. Times are ISO
    8601 in UTC, sizes MB, prices CNY per hour. Nothing in a row can raise: what is not of its kind is None.
    """
    around = {key: value for key, value in (group or {}).items() if key != "Data"}
    image: dict[str, t.Any] = dict.fromkeys(IMAGE_KEYS)
    for key, (names, read) in _FIELDS.items():
        image[key] = _first(read, [row.get(name) for name in names] + [around.get(name) for name in names])
    image["source"] = source
    image["name"] = image["name"] or image["group_name"]
    image["description"] = image["description"] or values.text(around.get("ImageDesc"))
    owner = values.dictionary(row.get("Owner"))
    image["owner_id"] = values.text(owner.get("AccountId"))
    image["owner_name"] = values.text(owner.get("AccountName"))
    image["official"] = _official(row, image["author_level"])
    image["software"] = _software(row.get("Softwares"))
    image["software_ports"] = _software_ports(row.get("SoftwarePorts"))
    image["zones"] = _zones(row)
    if include_readme:
        image["readme"] = values.text(row.get("Readme"))
    for name, value in (*row.items(), *((key, item) for key, item in around.items() if key not in _GROUP_ONLY)):
        if name not in _KNOWN:
            image.setdefault(values.snake_case(str(name)), value)
    return image


def _first(read: t.Callable[[object], t.Any], candidates: list[object]) -> t.Any:
    """Return the first candidate that says something, read; what an empty one reads as where none does."""
    for candidate in candidates:
        found = read(candidate)
        if found is not None and found != []:
            return found
    return read(None)


def _official(row: Mapping[str, t.Any], author_level: int | None) -> bool | None:
    """Tell whether the vendor made it; each list says so in a field of its own."""
    told = values.boolean(row.get("IsOfficial"))
    if told is not None:
        return told
    alias = values.text(row.get("ImageOwnerAlias"))
    if alias is not None:
        return alias == "Official"
    return None if author_level is None else author_level == 1


def _software(softwares: object) -> dict[str, t.Any]:
    told = values.dictionary(softwares)
    found: dict[str, t.Any] = {key: values.text(told.get(name)) for key, name in _SOFTWARE.items()}
    found["applications"] = values.text_list(told.get("Applications", told.get("Application")))
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
    found += [values.dictionary(zone).get("Zone") for zone in supported] if isinstance(supported, list) else []
    return list(dict.fromkeys(zone for zone in map(values.text, found) if zone))
