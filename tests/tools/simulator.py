"""Start and stop the simulator as a process of its own.

``make simulator`` runs it to try playbooks on it.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.tools.trees import ROOT, link_tree

STOP_TIMEOUT = 10  # seconds that the simulator has to end by itself
HOW_TO = """\
CompShare simulator at {url}, {speed:g} times faster than the clock. No account, no cost.
In another terminal:
  export COMPSHARE_API_URL={url}
  export COMPSHARE_PUBLIC_KEY={public_key}
  export COMPSHARE_PRIVATE_KEY={private_key}
  .venv/bin/ansible-playbook examples/golden_image_role.yml
Ctrl-C stops it; what was created in it is gone then."""


@dataclass(frozen=True)
class Simulator:
    """A running simulator."""

    url: str
    public_key: str
    private_key: str
    ca_path: str | None = None
    """The certificate to trust, where it serves https with one of its own."""

    @property
    def environment(self) -> dict[str, str]:
        """The variables that point the collection at this simulator."""
        variables = {
            "COMPSHARE_API_URL": self.url,
            "COMPSHARE_PUBLIC_KEY": self.public_key,
            "COMPSHARE_PRIVATE_KEY": self.private_key,
        }
        return {**variables, "COMPSHARE_CA_PATH": self.ca_path} if self.ca_path else variables


@contextmanager
def running_simulator(speed: float, *options: str | Path) -> Iterator[Simulator]:
    """Run the simulator, ``speed`` times faster than the clock; stop it in every case, also when told to end.

    Takes further options of its command line.
    """
    command = [sys.executable, "-m", "tests.simulator", "--speed", str(speed), *options]
    before = signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True
        )
        try:
            assert process.stdout is not None
            ready = process.stdout.readline()
            if not ready:
                log.seek(0)
                raise RuntimeError(f"The simulator did not start:\n{log.read()}")
            yield Simulator(**json.loads(ready))
        finally:
            process.terminate()
            try:
                process.wait(STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            signal.signal(signal.SIGTERM, before)


def main(port: str, speed: str, scenario: str) -> None:
    link_tree()  # so that playbooks that are run from the clone find the collection
    with running_simulator(float(speed), "--port", port, "--scenario", Path(scenario).resolve()) as simulator:
        print(HOW_TO.format(speed=float(speed), **vars(simulator)), flush=True)
        signal.pause()


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
    except RuntimeError as error:
        sys.exit(str(error))
