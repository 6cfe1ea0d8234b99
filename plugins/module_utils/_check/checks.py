# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What the responses of the check say about each point that the API's sources leave open, or contradict."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence

from .._api import values
from .survey import Response, Survey


class Check(t.NamedTuple):
    """A check, what the collection assumes, and how to see what holds: None if the account has nothing to see."""

    key: str
    text: str
    assumed: str
    look: t.Callable[[Survey], str | None]


class Finding(t.NamedTuple):
    """A check with what was seen; C(observed) is None if nothing could be seen."""

    key: str
    text: str
    assumed: str
    observed: str | None

    @property
    def holds(self) -> bool:
        """Return whether the API does what the collection assumes."""
        return self.observed == self.assumed


_GROUPS = ("CompshareImageGroup", "ImageSetGroup")
_LISTS = (*_GROUPS, "ImageSet")


def look(found: Survey) -> list[Finding]:
    """Return a finding for each check."""
    return [Finding(one.key, one.text, one.assumed, one.look(found)) for one in CHECKS]


def _code(label: str, *, served: str = "accepted") -> t.Callable[[Survey], str | None]:
    """Return a look at the RetCode of a request."""

    def look_at(found: Survey) -> str | None:
        code = found[label].ret_code
        return None if code is None else served if code == 0 else f"RetCode {code}"

    return look_at


def _end_of_a_list(found: Survey) -> str | None:
    codes = [found[label].ret_code for label in ("instances, end", "platform, end") if found.has(label)]
    if not codes:
        return None
    return "an empty page" if set(codes) == {0} else f"RetCode {max(code or 0 for code in codes)}"


def _own_total(found: Survey) -> str | None:
    whole, one = found["own"].rows("ImageSet"), found["own, Limit 1"]
    if len(whole) < 2 or one.total is None:
        return None
    return "the page" if one.total == len(one.rows("ImageSet")) else "the list"


def _own_place(found: Survey) -> str | None:
    here, there = found["own"], found["own, another Region"]
    if not here.rows("ImageSet") or there.ret_code != 0:
        return None
    ids = [
        {values.text(row.get("CompShareImageId")) for row in response.rows("ImageSet")} for response in (here, there)
    ]
    return "not filtered" if ids[0] == ids[1] else "filtered"


def _group_total(found: Survey) -> str | None:
    labels = [
        "community",
        *(label for label in found.responses if label.startswith("community, ") and label[-1] == "0"),
    ]
    groups = [group for label in labels for group in found[label].rows(*_GROUPS)]
    versions = sum(len(values.dictionaries(group.get("Data"))) for group in groups)
    total = found["community"].total
    if total is None or len(groups) == versions or total not in (len(groups), versions):
        return None
    return "groups" if total == len(groups) else "versions"


def _shape(*labels: str) -> t.Callable[[Survey], str | None]:
    def look_at(found: Survey) -> str | None:
        keys = [key for label in labels for key in _LISTS if found[label].rows(key)]
        return keys[0] if keys else None

    return look_at


def _free_filter(found: Survey) -> str | None:
    every, free = (_prices(found[label]) for label in ("community", "community, free"))
    if not free or not any(every):
        return None
    return "ignored" if any(free) else "honoured"


def _prices(response: Response) -> list[float]:
    groups = response.rows(*_GROUPS)
    rows = [row for group in groups for row in values.dictionaries(group.get("Data"))] or response.rows("ImageSet")
    return [values.number(row.get("Price")) or 0 for row in rows]


def _tag_in_json(found: Survey) -> str | None:
    every, tagged = found["community"], found["community, Tag in JSON"]
    if tagged.ret_code != 0 or every.total is None or tagged.total is None:
        return None
    return "ignored" if tagged.total == every.total else "honoured"


def _zone_filter(found: Survey) -> str | None:
    narrowed = found["platform, Zone"]
    if narrowed.ret_code != 0:
        return None
    image_type = found.requests["platform, Zone"].params["ImageType"]
    every = found[f"platform, {image_type}"]
    return None if not every.total else "ignored" if narrowed.total == every.total else "filtered"


def _image_types(found: Survey) -> str | None:
    filled = [name for name in ("System", "App", "Game", "Other") if found[f"platform, {name}"].rows("ImageSet")]
    return ", ".join(filled) or None


