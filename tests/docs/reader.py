"""A reader who follows a page word for word: saves its files, types its commands, and compares what they print."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import yaml

from tests.docs.pages import Block

COMMAND_TIMEOUT = 180  # seconds
# What a page says to leave running in a terminal of its own, and what it prints when it is ready.
LEFT_RUNNING = {"make -C compshare.cloud simulator": "In another terminal"}
# Commands that a page shows and that the reader of a test cannot type, each with the reason.
NOT_TYPED = {
    "ansible-playbook log_in.yml": "nobody can log in to the simulator's instances",
    "make test": "runs everything",
    "ansible-builder build --file execution-environment.yml --tag compshare-ee": "needs a container engine",
    "ansible-navigator run progress.yml -e image_id=compshareImage-1bbbbbbbbbb1": "needs a container engine",
}
# A command may fail only where the page shows that it does.
SHOWN_FAILURES = ("fatal: ", "FAILED! ", "[ERROR]: ", "ERROR! ", "failed=1")
# Languages of blocks that are saved to a file or run as tasks.
FILES = {"yaml", "yaml+jinja", "yaml+jinja2", "ini", "json", "toml", "python", "bash", "jinja"}
PLAY_NAME = "Tasks of the page"


class PageError(AssertionError):
    """What a page says is not what happens."""


@dataclass
class Command:
    """One command of a console block and the output that the page shows below it."""

    text: str
    shown: str


def commands_of(block: Block) -> Iterator[Command]:
    """Split a console block: commands stand behind ``$``, their output follows."""
    command: Command | None = None
    for line in block.text.splitlines():
        if line.startswith("$ "):
            if command:
                yield command
            command = Command(line.removeprefix("$ "), "")
        elif command is None:
            raise PageError(f"line {block.line}: a console block begins with a command behind '$ '")
        elif not command.shown and _goes_on(command.text):
            command.text += f"\n{line}"
        else:
            command.shown += f"{line}\n"
    if command:
        yield command


def _goes_on(text: str) -> bool:
    """Return whether the shell would wait for another line: after a backslash, or before the end of a here-document."""
    return text.endswith("\\") or ("<<'EOF'" in text and not text.endswith("\nEOF"))


def as_seen(printed: str) -> str:
    """Return what a terminal shows: ansible-runner writes marks between the lines, and erases them again."""
    return re.sub(r"[A-Za-z0-9+/=]+\x1b\[\d+D", "", printed.replace("\x1b[K", ""))


def looks_like(shown: str, printed: str) -> bool:
    """Return whether the output is what a page shows; ``…`` stands for any text, alone on a line for any lines."""
    pattern = "".join(
        r"(?:.*\n)*?" if line.strip() == "…" else ".*".join(map(re.escape, line.rstrip().split("…"))) + r"\n"
        for line in shown.strip("\n").splitlines()
    )
    lines = "".join(f"{line.rstrip()}\n" for line in printed.strip("\n").splitlines())
    return re.fullmatch(pattern, lines) is not None


@dataclass
class Reader:
    """Works in ``folder`` with ``environment``; what a command exports and where it goes stays, as in a terminal."""

    folder: Path
    environment: Mapping[str, str]
    _running: list[subprocess.Popen[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._state = self.folder.parent / f"{self.folder.name}.state"
        self._state.write_text(f"cd {self.folder}\n")

    def __enter__(self) -> Reader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._running:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(10)

    def follow(self, blocks: Iterable[Block]) -> None:
        """Do what the blocks say, one after the other; raises PageError where one does not hold.

        Every section is followed from the folder that the page was begun in: who reads how to install is not in the
        clone that the section before was about.
        """
        folder, section = self._directory(), ""
        for block in blocks:
            if block.section != section:
                section = block.section
                self.run(f"cd {shlex.quote(str(folder))}")
            if block.language == "console":
                for command in commands_of(block):
                    self.type(command, block)
            elif block.language in FILES or block.file_name:
                self.save_or_run(block)
            elif block.language != "text":
                raise PageError(f"line {block.line}: nobody knows how to follow a block of {block.language!r}")

    def type(self, command: Command, block: Block) -> None:
        if command.text in NOT_TYPED:
            return
        for prefix, ready in LEFT_RUNNING.items():
            if command.text.startswith(prefix):
                self._leave_running(command, ready)
                return
        code, printed = self.run(command.text)
        where = f"line {block.line}: $ {command.text}\n"
        failure_shown = any(sign in command.shown for sign in SHOWN_FAILURES)
        if (code != 0) != failure_shown:
            raise PageError(f"{where}ended with {code} and printed:\n{printed}")
        if command.shown and not looks_like(command.shown, printed):
            raise PageError(f"{where}----- the page shows\n{command.shown}----- it printed\n{printed}")

    def save_or_run(self, block: Block) -> None:
        """Save a block that names its file; run one that is a list of tasks."""
        if block.file_name:
            target = self._directory() / block.file_name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(block.text, encoding="utf-8")
            return
        tasks = yaml.safe_load(block.text)
        if not isinstance(tasks, list):
            raise PageError(f"line {block.line}: neither names its file in a comment nor is a list of tasks")
        self.run_tasks(tasks, f"line {block.line}")

    def run_tasks(self, tasks: list[dict[str, object]], where: str) -> None:
        playbook = self._directory() / "tasks-of-the-page.yml"
        plays = tasks
        if not any("hosts" in one for one in tasks):
            plays = [{"name": PLAY_NAME, "hosts": "localhost", "gather_facts": False, "tasks": tasks}]
        playbook.write_text(yaml.safe_dump(plays, allow_unicode=True, sort_keys=False), encoding="utf-8")
        code, printed = self.run(f"ansible-playbook {playbook.name}")
        if code != 0:
            raise PageError(f"{where}: tasks ended with {code} and printed:\n{printed}")

    def run(self, command: str) -> tuple[int, str]:
        """Run a command where the last one ended, and return its exit code and everything that it printed."""
        script = (
            f". {self._state}\n{{ {command}\n}}\ncode=$?\n"
            f'{{ export -p; printf "cd %q\\n" "$PWD"; }} > {self._state}\nexit $code\n'
        )
        process = subprocess.Popen(
            ["bash", "-c", script],
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            printed, _nothing = process.communicate(timeout=COMMAND_TIMEOUT)
        except subprocess.TimeoutExpired as error:
            os.killpg(process.pid, signal.SIGKILL)
            printed, _nothing = process.communicate()
            raise PageError(f"$ {command}\nhad not ended after {COMMAND_TIMEOUT} s and printed:\n{printed}") from error
        return process.returncode, as_seen(printed)

    def _directory(self) -> Path:
        _code, printed = self.run("pwd")
        return Path(printed.strip())

    def _leave_running(self, command: Command, ready: str) -> None:
        log = self.folder.parent / f"{self.folder.name}.{len(self._running)}.log"
        with log.open("w") as output:
            process = subprocess.Popen(
                ["bash", "-c", f". {self._state}\n{command.text}"],
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                text=True,
                start_new_session=True,
            )
        self._running.append(process)
        deadline = time.monotonic() + COMMAND_TIMEOUT
        while ready not in log.read_text():
            if process.poll() is not None or time.monotonic() > deadline:
                raise PageError(f"$ {command.text}\nwas not ready and printed:\n{log.read_text()}")
            time.sleep(0.1)
        if command.shown and not looks_like(command.shown, log.read_text()):
            raise PageError(
                f"$ {command.text}\n----- the page shows\n{command.shown}----- it printed\n{log.read_text()}"
            )
