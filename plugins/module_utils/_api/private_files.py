# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Small files that the processes of one user share, in a folder that nobody else can use.

What is in them is convenience only: where there can be none, every process works on its own.
"""

from __future__ import annotations

import hashlib
import os
import random
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import chain

try:
    import fcntl
except ImportError:  # not every Python has it
    fcntl = None  # type: ignore[assignment]  # a module everywhere else

from .clock import Clock

#: Locks of files on these are slow, or hang with their server.
_REMOTE = ("nfs", "cifs", "smb", "9p", "afs", "ceph", "fuse.", "lustre", "gpfs")
_MOUNTS = "/proc/self/mountinfo"
#: Pauses between two tries to lock a file, in seconds.
_SHORTEST, _LONGEST = 0.001, 0.01
#: The folder below the user's state folder.
_STATE = "compshare-cloud"


class NotShared(Exception):
    """There can be no shared file; C(str()) says why."""


def digest(*parts: str) -> str:
    """Return a name for C(parts) that shows nothing of them."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def shared_folder(environment: Mapping[str, str] | None = None) -> str:
    """Return the first usable folder of XDG_RUNTIME_DIR, XDG_CACHE_HOME or ~/.cache, and the one for temporary files.

    Raises NotShared.
    """
    environment = os.environ if environment is None else environment
    if fcntl is None:
        raise NotShared("this Python cannot lock files")
    runtime = environment.get("XDG_RUNTIME_DIR") or ""
    cache = environment.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    roots = [root for root in (runtime if os.path.isdir(runtime) else "", cache) if os.path.isabs(root)]
    own = [os.path.join(root, "compshare") for root in roots if not _is_of_another(root)]
    reason = "no folder of this user can be written to"
    for path in chain(own, _in_temporary_folder("compshare")):
        if is_private(path):
            kind = _file_system(os.stat(path).st_dev)
            if not kind.startswith(_REMOTE):
                return path
            reason = f"{path} is on a network file system ({kind})"
    raise NotShared(reason)


def _in_temporary_folder(name: str) -> Iterator[str]:
    # Only if it is asked for: tempfile finds the folder by writing a file, in each process anew.
    with suppress(OSError):  # there may be none, as on a full disk
        yield os.path.join(tempfile.gettempdir(), f"{name}-{os.geteuid()}")


def private_folder(environment: Mapping[str, str] | None = None) -> str | None:
    """Return a folder that only this user can use, created if it does not exist; None if there can be none.

    It is in the user's state folder (C($XDG_STATE_HOME), C(~/.local/state)). If that is read-only or belongs to another
    user, as it may with become, it is in the folder for temporary files.
    """
    environment = os.environ if environment is None else environment
    state = environment.get("XDG_STATE_HOME") or os.path.join(os.path.expanduser("~"), ".local", "state")
    candidates = chain([os.path.join(state, _STATE)], _in_temporary_folder(_STATE))
    return next((path for path in candidates if fcntl is not None and is_private(path)), None)


def is_private(path: str) -> bool:
    """Create the folder C(path) if it does not exist; return whether only this user can use it."""
    try:
        os.makedirs(path, mode=0o700, exist_ok=True)
        # Not through a link: anybody can put one into the folder for temporary files.
        found = os.lstat(path)
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            return False
        if stat.S_IMODE(found.st_mode) != 0o700:
            os.chmod(path, 0o700)
        return os.access(path, os.W_OK | os.X_OK)
    except OSError:
        return False


def _is_of_another(root: str) -> bool:
    """Return whether what root creates in C(root) would be in the way of the user that it belongs to."""
    while not os.path.exists(root):
        root = os.path.dirname(root)
    return os.geteuid() == 0 and os.stat(root).st_uid != 0


def _file_system(device: int) -> str:
    """Return the type of a mounted file system, or nothing if the system does not report it."""
    number = f"{os.major(device)}:{os.minor(device)}"
    with suppress(OSError), open(_MOUNTS, encoding="utf-8", errors="replace") as mounts:
        for line in mounts:
            fields = line.split()
            if len(fields) > 2 and fields[2] == number and "-" in fields[:-1]:
                return fields[fields.index("-") + 1]
    return ""


def open_private(path: str) -> int:
    """Return a file of this user's, open for reading and writing, created if needed; raises OSError or NotShared."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
    found = os.fstat(file)
    if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or found.st_nlink > 1:
        os.close(file)
        raise NotShared(f"{path} is not private to this user")
    if stat.S_IMODE(found.st_mode) != 0o600:
        os.fchmod(file, 0o600)
    return file


def try_to_lock(file: int) -> bool:
    """Lock an open file for this process, unless another holds it; raises OSError where files cannot be locked."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def unlock_and_close(file: int) -> None:
    """Give a lock back. A process forked meanwhile has the file open, too, so closing it is not enough."""
    with suppress(OSError):
        fcntl.flock(file, fcntl.LOCK_UN)
    os.close(file)


@contextmanager
def locked(path: str, clock: Clock, patience: float) -> Iterator[int]:
    """Open a private file and lock it for the body, within C(patience) seconds; raises OSError or NotShared."""
    file = open_private(path)
    try:
        ends = clock.now() + patience
        while not try_to_lock(file):
            if clock.now() >= ends:
                raise NotShared(f"{path} is locked by a process that hangs")
            clock.sleep(random.uniform(_SHORTEST, _LONGEST))
        yield file
    finally:
        unlock_and_close(file)
