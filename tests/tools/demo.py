"""Run the example playbook against the simulator: no account, no cost."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import requests

from tests.tools.simulator import Simulator, running_simulator
from tests.tools.trees import ROOT, link_tree

SPEED = 60  # seconds of the simulator in one of the clock
INSTANCE = "train-vm"
PLAYBOOK = "examples/find_and_build.yml"

ON_YOUR_ACCOUNT = """\

The same playbook on your account:
  export COMPSHARE_PUBLIC_KEY=… COMPSHARE_PRIVATE_KEY=…   (or: compshare config, the vendor's CLI profile is read)
  {program} {playbook} -e region=cn-wlcb -e instance_id=uhost-…
"""


def main() -> int:
    program = Path(sys.executable).parent / "ansible-playbook"
    collections = link_tree()
    print(f"CompShare simulator on loopback, {SPEED} times faster than the clock. No account, no cost.", flush=True)
    with running_simulator(SPEED) as simulator:
        environment = {
            **os.environ,
            **simulator.environment,
            "ANSIBLE_COLLECTIONS_PATH": str(collections),
        }
        command = [str(program), PLAYBOOK, "-e", "region=cn-wlcb", "-e", f"instance_id={_instance_id(simulator)}"]
        ended = subprocess.run(command, cwd=ROOT, env=environment, check=False)
    if ended.returncode == 0:
        shown = {"program": _from_here(program), "playbook": PLAYBOOK}
        print(ON_YOUR_ACCOUNT.format(**shown), end="")
    return ended.returncode


def _instance_id(simulator: Simulator) -> str:
    """Return a virtual machine of the simulator that an image can be made of."""
    instances = requests.get(f"{simulator.url}/_simulator/state", timeout=10).json()["instances"]
    return str(next(row["UHostId"] for row in instances if row["Name"] == INSTANCE))


def _from_here(path: Path) -> Path:
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
