"""The simulator as ``make simulator`` starts it."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[3]


def test_a_port_in_use_ends_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        command = [sys.executable, "-m", "tests.tools.simulator", str(other.getsockname()[1]), "60", ""]
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert "address already in use" in done.stderr and "make simulator PORT=8766" in done.stderr
