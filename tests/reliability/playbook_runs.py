"""Ansible's programs, run as a user runs them, with everything that they write in one folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

import ansible_collections.compshare.cloud as collection
from ansible_collections.compshare.cloud.tests.simulator import World

COLLECTIONS = Path(next(iter(collection.__path__))).parents[2]
#: No run lasts longer, in seconds.
LIMIT = 600.0
#: How often processes are looked at, in seconds.
_SAMPLE_INTERVAL = 0.02


@dataclass
class Ended:
    """A run that has ended: what it wrote to its terminal, and the command lines of its processes."""

    returncode: int
    stdout: bytes
    stderr: bytes
    command_lines: set[bytes] = field(default_factory=set)

    @property
    def text(self) -> str:
        return (self.stdout + b"\n" + self.stderr).decode("utf-8", "replace")


class Stage:
    """A folder for runs of Ansible.

    ``given`` is what a user has written: playbooks, variables, inventories. ``written`` is where everything goes that
    the runs write: home, temporary files, logs, caches, jobs.
    """

    def __init__(self, folder: Path) -> None:
        self.given = folder / "given"
        self.written = folder / "written"
        for path in (self.given, self.written / "home", self.written / "tmp"):
            path.mkdir(parents=True)
        # Ansible puts sockets there, whose paths must be short, however deep the clone lies.
        short = tempfile.TemporaryDirectory(prefix="stage-", dir="/tmp")
        weakref.finalize(self, short.cleanup)
        temporary = Path(short.name, "tmp")
        temporary.symlink_to(self.written / "tmp")
        # Nothing of the developer's: neither an account nor settings.
        self.environment = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "LC_ALL": "C.UTF-8",
            "HOME": str(self.written / "home"),
            "TMPDIR": str(temporary),
            "ANSIBLE_HOME": str(self.written / "home/.ansible"),
            # Modules on a local connection look up the home of the user in the password file, whatever HOME says.
            "ANSIBLE_REMOTE_TEMP": str(self.written / "tmp/remote"),
            "ANSIBLE_ASYNC_DIR": str(self.written / "async"),
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "ANSIBLE_NOCOLOR": "1",
        }

    def write(self, name: str, content: Any) -> Path:
        """Write a file that the user gives: text as it is, anything else as YAML."""
        path = self.given / name
        text = content if isinstance(content, str) else yaml.safe_dump(content, allow_unicode=True, sort_keys=False)
        path.write_text(text, encoding="utf-8")
        return path

    def playbook_command(
        self, tasks: Sequence[Mapping[str, Any]], *arguments: str, name: str = "play.yml", **play: Any
    ) -> list[str]:
        """Return the command that runs tasks on this machine, or where ``hosts`` says."""
        book = self.write(name, [{"hosts": "localhost", "gather_facts": False, "tasks": list(tasks), **play}])
        return [sys.executable, "-m", "ansible.cli.playbook", str(book), *arguments]

    def play(self, tasks: Sequence[Mapping[str, Any]], *arguments: str, **play: Any) -> Ended:
        """Run tasks as a playbook and return how that ended."""
        return self.run(self.playbook_command(tasks, *arguments, **play))

    def inventory(self, path: Path, *arguments: str) -> Ended:
        """Run ansible-inventory over a file."""
        return self.run([sys.executable, "-m", "ansible.cli.inventory", "--inventory", str(path), *arguments])

    def start(self, command: Sequence[str], **settings: Any) -> subprocess.Popen[bytes]:
        """Start a command in this stage; ``settings`` are those of Popen."""
        pipe = subprocess.PIPE
        given = {"stdin": subprocess.DEVNULL, "stdout": pipe, "stderr": pipe, **settings}
        return subprocess.Popen(command, env=self.environment, cwd=self.given, **given)

    def run(self, command: Sequence[str]) -> Ended:
        """Run a command to its end, and note the command lines of all processes that it brings about."""
        with self.start(command) as process, _command_lines(process.pid, str(self.written)) as command_lines:
            stdout, stderr = process.communicate(timeout=LIMIT)
        return Ended(process.returncode, stdout, stderr, command_lines)


class _command_lines:  # noqa: N801 -- it is used like a function
    """The command lines of a process, its descendants, and whatever else names a folder, while the block runs."""

    def __init__(self, pid: int, folder: str) -> None:
        self._pid = pid
        self._folder = folder.encode()
        self._found: set[bytes] = set()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> set[bytes]:
        self._thread.start()
        return self._found

    def __exit__(self, *_error: object) -> None:
        self._ended.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._ended.wait(_SAMPLE_INTERVAL):
            family = {self._pid}
            for pid, parent, command_line in processes():
                if pid in family or parent in family or self._folder in command_line:
                    family.add(pid)
                    self._found.add(command_line)


def processes() -> Iterator[tuple[int, int, bytes]]:
    """Yield process id, that of the parent and command line of what runs on this machine now, oldest first."""
    for pid in sorted(int(entry.name) for entry in Path("/proc").glob("[0-9]*")):
        with suppress(OSError):  # it has ended meanwhile
            status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
            parent = int(status.rpartition(")")[2].split()[1])
            yield pid, parent, Path(f"/proc/{pid}/cmdline").read_bytes()


def connection_options(world: World) -> dict[str, str]:
    """Return the options that point a module or plugin to a world."""
    return {"api_url": world.url, "public_key": world.public_key, "private_key": world.private_key}


def module_defaults(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keyword of a play that gives these options to every module of the collection."""
    return {"group/compshare.cloud.compshare": dict(options)}


def json_in(text: str) -> Any:
    """Return the JSON document that begins at the first brace of a text, as a module prints it."""
    return json.JSONDecoder().raw_decode(text[text.index("{") :])[0]
