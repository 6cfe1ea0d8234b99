# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""An action plugin that shows what its module reports while the module runs.

The module appends each event, a line of JSON, to a file in the task's temporary folder, if that file is there; the
action creates it beforehand and follows it. So the module needs no option for it and behaves the same without.
It works where the module runs on the controller itself. Elsewhere, under C(async), and where another user runs the
module, there are no lines, and nothing else changes.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import types
import typing as t

from ansible.errors import AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.utils.display import Display

from ..module_utils._journal import JOURNAL_NAME
from ._progress_lines import ProgressLines
from ._task_folder import TaskFolderAction

display = Display()

#: The strategy loads an action before it starts the process that runs it, and in that process standard error is not
#: what the user sees, so this is checked now.
_TERMINAL = sys.stderr.isatty()
_READ_INTERVAL = 0.2
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
#: How long an interrupted module has to report what it leaves behind, in seconds.
_LAST_WORDS = 3.0


def _copy_of_stderr() -> int | None:
    try:
        return os.dup(sys.stderr.fileno())
    except (OSError, ValueError):  # it is no file
        return None


#: What the user sees, for the same reason. When a run is interrupted, lines from the process are no longer shown.
_STDERR = _copy_of_stderr()


class LiveLinesAction(TaskFolderAction):
    """Runs the module of the same name, and shows its events as lines on standard error."""

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Return the module's result."""
        journal = None if self._task.async_val or not self._shows_lines() else self._new_journal()
        if journal is None:
            return super().run(tmp, task_vars)
        host = str((task_vars or {}).get("inventory_hostname", "localhost"))
        with _JournalReader(journal, ProgressLines(host, terminal=_TERMINAL)):
            return super().run(tmp, task_vars)

    def _shows_lines(self) -> bool:
        shown = self._task.args.get("show_progress", True)
        return not self._task.no_log and boolean(shown, strict=False)

    def _new_journal(self) -> str | None:
        """Return the path of a new journal in the task's temporary folder; None where it could not be read along."""
        action: t.Any = self  # ansible-core says nothing of these methods' types
        if self._connection.transport != "local" or action._is_become_unprivileged():
            return None
        try:
            folder = self._connection._shell.tmpdir or action._make_tmp_path()
            path = os.path.join(folder, JOURNAL_NAME)
            with open(path, "x", encoding="utf-8"):
                return path
        except (AnsibleError, OSError):
            # With pipelining the module needs no folder; otherwise running it reports that there is none.
            return None


class _JournalReader:
    """Shows the lines of a journal from another thread, until the end of the C(with) block.

    If the process is interrupted, it first shows what the module reports then, or what is known of each build.
    """

    def __init__(self, path: str, lines: ProgressLines) -> None:
        self._path = path
        self._lines = lines
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._handlers: dict[int, t.Any] = {}
        self._module_spoke = threading.Event()
        self._last_words: list[str] = []

    def __enter__(self) -> None:
        for number in _SIGNALS:
            self._handlers[number] = signal.signal(number, self._interrupted)
        self._thread.start()

    def __exit__(self, *_error: object) -> None:
        self._ended.set()
        self._thread.join(timeout=5)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def _interrupted(self, number: int, frame: types.FrameType | None) -> None:
        # Before ansible-core 2.19, SIGTERM follows SIGINT at once, and more than once.
        for each in _SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        if os.getpgrp() == os.getpid():
            # Since then, a task has a process group of its own, and nothing else signals the module.
            os.killpg(0, number)
        self._module_spoke.wait(_LAST_WORDS)
        for line in self._last_words or self._lines.last_words():
            _show_at_once(line)
        for each in _SIGNALS:
            signal.signal(each, self._handlers[each])
        os.kill(os.getpid(), number)

    def _read(self) -> None:
        # A signal that this thread took would not wake the main thread, whose handler passes it on to the module.
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        with open(self._path, encoding="utf-8") as journal:
            rest = ""
            ended = False
            while not ended:
                ended = self._ended.wait(_READ_INTERVAL)
                *whole, rest = (rest + journal.read()).split("\n")
                for entry in whole:
                    self._take(json.loads(entry))

    def _take(self, event: dict[str, t.Any]) -> None:
        lines = self._lines.lines(event)
        if event.get("kind") == "interrupted":
            self._last_words = lines
            self._module_spoke.set()
            return
        for line in lines:
            display.display(line, stderr=True)


def _show_at_once(line: str) -> None:
    if _STDERR is None:
        display.display(line, stderr=True)
    else:
        os.write(_STDERR, f"{line}\n".encode())
