# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Lists that stay for some seconds, so that a hundred hosts that need one list read it once.

Each list is a private file. Who finds none locks it and reads the list while the others wait for the file. A write of
this collection invalidates all lists of its key. What is built from lists can be kept as they are; it is as old as the
oldest of them.
"""

from __future__ import annotations

import json
import math
import os
import random
import typing as t
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from .clock import Clock
from .private_files import NotShared, digest, open_private, shared_folder, try_to_lock, unlock_and_close

#: How long a process waits for another that reads the same list, in seconds; then it reads the list, too.
PATIENCE = 60.0
_CHECK = (0.02, 0.06)
#: Lists that were stored longer ago are removed, whoever stored them, in seconds.
_LEFTOVER = 600.0
_LIST, _LOCK, _OUTDATED = "list-", ".lock", ".outdated"


class ListCache:
    """The lists that a key has read at an address, in files of this user.

    C(timeout) is in seconds, 0 for no cache; C(not_before) (seconds since 1970) invalidates older lists.
    """

    def __init__(
        self, clock: Clock, endpoint: str, public_key: str, timeout: float = 0.0, *, not_before: float = 0.0
    ) -> None:
        self._clock = clock
        self._account = digest(endpoint, public_key)
        self._timeout = timeout
        self._not_before = not_before
        #: When the oldest list was requested that C(get) returned to what is being read.
        self._oldest = math.inf

    def get(self, name: t.Sequence[t.Any], read: t.Callable[[], t.Any]) -> t.Any:
        """Return what C(read) returned, now or before, for the list that C(name) stands for: data as in JSON."""
        folder = self._folder() if self._timeout > 0 else None
        if folder is None:
            return read()
        path = os.path.join(folder, f"{_LIST}{self._account}-{digest(json.dumps(name))}")
        found = self._load(path)
        if found is None:
            with self._reading(path) as read_meanwhile:
                found = read_meanwhile or self._read(path, read)
        requested_at, rows = found
        self._oldest = min(self._oldest, requested_at)
        return rows

    def _read(self, path: str, read: t.Callable[[], t.Any]) -> tuple[float, t.Any]:
        outer, self._oldest = self._oldest, self._clock.epoch()
        try:
            rows = read()
            self._store(path, self._oldest, rows)
            return self._oldest, rows
        finally:
            self._oldest = min(outer, self._oldest)

    def outdate(self) -> None:
        """Invalidate all lists of the key: something was changed."""
        folder = self._folder()
        if folder is None:
            return
        now = self._clock.epoch()
        with suppress(OSError, NotShared):
            file = open_private(os.path.join(folder, self._account + _OUTDATED))
            os.utime(file, (now, now))
            os.close(file)
        self._remove(folder, self._is_of_account)

    def _is_of_account(self, entry: os.DirEntry[str]) -> bool:
        return entry.name.startswith(_LIST + self._account) and not entry.name.endswith(_LOCK)

    @staticmethod
    def _folder() -> str | None:
        try:
            return shared_folder()
        except NotShared:
            return None

    def _load(self, path: str) -> tuple[float, t.Any] | None:
        """Return when a list was requested that may still be used, and the list; None if there is none."""
        try:
            with open(path, "rb") as file:
                # The time comes first, so that no outdated list is parsed.
                requested_at = float(file.readline(64))
                now = self._clock.epoch()
                if not 0 <= now - requested_at <= self._timeout or requested_at <= max(
                    self._not_before, self._outdated(path)
                ):
                    return None
                return requested_at, json.loads(file.read())
        except (OSError, ValueError, RecursionError):
            return None

    def _outdated(self, path: str) -> float:
        try:
            return os.stat(os.path.join(os.path.dirname(path), self._account + _OUTDATED)).st_mtime
        except FileNotFoundError:
            return 0.0

    @contextmanager
    def _reading(self, path: str) -> Iterator[tuple[float, t.Any] | None]:
        """Give the body the list that another process has read meanwhile, or None while no other process reads it."""
        lock: int | None = None
        found: tuple[float, t.Any] | None = None
        try:
            with suppress(OSError, NotShared):
                file = open_private(path + _LOCK)
                lock = file
                now = self._clock.epoch()
                os.utime(file, (now, now))
                ends = self._clock.now() + PATIENCE
                while not try_to_lock(file) and found is None and self._clock.now() < ends:
                    self._clock.sleep(random.uniform(*_CHECK))
                    found = self._load(path)
            yield found or self._load(path)
        finally:
            if lock is not None:
                unlock_and_close(lock)

    def _store(self, path: str, requested_at: float, rows: t.Any) -> None:
        temporary = f"{path}.{os.getpid()}"
        folder = os.path.dirname(path)
        self._remove(folder, lambda entry: entry.stat().st_mtime < self._clock.epoch() - _LEFTOVER)
        with suppress(OSError, NotShared):
            try:
                file = open_private(temporary)
                with open(file, "wb") as opened:
                    opened.write(f"{requested_at:.6f}\n".encode() + json.dumps(rows).encode())
                os.replace(temporary, path)
            except OSError:
                os.unlink(temporary)

    @staticmethod
    def _remove(folder: str, chosen: t.Callable[[os.DirEntry[str]], bool]) -> None:
        with suppress(OSError):
            for entry in os.scandir(folder):
                if entry.name.startswith(_LIST):
                    with suppress(OSError):
                        if chosen(entry):
                            os.unlink(entry.path)
