"""Faults that a request may meet, and accidents around it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.client import Client
from ansible_collections.compshare.cloud.plugins.module_utils._pending import PendingOrder

from .in_process import WorldTransport

#: Responses that say nothing.
UNREADABLE: list[dict[str, Any]] = [
    {"kind": "html"},
    {"kind": "truncated"},
    {"kind": "cut_off"},
    {"kind": "empty"},
    {"kind": "json_list"},
    {"kind": "no_ret_code"},
]
#: Faults of a request that changes something, of which the client cannot know whether the action was carried out.
UNKNOWN: list[dict[str, Any]] = [
    {"kind": "reset_before"},
    {"kind": "close_before"},
    {"kind": "slow", "seconds": 90},
    {"kind": "slow", "seconds": 65, "late": True},
    {"kind": "http", "status": 500},
    {"kind": "http", "status": 502},
    {"kind": "http", "status": 503, "retry_after": 1},
    {"kind": "http", "status": 504},
    *UNREADABLE,
    {"kind": "ret_code", "code": 110},
    {"kind": "ret_code", "code": 130},
    {"kind": "ret_code", "code": 150},
    {"kind": "ret_code", "code": 8438},
]
#: Faults of such a request that say that nothing was done, and are over after a while.
PASSING: list[dict[str, Any]] = [
    {"kind": "refuse", "count": 2},
    {"kind": "http", "status": 429, "count": 2},
    {"kind": "http", "status": 429, "retry_after": 7, "count": 1},
    {"kind": "ret_code", "code": 153, "count": 2},
    {"kind": "ret_code", "code": 8441, "count": 2},
    {"kind": "ret_code", "code": 226619, "count": 2},
    {"kind": "ret_code", "code": 226609, "count": 4},
    {"kind": "ret_code", "code": 8964, "count": 4},
    {"kind": "ret_code", "code": 8903, "count": 4},
]


def fault_name(fault: dict[str, Any]) -> str:
    return "-".join(str(value) for value in fault.values())


def random_faults(
    rng: random.Random, lasting: Sequence[dict[str, Any]], actions: Sequence[str]
) -> list[dict[str, Any]]:
    """Return faults on any of C(actions), reads and writes alike, that stop after some time."""
    faults = []
    for _number in range(rng.randint(1, 4)):
        fault = {**rng.choice([*UNKNOWN, *PASSING, *lasting])}
        if fault in UNKNOWN and fault["kind"] != "slow":
            fault["effect"] = rng.choice([True, False])
        fault["action"] = rng.choice(actions)
        fault["share"] = rng.choice([0.1, 0.3, 0.6, 1.0])
        fault["count"] = rng.randint(1, 6)
        faults.append(fault)
    return faults


class Killed(BaseException):
    """The end of a process that gets no chance to do anything more, as by SIGKILL."""


def kill_once_at(
    monkeypatch: pytest.MonkeyPatch,
    action: str,
    *,
    effect: bool,
    transport: type[WorldTransport] = WorldTransport,
) -> None:
    """Kill the first task that sends C(action); C(effect) is whether the request is carried out."""
    post, killed = transport.post, list[bool]()

    def kill_once(self: WorldTransport, fields: Any, timeout: float) -> Any:
        if fields["Action"] != action or killed:
            return post(self, fields, timeout)
        killed.append(True)
        if effect:
            post(self, fields, timeout)
        raise Killed

    monkeypatch.setattr(transport, "post", kill_once)


def interrupt_at(
    monkeypatch: pytest.MonkeyPatch, action: str, *, when: Callable[[], object] = lambda: True, after: bool = False
) -> None:
    """Interrupt a task that sends C(action) if C(when) returns something true; C(after): once it was carried out."""
    post = WorldTransport.post

    def interrupted(self: WorldTransport, fields: Any, timeout: float) -> Any:
        due = fields["Action"] == action and when()
        if not due or after:
            response = post(self, fields, timeout)
        if due:
            raise KeyboardInterrupt
        return response

    monkeypatch.setattr(WorldTransport, "post", interrupted)


def respond_without_id(monkeypatch: pytest.MonkeyPatch, action: str) -> None:
    """Respond to each C(action) with RetCode 0 and nothing else."""
    post = WorldTransport.post

    def without_id(self: WorldTransport, fields: Any, timeout: float) -> Any:
        response = post(self, fields, timeout)
        return response._replace(body=b'{"RetCode": 0}') if fields["Action"] == action else response

    monkeypatch.setattr(WorldTransport, "post", without_id)


def run_on_two_machines(monkeypatch: pytest.MonkeyPatch, create: ModuleType) -> None:
    """Let tasks that create something with this module not wait for each other, as on two machines."""

    @contextmanager
    def no_lock(client: Client, kind: str, name: str, **_options: Any) -> Iterator[PendingOrder]:
        yield PendingOrder(client, kind, name, -1)

    monkeypatch.setattr(create, "order_lock", no_lock)
