"""What instance operations have in common: may they begin, and how states follow one another on the world's clock."""

from __future__ import annotations

import base64
import binascii
import re
import string
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from .errors import ApiError, unavailable
from .gpu_market import GPU_TYPES, legal_size
from .instance_store import Instance
from .params import Params

if TYPE_CHECKING:
    from .world import World

NAME_PATTERN = re.compile(r"[\w,.:\-]{1,63}")
INTERRUPTED = "Interrupted"
NOT_PREPAID = ("Postpay", "Dynamic", "Spot")
CHINA = 8 * 3600  # seconds before UTC
STEADY = frozenset({"Running", "Stopped", INTERRUPTED, "Install Fail", ""})
_CLASSES = (string.ascii_lowercase, string.ascii_uppercase, string.digits, "()`~!@#$%^&*-+=_|{}[]:;'<>,.?/")


def check_free(world: World, instance: Instance) -> None:
    """Refuse while an image is being built (8964) or another operation is under way (226609)."""
    if instance.state == "ImageMaking":
        raise ApiError(8964, "The instance is making an image")
    if instance.leaving or instance.state not in STEADY or instance.locked_until > world.clock.now():
        raise ApiError(226609, "Another operation is in progress")


def check_state(instance: Instance, *states: str, ret_code: int = 8905) -> None:
    if instance.state not in states:
        raise ApiError(ret_code, f"The state {instance.state} does not allow it")


def move(
    world: World, instance: Instance, steps: Iterable[tuple[float, str]], then: Callable[[], None] = lambda: None
) -> None:
    """Let an instance go through states, each after so many seconds more; ``then`` follows the last.

    A later move overtakes an earlier one. The first step may have no delay, and is taken at once.
    """
    instance.changes += 1
    this_move = instance.changes
    instance.locked_until = world.clock.now() + world.scenario.instances.lock_seconds
    moment = 0.0
    plan = list(steps)
    for place, (delay, state) in enumerate(plan):
        moment += delay

        def enter(state: str = state, last: bool = place == len(plan) - 1) -> None:
            if instance.changes == this_move:
                enter_state(world, instance, state)
                if last:
                    then()

        if moment:
            world.clock.after(moment, enter)
        else:
            enter()


def enter_state(world: World, instance: Instance, state: str) -> None:
    now = int(world.clock.now())
    instance.row.update(State=state, UpdateTime=now)
    if state == "Running":
        instance.row.update(StartTime=now, ReleaseTime=0)
        world.greet_later(instance)
    else:
        world.stop_greeting(instance)
    if state in ("Stopped", INTERRUPTED, "Install Fail"):
        instance.row.update(StopTime=now, SchedulerStopTime=0)
        world.stock.give_back(instance)
        plan_release(world, instance)


def plan_release(world: World, instance: Instance) -> None:
    """Let a stopped instance that is not prepaid be deleted at noon, in China, some days after it stopped."""
    row = instance.row
    if row["ChargeType"] not in NOT_PREPAID or instance.state not in ("Stopped", INTERRUPTED):
        return
    moment = row["StopTime"] + world.scenario.instances.release_days * 86400
    row["ReleaseTime"] = moment
    noon = (moment + CHINA) // 86400 * 86400 + 43200 - CHINA

    def due() -> None:
        if row["ReleaseTime"] == moment and instance.state in ("Stopped", INTERRUPTED):
            release(world, instance)

    world.clock.after(noon - world.clock.now(), due)


def release(world: World, instance: Instance) -> None:
    """Take an instance and its system disk out of the world, and its data disks where that was requested."""
    world.stop_greeting(instance)
    world.stock.give_back(instance)
    world.disks.let_go(instance, delete=instance.release_disks)
    world.instances.all.pop(instance.identifier, None)
    world.released[instance.identifier] = instance


def check_password(world: World, params: Params) -> str | None:
    """The base64 text of a new password, where given: 8 to 32 (or 30) characters of two classes at least, else 8314."""
    encoded = params.text("Password")
    if encoded is None:
        return None
    try:
        plain = base64.b64decode(encoded, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        raise unavailable("Password") from None
    classes = sum(any(one in members for one in plain) for members in _CLASSES)
    if (
        not 8 <= len(plain) <= int(world.dialect["password_length"])
        or classes < 2
        or any(one not in "".join(_CLASSES) for one in plain)
    ):
        raise ApiError(8314, "The password does not meet the rules")
    return encoded


def check_name(params: Params) -> str | None:
    name = params.text("Name")
    if name is not None and not NAME_PATTERN.fullmatch(name):
        raise unavailable("Name")
    return name


def requested_size(params: Params) -> tuple[str, int, int, int]:
    """GPU type, cards, CPUs and memory in GB of a request. Memory is sent in MB; less than 1024 of it is refused."""
    gpu_type = params.required("GpuType")
    if gpu_type not in GPU_TYPES:
        raise unavailable("GpuType")
    cards, cpus, memory = (any_case(params, name) for name in ("GPU", "CPU", "Memory"))
    return gpu_type, cards, cpus, memory_gb(memory)


def any_case(params: Params, name: str) -> int:
    """A required number that goes by ``GPU`` or ``Gpu``, ``CPU`` or ``Cpu`` (recorded)."""
    other = name.capitalize()
    return params.required_integer(other if params.text(other) is not None else name)


def memory_gb(memory_mb: int) -> int:
    if memory_mb <= 0 or memory_mb % 1024:
        raise unavailable("Memory")
    return memory_mb // 1024


def check_sold(world: World, zone: str, gpu_type: str, cards: int, cpus: int, memory: int) -> None:
    """The zone must sell the GPU, in this size. The message is misleading, as recorded."""
    if not world.stock.sells(zone, gpu_type) or not legal_size(gpu_type, cards, cpus, memory):
        raise ApiError(8333, "cpu memory ratio not in 2:1 - 1:12")
