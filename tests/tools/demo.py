"""Run the example playbook against the simulator: no account, no cost."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import requests

from tests.tools.simulator import running_simulator
from tests.tools.trees import ROOT, link_tree

SPEED = 60  # seconds of the simulator in one of the clock
PLAYBOOK = "examples/find_and_build.yml"
ON_YOUR_ACCOUNT = """\

The same playbook on your account:
  export COMPSHARE_PUBLIC_KEY=… COMPSHARE_PRIVATE_KEY=…   (or: compshare config, the vendor's CLI profile is read)
  {program} {playbook} -e region=cn-wlcb -e instance_id=uhost-…
"""


def main() -> int:
    program = Path(sys.executable).parent / "ansible-playbook"
    print(f"CompShare simulator on loopback, {SPEED} times faster than the clock. No account, no cost.", flush=True)
    with running_simulator(SPEED) as simulator:
        rows = requests.get(f"{simulator.url}/_simulator/state", timeout=10).json()["instances"]
        instance_id = next(row["UHostId"] for row in rows if row["Name"] == "train-vm")
        environment = {**os.environ, **simulator.environment, "ANSIBLE_COLLECTIONS_PATH": str(link_tree())}
        command = [str(program), PLAYBOOK, "-e", "region=cn-wlcb", "-e", f"instance_id={instance_id}"]
        status = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
    if status == 0:
        shown = program.relative_to(ROOT) if program.is_relative_to(ROOT) else program
        print(ON_YOUR_ACCOUNT.format(program=shown, playbook=PLAYBOOK), end="")
    return status


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
