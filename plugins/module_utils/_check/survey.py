# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""The requests of the check, all read-only, and every response by a label.

Some requests need what others have found: an instance, an image, the end of a list. They are sent in three rounds, the
requests of one round in parallel.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from dataclasses import dataclass, field

from .._api import values
from .._api.client import PARALLEL, Client
from .._api.errors import CompShareError, RefusedError
from .._api.parallel import each_in_parallel
from .._images.filters import IMAGE_TYPES

INSTANCES = "DescribeCompShareInstance"
PLATFORM = "DescribeCompShareImages"
OWN = "DescribeCompShareCustomImages"
COMMUNITY = "DescribeCommunityImages"
PUBLISHED = "DescribeSelfCommunityImages"
PROGRESS = "GetCompShareImageCreateProgress"
MONITOR = "GetCompShareInstanceMonitor"
PRICE = "GetCompShareInstancePrice"
DISKS = "DescribeCompshareDisk"
#: Statuses of own images that stand in labels; a label is shown, so no other text of a response may.
_STATUSES = ("Making", "Available", "UnAvailable")
#: An id that no image and no instance has.
NO_IMAGE, NO_INSTANCE = "compshareImage-0check000000", "uhost-0check000000"
_ALL = {"Limit": 100, "Offset": 0}
#: Seconds for one request with its retries; the list of instances was seen to take most of a minute.
_PATIENCE, _SLOW = 15.0, 60.0
#: After so many requests without a readable response nothing more is sent.
_SILENT = 2


class Response(t.NamedTuple):
    """What came of a request: its RetCode (None: no readable response), and the body, empty unless the RetCode is 0."""

    ret_code: int | None
    body: Mapping[str, t.Any]

    def rows(self, *keys: str) -> list[dict[str, t.Any]]:
        """Return the rows of the first of the keys that has some."""
        return next((rows for key in keys if (rows := values.dictionaries(self.body.get(key)))), [])

    @property
    def total(self) -> int | None:
        """Return what the response says about the length of the whole list."""
        return values.integer(self.body.get("TotalCount", self.body.get("Total")))


class Request(t.NamedTuple):
    """A request to send. C(body_format) is C(form) or C(json)."""

    action: str
    params: Mapping[str, t.Any]
    body_format: str = "form"


@dataclass
class Survey:
    """Every response and every request, by label."""

    responses: dict[str, Response] = field(default_factory=dict)
    requests: dict[str, Request] = field(default_factory=dict)
    #: How many requests got no readable response, with all their retries.
    silent: int = 0

    def __getitem__(self, label: str) -> Response:
        """Return a response; one that says nothing if the request was not sent."""
        return self.responses.get(label, Response(None, {}))

    def has(self, label: str) -> bool:
        """Return whether a readable response came."""
        return self[label].ret_code is not None

    def send(self, client: Client, requests: Mapping[str, Request]) -> None:
        """Send requests in parallel, and keep what comes of them."""

        def send(request: Request) -> Response:
            if self.silent >= _SILENT:
                return Response(None, {})
            patience = _SLOW if request.action == INSTANCES else _PATIENCE
            deadline = client.clock.now() + patience
            try:
                body = client.call(request.action, request.params, body_format=request.body_format, deadline=deadline)
                return Response(0, body)
            except RefusedError as error:
                return Response(error.ret_code, {})
            except CompShareError:
                self.silent += 1
                return Response(None, {})

        self.requests.update(requests)
        self.responses.update(zip(requests, each_in_parallel(list(requests.values()), send, PARALLEL)))


def survey(client: Client) -> Survey:
    """Send all requests. Raises nothing that the API says: a refusal is a response."""
    found = Survey()
    # If this fails, nothing else works either, and its error says why.
    found.responses["zones"] = Response(0, client.call("DescribeCompShareSupportZone"))
    found.requests["zones"] = Request("DescribeCompShareSupportZone", {})
    found.send(client, _first_round(found))
    found.send(client, _second_round(found))
    found.send(client, _third_round(found))
    return found


