"""One build on the simulator, waited for by the vendor's command line and by ours; nobody waits for real.

Both run on the simulator's clock: to sleep moves it. So the vendor's client gets the whole of its half hour.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from random import Random
from typing import Any

from ansible_collections.compshare.cloud.plugins.module_utils._api.client import Client, Scope
from ansible_collections.compshare.cloud.plugins.module_utils._api.credentials import Credentials
from ansible_collections.compshare.cloud.plugins.module_utils._api.transport import Transport
from ansible_collections.compshare.cloud.plugins.module_utils._builds.state import BuildTarget
from ansible_collections.compshare.cloud.plugins.module_utils._builds.wait import wait_for_builds
from ansible_collections.compshare.cloud.tests.simulator import Simulator, World

BUILD = 300.0
"""Seconds that the build takes."""
VENDOR_TIMEOUT = 1800
"""The vendor's default for --timeout."""
IMAGE_ID = "compshareImage-benchmark"

_ENGLISH = {"COMPSHARE_LANG": "en", "COLUMNS": "200"}

# The vendor's address is a constant; its clock becomes the simulator's.
_LAUNCHER = """
import json, os, sys, urllib.request
import compshare_cli.config
compshare_cli.config.DEFAULT_BASE_URL = os.environ["COMPSHARE_API_URL"]
import compshare_cli.commands.image

def clock(**change):
    url = os.environ["COMPSHARE_API_URL"] + "/_simulator/clock"
    body = json.dumps({"public_key": os.environ["COMPSHARE_PUBLIC_KEY"], **change}).encode()
    with urllib.request.urlopen(url, body) as response:
        return json.load(response)["time"]

class SimulatorTime:
    monotonic = staticmethod(lambda: clock(advance=0))
    sleep = staticmethod(lambda seconds: clock(advance=seconds))

compshare_cli.commands.image.time = SimulatorTime
from compshare_cli.cli import main
sys.exit(main())
"""


class SimulatorClock:
    """The client's clock, which is the world's."""

    def __init__(self, world: World) -> None:
        self._world = world

    def now(self) -> float:
        return self._world.clock.now()

    def epoch(self) -> float:
        return self._world.clock.now()

    def sleep(self, seconds: float) -> None:
        if seconds > 0:
            with self._world.lock:
                self._world.advance(seconds)


def client_of(world: World, scope: Scope | None = None) -> Client:
    """Return our client of a world, on the world's clock."""
    clock: Any = SimulatorClock(world)
    transport = Transport(world.url, parallel=4, clock=clock)
    place = scope or Scope(region="cn-wlcb", zone="cn-wlcb-01")
    return Client(transport, Credentials(world.public_key, world.private_key), scope=place, timeout=2.0, clock=clock)


@dataclass(frozen=True)
class Waited:
    """How a wait ended: what it said last, how many seconds it took, and how many requests."""

    said: str
    seconds: float
    requests: int


def vendor_waits(simulator: Simulator) -> Waited:
    """Create an image with the vendor's command line and its --wait."""
    world = simulator.new_world({"speed": 0, "builds": {"default": {"duration": BUILD, "model": "accurate"}}})
    instance = next(one for one in world.instances.all.values() if one.row["Name"] == "train-vm").identifier
    began = world.clock.now()
    arguments = ("image", "create", "--instance", instance, "--name", "benchmark", "--wait", "--yes")
    done = subprocess.run(
        [sys.executable, "-c", _LAUNCHER, *arguments],
        env={**os.environ, **world.environment(), "COMPSHARE_CONFIG_FILE": os.devnull + ".none", **_ENGLISH},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    said = [line.strip() for line in (done.stdout + done.stderr).splitlines() if "Timed out" in line]
    requested = len(world.requests("GetCompShareImageCreateProgress"))
    if len(said) != 1:
        raise RuntimeError(f"The vendor's client did something else than to time out:\n{done.stdout}{done.stderr}")
    return Waited(said[0], world.clock.now() - began, requested)


def ours_waits(simulator: Simulator) -> Waited:
    """Wait for a build of the same length as the modules do."""
    trace = {"image_id": IMAGE_ID, "duration": BUILD, "model": "accurate"}
    world = simulator.new_world({"speed": 0, "traces": [trace]})
    outcome = wait_for_builds(client_of(world), [BuildTarget(IMAGE_ID)], rng=Random(1))
    return Waited(str(outcome.builds[0]["status"]), outcome.elapsed, outcome.polls)
