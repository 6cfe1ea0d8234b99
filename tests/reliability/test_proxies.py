"""Writes behind a proxy that loses them: done once, or known to be not done; with old and new libraries for HTTP."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from ansible_collections.compshare.cloud.tests.reliability.operations import OPERATIONS, Operation, state_of
from ansible_collections.compshare.cloud.tests.reliability.public_runs import Outcome, WorldClock
from ansible_collections.compshare.cloud.tests.simulator.server import Simulator
from ansible_collections.compshare.cloud.tests.simulator.world import World
from tests.reliability.connect_proxy import (
    AFTER_FORWARD,
    BEFORE_FORWARD,
    BUSY,
    DROPPED,
    HANDSHAKE,
    HOST,
    NOTHING_SENT,
    ConnectProxy,
    Forward,
    tls_for_test_host,
    to_address,
)
from tests.reliability.oldest_http import oldest_http
from tests.tools.trees import ROOT

LOSSES = (BUSY, DROPPED, HANDSHAKE, BEFORE_FORWARD, AFTER_FORWARD)
WRITES = tuple(operation for operation in OPERATIONS if operation.writes)
#: What creates an object of its own each time, and is paid for.
ORDERS = (
    "CreateCompShareInstance",
    "CreateAndAttachCompshareDisk",
    "CreateCompShareCustomImage",
    "CopyCompShareCustomImage",
)
UNIT_TESTS = ROOT / "tests/unit/plugins/module_utils/_api"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "loss" not in metafunc.fixturenames:
        return
    all_of_it = metafunc.config.getoption("--long")
    pairs = [
        pytest.param(operation, loss, id=f"{operation.title}-{loss}")
        for row, operation in enumerate(WRITES)
        for column, loss in enumerate(LOSSES)
        # Whatever orders is in the short form, too; of the others, one loss each.
        if all_of_it or operation.goal.startswith(("create", "copy")) or row % len(LOSSES) == column
    ]
    metafunc.parametrize(("operation", "loss"), pairs)


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return tls_for_test_host(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def worlds(simulator: Simulator) -> Iterator[Any]:
    created: list[World] = []

    def make(operation: Operation) -> World:
        world = simulator.new_world(operation.settings())
        created.append(world)
        operation.prepare(world)
        return world

    yield make
    for world in created:
        simulator.drop_world(world)
    assert simulator.crashes == []


def touched_by(operation: Operation, state: dict[str, Any]) -> dict[str, Any]:
    """Return what an operation may change: while a review goes on for days, stopped instances reach their seventh."""
    about_images = operation.plugin.startswith("compshare_image")
    return {kind: found for kind, found in state.items() if not (about_images and kind == "instances")}


def run_behind(operation: Operation, world: World, proxy: ConnectProxy, certificate: Path) -> Outcome:
    options = {**operation.options_in(world), "api_url": f"https://{HOST}", "ca_path": str(certificate)}
    without = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        for name in os.environ.keys() - without.keys():
            patch.delenv(name)
        patch.setenv("HTTPS_PROXY", proxy.url)
        return operation.run(options, clock=WorldClock(world), folder=Path(folder))


def done(world: World) -> Counter[str]:
    """How often each write took effect."""
    return Counter(entry["action"] for entry in world.requests() if not entry["reads"] and entry["ret_code"] == 0)


def forward_to(world: World) -> Forward:
    address = urlsplit(world.url)
    return to_address(str(address.hostname), int(address.port or 80))


def healthy_run(operation: Operation, world: World, tls: Any) -> tuple[int, Mapping[str, int], Any]:
    """Return which request is the first write, what took effect, and the state after a run without losses."""
    context, certificate = tls
    with ConnectProxy(context, forward_to(world), single=True) as proxy:
        outcome = run_behind(operation, world, proxy, certificate)
    assert not outcome.failed, outcome.message
    entries = world.requests()
    first = next(number for number, entry in enumerate(entries, 1) if not entry["reads"])
    return first, done(world), state_of(world)


def test_a_write_that_a_proxy_loses_is_done_at_most_once(
    operation: Operation, loss: str, tls: Any, worlds: Any
) -> None:
    first, expected, after = healthy_run(operation, worlds(operation), tls)
    world = worlds(operation)
    before = state_of(world)
    context, certificate = tls
    with ConnectProxy(context, forward_to(world), fault=loss, strikes=first, single=True) as proxy:
        outcome = run_behind(operation, world, proxy, certificate)
    effects = done(world)
    assert not {action: effects[action] for action in ORDERS if effects[action] > expected[action]}
    if loss in NOTHING_SENT:
        assert not outcome.failed, outcome.message
    if not outcome.failed:
        assert touched_by(operation, state_of(world)) == touched_by(operation, after)
        assert effects == expected or operation.may_repeat or loss == AFTER_FORWARD
    elif loss == BEFORE_FORWARD:
        assert state_of(world) == before
    assert "through the proxy" in outcome.message or not outcome.failed


def test_the_oldest_libraries_behave_the_same() -> None:
    """urllib3 1.26 wraps any error of a proxied socket as one of the proxy."""
    if "OLDEST_HTTP" in os.environ:
        pytest.skip("these are the oldest")
    paths = [str(oldest_http()), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "OLDEST_HTTP": "1"}
    which = "import requests, urllib3; print(requests.__version__, urllib3.__version__)"
    reported = subprocess.run(
        [sys.executable, "-c", which], env=environment, check=True, capture_output=True, text=True
    )
    assert reported.stdout.split() == ["2.28.2", "1.26.20"]
    tests = [__file__, *(str(UNIT_TESTS / name) for name in ("test_transport.py", "test_http_session.py"))]
    command = [sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", *tests]
    ended = subprocess.run(command, env=environment, cwd=ROOT, check=False, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout[-5000:]
