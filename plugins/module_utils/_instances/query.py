# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Finding instances, and the regions and zones that they can be in. One implementation for modules and inventory."""

from __future__ import annotations

import contextlib
import typing as t
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

from .._api import values
from .._api.client import ZONES, Client, Scope
from .._api.errors import OptionError, RefusedError, ResponseError, Retry, printable
from .._api.pages import PAGE_SIZE, Listing, rows_of
from .._api.retcodes import GONE_CODES
from .._api.values import epoch_seconds, region_of
from .model import STATES, Instance, describe, normalise_instance
from .times import parse_time

ACTION = "DescribeCompShareInstance"
KINDS = ("vm", "container", "pod")
CHARGE_TYPES = ("Postpay", "Dynamic", "Day", "Month", "Year", "Spot")
#: Every key that a zone always has, in the order of the documentation.
ZONE_KEYS = ("zone", "region", "description", "pod", "unsupported_image_types", "zone_id", "region_id")
_KNOWN_OF_ZONE = frozenset(("Zone", "Region", "Describe", "IsPod", "UnsupportedImageTypes", "ZoneId", "RegionId"))


@dataclass(frozen=True)
class InstanceQuery:
    """The filters; the fields are the options of compshare_instance_info, None for those that are omitted."""

    instance_ids: Sequence[str] | None = None
    name: str | None = None
    states: Sequence[str] | None = None
    tag: str | None = None
    kind: str | None = None
    gpu_type: str | None = None
    charge_type: str | None = None
    image_id: str | None = None
    released_before: str | None = None
    include_secrets: bool = False

    @classmethod
    def from_options(cls, options: Mapping[str, t.Any]) -> InstanceQuery:
        """Return the query in a module's options; raises OptionError for a time that is none."""
        given = {field.name: options.get(field.name) for field in fields(cls)}
        query = cls(**{name: value for name, value in given.items() if value is not None})
        if query.released_before is not None:
            parse_time("released_before", query.released_before)
        return query


def read_rows(
    client: Client, *, regions: Sequence[str] = (), ids: Sequence[str] | None = None, zone: str | None = None
) -> list[dict[str, t.Any]]:
    """Return the API's rows of all instances, whole or an error; those of C(regions) or with C(ids) if given.

    Without a region the API lists every one, as recorded. A zone is sent only together with its region, since
    the vendor's client does so, too. C(UHostIds) was recorded to work, yet clients met other rows in its response, so
    the caller compares ids. A client of the vendor met responses that were empty for a moment, so an empty list is
    believed only when it comes twice.
    """
    places: list[dict[str, t.Any]] = [{"Region": region, "Zone": zone} for region in dict.fromkeys(regions)] or [{}]
    chunks: list[dict[str, t.Any]] = [{}]
    if ids is not None:
        requested = list(dict.fromkeys(ids))
        chunks = [{"UHostIds": requested[start : start + PAGE_SIZE]} for start in range(0, len(requested), PAGE_SIZE)]
    listings = [Listing(ACTION, {**place, **chunk}, ("UHostSet",), "UHostId") for place in places for chunk in chunks]
    for _reading in range(2):
        rows = [row for found in client.read_all(listings) for row in found]
        if rows:
            return rows
    return []


def read_by_id(client: Client, ids: Sequence[str], *, strict: bool = False) -> dict[str, Instance]:
    """Return the instances of these ids that the API shows at the moment. One may be missing that exists.

    The vendor's clients expect other instances in the response than those requested. One that is missing from such
    a response may stand on a later page, so the whole list is read then, and if the API refuses an id as unknown. With
    C(strict), that refusal is raised (C(is_unknown_id())).
    """
    rows: list[dict[str, t.Any]] = []
    try:
        for start in range(0, len(ids), PAGE_SIZE):
            params = {"UHostIds": list(ids[start : start + PAGE_SIZE]), "Limit": PAGE_SIZE, "Offset": 0}
            rows += rows_of(ACTION, client.call(ACTION, params), "UHostSet")
        listed = {values.text(row.get("UHostId")) for row in rows}
        whole = not (listed - set(ids) and set(ids) - listed)
    except RefusedError as error:
        if strict or not is_unknown_id(error):
            raise
        whole = False
    if not whole:
        rows = read_rows(client)
    instances = (normalise_instance(row) for row in rows)
    return {instance["id"]: instance for instance in instances if instance["id"] in ids}


