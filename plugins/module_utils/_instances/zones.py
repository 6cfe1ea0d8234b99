# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Regions, zones and projects: where instances can be."""

from __future__ import annotations

import contextlib
import typing as t
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from .._api import values
from .._api.client import ZONES, Client, Scope
from .._api.errors import OptionError, RefusedError, ResponseError, Retry, printable
from .._api.pages import rows_of
from .._api.values import region_of

_PROJECTS = "GetProjectList"
#: Every key that a zone always has, in the order of the documentation.
ZONE_KEYS = ("zone", "region", "description", "pod", "unsupported_image_types", "zone_id", "region_id")
_KNOWN = frozenset(("Zone", "Region", "Describe", "IsPod", "UnsupportedImageTypes", "ZoneId", "RegionId"))


def normalise_zone(row: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the zone in a row of DescribeCompShareSupportZone, with ZONE_KEYS and then its other fields."""
    name = values.text(row.get("Zone"))
    zone: dict[str, t.Any] = {
        "zone": name,
        "region": values.text(row.get("Region")) or region_of(name),
        "description": values.text(row.get("Describe")),
        "pod": bool(values.boolean(row.get("IsPod"))),
        "unsupported_image_types": values.text_list(row.get("UnsupportedImageTypes")),
        "zone_id": values.integer(row.get("ZoneId")),
        "region_id": values.integer(row.get("RegionId")),
    }
    for key, value in row.items():
        if key not in _KNOWN:
            zone.setdefault(values.snake_case(str(key)), value)
    return zone


def list_zones(client: Client) -> list[dict[str, t.Any]]:
    """Return the zones that sell GPUs, in the API's order, each once.

    The list works without a region, as recorded. It is short and comes in one response. Raises the client's errors, and
    ResponseError if it is empty.
    """
    response = client.call(ZONES, {})
    rows = rows_of(ZONES, response, "ZoneInfo")
    zones = {zone["zone"]: zone for zone in map(normalise_zone, rows) if zone["zone"]}
    if not zones:
        raise ResponseError(
            f"The response to {ZONES} has no zone.", action=ZONES, hint="Run the task again.", retry=Retry.READ
        )
    return list(zones.values())


def zones_in(zones: Sequence[dict[str, t.Any]], scope: Scope) -> list[dict[str, t.Any]]:
    """Return the zones within the region and zone that the connection options set; all of them if they set none.

    Raises OptionError if there is no such region or zone, or the zone is in another region.
    """
    check_listed(zones, regions=[scope.region] if scope.region else [], zones=[scope.zone] if scope.zone else [])
    found = [zone for zone in zones if scope.region in (None, zone["region"]) and scope.zone in (None, zone["zone"])]
    if not found and scope.zone and scope.region:
        own = next(zone["region"] for zone in zones if zone["zone"] == scope.zone)
        raise OptionError(f"The zone {scope.zone} is in the region {own}, not in {scope.region}.")
    return found


def zones_named(zones: Sequence[dict[str, t.Any]], names: Sequence[str]) -> list[dict[str, t.Any]]:
    """Return the zones of these names, in this order; raises OptionError for a name that no zone has."""
    check_listed(zones, zones=names)
    by_name = {zone["zone"]: zone for zone in zones}
    return [by_name[name] for name in dict.fromkeys(names)]


def check_places(client: Client, *, regions: Iterable[str], zones: Iterable[str]) -> None:
    """Raise OptionError for a region or zone that the API does not list, with those that it lists."""
    try:
        listed = list_zones(client)
    except RefusedError:
        return  # an account that may not list zones can still use them
    check_listed(listed, regions=regions, zones=zones)


def check_listed(
    listed: Sequence[Mapping[str, t.Any]], *, regions: Iterable[str] = (), zones: Iterable[str] = ()
) -> None:
    """Raise OptionError for a region or zone that is not among C(listed), with those that are."""
    for kind, names in (("region", regions), ("zone", zones)):
        known = list(dict.fromkeys(zone[kind] for zone in listed if zone[kind]))
        unknown = [printable(name, 60) for name in names if name not in known]
        if unknown:
            raise OptionError(
                f"There is no {kind} {' or '.join(map(repr, unknown))}.",
                hint=f"There are: {', '.join(known) or 'none'}.",
            )


@contextlib.contextmanager
def explaining_places(client: Client, *, regions: Collection[str], zones: Collection[str]) -> Iterator[None]:
    """If the API refuses a region or zone, raise the error that lists those that exist."""
    try:
        yield
    except RefusedError as error:
        if error.names_parameter("Region") or error.names_parameter("Zone"):
            check_places(client, regions=regions, zones=zones)
        raise


def project_of(client: Client) -> str:
    """Return the project to work in: the configured one, else the account's default. Some actions demand it."""
    if client.scope.project_id:
        return client.scope.project_id
    rows = rows_of(_PROJECTS, client.call(_PROJECTS, {}), "ProjectSet")
    chosen = next((row for row in rows if values.boolean(row.get("IsDefault"))), rows[0] if rows else {})
    project = values.text(chosen.get("ProjectId"))
    if project is None:
        raise OptionError("The API shows no project of the account.", hint="Set project_id.")
    return project
