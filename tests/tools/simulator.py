"""Start and stop the simulator as a process of its own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.tools.trees import ROOT

STOP_TIMEOUT = 10  # seconds that the simulator has to end by itself


@dataclass(frozen=True)
class Simulator:
    """A running simulator."""

    url: str
    public_key: str
    private_key: str

    @property
    def environment(self) -> dict[str, str]:
        """The variables that point the collection at this simulator."""
        return {
            "COMPSHARE_API_URL": self.url,
            "COMPSHARE_PUBLIC_KEY": self.public_key,
            "COMPSHARE_PRIVATE_KEY": self.private_key,
        }


@contextmanager
def running_simulator(speed: float) -> Iterator[Simulator]:
    """Run the simulator, ``speed`` times faster than the clock; stop it in every case, also when told to end."""
    before = signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        with _simulator_process(speed) as simulator:
            yield simulator
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _simulator_process(speed: float) -> Iterator[Simulator]:
    command = [sys.executable, "-m", "tests.simulator", "--port", "0", "--speed", str(speed)]
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
            yield Simulator(**{key: json.loads(ready)[key] for key in ("url", "public_key", "private_key")})
        finally:
            process.terminate()
            try:
                process.wait(STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
