# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""How busy instances are: the monitor's responses for virtual machines and for pods, brought into one shape.

The action reads its parameters from a JSON body only. The vendor's client requests ten instances at a time. Pods were
met in two shapes: one object with a field for each metric, and a list of metrics as virtual machines have it.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping, Sequence

from .._api import values
from .._api.client import PARALLEL, Client
from .._api.errors import OptionError, ResponseError, printable
from .._api.pages import rows_of
from .._api.parallel import each_in_parallel
from .._task import Task
from .model import RUNNING, Instance
from .query import InstanceQuery, find_instances
from .times import parse_time

ACTION = "GetCompShareInstanceMonitor"
_BATCH = 10
_LONGEST = 30 * 86400
#: The metric of each name that the API was met with, without case.
_METRICS = {
    "uhost_cpu_used": "cpu",
    "cpuusagerate": "cpu",
    "cpu": "cpu",
    "cloudwatch_memory_usage": "memory",
    "memory": "memory",
    "cloudwatch_sys_disk_used_per": "system_disk",
    "sysdiskused": "system_disk",
    "cloudwatch_data_disk_used_per": "data_disk",
    "cloudwatch_gpu_util": "gpu",
    "gpuusagerate": "gpu",
    "cloudwatch_gpu_memory_usage": "gpu_memory",
    "cloudwatch_gpu_memory_used_per": "gpu_memory",
}
_FACTS = ("id", "name", "state", "spot", "start_time", "charge_type", "instance_price")
#: Values by time (epoch seconds).
Series = dict[int, float]
#: What an instance was measured: (metric, device) to values.
Measured = dict[tuple[str, str], Series]


def read_monitor(task: Task) -> dict[str, t.Any]:
    """Do what the options of compshare_instance_monitor_info say, and return its result; raises CompShareError."""
    options, client = task.options, task.client
    seconds = _period(options["period"])
    instances = _requested(client, options["instance_ids"], options["names"])
    end = int(client.clock.epoch())
    measured = _measure(client, instances, end - seconds, end)
    shown = [_entry(instance, measured.get(instance["id"], {}), options["include_points"]) for instance in instances]
    return {"instances": shown, "start_time": values.iso_time(end - seconds), "end_time": values.iso_time(end)}


def _period(text: str) -> int:
    seconds = parse_time("period", text).after
    if seconds is None or not 60 <= seconds <= _LONGEST:
        raise OptionError(f"period is {printable(text, 60)!r}; it must be a duration of one minute to 30 days.")
    return seconds


def _requested(client: Client, ids: Sequence[str] | None, names: Sequence[str] | None) -> list[Instance]:
    """Return the instances to read; raises OptionError for an id or a name that none has."""
    if ids is None and names is None:
        return find_instances(client, InstanceQuery(states=[RUNNING]))
    found = find_instances(client, InstanceQuery(instance_ids=ids))
    if names is not None:
        found = [instance for instance in found if instance["name"] in names]
    key = "id" if ids is not None else "name"
    missing = sorted(set(ids if ids is not None else names or ()) - {instance[key] for instance in found})
    if missing:
        raise OptionError(
            f"There is no instance {' or '.join(repr(printable(one, 80)) for one in missing)}.",
            hint="compshare_instance_info lists the existing ones.",
        )
    return found


