# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What the event sources for ansible-rulebook share: their arguments, the client, polling, and what a fault does."""

from __future__ import annotations

import asyncio
import logging
import time
import typing as t
import weakref
from collections.abc import Mapping
from dataclasses import dataclass, field

from .._api.client import Client
from .._api.errors import CompShareError, OptionError
from .._api.options import CONNECTION_OPTIONS, check_known, connection_options
from .._api.values import inert

_Reading = t.TypeVar("_Reading")
_log = logging.getLogger("compshare.cloud")

#: What ansible-rulebook may add to the arguments of a source.
_ADDED = frozenset({"eda_feedback_queue"})
SHORTEST_INTERVAL = 5.0
#: After a fault, the next reading comes after the interval times a power of two, at most so many seconds.
LONGEST_PAUSE = 600.0


class Queue(t.Protocol):
    """Where events go."""

    async def put(self, event: dict[str, t.Any]) -> None:
        """Take an event."""


class Source(t.Protocol[_Reading]):
    """An event source: what it reads, and which events follow from that.

    C(name) is the name of the plugin, C(sharing) what two equal readings have in common, beside the connection.
    """

    name: str
    sharing: tuple[object, ...]

    def read(self, client: Client) -> _Reading:
        """Return what the API says now; raises CompShareError. Runs in a thread."""

    def events(self, reading: _Reading) -> list[dict[str, t.Any]]:
        """Return the events since the reading before."""


@dataclass
class _SharedReading:
    """One reading for all sources that want the same one at the same time."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    read_at: float = float("-inf")
    reading: t.Any = None


#: The readings of each event loop: however many rulesets use a source, the API is polled once an interval.
_shared: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, dict[tuple[object, ...], _SharedReading]] = (
    weakref.WeakKeyDictionary()
)


def check_arguments(args: Mapping[str, t.Any], *names: str) -> None:
    """Raise OptionError for an argument that is neither one of C(names) nor a connection option nor C(interval)."""
    check_known(set(args) - _ADDED, {*names, *CONNECTION_OPTIONS, "interval"}, "argument")


async def run_source(
    queue: Queue,
    args: Mapping[str, t.Any],
    source: Source[_Reading],
    *,
    interval: float,
    sleep: t.Callable[[float], t.Awaitable[object]] = asyncio.sleep,
    now: t.Callable[[], float] = time.monotonic,
) -> None:
    """Read again and again, every C(interval) seconds or as C(args) say, and put what happened into C(queue).

    A transient error is logged, and the next reading comes later; any other error is raised, which ends the source.
    Runs until it is cancelled.
    """
    client = Client.from_options(connection_options(args))
    interval = _interval(args, interval)
    key = (source.name, client.endpoint, client.credentials.public_key, client.scope, *source.sharing)
    faults = 0
    while True:
        try:
            reading = await _read(key, source, client, interval, now)
            for event in source.events(reading):
                await queue.put(inert(event))
            faults = 0
        except CompShareError as error:
            if not error.retryable:
                raise
            faults += 1
            _log.warning("%s: %s The next poll comes later.", source.name, error)
        await sleep(min(interval * 2**faults, max(interval, LONGEST_PAUSE)))


async def _read(
    key: tuple[object, ...], source: Source[_Reading], client: Client, interval: float, now: t.Callable[[], float]
) -> _Reading:
    shared = _shared.setdefault(asyncio.get_running_loop(), {}).setdefault(key, _SharedReading())
    async with shared.lock:
        if now() - shared.read_at >= interval / 2:
            shared.reading = await asyncio.to_thread(source.read, client)
            shared.read_at = now()
        return t.cast(_Reading, shared.reading)


def _interval(args: Mapping[str, t.Any], default: float) -> float:
    interval = args.get("interval", default)
    if isinstance(interval, bool) or not isinstance(interval, (int, float)) or not interval >= SHORTEST_INTERVAL:
        raise OptionError(f"interval must be {SHORTEST_INTERVAL:g} seconds or more.")
    return float(interval)


def texts(args: Mapping[str, t.Any], name: str) -> list[str] | None:
    """Return the list of texts in an argument, None if it is omitted; raises OptionError."""
    value = args.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or not value or not all(isinstance(item, (str, int)) for item in value):
        raise OptionError(f"{name} must be a list of at least one text.")
    return [str(item) for item in value]


def positive(args: Mapping[str, t.Any], name: str) -> float | None:
    """Return the number in an argument, None if it is omitted; raises OptionError unless it is more than 0."""
    value = args.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < float("inf"):
        raise OptionError(f"{name} must be a number above 0.")
    return float(value)
