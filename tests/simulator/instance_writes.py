"""Power, size, password, name, schedule and end of instances. Each responds at once and takes effect over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .builds import break_builds
from .disks import LARGEST_GB, refresh_price
from .errors import ApiError, unavailable
from .gpu_market import hourly_price, instance_price
from .instance_create import PREPAID_DAYS
from .instance_moves import (
    INTERRUPTED,
    check_free,
    check_name,
    check_password,
    check_sold,
    check_state,
    memory_gb,
    move,
    release,
)
from .instance_reads import instance_at
from .instance_store import Instance
from .params import Params
from .registry import Response, action

if TYPE_CHECKING:
    from .world import World

PLACE = ("Region", "Zone", "UHostId")
# CPUs, memory in MB and CNY an hour of an instance that is started without its GPU.
WITHOUT_GPU = {"A": (2, 4096, 0.13), "B": (8, 16384, 0.52)}
_SIZE_FIELDS = ("GPU", "CPU", "Memory", "InstancePrice")
IDLE = ("Stopped", INTERRUPTED)
LARGEST_BOOT_GB = 1000
SOONEST_STOP = 300


def _ready(world: World, params: Params, *states: str, ret_code: int = 8905) -> Instance:
    instance = instance_at(world, params)
    check_free(world, instance)
    check_state(instance, *states, ret_code=ret_code)
    return instance


@action("StartCompShareInstance", required=PLACE)
def start_instance(world: World, params: Params) -> Response:
    """Start. A WithoutGpu that is neither true nor false counts as absent: the paid GPU starts (recorded)."""
    instance = _ready(world, params, *IDLE)
    spec = params.text("WithoutGpuSpec") or ("A" if params.boolean("WithoutGpu") else None)
    if spec is not None and spec not in (("A",) if instance.is_pod else WITHOUT_GPU):
        raise unavailable("WithoutGpuSpec")
    if spec is None:
        cards = int((instance.full_size or instance.row)["GPU"])
        if not world.stock.has(instance.zone, instance.row["GpuType"], cards):
            code = int(world.dialect["start_without_stock"])
            texts = {8357: "The resource is sold out", 226604: "This GPU type is currently out of resources"}
            raise ApiError(code, texts[code])
        instance.row.update(instance.full_size)
        instance.without_gpu, instance.full_size = None, {}
        world.stock.take(instance, cards)
    else:
        _take_gpu_away(world, instance, spec)
    seconds = world.scenario.instances.start_seconds
    move(world, instance, [(0.0, "Starting"), (seconds, "Running")])
    return {"UHostId": instance.identifier}


def _take_gpu_away(world: World, instance: Instance, spec: str) -> None:
    if not instance.row["SupportWithoutGpuStart"] or instance.row["ChargeType"] not in ("Postpay", "Dynamic"):
        raise ApiError(8442, "Starting without GPU is not supported")
    others = (one for one in world.instances.all.values() if one is not instance)
    if any(one.without_gpu is not None and one.state != "Stopped" for one in others):
        raise ApiError(8445, "Only one instance without GPU is allowed")
    row = instance.row
    instance.full_size = instance.full_size or {key: row[key] for key in _SIZE_FIELDS}
    instance.without_gpu = spec
    row.update(zip(_SIZE_FIELDS, (0, *WITHOUT_GPU[spec])))


@action("StopCompShareInstance", required=PLACE)
def stop_instance(world: World, params: Params) -> Response:
    instance = instance_at(world, params)
    stuck = instance.state == "Initializing" and world.dialect.is_("stop_initializing", "accepted")
    if not stuck or instance.leaving:
        check_free(world, instance)
        check_state(instance, "Running")
    if instance.row["IsSpot"] and world.dialect.is_("spot_stop", "never"):
        raise ApiError(8905, "A spot instance cannot be stopped")
    if instance.row["IsSpot"] and not params.boolean("Force"):
        raise unavailable("Force")
    stop(world, instance)
    return {"UHostId": instance.identifier}


def stop(world: World, instance: Instance) -> None:
    move(world, instance, [(0.0, "Stopping"), (world.scenario.instances.stop_seconds, "Stopped")])


@action("RebootCompShareInstance", required=PLACE)
def reboot_instance(world: World, params: Params) -> Response:
    instance = _ready(world, params, "Running")
    move(world, instance, [(0.0, "Rebooting"), (world.scenario.instances.reboot_seconds, "Running")])
    return {"UHostId": instance.identifier}


@action("ResizeCompShareInstance", required=PLACE)
def resize_instance(world: World, params: Params) -> Response:
    """Change CPUs, memory and cards together, or let one disk grow. It stays stopped."""
    instance = _ready(world, params, "Stopped", ret_code=8010)
    spec = params.text("WithoutGpuSpec") or ("A" if params.boolean("WithoutGpu") else None)
    if spec is not None and world.dialect.is_("resize_without_gpu", "refused"):
        raise unavailable("WithoutGpu")
    if spec is not None:
        _take_gpu_away(world, instance, spec)
    elif params.text("DiskId") is not None:
        _grow_disk(instance, params)
    else:
        _change_size(world, instance, params)
    move(world, instance, [(0.0, "Resizing"), (world.scenario.instances.resize_seconds, "Stopped")])
    return {"UHostId": instance.identifier}


def _grow_disk(instance: Instance, params: Params) -> None:
    size = params.required_integer("DiskSpace")
    disk = next((one for one in instance.row["DiskSet"] if one["DiskId"] == params.text("DiskId")), None)
    if disk is None:
        raise unavailable("DiskId")
    if size <= disk["Size"]:
        raise ApiError(8107, "A disk cannot shrink")
    if size > (LARGEST_BOOT_GB if disk["IsBoot"] == "True" else LARGEST_GB):
        raise ApiError(8067, "The disk size is wrong")
    disk["Size"] = size
    refresh_price(instance)


def _change_size(world: World, instance: Instance, params: Params) -> None:
    row = instance.row
    cards, cpus, memory = _requested_size(instance, params)
    check_sold(world, instance.zone, row["GpuType"], cards, cpus, memory_gb(memory))
    if cards > row["GPU"] and not world.stock.has(instance.zone, row["GpuType"], cards):
        raise ApiError(8357, "The resource is sold out")
    price = hourly_price(row["GpuType"], cards, row["ChargeType"], world.scenario.instances.price_factor)
    row.update(CPU=cpus, Memory=memory, GPU=cards, InstancePrice=price)
    instance.without_gpu, instance.full_size = None, {}


def _requested_size(instance: Instance, params: Params) -> tuple[int, int, int]:
    """Cards, CPUs and memory in MB of a request; what it leaves out stays as it is."""
    size = {**instance.row, **instance.full_size}
    given = [params.integer(name) or params.integer(name.capitalize()) for name in ("GPU", "CPU", "Memory")]
    cards, cpus, memory = (one or int(size[name]) for one, name in zip(given, ("GPU", "CPU", "Memory")))
    return cards, cpus, memory


@action("GetCompShareInstanceUpgradePrice", required=PLACE, reads=True)
def upgrade_price(world: World, params: Params) -> Response:
    """What another size costs more, or less, for one charge."""
    instance = instance_at(world, params)
    cards, cpus, memory = _requested_size(instance, params)
    row, factor = instance.row, world.scenario.instances.price_factor
    check_sold(world, instance.zone, row["GpuType"], cards, cpus, memory_gb(memory))
    before = int({**row, **instance.full_size}["GPU"])
    new, old = (instance_price(row["GpuType"], count, row["ChargeType"], factor) for count in (cards, before))
    price = round(new - old, 4)
    return {"Price": price, "OriginalPrice": round(price * 1.25, 4), "ListPrice": round(price * 1.5, 4)}


@action("TerminateCompShareInstance", required=PLACE)
def terminate_instance(world: World, params: Params) -> Response:
    """Release an instance. It stays listed for some seconds."""
    instance = instance_at(world, params)
    if world.is_being_imaged(instance):
        if world.dialect.is_("terminate_while_making", "8964"):
            raise ApiError(8964, "The instance is making an image")
        break_builds(world, instance.identifier)
    elif world.dialect.is_("terminate_state", "stopped") or instance.leaving:
        check_free(world, instance)
        check_state(instance, *IDLE, "Install Fail", ret_code=8010)
    instance.leaving = True
    instance.changes += 1
    honoured = not instance.is_pod or world.dialect.is_("pod_disks", "honoured")
    instance.release_disks = bool(params.boolean("ReleaseUDisk")) and honoured

    world.clock.after(world.scenario.instances.terminate_seconds, lambda: release(world, instance))
    return {"UHostId": instance.identifier, "InRecycle": world.dialect["recycle"]}


@action("ResetCompShareInstancePassword", required=(*PLACE, "Password"), responds_as="ResetCompShareInstancePassword")
def reset_password(world: World, params: Params) -> Response:
    """A VM must be stopped. A container must run; a stopped one responds with 8433 (recorded)."""
    instance = instance_at(world, params)
    check_free(world, instance)
    if instance.is_container:
        states = ("Running", "Stopped") if world.dialect.is_("container_password", "accepted") else ("Running",)
        check_state(instance, *states, ret_code=8433)
    else:
        check_state(instance, "Stopped")
    instance.row["Password"] = check_password(world, params)
    return {"UHostId": instance.identifier}


@action("ModifyCompShareInstanceName", required=("Region", "UHostId", "Name"))
def modify_name(world: World, params: Params) -> Response:
    instance = instance_at(world, params)
    instance.row["Name"] = check_name(params)
    return {"UHostId": instance.identifier}


@action("UpdateCompShareStopScheduler", required=("ProjectId", *PLACE, "SchedulerStopTime"))
def update_stop_scheduler(world: World, params: Params) -> Response:
    """Stop a running instance later; five minutes from now at the earliest.

    Where the world runs faster than the client's clock, what is left of the client's time passes in the world's.
    """
    instance = instance_at(world, params)
    if world.dialect.is_("schedule_early", "refused") or instance.state in ("Stopped", "Install Fail"):
        check_state(instance, "Running")
    moment = params.required_integer("SchedulerStopTime")
    delay = moment - world.clock.client_now()
    if delay < SOONEST_STOP or instance.row["IsSpot"]:
        raise unavailable("SchedulerStopTime")
    instance.row["SchedulerStopTime"] = moment

    def due() -> None:
        if instance.row["SchedulerStopTime"] == moment and instance.state == "Running":
            stop(world, instance)

    world.clock.after(delay, due)
    return {"UHostId": instance.identifier}


@action("DeleteCompShareStopScheduler", required=("ProjectId", "Region", "UHostId"))
def delete_stop_scheduler(world: World, params: Params) -> Response:
    instance = instance_at(world, params)
    instance.row["SchedulerStopTime"] = 0
    return {"UHostId": instance.identifier}


@action("SwitchChargeType", required=(*PLACE, "DestChargeType"))
def switch_charge_type(world: World, params: Params) -> Response:
    """From Postpay to another way of paying."""
    instance = _ready(world, params, "Running")
    requested = params.required("DestChargeType")
    destinations = ("Dynamic", "Day", "Month", *(("Year",) if world.dialect.is_("year", "sold") else ()))
    if requested not in destinations or instance.is_pod:
        raise unavailable("DestChargeType")
    if instance.row["ChargeType"] != "Postpay":
        raise ApiError(8116, "The charge type is not allowed")
    if not instance.row["GPU"]:
        raise ApiError(8905, "An instance without GPU cannot change its charge type")
    price = hourly_price(instance.row["GpuType"], instance.row["GPU"], requested, world.scenario.instances.price_factor)
    instance.row.update(ChargeType=requested, InstancePrice=price)
    if requested in PREPAID_DAYS:
        expires = int(world.clock.now()) + PREPAID_DAYS[requested] * 86400
        instance.row.update(ExpireTime=expires, AutoRenew="Yes")
    return {"UHostId": instance.identifier}