def _measure(client: Client, instances: Sequence[Instance], start: int, end: int) -> dict[str, Measured]:
    by_place: dict[tuple[str, str], list[str]] = {}
    for instance in instances:
        by_place.setdefault((instance["region"], instance["zone"]), []).append(instance["id"])
    batches = [
        (place, ids[first : first + _BATCH]) for place, ids in by_place.items() for first in range(0, len(ids), _BATCH)
    ]

    def fetch(batch: tuple[tuple[str, str], list[str]]) -> dict[str, t.Any]:
        (region, zone), ids = batch
        params = {"Region": region, "Zone": zone, "UHostIds": ids, "StartTime": start, "EndTime": end}
        response = client.call(ACTION, params, body_format="json")
        data = response.get("Data")
        # What nothing is known of must not pass for idle.
        if "Data" not in response or not (data is None or isinstance(data, dict)):
            raise ResponseError(f"The response to {ACTION} has no Data.", action=ACTION, hint="Run the task again.")
        return data or {}

    measured: dict[str, Measured] = {}
    for data in each_in_parallel(batches, fetch, PARALLEL):
        for row in (*rows_of(ACTION, data, "List"), *rows_of(ACTION, data, "PodList")):
            identity = values.text(row.get("UHostId")) or values.text(row.get("PodId"))
            for metric, device, points in _readings(row.get("Metrics")):
                owner = identity or ""
                measured.setdefault(owner, {}).setdefault((metric, device), {}).update(_series(points))
    return measured


def _readings(metrics: object) -> t.Iterator[tuple[str, str, object]]:
    """Yield metric, device and points of each reading, whichever of the two shapes they have."""
    for entry in values.dictionaries(metrics):
        metric = _METRICS.get((values.text(entry.get("MetricKey")) or "").lower())
        for index, result in enumerate(values.dictionaries(entry.get("Results"))):
            tags = values.dictionary(result.get("TagMap"))
            device = next((values.text(tags[key]) for key in ("gpu_bus_id", "disk", "mount") if tags.get(key)), None)
            if metric is not None:
                yield metric, device or str(index), result.get("Values")
    for name, value in values.dictionary(metrics).items():
        if str(name).lower() == "gpu":
            for index, card in enumerate(values.dictionaries(value)):
                yield "gpu", str(index), card.get("Util")
                yield "gpu_memory", str(index), card.get("Memory")
        elif str(name).lower() in _METRICS:
            yield _METRICS[str(name).lower()], "0", value


def _series(points: object) -> Series:
    found: Series = {}
    for point in values.dictionaries(points):
        moment, value = values.integer(point.get("Timestamp")), values.number(point.get("Value"))
        if moment is not None and value is not None:
            found[moment] = float(value)
    return found


def _entry(instance: Instance, measured: Measured, include_points: bool) -> dict[str, t.Any]:
    def of(metric: str) -> dict[str, Series]:
        return {device: series for (name, device), series in sorted(measured.items()) if name == metric}

    def shown(series: Iterable[Series]) -> dict[str, t.Any]:
        return _summary(_busiest(series), include_points)

    gpus, memories = of("gpu"), of("gpu_memory")
    return {
        **{key: instance[key] for key in _FACTS},
        **{metric: shown(of(metric).values()) for metric in ("cpu", "memory", "system_disk", "gpu", "gpu_memory")},
        "gpus": [
            {"gpu": shown([gpus.get(device, {})]), "gpu_memory": shown([memories.get(device, {})])}
            for device in sorted({*gpus, *memories})
        ],
        "data_disks": [{"device": device, "used": shown([series])} for device, series in of("data_disk").items()],
    }


def _busiest(series: Iterable[Series]) -> Series:
    """Return one series for several devices: the highest value at each time."""
    found: Series = {}
    for one in series:
        for moment, value in one.items():
            found[moment] = max(value, found.get(moment, value))
    return dict(sorted(found.items()))


def _summary(series: Mapping[int, float], include_points: bool) -> dict[str, t.Any]:
    numbers = list(series.values())
    shown: dict[str, t.Any] = {
        "latest": values.number(numbers[-1]) if numbers else None,
        "average": values.number(round(sum(numbers) / len(numbers), 2)) if numbers else None,
        "maximum": values.number(max(numbers)) if numbers else None,
        "points": len(numbers),
    }
    if include_points:
        shown["series"] = [{"time": values.iso_time(moment), "value": value} for moment, value in series.items()]
    return shown