def _first_round(found: Survey) -> dict[str, Request]:
    zones = found["zones"].rows("ZoneInfo")
    machines = [zone for zone in zones if not values.boolean(zone.get("IsPod"))] or zones or [{}]
    home = {"Region": machines[0].get("Region"), "Zone": machines[0].get("Zone")}
    region = {"Region": home["Region"]}
    pods = next((zone for zone in zones if values.boolean(zone.get("IsPod"))), {})
    limited = next((zone for zone in zones if values.text_list(zone.get("UnsupportedImageTypes"))), {})
    limited_type = next(iter(values.text_list(limited.get("UnsupportedImageTypes"))), None)
    requests = {
        "projects": Request("GetProjectList", {}),
        "balance": Request("GetBalance", {}),
        "types": Request("DescribeAvailableCompShareInstanceTypes", {**home, "InstanceType": "uhost"}),
        "inventory": Request("DescribeCompShareGpuInventory", {}),
        "inventory of pods": Request("DescribeCompShareGpuInventory", {"zone_id": pods.get("ZoneId")}),
        "instances": Request(INSTANCES, dict(_ALL)),
        "instances, empty Region": Request(INSTANCES, {"Region": "", **_ALL}),
        "instances, unknown id": Request(INSTANCES, {"UHostIds": [NO_INSTANCE], **_ALL}),
        "disks": Request(DISKS, dict(_ALL)),
        "own": Request(OWN, {**region, **_ALL}),
        "own, no Region": Request(OWN, dict(_ALL)),
        "own, Limit 1": Request(OWN, {**region, "Limit": 1, "Offset": 0}),
        "shared": Request("DescribeCompShareSharingImages", {**region, **_ALL}),
        "favorites": Request("DescribeFavoriteImages", {**region, **_ALL}),
        "platform, no ImageType": Request(PLATFORM, {**region, "Limit": 20, "Offset": 0}),
        "platform, Limit 101": Request(PLATFORM, {**region, "Limit": 101, "Offset": 0}),
        "platform, unknown ImageType": Request(PLATFORM, {**region, "ImageType": "NoSuchType", **_ALL}),
        "platform, unknown id": Request(PLATFORM, {**region, "CompShareImageId": NO_IMAGE}),
        "community": Request(COMMUNITY, {**region, "ExcludeReadme": True, **_ALL}),
        "community, free": Request(COMMUNITY, {**region, "ExcludeReadme": True, "IsFree": True, **_ALL}),
        "published": Request(PUBLISHED, {**region, "ExcludeReadme": True, **_ALL}),
        "progress of an unknown image": Request(PROGRESS, {**home, "CompShareImageId": NO_IMAGE}),
    }
    for image_type in IMAGE_TYPES:
        requests[f"platform, {image_type}"] = Request(PLATFORM, {**region, "ImageType": image_type, **_ALL})
    if limited_type:
        params = {"Region": limited.get("Region"), "Zone": limited.get("Zone"), "ImageType": limited_type, **_ALL}
        requests["platform, Zone"] = Request(PLATFORM, params)
    return requests


def _second_round(found: Survey) -> dict[str, Request]:
    requests: dict[str, Request] = {}
    region = found.requests["own"].params["Region"]
    home = {"Region": region, "Zone": found.requests["types"].params["Zone"]}
    instances = found["instances"].rows("UHostSet")
    if 0 < len(instances) < 100:
        requests["instances, end"] = Request(INSTANCES, {"Limit": 100, "Offset": len(instances)})
    systems = found["platform, System"].rows("ImageSet")
    if 0 < len(systems) < 100:
        end = {"ImageType": "System", "Limit": 100, "Offset": len(systems)}
        requests["platform, end"] = Request(PLATFORM, {"Region": region, **end})
    if systems:
        image = {"CompShareImageId": systems[0].get("CompShareImageId")}
        requests["progress of a platform image"] = Request(PROGRESS, {**home, **image})
        name = values.text(systems[0].get("Name")) or ""
        if name.swapcase() != name:
            params = {"Region": region, "ImageType": "System", "Name": name.swapcase(), **_ALL}
            requests["platform, Name in another case"] = Request(PLATFORM, params)
    size = _a_size(found)
    if size is not None:
        requests["price"] = Request(PRICE, {**home, **size})
        requests["price for a year"] = Request(PRICE, {**home, **size, "ChargeType": "Year"})
        capacity = {**home, "GpuType": size["GpuType"], "MachineType": "G"}
        requests["capacity"] = Request("CheckCompShareResourceCapacity", capacity)
    requests.update(_of_instances(instances))
    requests.update(_of_own_images(found, home))
    tag = next((tag for row in _versions(found["community"]) for tag in values.tags(row.get("Tags"))), None)
    if tag is not None:
        params = {"Region": region, "ExcludeReadme": True, "Tag": [tag], **_ALL}
        requests["community, Tag in JSON"] = Request(COMMUNITY, params, "json")
    if found["disks"].rows("DiskSet"):
        requests["disks, Limit 1"] = Request(DISKS, {"Limit": 1, "Offset": 0})
    return requests


