"""From a request to a response: whose it is, may it, what does it need, and what comes of it."""

from __future__ import annotations

import time
import uuid
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from . import (
    account,
    builds,
    community,
    disks,
    image_copies,
    image_lists,
    image_writes,
    instance_create,
    instance_reads,
    instance_writes,
    market,
    monitor,
    pod_ports,
)
from .dice import Dice
from .errors import ApiError, missing
from .fault_rules import FaultRule
from .odd_types import mix_types
from .params import Params
from .registry import ACTIONS, Action
from .wire import WireRequest
from .world import World

# Naming the modules here is what registers their actions.
ACTION_MODULES = (
    account,
    builds,
    community,
    disks,
    image_copies,
    image_lists,
    image_writes,
    instance_create,
    instance_reads,
    instance_writes,
    market,
    monitor,
    pod_ports,
)
MOST_SKEW = 300  # seconds
_HIDDEN = ("Password", "SecurityToken")


@dataclass
class Exchange:
    """One request on its way through: filled in step by step, and kept as an entry of the world's log."""

    wire: WireRequest
    request_id: str
    world: World | None = None
    fault: FaultRule | None = None
    limited: bool = False
    entry: dict[str, Any] | None = None

    @property
    def only_reads(self) -> bool:
        return self.wire.action in ACTIONS and ACTIONS[self.wire.action].reads

    def carry_out(self) -> dict[str, Any]:
        """Carry the action out and return the response with its envelope."""
        assert self.world is not None
        response = _response(self.world, self.wire)
        if self.entry is not None:
            self.entry.update(ret_code=int(response["RetCode"]), carried_out=True)
        return response


def receive(worlds: Mapping[str, World], wire: WireRequest) -> tuple[Exchange, dict[str, Any] | None]:
    """Check who sends it. Returns the exchange, and the response when the request is refused at the door."""
    exchange = Exchange(wire, str(uuid.uuid4()))
    try:
        exchange.world = _authenticate(worlds, wire)
    except ApiError as error:
        known = worlds.get(wire.public_key)
        if known is not None:
            _log(known, exchange, ret_code=error.ret_code)
        return exchange, _refusal(wire.action, error)
    world = exchange.world
    with world.lock:
        exchange.fault = world.limit.refusal()
        exchange.limited = exchange.fault is not None
        if not exchange.limited:
            exchange.fault = world.faults.strike(wire.action, wire.flat)
        _log(world, exchange, ret_code=None)
    return exchange, None


def refusal(wire: WireRequest, ret_code: int, message: str) -> dict[str, Any]:
    return _refusal(wire.action, ApiError(ret_code, message))


def _authenticate(worlds: Mapping[str, World], wire: WireRequest) -> World:
    if not wire.action:
        raise ApiError(160, "Missing Action")
    if wire.action not in ACTIONS:
        raise ApiError(161, f"Action {wire.action} does not exist")
    if not wire.signature:
        raise ApiError(170, "Missing Signature")
    world = worlds.get(wire.public_key)
    if world is None:
        raise ApiError(172, "User does not exist")
    if not wire.is_signed_with(world.private_key):
        raise ApiError(171, "Signature VerifyAC Error")
    if wire.timestamp is not None and world.dialect.is_("timestamp", "checked") and _is_off(wire.timestamp):
        raise ApiError(171, "Signature VerifyAC Error")
    return world


def _is_off(timestamp: str) -> bool:
    """Whether the client's clock, in milliseconds, and the real one are far apart."""
    return not timestamp.isdecimal() or abs(int(timestamp) / 1000 - time.time()) > MOST_SKEW


def _response(world: World, wire: WireRequest) -> dict[str, Any]:
    known = ACTIONS[wire.action]
    params = Params(wire.flat, came_as_json=wire.is_json)
    with world.lock:
        world.clock.settle()
        try:
            _check_account(world, known, params)
            for name in known.required:
                if params.text(name) is None and not params.has_list(name):
                    raise missing(name)
            body = known.run(world, params)
        except ApiError as error:
            return _refusal(wire.action, error)
        if world.scenario.types == "mixed":
            body = mix_types(body, Dice(world.scenario.seed, 0xD1CF, _number_of(wire)))
    return {"Action": known.responds_as, "RetCode": 0, **body}


def _number_of(wire: WireRequest) -> int:
    """A number for the parameters of a request: equal requests have the same types, in whatever order they come."""
    requested = sorted((name, value) for name, value in wire.flat.items() if name not in ("Signature", "PublicKey"))
    return zlib.crc32(repr(requested).encode())


def _check_account(world: World, known: Action, params: Params) -> None:
    account, permissions = world.scenario.account, world.scenario.permissions
    if account.security_token is not None and params.text("SecurityToken") != account.security_token:
        raise ApiError(174, "Token does not exist")
    allowed = any(fnmatchcase(known.name, pattern) for pattern in permissions.allow)
    if not allowed or any(fnmatchcase(known.name, pattern) for pattern in permissions.deny):
        raise ApiError(299, "IAM permission denied")
    project = params.text("ProjectId")
    if project is not None and project not in account.projects:
        raise ApiError(292, "Project does not exist")


def _refusal(action: str, error: ApiError) -> dict[str, Any]:
    return {"Action": f"{action}Response", "RetCode": error.ret_code, "Message": error.message}


def _log(world: World, exchange: Exchange, ret_code: int | None) -> None:
    """Note the request. ``carried_out`` says whether the action itself ran, ``ret_code`` what it responded."""
    flat = exchange.wire.flat
    exchange.entry = {
        "number": world.next_request_number(),
        "action": exchange.wire.action,
        "params": {
            name: "***" if name in _HIDDEN else value
            for name, value in flat.items()
            if name not in ("Signature", "PublicKey", "Action")
        },
        "time": world.clock.now(),
        "real_time": time.time(),
        "ret_code": ret_code,
        "carried_out": False,
        "reads": exchange.only_reads,
        "fault": "limit" if exchange.limited else exchange.fault.kind if exchange.fault else None,
        "request_id": exchange.request_id,
    }
    world.log.append(exchange.entry)
