"""The monitor: how busy instances are. Virtual machines have one shape and Pods another (relied on by clients)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .dice import Dice
from .errors import missing, unavailable
from .instance_store import Instance
from .params import Params
from .places import check_place, is_in
from .registry import Response, action

if TYPE_CHECKING:
    from .world import World

STEP = 60  # seconds between two points
LONGEST = 30 * 86400
MOST_POINTS = 1440
Points = list[dict[str, Any]]


@action("GetCompShareInstanceMonitor", required=("Region",), reads=True)
def monitor(world: World, params: Params) -> Response:
    """Points of each instance; without StartTime and EndTime the latest one. A list in a form is not understood."""
    region, zone = check_place(world, params)
    if not params.came_as_json and world.dialect.is_("monitor_body", "JSON"):
        raise missing("UHostIds")
    requested = params.texts("UHostIds")
    if not requested:
        raise missing("UHostIds")
    if len(requested) > int(world.dialect["monitor_batch"]):
        raise unavailable("UHostIds")
    moments = _moments(world, params)
    machines, pods = [], []
    for identifier in requested:
        instance = world.instances.all.get(identifier)
        if instance is None or not is_in(instance.zone, region, zone):
            raise unavailable("UHostIds")
        if instance.is_pod and world.dialect.is_("pod_monitor", "a list of metrics"):
            row = _machine(world, instance, moments)
            pods.append({"PodId": row.pop("UHostId"), **row})
        elif instance.is_pod:
            pods.append(_pod(world, instance, moments))
        else:
            machines.append(_machine(world, instance, moments))
    return {"Data": {"List": machines or None, "PodList": pods or None}}


def _moments(world: World, params: Params) -> list[int]:
    now = int(world.clock.now())
    start, end = params.integer("StartTime"), params.integer("EndTime")
    if start is None and end is None:
        return [now // STEP * STEP]
    # A client whose clock the world outruns requests its own last minutes, and means the world's.
    ahead = int(world.clock.now() - world.clock.client_now())
    end = (int(world.clock.client_now()) if end is None else end) + ahead
    start = end - STEP if start is None else start + ahead
    if not 0 < end - start <= LONGEST:
        raise unavailable("StartTime")
    step = max(STEP, (end - start) // MOST_POINTS // STEP * STEP)
    return list(range(-(-start // step) * step, min(end, now) + 1, step))


def _measure(world: World, instance: Instance, moments: list[int]) -> Callable[[str, int], Points]:
    """Points of one metric. Nothing is measured while an instance does not run."""
    rules = world.scenario.instances.usage
    usage = {**rules.get(str(instance.row["Name"]), {}), **rules.get(instance.identifier, {}), **instance.usage}
    running = instance.state == "Running"
    since = int(instance.row["StartTime"])

    def points(metric: str, device: int = 0) -> Points:
        values = []
        for moment in moments:
            if running and moment >= since:
                dice = Dice(world.scenario.seed, 44, moment // STEP, device)
                value = usage[metric] if metric in usage else round(30 + 60 * dice.share(), 2)
                values.append({"Timestamp": moment, "Value": float(value)})
        return values

    return points


def _machine(world: World, instance: Instance, moments: list[int]) -> dict[str, Any]:
    points = _measure(world, instance, moments)
    cards = [(card, {"gpu_bus_id": f"00:{3 + card:02x}.0"}) for card in range(int(instance.row["GPU"]))]
    data = [entry for entry in instance.row["DiskSet"] or [] if entry["IsBoot"] != "True"]

    def metric(key: str, kind: str, places: list[tuple[int, dict[str, str]]]) -> dict[str, Any]:
        results = [
            {"ResourceId": instance.identifier, "TagMap": tags, "Values": points(kind, device)}
            for device, tags in places
        ]
        return {"MetricKey": key, "Results": results}

    whole: list[tuple[int, dict[str, str]]] = [(0, {})]
    return {
        "UHostId": instance.identifier,
        "Metrics": [
            metric("uhost_cpu_used", "cpu", whole),
            metric("cloudwatch_memory_usage", "memory", whole),
            metric("cloudwatch_sys_disk_used_per", "disk", [(0, {"mount": "/"})]),
            metric("cloudwatch_data_disk_used_per", "disk", [(1, {"disk": one["Drive"]}) for one in data]),
            metric("cloudwatch_gpu_util", "gpu", cards),
            metric("cloudwatch_gpu_memory_usage", "vram", cards),
        ],
    }


def _pod(world: World, instance: Instance, moments: list[int]) -> dict[str, Any]:
    points = _measure(world, instance, moments)
    cards = range(int(instance.row["GPU"]))
    return {
        "PodId": instance.identifier,
        "Metrics": {
            "Cpu": points("cpu", 0),
            "Memory": points("memory", 0),
            "SysDiskUsed": points("disk", 0),
            "Gpu": [{"Util": points("gpu", card), "Memory": points("vram", card)} for card in cards],
        },
    }
