# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""One order at a time, and a record of it on disk before it is sent, so that no desired instance is billed twice.

The API creates two objects of one name without complaint, and a list may show a new one late. So tasks of one user on
one machine that want the same object wait for each other, and a task that dies while it orders leaves a record: the
next one waits until the list must show the object before it believes that there is none.
"""

from __future__ import annotations

import functools
import json
import os
import typing as t
from contextlib import contextmanager, suppress
from datetime import datetime, timezone

from ._api.client import Client
from ._api.errors import CompShareError, OptionError, WaitError, printable
from ._api.private_files import NotShared, digest, open_private, private_folder, try_to_lock
from ._waiting import SHOWN_WITHIN, Applied, Backoff, DeadlineError, apply, wait_until

_LOCK_BACKOFF = Backoff(first=0.5, longest=5.0)
#: Absence is believed when so many looks in a row have found nothing.
_ABSENT_LOOKS = 2
_LOOK_PAUSE = 5.0
_NO_FILE = -1


class PendingOrder:
    """The lock on one name, and the record of the order for it. Created by C(order_lock())."""

    def __init__(self, client: Client, kind: str, name: str, file: int) -> None:
        self._clock = client.clock
        self._client = client
        self._title = f"the {kind} {printable(name, 80)!r}"
        self._facts = {"kind": kind, "name": name, "account": digest(client.credentials.public_key)}
        self._file = file
        #: When the order was sent last (epoch seconds), by this task or one that ended before it knew what came of it.
        self.sent_at: float | None = None if file == _NO_FILE else _recorded_time(file, self._clock.epoch())

    @property
    def shown_by(self) -> str:
        """Return the time, in UTC, by which the list must show what was ordered last."""
        moment = datetime.fromtimestamp((self.sent_at or self._clock.epoch()) + SHOWN_WITHIN, timezone.utc)
        return moment.strftime("%H:%M:%S UTC")

    def record(self) -> None:
        """Write to disk that the order is about to be sent. Call it before each try."""
        self.sent_at = self._clock.epoch()
        if self._file == _NO_FILE:
            return
        content = json.dumps({**self._facts, "time": self.sent_at}).encode("ascii")
        try:
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, content, 0)
            os.fsync(self._file)
        except OSError as error:
            raise OptionError(
                f"The order for {self._title} cannot be recorded on disk: {error.strerror}. Nothing was ordered.",
                hint="The record keeps the next run from ordering a second one. Free space in the home folder.",
            ) from error

    def settle(self) -> None:
        """Forget the order: what came of it is known."""
        self.sent_at = None
        if self._file != _NO_FILE:
            os.ftruncate(self._file, 0)

    def send(
        self,
        action: str,
        params: t.Mapping[str, t.Any],
        seen: t.Callable[[], bool],
        *,
        deadline: float,
        doubt: str,
        look: t.Callable[[], bool] | None = None,
        **settings: t.Any,
    ) -> Applied:
        """Record and send the order, once; if its response is lost, the list decides.

        C(seen) returns whether the list shows the object; an order that finds it while the API is busy is not sent.
        C(look) polls that after a lost response, by default as wait_until_shown() does. C(settings) are further ones of
        send_when_free(). Raises the client's errors; that of a lost response whose order the list does not show begins
        with C(doubt) ("Whether it was created is not known") what is known of it.
        """
        sent_at = 0.0

        def record() -> None:
            nonlocal sent_at
            self.record()
            sent_at = self._clock.now()

        look = look or functools.partial(self.wait_until_shown, seen)
        try:
            applied = apply(
                self._client, action, params, look, deadline=deadline, unless=seen, before_try=record, **settings
            )
        except CompShareError:
            self.settle()
            raise
        if applied.lost is None or applied.done:
            if applied.response is None:
                self.settle()
            return applied
        kind, error, unreadable = self._facts["kind"], applied.lost, applied.unreadable
        error.add_sentence(
            f"{doubt}: none of this name has appeared in the {self._clock.now() - sent_at:.0f} s since."
            + (f" The list of {kind}s could not be read: {unreadable.summary}" if unreadable else "")
        )
        error.hint = f"Run the task again: it looks for the {kind} before it creates one."
        error.retryable = True
        raise error

    def wait_until_shown(self, seen: t.Callable[[], bool], *, deadline: float | None = None) -> bool:
        """Call C(seen) until it returns True or the list must have shown what was ordered; return whether it did.

        An order that shows, or that is known to have had no effect, is settled. Raises the error of the last look if
        the list cannot be read at the end, and WaitError if C(deadline) (a value of C(clock.now())) passes before.
        """
        if self.sent_at is None:
            return False
        # The machine's clock may have been set back since.
        left = min(SHOWN_WITHIN, self.sent_at + SHOWN_WITHIN - self._clock.epoch())
        ends = self._clock.now() + left
        looks = _Looks(seen)
        too_soon = deadline is not None and deadline < ends
        try:
            wait_until(
                self._clock,
                looks.look,
                deadline=deadline if too_soon and deadline is not None else ends,
                on_error=looks.fail,
            )
        except DeadlineError as late:
            if too_soon:
                raise self._too_soon() from None
            if late.error is not None:
                raise late.error from None
            if not looks.enough:
                self._clock.sleep(_LOOK_PAUSE)
                looks.look()
        self.settle()
        return looks.seen

    def _too_soon(self) -> WaitError:
        return WaitError(
            f"An earlier run ordered {self._title} and ended before it knew the outcome. The list of the API "
            f"does not show it yet; it must by {self.shown_by}.",
            hint="Nothing was ordered now. Run the task again: it waits until then before it orders anything.",
            retryable=True,
        )


class _Looks:
    """What the looks for an object have found: whether it was seen, and how often in a row it was not there."""

    def __init__(self, seen: t.Callable[[], bool]) -> None:
        self._seen = seen
        self._absent = 0
        self.seen = False

    @property
    def enough(self) -> bool:
        return self._absent >= _ABSENT_LOOKS

    def look(self) -> bool | None:
        self.seen = self._seen()
        self._absent += 1
        return self.seen or None

    def fail(self, _error: CompShareError) -> None:
        self._absent = 0


@contextmanager
def order_lock(
    client: Client, kind: str, name: str, *, deadline: float, warn: t.Callable[[str], None] = lambda _message: None
) -> t.Iterator[PendingOrder]:
    """Hold the lock on the order of one object until the block ends: by C(kind), name, account and API.

    The lock goes with the process. The record of an order that was not settled stays for the next run, also when this
    process is killed. If there can be no file for them, C(warn) is called, and the block runs without either. Raises
    WaitError when C(deadline) (a value of C(clock.now())) has passed.
    """
    path = _path(client, kind, name)
    try:
        file = wait_until(client.clock, lambda: _try_to_lock(path), deadline=deadline, backoff=_LOCK_BACKOFF)
    except DeadlineError:
        raise WaitError(
            f"Another task on this machine is creating the {kind} {printable(name, 80)!r}, and it had not finished at "
            "the end of wait_timeout.",
            hint="Run the task again later.",
            retryable=True,
        ) from None
    if file == _NO_FILE:
        warn(
            "No file for locks and records can be created, neither in the home of the user nor in the folder for "
            f"temporary files. If this task is killed while it orders the {kind} {printable(name, 80)!r}, or another "
            "task orders it at the same time, it may be ordered twice."
        )
    order = PendingOrder(client, kind, name, file)
    try:
        yield order
    finally:
        if file != _NO_FILE:
            if order.sent_at is None and path is not None:
                # Removed before it is unlocked: whoever opened it meanwhile finds another file in its place, or none.
                with suppress(OSError):
                    os.unlink(path)
            os.close(file)


def _path(client: Client, kind: str, name: str) -> str | None:
    folder = private_folder()
    if folder is None:
        return None
    account = (client.endpoint, client.credentials.public_key, client.scope.project_id or "")
    return os.path.join(folder, f"order-{digest(*account, kind, name)}.json")


def _try_to_lock(path: str | None) -> int | None:
    """Return the open file if the lock is ours, _NO_FILE if there can be none, None while another task holds it."""
    if path is None:
        return _NO_FILE
    try:
        file = open_private(path)
    except (OSError, NotShared):
        return _NO_FILE
    with suppress(OSError):  # its file was just removed
        if try_to_lock(file) and os.path.samestat(os.fstat(file), os.stat(path)):
            return file
    os.close(file)
    return None


def _recorded_time(file: int, now: float) -> float | None:
    """Return when the order in a record was sent, None if there is no record; C(now) if it cannot be read."""
    content = os.pread(file, 4096, 0)
    if not content:
        return None
    try:
        found = json.loads(content)["time"]
        return min(float(found), now)
    except (ValueError, KeyError, TypeError):
        return now
