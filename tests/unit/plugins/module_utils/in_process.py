"""The simulator without a network: requests go into a world directly, and its clock is the client's.

Waiting costs no time, so a thousand runs with faults take seconds. What the network adds is tested elsewhere.
"""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from ansible_collections.compshare.cloud.plugins.module_utils._api.client import Client, Scope
from ansible_collections.compshare.cloud.plugins.module_utils._api.clock import Clock
from ansible_collections.compshare.cloud.plugins.module_utils._api.credentials import Credentials
from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import TransportError
from ansible_collections.compshare.cloud.plugins.module_utils._api.transport import HttpResponse
from ansible_collections.compshare.cloud.plugins.module_utils._task import Task
from ansible_collections.compshare.cloud.tests.simulator.dialect import default_dialect
from ansible_collections.compshare.cloud.tests.simulator.dispatch import Exchange, receive, refusal
from ansible_collections.compshare.cloud.tests.simulator.scenario import Scenario
from ansible_collections.compshare.cloud.tests.simulator.wire import WireRequest, read_request
from ansible_collections.compshare.cloud.tests.simulator.world import World

#: Seconds that a request takes.
REQUEST_TIME = 0.1
_MODULES = Path(__file__).parents[4] / "plugins/modules"
_LISTS = ("ImageSet", "CompshareImageGroup", "UHostSet", "AccountSet")


def new_world(**settings: Any) -> World:
    """Return a world with these settings of a scenario, whose clock stands still."""
    defaults = {"speed": 0, "counts": {"platform": 10}, "dialect": default_dialect()}
    return World(Scenario.read({**defaults, **settings}))


class WorldClock(Clock):
    """The clock of a world that stands still until somebody sleeps."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.slept = 0.0

    def now(self) -> float:
        return self.world.clock.now()

    def epoch(self) -> float:
        return self.world.clock.now()

    def sleep(self, seconds: float) -> None:
        if seconds > 0:
            self.slept += seconds
            self.world.advance(seconds)


class WorldTransport:
    """Hands each request to a world, and does to the response what the world's faults say."""

    def __init__(self, clock: WorldClock) -> None:
        # Each world is an API of its own, for whatever is kept on this machine by address and account.
        self.url = f"http://127.0.0.1:1/{os.getpid()}-{id(clock.world):x}/"
        self._clock = clock
        self._world = clock.world

    def post(self, body: Mapping[str, str] | bytes, timeout: float) -> HttpResponse:
        self._clock.sleep(REQUEST_TIME)
        if isinstance(body, bytes):
            wire = read_request("POST", "", "application/json", body)
        else:
            wire = WireRequest(flat=dict(body), signed=dict(body))
        exchange, refused = receive({self._world.public_key: self._world}, wire)
        if refused is not None:
            return _response(refused, exchange)
        if exchange.fault is None:
            return _response(exchange.carry_out(), exchange)
        return self._with_fault(exchange, timeout)

    def _with_fault(self, exchange: Exchange, timeout: float) -> HttpResponse:
        rule = exchange.fault
        assert rule is not None
        if rule.kind == "slow":
            return self._slow(exchange, timeout)
        response = exchange.carry_out() if rule.takes_effect else {}
        if rule.kind in ("reset_before", "reset_after", "close_before", "close_after", "cut_off"):
            raise TransportError("the connection broke", reached=True)
        if rule.kind == "refuse":
            raise TransportError("127.0.0.1 cannot be reached", reached=False)
        if rule.kind == "http":
            retry_after = None if rule.retry_after is None else float(rule.retry_after)
            return HttpResponse(rule.status or 502, b"<html>", exchange.request_id, retry_after, None)
        if rule.kind == "ret_code":
            return _response(refusal(exchange.wire, rule.code, rule.message or "Injected"), exchange)
        body = json.dumps(response).encode()
        bodies = {
            "html": b"<html>",
            "raw": (rule.body or "").encode(),
            "truncated": body[: len(body) * 2 // 3],
            "empty": b"",
            "json_list": b"[" + body + b"]",
            "no_ret_code": json.dumps({key: value for key, value in response.items() if key != "RetCode"}).encode(),
            "null_list": json.dumps({**response, **{key: None for key in _LISTS if key in response}}).encode(),
            "string_list": json.dumps({**response, **{key: "text" for key in _LISTS if key in response}}).encode(),
        }
        return HttpResponse(200, bodies[rule.kind], exchange.request_id, None, None)

    def _slow(self, exchange: Exchange, timeout: float) -> HttpResponse:
        rule = exchange.fault
        assert rule is not None
        if rule.seconds < timeout:
            response = None if rule.late else exchange.carry_out()
            self._clock.sleep(rule.seconds)
            return _response(response or exchange.carry_out(), exchange)
        if rule.late:
            self._world.clock.after(rule.seconds, lambda: _carry_out(exchange))
        else:
            exchange.carry_out()
        self._clock.sleep(timeout)
        raise TransportError(f"no response came within {timeout:g} s", reached=True)


def _carry_out(exchange: Exchange) -> None:
    exchange.carry_out()


def _response(body: Mapping[str, Any], exchange: Exchange) -> HttpResponse:
    return HttpResponse(200, json.dumps(body).encode(), exchange.request_id, None, None)


class RecordedTask(Task):
    """A task against a world, which keeps what was reported to it."""

    warnings: list[str]
    events: list[dict[str, Any]]
    secrets: list[str]


def task_in(
    world: World,
    module: str,
    options: Mapping[str, Any],
    *,
    check_mode: bool = False,
    diff: bool = True,
    scope: Scope | None = None,
    transport: type[WorldTransport] = WorldTransport,
) -> RecordedTask:
    """Return a task of a module (C(compshare_image)) with these options and the defaults of the others."""
    clock = WorldClock(world)
    way: Any = transport(clock)
    credentials = Credentials(world.public_key, world.private_key)
    client = Client(way, credentials, scope=scope, clock=clock)
    task = RecordedTask(
        options={**default_options(module), **options}, check_mode=check_mode, diff=diff, _client=client
    )
    task.warnings, task.events, task.secrets = [], [], []
    task.warn, task.report = task.warnings.append, task.events.append
    task.register_secrets = task.secrets.extend
    return task


@functools.cache
def default_options(module: str) -> Mapping[str, Any]:
    """Return the options of a module as they are when none is given, as in its documentation."""
    text = (_MODULES / f"{module}.py").read_text(encoding="utf-8")
    documentation = yaml.safe_load(text.split('DOCUMENTATION = r"""', 1)[1].split('"""', 1)[0])
    return MappingProxyType({name: spec.get("default") for name, spec in documentation.get("options", {}).items()})


def writes(world: World) -> list[str]:
    """Return the actions of the requests so far that were sent to change something."""
    return [entry["action"] for entry in world.requests() if not entry["reads"]]


def instance_in(world: World, name: str) -> str:
    """Return the id of the instance of this name."""
    return next(one.identifier for one in world.instances.all.values() if one.row["Name"] == name)


def images_named(world: World, beginning: str) -> list[dict[str, Any]]:
    """Return the rows of the account's images whose name begins so, whether or not lists show them yet."""
    return [one.row for one in world.images.own.values() if str(one.row["Name"]).startswith(beginning)]