def _of_instances(instances: list[dict[str, t.Any]]) -> dict[str, Request]:
    requests: dict[str, Request] = {}
    for row in instances:
        identity, state = values.text(row.get("UHostId")), values.text(row.get("State"))
        place = {"Region": row.get("Region"), "Zone": row.get("Zone")}
        if identity is None or state != "Running":
            continue
        kind = "a pod" if identity.startswith("cpod-") else "a machine"
        many = {**place, "UHostIds": [identity]}
        requests.setdefault(f"monitor of {kind}", Request(MONITOR, many, "json"))
        requests.setdefault(f"monitor of {kind}, form", Request(MONITOR, many))
    disks = [
        (row, disk)
        for row in instances
        for disk in values.dictionaries(row.get("DiskSet"))
        if not values.boolean(disk.get("IsBoot"))
    ]
    for row, disk in disks[:1]:
        params = {"UHostId": row.get("UHostId"), "DiskId": disk.get("DiskId"), "DiskSpace": disk.get("Size")}
        place = {"Region": row.get("Region"), "Zone": row.get("Zone")}
        requests["price of growing a disk"] = Request("GetCompShareAttachedDiskUpgradePrice", {**place, **params})
    for row in instances[:1]:
        place = {"Region": row.get("Region"), "Zone": row.get("Zone"), "UHostId": row.get("UHostId")}
        same = {"GPU": row.get("GPU"), "CPU": row.get("CPU"), "Memory": row.get("Memory")}
        requests["price of another size"] = Request("GetCompShareInstanceUpgradePrice", {**place, **same})
    return requests


def _of_own_images(found: Survey, home: Mapping[str, t.Any]) -> dict[str, Request]:
    requests: dict[str, Request] = {}
    zones = {values.text(zone.get("Zone")): zone for zone in found["zones"].rows("ZoneInfo")}
    for row in found["own"].rows("ImageSet"):
        zone = zones.get(values.text(row.get("Zone")), {})
        params = {
            "Region": zone.get("Region", home["Region"]),
            "Zone": row.get("Zone") or home["Zone"],
            "CompShareImageId": row.get("CompShareImageId"),
        }
        reported = values.text(row.get("Status"))
        status = reported if reported in _STATUSES else "another status"
        status = "container" if values.boolean(row.get("Container")) else status
        requests.setdefault(f"progress, {status}", Request(PROGRESS, params))
        requests.setdefault("accounts of a share", Request("DescribeCompShareImageShareAccounts", params))
        requests.setdefault(
            "progress of a copy",
            Request("DescribeCompShareCustomImageSyncDetail", {**params, "zone_id": zone.get("ZoneId")}),
        )
        other = next((one for one in zones.values() if one.get("Region") != params["Region"]), None)
        if other is not None:
            requests.setdefault("own, another Region", Request(OWN, {"Region": other.get("Region"), **_ALL}))
        owner = values.dictionary(row.get("Owner")).get("AccountId")
        if owner is not None:
            one = {"Region": home["Region"], "TargetTopOrganizationId": owner, "ExcludeReadme": True, **_ALL}
            requests.setdefault("community of one account", Request("DescribeUserCommunityImages", one))
    return requests


def _third_round(found: Survey) -> dict[str, Request]:
    """Read the rest of the community list: whether its total counts groups or versions shows only at its end."""
    first = found["community"].rows("CompshareImageGroup", "ImageSetGroup")
    total = found["community"].total or 0
    if len(first) < 100 or not 100 < total <= 1000:
        return {}
    params = found.requests["community"].params
    return {
        f"community, {offset}": Request(COMMUNITY, {**params, "Offset": offset}) for offset in range(100, total, 100)
    }


def _versions(response: Response) -> list[dict[str, t.Any]]:
    groups = response.rows("CompshareImageGroup", "ImageSetGroup")
    return [row for group in groups for row in values.dictionaries(group.get("Data"))] or response.rows("ImageSet")


def _a_size(found: Survey) -> dict[str, t.Any] | None:
    """Return a GPU type of the home zone with its first size, as the price is requested."""
    for row in found["types"].rows("AvailableInstanceTypes"):
        for machine in values.dictionaries(row.get("MachineSizes")):
            for pair in values.dictionaries(machine.get("Collection")):
                memory = pair.get("Memory")
                first = memory[0] if isinstance(memory, list) and memory else memory
                gigabytes = values.integer(first)
                if gigabytes is not None:
                    size = {"Gpu": machine.get("Gpu"), "Cpu": pair.get("Cpu"), "Memory": gigabytes * 1024}
                    return {"GpuType": row.get("Name"), **size, "Quantity": 1}
    return None
