"""Simulators for the benchmarks, each a process of its own, and worlds in them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import certifi
import requests

from tests.tools.simulator import Simulator, running_simulator

LATENCY_MS = 25
REGION = "cn-wlcb"


@contextmanager
def simulator(*, tls: bool = False) -> Iterator[Simulator]:
    """Run a simulator whose clock stands still.

    With TLS, its certificate is trusted beside those that requests trusts anyway: to load all of them is what every
    client of the real API does.
    """
    options = ("--tls", "self-signed") if tls else ()
    with running_simulator(0, *options) as running, tempfile.NamedTemporaryFile("w", suffix=".pem") as trusted:
        if running.ca_path is not None:
            trusted.write(Path(certifi.where()).read_text() + Path(running.ca_path).read_text())
            trusted.flush()
        yield running if running.ca_path is None else replace(running, ca_path=trusted.name)


def new_world(running: Simulator, **scenario: Any) -> Simulator:
    """Make another account in a simulator; takes the scenario's settings."""
    response = requests.post(
        f"{running.url}/_simulator/worlds", json={"speed": 0, **scenario}, verify=running.ca_path or True, timeout=60
    )
    response.raise_for_status()
    return Simulator(**response.json(), ca_path=running.ca_path)


def log_of(world: Simulator) -> list[dict[str, Any]]:
    """The requests that a world has had since this was last asked."""
    address, query = f"{world.url}/_simulator/requests", {"public_key": world.public_key}
    response = requests.get(address, params=query, verify=world.ca_path or True, timeout=60)
    requests.delete(address, params=query, verify=world.ca_path or True, timeout=60)
    entries: list[dict[str, Any]] = response.json()["requests"]
    return entries


def requests_of(world: Simulator) -> int:
    """How many requests a world has had since this was last asked."""
    return len(log_of(world))