def _by_type(found: Survey) -> str | None:
    response = found["platform, no ImageType"]
    rows = response.rows("ImageSet")
    if response.ret_code != 0 or len(rows) < 20:
        return None
    return "each type by itself" if len(rows) > 20 else "all types together"


def _name_case(found: Survey) -> str | None:
    response = found["platform, Name in another case"]
    if response.ret_code != 0:
        return None
    return "matters" if not response.rows("ImageSet") else "does not matter"


def _progress(label: str) -> t.Callable[[Survey], str | None]:
    def look_at(found: Survey) -> str | None:
        response = found[label]
        if response.ret_code is None:
            return None
        process = values.number(response.body.get("Process"))
        return f"RetCode {response.ret_code}" if response.ret_code else "null" if process is None else "a number"

    return look_at


def _progress_types(found: Survey) -> str | None:
    types = [
        value
        for label, response in found.responses.items()
        if label.startswith("progress, ")
        for value in (response.body.get("TotalDuration"), response.body.get("RemainingDuration"))
        if value is not None
    ]
    return None if not types else "text" if any(isinstance(value, str) for value in types) else "numbers"


def _inventory_key(found: Survey) -> str | None:
    keys = [key for key in ("GpuInventory", "GpuInventoryByZone") if found["inventory"].body.get(key)]
    return " and ".join(keys) or None


def _inventory_type(found: Survey) -> str | None:
    body = found["inventory"].body
    value = body.get("GpuInventory") or body.get("GpuInventoryByZone")
    return None if not value else "text" if isinstance(value, str) else "an object"


def _sold_out(found: Survey) -> str | None:
    words = {values.text(row.get("Status")) or "" for row in found["types"].rows("AvailableInstanceTypes")}
    return next((word for word in ("SoldOut", "Soldout") if word in words), None)


def _price_key(found: Survey) -> str | None:
    return next((key for key in ("PriceDetails", "PriceDetail") if found["price"].rows(key)), None)


def _instances(found: Survey) -> list[dict[str, t.Any]]:
    return found["instances"].rows("UHostSet")


def _pod_addresses(found: Survey) -> str | None:
    pods = [row for row in _instances(found) if (values.text(row.get("UHostId")) or "").startswith("cpod-")]
    if not pods:
        return None
    return "filled" if any(values.dictionaries(row.get("IPSet")) for row in pods) else "empty"


def _no_gpu_sign(found: Survey) -> str | None:
    for row in _instances(found):
        if values.integer(row.get("GPU")) == 0:
            signs = [name for name in ("WithoutGpuSpec", "SrcInstanceConfig") if row.get(name)]
            signs += ["MachineType"] if row.get("MachineType") == "O" else []
            return ", ".join(sorted(signs)) or "none of the known ones"
    return None


def _stop_time(found: Survey) -> str | None:
    stopped = [row for row in _instances(found) if row.get("State") == "Stopped"]
    if not stopped:
        return None
    return "when it stopped" if any(values.number(row.get("StopTime")) for row in stopped) else "something else"


def _schedule_key(found: Survey) -> str | None:
    keys = {key for row in _instances(found) for key in row}
    return next((key for key in ("SchedulerStopTime", "StopSchedulerTime") if key in keys), None)


def _disk_pages(found: Survey) -> str | None:
    if len(found["disks"].rows("DiskSet")) < 2 or found["disks, Limit 1"].ret_code != 0:
        return None
    return "pages" if len(found["disks, Limit 1"].rows("DiskSet")) == 1 else "everything at once"


def _monitor_body(found: Survey) -> str | None:
    for kind in ("a machine", "a pod"):
        if found[f"monitor of {kind}"].ret_code == 0 and found.has(f"monitor of {kind}, form"):
            return "JSON only" if found[f"monitor of {kind}, form"].ret_code else "JSON or a form"
    return None


def _pod_monitor(found: Survey) -> str | None:
    data = values.dictionary(found["monitor of a pod"].body.get("Data"))
    metrics = [row.get("Metrics") for row in values.dictionaries(data.get("PodList"))]
    return None if not metrics else "one object" if isinstance(metrics[0], Mapping) else "a list of metrics"


