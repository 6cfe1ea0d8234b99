"""Playbooks as a user runs them: ansible-playbook as a process, with or without a terminal, and the simulator."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

import ansible_collections.compshare.cloud as collection
from ansible_collections.compshare.cloud.tests.simulator import World

ROOT = Path(next(iter(collection.__path__)))
COLLECTIONS = ROOT.parents[2]
PLAYBOOK_COMMAND = [sys.executable, "-m", "ansible.cli.playbook"]
ESCAPES = re.compile(r"\x1b\[[0-9;]*m")
#: No run lasts longer, in seconds, also on a busy machine.
LIMIT = 180.0
CONTROL_C = b"\x03"


class Run:
    """One run of a playbook."""

    def __init__(self, folder: Path, world: World, tasks: list[dict[str, Any]], **play: Any) -> None:
        self._folder = folder
        playbook = folder / "play.yml"
        playbook.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks, **play}]))
        self.command = [*PLAYBOOK_COMMAND, str(playbook)]
        self.environment = {
            **os.environ,
            **world.environment(),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            "ANSIBLE_HOME": str(folder / "home"),
            # Modules on a local connection look up the home of the user in the password file, whatever HOME says.
            "ANSIBLE_REMOTE_TEMP": str(folder / "tmp"),
            "ANSIBLE_ASYNC_DIR": str(folder / "async"),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        }

    def inventory(self, hosts: dict[str, Any]) -> Run:
        path = self._folder / "inventory.yml"
        path.write_text(yaml.safe_dump({"all": {"hosts": hosts}}))
        self.command += ["--inventory", str(path)]
        return self

    def plain(self, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command,
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=LIMIT,
            stdin=subprocess.DEVNULL,
        )

    def on_a_terminal(self, interrupt_after: str | None = None) -> list[tuple[float, str]]:
        """Return the lines that a terminal shows, with the seconds at which each came.

        Once C(interrupt_after) is shown, Control-C is typed.
        """
        ours, theirs = pty.openpty()
        lines: list[tuple[float, str]] = []
        rest = ""
        with subprocess.Popen(
            self.command,
            env=self.environment,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=_sit_at_the_terminal,  # noqa: PLW1509 -- it takes no lock that another thread may hold
        ):
            os.close(theirs)
            for text in _output(ours):
                *whole, rest = (rest + text).split("\n")
                lines += [(time.monotonic(), ESCAPES.sub("", line).strip()) for line in whole]
                if interrupt_after and any(interrupt_after in line for _time, line in lines):
                    os.write(ours, CONTROL_C)
                    interrupt_after = None
        os.close(ours)
        return lines


def _sit_at_the_terminal() -> None:
    """Turn standard input into the terminal of this session, so that what is typed there can interrupt it."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    # Whoever runs the tests in the background may have it ignored.
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _output(terminal: int) -> Iterator[str]:
    ends = time.monotonic() + LIMIT
    while time.monotonic() < ends:
        if not select.select([terminal], [], [], 1.0)[0]:
            continue
        try:
            data = os.read(terminal, 4096)
        except OSError:  # the other end has closed
            return
        if not data:
            return
        yield data.decode("utf-8", "replace")
    raise TimeoutError


def run_file(folder: Path, world: World, playbook: Path, *options: str) -> tuple[int, str]:
    """Run a playbook that is there; return its exit status and what it prints."""
    run = Run(folder, world, [])
    run.command[-1:] = [str(playbook), *options]
    ended = run.plain(ANSIBLE_CALLBACK_RESULT_FORMAT="yaml")
    return ended.returncode, ended.stdout + ended.stderr


def run_example(folder: Path, world: World, name: str, *options: str) -> tuple[int, str]:
    """Run one of the examples; return its exit status and what it prints."""
    return run_file(folder, world, ROOT / f"examples/{name}.yml", *options)


def changes(output: str) -> int:
    """Return how many tasks of a play on one host changed something."""
    return int(re.findall(r"changed=(\d+)", output)[0])
