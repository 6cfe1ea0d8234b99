"""Simulators for the benchmarks, each a process of its own, and worlds in them."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import certifi
import requests

from tests.tools.trees import ROOT

LATENCY_MS = 25
REGION = "cn-wlcb"


@dataclass(frozen=True)
class Simulator:
    """An account in a running simulator; ``ca_path`` is the certificate to trust if it serves https."""

    url: str
    public_key: str
    private_key: str
    ca_path: str | None = None

    @property
    def environment(self) -> dict[str, str]:
        """The variables that point the collection at this account."""
        variables = {
            "COMPSHARE_API_URL": self.url,
            "COMPSHARE_PUBLIC_KEY": self.public_key,
            "COMPSHARE_PRIVATE_KEY": self.private_key,
        }
        return {**variables, "COMPSHARE_CA_PATH": self.ca_path} if self.ca_path else variables


@contextmanager
def simulator(*, tls: bool = False) -> Iterator[Simulator]:
    """Run a simulator whose clock stands still.

    With TLS, its certificate is trusted beside those that requests trusts anyway: to load all of them is what every
    client of the real API does.
    """
    command = [sys.executable, "-m", "tests.simulator", "--speed", "0", *(["--tls", "self-signed"] if tls else [])]
    with (
        tempfile.NamedTemporaryFile("w", suffix=".pem") as trusted,
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as process,
    ):
        assert process.stdout is not None
        try:
            running = Simulator(**json.loads(process.stdout.readline()))
            if running.ca_path is not None:
                trusted.write(Path(certifi.where()).read_text() + Path(running.ca_path).read_text())
                trusted.flush()
            yield running if running.ca_path is None else replace(running, ca_path=trusted.name)
        finally:
            process.terminate()


def new_world(running: Simulator, **scenario: Any) -> Simulator:
    """Create another account in a simulator; takes the scenario's settings."""
    response = requests.post(
        f"{running.url}/_simulator/worlds", json={"speed": 0, **scenario}, verify=running.ca_path or True, timeout=60
    )
    response.raise_for_status()
    return Simulator(**response.json(), ca_path=running.ca_path)


def log_of(world: Simulator) -> list[dict[str, Any]]:
    """The requests that a world has had since the last call of this."""
    address, query = f"{world.url}/_simulator/requests", {"public_key": world.public_key}
    response = requests.get(address, params=query, verify=world.ca_path or True, timeout=60)
    requests.delete(address, params=query, verify=world.ca_path or True, timeout=60)
    entries: list[dict[str, Any]] = response.json()["requests"]
    return entries


def requests_of(world: Simulator) -> int:
    """How many requests a world has had since the last call of this."""
    return len(log_of(world))
