# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""One task at a time makes an instance of a name, as far as tasks run on one machine.

The API takes two instances of one name. A play whose hosts all delegate the same task to localhost would make one for
each host, since none of them sees what the others are about to make.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
import typing as t
from contextlib import contextmanager, suppress

from .._api.client import Client
from .._api.errors import WaitError
from .._api.values import printable
from .._waiting import Backoff, DeadlineError, wait_until

_BACKOFF = Backoff(first=0.5, longest=5.0)


@contextmanager
def one_at_a_time(client: Client, name: str, *, deadline: float) -> t.Iterator[None]:
    """Hold what the body does until no other task on this machine, by this user, does it for this name and account.

    The lock goes with the process, so nothing is left that could block a later task. Where no file can be made for it,
    the body runs without one. Raises WaitError when C(deadline) (a value of C(clock.now())) has passed.
    """
    path = _path(client, name)
    try:
        lock = wait_until(client.clock, lambda: _try_to_take(path), deadline=deadline, backoff=_BACKOFF)
    except DeadlineError:
        raise WaitError(
            f"Another task on this machine is making the instance {printable(name, 80)!r}, and it had not come to "
            "an end when the time of wait_timeout was up.",
            hint="Run the task again later.",
            retryable=True,
        ) from None
    try:
        yield
    finally:
        if lock.file is not None:
            # Removed before it is unlocked: who opened it meanwhile finds another file in its place, or none.
            with suppress(OSError):
                os.unlink(path)
            os.close(lock.file)


def _path(client: Client, name: str) -> str:
    wish = "\0".join((client.endpoint, client.credentials.public_key, client.scope.project_id or "", name))
    digest = hashlib.sha256(wish.encode("utf-8")).hexdigest()[:32]
    return os.path.join(tempfile.gettempdir(), f"compshare-{os.getuid()}-{digest}.lock")


class _Lock(t.NamedTuple):
    """A lock that this task holds; C(file) is None where no lock is possible."""

    file: int | None


def _try_to_take(path: str) -> _Lock | None:
    """Return the lock if it is ours now, None while another task holds it."""
    try:
        # Not through a link: in a folder that all users share, somebody else may have put one there.
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError:
        return _Lock(None)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(file), os.stat(path)):
            return _Lock(file)
    except OSError:  # held by another task, or its file was just removed
        pass
    os.close(file)
    return None
