"""Start and stop the simulator as a process of its own.

``python -m tests.tools.simulator`` runs it, to try playbooks on.
"""

from __future__ import annotations

import argparse
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
    before = signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        with _simulator_process(speed, options) as simulator:
            yield simulator
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _simulator_process(speed: float, options: tuple[str | Path, ...]) -> Iterator[Simulator]:
    command = [sys.executable, "-m", "tests.simulator", "--port", "0", "--speed", str(speed), *options]
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


DEFAULT_PORT = 8765
GUIDES_ACCOUNT = ROOT / "tests/docs/scenario.yml"
DEFAULT_SPEED = 60  # seconds of the simulator in one of the clock
HOW_TO = """\
CompShare simulator at {url}, {speed:g} times faster than the clock. No account, no cost.
In another terminal:
  export COMPSHARE_API_URL={url}
  export COMPSHARE_PUBLIC_KEY={public_key}
  export COMPSHARE_PRIVATE_KEY={private_key}
  .venv/bin/ansible-playbook examples/golden_image_role.yml
Ctrl-C stops it; what was created in it is gone then."""


def main() -> None:
    parser = argparse.ArgumentParser(description="Run the simulator until Ctrl-C, and tell how to use it.")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="0 takes a free one")
    parser.add_argument("--speed", type=float, default=DEFAULT_SPEED, help="its seconds in one of the clock")
    parser.add_argument(
        "--scenario",
        type=Path,
        default=GUIDES_ACCOUNT,
        help="YAML file with settings; see tests/simulator/README.md (default: the account that the guides use)",
    )
    args = parser.parse_args()
    options = ["--port", str(args.port), "--scenario", args.scenario.resolve()]
    link_tree()  # so that playbooks that are run from the clone find the collection
    with running_simulator(args.speed, *options) as simulator:
        settings = {"public_key": simulator.public_key, "private_key": simulator.private_key}
        print(HOW_TO.format(url=simulator.url, speed=args.speed, **settings), flush=True)
        signal.pause()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
    except RuntimeError as error:
        sys.exit(str(error))
