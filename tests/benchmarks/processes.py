"""Programs that are measured, as processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Any

from tests.tools.trees import ROOT

from .worlds import Simulator

CLI = [sys.executable, str(ROOT / "tests/benchmarks/vendor_cli.py"), "--json"]


def environment(world: Simulator) -> dict[str, str]:
    """The variables that point our client, the vendor's SDK and the vendor's command line at a world."""
    variables = {**os.environ, **world.environment, "COMPSHARE_CONFIG_FILE": f"{os.devnull}.none"}
    # Bytecode is kept, as it is for users.
    variables["PYTHONDONTWRITEBYTECODE"] = ""
    # The vendor's command line would report its use, in a process of its own beside what is measured.
    variables["COMPSHARE_INSIGHTS_URL"] = ""
    if world.ca_path:
        variables["REQUESTS_CA_BUNDLE"] = world.ca_path
    return variables


def run(command: list[str], world: Simulator, variables: Mapping[str, str] | None = None) -> tuple[float, str]:
    """The seconds that a program took, and what it printed; takes further variables of the environment."""
    env = {**environment(world), **(variables or {})}
    began = time.perf_counter()
    done = subprocess.run(
        command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    seconds = time.perf_counter() - began
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return seconds, done.stdout


def client_process(which: str, world: Simulator, variables: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What client_process.py reports of one listing, and as ``process`` the seconds of the whole process."""
    seconds, printed = run([sys.executable, "-m", "tests.benchmarks.client_process", which], world, variables)
    return {**json.loads(printed), "process": seconds}


def cli_listing(world: Simulator) -> dict[str, Any]:
    """The same for the vendor's command line, which can only be measured as a process."""
    seconds, printed = run([*CLI, "image", "list", "--all", "--region", "cn-wlcb"], world)
    return {"images": len(_images_in(json.loads(printed))), "process": seconds}


def _images_in(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {value["CompShareImageId"]} if "CompShareImageId" in value else set()
        return own.union(*map(_images_in, value.values()))
    return set().union(*map(_images_in, value)) if isinstance(value, list) else set()
