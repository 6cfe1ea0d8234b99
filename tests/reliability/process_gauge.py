"""Memory, open files and threads of processes while they run."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from .playbook_runs import processes

_INTERVAL = 0.1


class Reading(NamedTuple):
    """What a process has at a moment: memory that is its own alone in MB, open files, and threads."""

    time: float
    memory_mb: float
    files: int
    threads: int


def read(pid: int | str = "self") -> Reading:
    """Return what a process has now; raises OSError where it has ended."""
    folder = Path(f"/proc/{pid}")
    status = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
    if "RssAnon" not in status:  # it has ended, and nobody has read how
        raise ProcessLookupError(pid)
    memory = int(status["RssAnon"].split()[0]) / 1024
    return Reading(time.monotonic(), memory, len(list((folder / "fd").iterdir())), int(status["Threads"]))


class Gauge:
    """Reads a process and its descendants again and again while the block runs.

    ``own`` are the readings of the process, ``children`` those of each descendant by its id.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self.own: list[Reading] = []
        self.children: dict[int, list[Reading]] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Gauge:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(_INTERVAL):
            with suppress(OSError):
                self.own.append(read(self._pid))
            family = {self._pid}
            for pid, parent, _command_line in processes():
                if parent in family:
                    family.add(pid)
                    with suppress(OSError):
                        self.children.setdefault(pid, []).append(read(pid))


def growth(readings: list[Reading]) -> Reading:
    """Return how much more there is at the end than after the first fifth, which loads everything; less counts as 0.

    Open files and threads come and go with each task, so the fewest of several readings count.
    """
    fifth = max(1, len(readings) // 5)
    begin = max(readings[:fifth], key=lambda reading: reading.memory_mb)
    end = readings[-max(1, len(readings) // 20)]
    early, late = readings[fifth : 2 * fifth] or readings, readings[-fifth:]
    return Reading(
        end.time - begin.time,
        max(0.0, end.memory_mb - begin.memory_mb),
        max(0, min(reading.files for reading in late) - min(reading.files for reading in early)),
        max(0, min(reading.threads for reading in late) - min(reading.threads for reading in early)),
    )