CHECKS: Sequence[Check] = (
    Check("offset_past_end", "What does a list return at an Offset at its end?", "an empty page", _end_of_a_list),
    Check("empty_region", "Is an empty Region the same as none?", "accepted", _code("instances, empty Region")),
    Check("list_region", "Does a list of images need a Region?", "accepted", _code("own, no Region")),
    Check("limit", "What does a Limit over 100 give?", "RetCode 230", _code("platform, Limit 101")),
    Check("own_total", "What does TotalCount of the own images count?", "the page", _own_total),
    Check("own_place", "Does Region filter the own images?", "not filtered", _own_place),
    Check("group_total", "What does TotalCount of the community list count?", "groups", _group_total),
    Check("community_shape", "Where are the community images?", "CompshareImageGroup", _shape("community")),
    Check(
        "published_shape",
        "Where are the published images?",
        "CompshareImageGroup",
        _shape("published", "community of one account"),
    ),
    Check("community_filters", "Does IsFree filter the community list?", "honoured", _free_filter),
    Check("community_tags", "Does Tag in a JSON body filter the community list?", "ignored", _tag_in_json),
    Check("platform_zone", "Does Zone filter the platform images?", "ignored", _zone_filter),
    Check("image_types", "Which types do platform images have?", "System, App, Game, Other", _image_types),
    Check("types_paged", "What does a page without ImageType hold?", "each type by itself", _by_type),
    Check("name_case", "Does case matter in Name?", "matters", _name_case),
    Check(
        "unknown_image_type",
        "What does an ImageType give that does not exist?",
        "RetCode 230",
        _code("platform, unknown ImageType", served="an empty page"),
    ),
    Check(
        "unknown_image",
        "What does the id of an image give that does not exist?",
        "RetCode 230",
        _code("platform, unknown id", served="an empty page"),
    ),
    Check(
        "unknown_instance",
        "What does the id of an instance give that does not exist?",
        "an empty page",
        _code("instances, unknown id", served="an empty page"),
    ),
    Check("favorites_list", "Is the list of favorites served?", "RetCode 161", _code("favorites")),
    Check("progress_start", "What is the progress of a build at first?", "a number", _progress("progress, Making")),
    Check("progress_end", "What is the progress after the end?", "a number", _progress("progress, Available")),
    Check("progress_failed", "What is the progress of a failed build?", "a number", _progress("progress, UnAvailable")),
    Check(
        "progress_unknown",
        "What is the progress of an unknown image?",
        "RetCode 230",
        _progress("progress of an unknown image"),
    ),
    Check(
        "progress_platform",
        "What is the progress of a platform image?",
        "RetCode 230",
        _progress("progress of a platform image"),
    ),
    Check(
        "progress_container",
        "What is the progress of a container image?",
        "RetCode 8433",
        _progress("progress, container"),
    ),
    Check("progress_types", "Of which type are the durations of a build?", "numbers", _progress_types),
    Check("inventory_key", "Where are the GPUs in stock counted?", "GpuInventory", _inventory_key),
    Check("inventory_type", "Of which type are the counts?", "an object", _inventory_type),
    Check("sold_out", "How is a GPU type without stock written?", "SoldOut", _sold_out),
    Check("price_key", "Where are the prices?", "PriceDetails", _price_key),
    Check("year", "Is there a price for a year?", "accepted", _code("price for a year")),
    Check("pod_addresses", "What is in the IPSet of a pod?", "filled", _pod_addresses),
    Check("no_gpu_sign", "What shows that an instance runs without its GPU?", "WithoutGpuSpec", _no_gpu_sign),
    Check("stop_time", "What is StopTime of a stopped instance?", "when it stopped", _stop_time),
    Check("schedule_key", "Where is the planned stop?", "SchedulerStopTime", _schedule_key),
    Check("disk_pages", "How are disks listed?", "pages", _disk_pages),
    Check("monitor_body", "Which body does the monitor take?", "JSON only", _monitor_body),
    Check("pod_monitor", "Which shape has the monitor of a pod?", "one object", _pod_monitor),
    Check("balance", "Is the balance served?", "accepted", _code("balance")),
    Check("image_copy", "Is the progress of copies served?", "RetCode 230", _code("progress of a copy")),
)
