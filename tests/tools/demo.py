"""Run the example playbook against the simulator: no account, no cost."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.tools.simulator import running_simulator
from tests.tools.trees import ROOT, link_tree

SPEED = 60  # seconds of the simulator in one of the clock
PLAYBOOK = "examples/find_and_build.yml"

ON_YOUR_ACCOUNT = """\

The same playbook on your account:
  export COMPSHARE_PUBLIC_KEY=… COMPSHARE_PRIVATE_KEY=…   (or: compshare config, the vendor's CLI profile is read)
  export ANSIBLE_COLLECTIONS_PATH={collections} ANSIBLE_CALLBACK_RESULT_FORMAT=yaml
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
            # Tables keep their lines.
            "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        }
        ended = subprocess.run([program, PLAYBOOK], cwd=ROOT, env=environment, check=False)
    if ended.returncode == 0:
        shown = {"program": _from_here(program), "collections": _from_here(collections), "playbook": PLAYBOOK}
        print(ON_YOUR_ACCOUNT.format(**shown), end="")
    return ended.returncode


def _from_here(path: Path) -> Path:
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
