# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""A few requests at the same time."""

from __future__ import annotations

import contextlib
import queue
import threading
import typing as t
from collections import deque
from collections.abc import Sequence
from functools import partial

_Key = t.TypeVar("_Key")
_Result = t.TypeVar("_Result")
_Item = t.TypeVar("_Item")


#: Jobs that lie ready for the next thread that ends one, so that it need not wait for the thread that hands them out.
_AHEAD = 4
#: After a signal, a wait for results goes on for so long at most, in seconds.
_LISTEN_INTERVAL = 0.5


class Crew(t.Generic[_Key, _Result]):
    """Runs up to C(size) jobs at a time and hands out their results as they end.

    The threads are daemons: when one page of a list has failed, the error is reported at once and a request that
    hangs cannot hold the process back. (An executor of the standard library waits for its threads at exit.) A job that
    is alone needs no thread: it runs where its result is waited for.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._given = 0
        self._threads = 0
        self._jobs: queue.SimpleQueue[tuple[_Key, t.Callable[[], _Result]] | None] = queue.SimpleQueue()
        self._results: queue.SimpleQueue[tuple[_Key, _Result | None, BaseException | None]] = queue.SimpleQueue()

    def __enter__(self) -> Crew[_Key, _Result]:
        return self

    def __exit__(self, *_exception: object) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                self._jobs.get_nowait()
        for _thread in range(self._threads):
            self._jobs.put(None)

    @property
    def free(self) -> int:
        """Return how many more jobs may be given now; a few lie ready until a thread is free."""
        return self._size + _AHEAD - self._given

    def start(self, key: _Key, job: t.Callable[[], _Result]) -> None:
        """Give C(job) to the next free thread; its result comes with C(key)."""
        self._given += 1
        self._jobs.put((key, job))
        while self._given > 1 and self._threads < min(self._given, self._size):
            self._threads += 1
            threading.Thread(target=self._work, daemon=True).start()

    def next_result(self) -> tuple[_Key, _Result]:
        """Return the next job's key and result, waiting for it; raises what the job raised."""
        if not self._threads and (task := self._jobs.get()) is not None:
            self._do(*task)
        key, result, error = self._next()
        self._given -= 1
        if error is not None:
            raise error
        return key, t.cast(_Result, result)

    def _next(self) -> tuple[_Key, _Result | None, BaseException | None]:
        while True:
            # A signal may come to any thread, while this one has to handle it, and only looks for it between two waits.
            with contextlib.suppress(queue.Empty):
                return self._results.get(timeout=_LISTEN_INTERVAL)

    def _work(self) -> None:
        while (task := self._jobs.get()) is not None:
            self._do(*task)

    def _do(self, key: _Key, job: t.Callable[[], _Result]) -> None:
        try:
            self._results.put((key, job(), None))
        except BaseException as error:  # noqa: BLE001 -- next_result() raises it again, whatever it is
            self._results.put((key, None, error))


def each_in_parallel(items: Sequence[_Item], work: t.Callable[[_Item], _Result], size: int) -> list[_Result]:
    """Return C(work) of each item, in their order, C(size) at the same time; raises what the first failure raised."""
    results: dict[int, _Result] = {}
    waiting = deque(enumerate(items))
    with Crew[int, _Result](size) as crew:
        while len(results) < len(items):
            while waiting and crew.free:
                index, item = waiting.popleft()
                crew.start(index, partial(work, item))
            index, result = crew.next_result()
            results[index] = result
    return [results[index] for index in range(len(items))]
