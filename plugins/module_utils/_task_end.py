# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Ending a module with its task.

Ansible leaves a module running when its task is over before it, because of C(timeout) for example. Such a module could
start a machine that a later task has stopped. On the controller, its standard output then has no reader any more;
elsewhere, its temporary folder is gone, which the action plugins of modules that write see to.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import threading
from collections.abc import Iterator

_INTERVAL = 0.5


@contextlib.contextmanager
def ended_with_task(folder: str | None) -> Iterator[None]:
    """Send this process SIGTERM if its task ends before the block; C(folder) is the temporary one, if any."""
    left = threading.Event()
    try:
        output = sys.stdout.fileno()
    except (OSError, ValueError):  # it is no file, so nobody else reads it
        yield
        return
    watch = threading.Thread(target=_watch, args=(output, folder, left), name="task-end", daemon=True)
    watch.start()
    try:
        yield
    finally:
        left.set()


def _watch(output: int, folder: str | None, left: threading.Event) -> None:
    # A signal that this thread took would not wake the main thread.
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
    poll = select.poll()
    poll.register(output, 0)  # nothing but errors
    while not left.is_set():
        for _output, events in poll.poll(_INTERVAL * 1000):
            if events & select.POLLNVAL:
                return  # closed by this process
            if not left.is_set():
                os.kill(os.getpid(), signal.SIGTERM)
            return
        if folder is not None and not os.path.isdir(folder) and not left.is_set():
            os.kill(os.getpid(), signal.SIGTERM)
            return
