"""Run public modules and plugins in this process, as Ansible runs them, with a clock of the test's own.

A module is run by its main(), with arguments as Ansible hands them over, and its result is read from what it prints. So
arguments are validated, secrets censored and results built as for users; only the Python process is saved.
"""

from __future__ import annotations

import importlib
import io
import json
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

from ansible.errors import AnsibleError
from ansible.inventory.data import InventoryData
from ansible.module_utils import basic
from ansible.module_utils.common import warnings as module_warnings
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import inventory_loader, lookup_loader

from ansible_collections.compshare.cloud.plugins.module_utils._api import client as client_module
from ansible_collections.compshare.cloud.plugins.module_utils._api.clock import Clock
from ansible_collections.compshare.cloud.plugins.module_utils._api.transport import HttpResponse, Transport
from ansible_collections.compshare.cloud.tests.simulator.world import World

MODULES = "ansible_collections.compshare.cloud.plugins.modules"


@dataclass
class Outcome:
    """How a run ended: ``result`` is what a module prints; a plugin that returned has ``{"value": …}``.

    ``seconds`` passed on the test's clock. ``printed`` is everything that went to standard output, standard error and
    the system's log.
    """

    failed: bool
    message: str
    result: dict[str, Any]
    seconds: float = 0.0
    printed: str = ""
    warnings: list[str] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        return bool(self.result.get("changed"))


class WorldClock(Clock):
    """The client's view of the clock of a world that stands still: who sleeps moves it, and a request takes no time.

    With C(stretch), that many seconds pass for the client in a real second of a request: where responses are late on
    purpose, minutes take fractions of a second.
    """

    def __init__(self, world: World, stretch: float = 0.0) -> None:
        self._world = world
        self.stretch = stretch

    def now(self) -> float:
        return self._world.clock.now()

    def epoch(self) -> float:
        return self._world.clock.now()

    def sleep(self, seconds: float) -> None:
        if seconds > 0:
            self._world.advance(seconds)


class FreeClock(Clock):
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.time = 1000.0

    def now(self) -> float:
        return self.time

    def epoch(self) -> float:
        return 1_790_000_000 + self.time

    def sleep(self, seconds: float) -> None:
        self.time += max(0.0, seconds)


@contextmanager
def client_settings(clock: Clock, transport: object = None) -> Iterator[None]:
    """Let every client that is created meanwhile use this clock, jitter that is always the same, and this transport."""
    dice = random.Random
    given = _StretchedTransport if transport is None else lambda *_args, **_settings: transport
    with (
        mock.patch.object(client_module, "Clock", return_value=clock),
        mock.patch.object(random, "Random", lambda seed=1: dice(seed)),
        mock.patch.object(client_module, "Transport", given),
    ):
        yield


class _StretchedTransport(Transport):
    """Divides time-outs by the clock's stretch, and moves the clock by the real time of a request times that."""

    def __init__(self, api_url: str, *, clock: Clock, **settings: Any) -> None:
        self._stretch = getattr(clock, "stretch", 0.0)
        self._client_clock = clock
        # Whether a body comes too slowly is a matter of real time.
        super().__init__(api_url, clock=Clock(), **settings)

    def post(self, body: Mapping[str, str] | bytes, timeout: float) -> HttpResponse:
        if not self._stretch:
            return super().post(body, timeout)
        started = time.monotonic()
        try:
            return super().post(body, timeout / self._stretch)
        finally:
            self._client_clock.sleep(self._stretch * (time.monotonic() - started))


def run_module(
    name: str,
    options: Mapping[str, Any],
    *,
    clock: Clock,
    transport: object = None,
    check_mode: bool = False,
) -> Outcome:
    """Run a module; an exception of any kind that leaves it is raised here, so that the test fails."""
    module = importlib.import_module(f"{MODULES}.{name}")
    arguments = {**options, "_ansible_check_mode": check_mode, "_ansible_diff": True}
    before = clock.now()
    with client_settings(clock, transport), _module_process(arguments) as streams:
        _expect_exit(module.main)
    printed = streams[0].getvalue()
    result: dict[str, Any] = json.loads(printed)
    return Outcome(
        failed=bool(result.get("failed")),
        message=str(result.get("msg", "")),
        result=result,
        seconds=clock.now() - before,
        printed=printed + streams[1].getvalue(),
        warnings=[str(warning) for warning in result.get("warnings", [])],
    )


def _expect_exit(main: Callable[[], None]) -> None:
    try:
        main()
    except SystemExit:
        return
    raise AssertionError("the module ended without a result")


@contextmanager
def _module_process(arguments: Mapping[str, Any]) -> Iterator[tuple[io.StringIO, io.StringIO]]:
    """Let this process look to a module like its own; yields what it writes to standard output, and elsewhere."""
    streams = io.StringIO(), io.StringIO()
    encoded = json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode()
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)}
    with (
        mock.patch.object(basic, "_ANSIBLE_ARGS", encoded),
        mock.patch.object(basic, "_ANSIBLE_PROFILE", "legacy", create=True),
        mock.patch.object(module_warnings, "_global_warnings", type(module_warnings._global_warnings)()),
        mock.patch.object(module_warnings, "_global_deprecations", type(module_warnings._global_deprecations)()),
        # Otherwise ansible-core 2.19 shows the warnings of a module that runs in the controller's process as its own.
        mock.patch.object(getattr(module_warnings, "_internal", basic), "is_controller", False, create=True),
        mock.patch.object(sys, "stdin", io.StringIO()),
        mock.patch("syslog.syslog", lambda _level, text: streams[1].write(text)),
        redirect_stdout(streams[0]),
        redirect_stderr(streams[1]),
    ):
        try:
            yield streams
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)


def run_lookup(terms: list[str], options: Mapping[str, Any], *, clock: Clock, transport: object = None) -> Outcome:
    """Run the image lookup."""
    plugin = lookup_loader.get("compshare.cloud.compshare_image")
    return _run_plugin(lambda: plugin.run(list(terms), {}, **options), clock, transport)


def run_inventory(path: Path, *, clock: Clock, transport: object = None, cache: bool = False) -> Outcome:
    """Parse an inventory file; the value is ``{host: variables}``, and ``groups`` holds each group's hosts."""

    def parse() -> dict[str, Any]:
        plugin = inventory_loader.get("compshare.cloud.compshare")
        inventory = InventoryData()
        if not plugin.verify_file(str(path)):
            raise AnsibleError("the inventory plugin does not know this file")
        plugin.parse(inventory, DataLoader(), str(path), cache=cache)
        if cache:
            plugin.update_cache_if_changed()
        return {
            "hosts": {name: dict(host.vars) for name, host in inventory.hosts.items()},
            "groups": {name: sorted(host.name for host in group.hosts) for name, group in inventory.groups.items()},
        }

    return _run_plugin(parse, clock, transport)


def _run_plugin(work: Callable[[], Any], clock: Clock, transport: object) -> Outcome:
    before, streams = clock.now(), io.StringIO()
    outcome = Outcome(failed=False, message="", result={})
    with client_settings(clock, transport), redirect_stdout(streams), redirect_stderr(streams):
        try:
            outcome.result = {"value": work()}
        except AnsibleError as error:
            outcome.failed, outcome.message = True, str(error)
    outcome.seconds, outcome.printed = clock.now() - before, streams.getvalue()
    return outcome