def find_instances(client: Client, query: InstanceQuery) -> list[dict[str, t.Any]]:
    """Return the instances that match, in the order of name and id: all of them or an error, never a part of a list.

    The client's region and zone narrow it; without them every region is read.
    """
    scope = client.scope
    regions, zones = ([scope.region] if scope.region else []), ([scope.zone] if scope.zone else [])
    with explaining_places(client, regions=regions, zones=zones):
        rows = read_rows(client, regions=regions, ids=query.instance_ids, zone=scope.zone)
    instances = [normalise_instance(row, include_secrets=query.include_secrets) for row in rows]
    instances = [instance for instance in instances if scope.zone in (None, instance["zone"])]
    if not instances and (regions or zones):
        check_places(client, regions=regions, zones=zones)
    released_before = None
    if query.released_before is not None:
        released_before = parse_time("released_before", query.released_before).from_now(client.clock.epoch())
    return ordered(
        [
            instance
            for instance in instances
            if matches(instance, query) and (released_before is None or _is_released_before(instance, released_before))
        ]
    )


def _is_released_before(instance: Mapping[str, t.Any], moment: float) -> bool:
    released_at = epoch_seconds(instance["release_time"])
    return released_at is not None and released_at < moment


def ordered(instances: list[dict[str, t.Any]]) -> list[dict[str, t.Any]]:
    """Return instances in a fixed order, by name and id; the API keeps none."""
    return sorted(instances, key=lambda instance: (instance["name"] or "", instance["id"] or ""))


def matches(instance: Mapping[str, t.Any], query: InstanceQuery) -> bool:
    """Return whether an instance matches the query. What the API does not say matches no filter on it."""
    return all(
        (
            query.instance_ids is None or instance["id"] in query.instance_ids,
            query.name is None or instance["name"] == query.name,
            query.tag is None or instance["tag"] == query.tag,
            query.kind is None or instance["kind"] == query.kind,
            query.image_id is None or instance["image_id"] == query.image_id,
            query.states is None or any(_same(state, instance["state"]) for state in query.states),
            query.gpu_type is None or _same(query.gpu_type, instance["gpu_type"]),
            query.charge_type is None or _same(query.charge_type, instance["charge_type"]),
        )
    )


def unknown_states(instances: Sequence[Mapping[str, t.Any]], states: Sequence[str] | None) -> str | None:
    """Return a warning where no instance is ever, as far as is known, in one of C(states); None otherwise."""
    known = sorted({*STATES, *(instance["state"] for instance in instances if instance["state"])})
    unknown = [printable(state, 40) for state in states or () if not any(_same(state, each) for each in known)]
    if not unknown:
        return None
    return f"No instance is ever in the state {' or '.join(map(repr, unknown))}. States are: {', '.join(known)}."


def _same(requested: str, value: str | None) -> bool:
    return value is not None and requested.strip().casefold() == value.casefold()


def named(rows: Iterable[Mapping[str, t.Any]], names: Collection[str]) -> list[Instance]:
    """Return the instances of these names; the API may send a name of digits as a number."""
    return [normalise_instance(row) for row in rows if values.text(row.get("Name")) in names]


def one_named(instances: Sequence[Mapping[str, t.Any]], name: str) -> Mapping[str, t.Any] | None:
    """Return the only instance of exactly this name, None if there is none; raises OptionError for several."""
    found = [instance for instance in instances if instance["name"] == name]
    if len(found) > 1:
        listed = ", ".join(describe(instance) for instance in found[:10])
        more = f" and {len(found) - 10} more" if len(found) > 10 else ""
        raise OptionError(
            f"{len(found)} instances are named {printable(name)!r}: {listed}{more}.",
            hint="Set instance_id to select one, or rename the others.",
        )
    return found[0] if found else None


def is_unknown_id(error: RefusedError) -> bool:
    """Return whether a refusal says that there is no instance of an id."""
    return error.ret_code in GONE_CODES or error.names_parameter("UHostId") or error.names_parameter("UHostIds")


# --- Regions and zones ---


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
        if key not in _KNOWN_OF_ZONE:
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


def zone_of(client: Client, instance: Mapping[str, t.Any]) -> dict[str, t.Any] | None:
    """Return the zone that an instance is in, None if the API does not list it."""
    return next((zone for zone in list_zones(client) if zone["zone"] == instance["zone"]), None)


def requested_zones(client: Client, names: Sequence[str] | None) -> list[dict[str, t.Any]]:
    """Return the zones of these names, or if that is None, those within the connection options; raises OptionError."""
    zones = list_zones(client)
    return zones_in(zones, client.scope) if names is None else zones_named(zones, names)


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
