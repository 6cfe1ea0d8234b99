"""Run the simulator until Control-C, or while one command runs: PORT SPEED SCENARIO [COMMAND …]; SCENARIO may be ''."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys

from tests.simulator import ScenarioError, Simulator
from tests.simulator.dialect import default_dialect
from tests.tools.trees import link_tree

HOW_TO = """\
In another terminal:
  export COMPSHARE_API_URL={0.url}
  export COMPSHARE_PUBLIC_KEY={0.public_key}
  export COMPSHARE_PRIVATE_KEY={0.private_key}
  .venv/bin/ansible-playbook examples/golden_image_role.yml
Ctrl-C stops it; what was created in it is gone then."""


def main(port: str, speed: str, scenario: str, *command: str) -> int:
    settings = scenario or None
    with Simulator(settings, port=int(port), speed=float(speed), dialect=default_dialect()) as simulator:
        collections = str(link_tree())  # also so that playbooks that are run from the clone find the collection
        print(f"CompShare simulator at {simulator.url}, {speed} times faster than the clock. No account, no cost.")
        if command:
            sys.stdout.flush()
            environment = {**os.environ, **simulator.world.environment(), "ANSIBLE_COLLECTIONS_PATH": collections}
            return subprocess.run(command, env=environment, check=False).returncode
        print(HOW_TO.format(simulator.world), flush=True)
        signal.pause()
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    try:
        sys.exit(main(*sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
    except (ScenarioError, OSError) as error:
        in_use = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
        sys.exit(f"The simulator cannot start: {error}" + "\nTake another port: make simulator PORT=8766" * in_use)
