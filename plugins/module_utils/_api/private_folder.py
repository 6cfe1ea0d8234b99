# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""The folder for what tasks of one user on one machine share: locks and records, never a secret."""

from __future__ import annotations

import os
import stat
import tempfile
import typing as t

_NAME = "compshare-cloud"


def private_folder(environment: t.Mapping[str, str] | None = None) -> str | None:
    """Return a folder that only this user can use, created if it does not exist; None if there can be none.

    It is in the user's state folder (C($XDG_STATE_HOME), C(~/.local/state)). If that is read-only or belongs to another
    user, as it may with become, it is in the folder for temporary files.
    """
    environment = os.environ if environment is None else environment
    state = environment.get("XDG_STATE_HOME") or os.path.join(os.path.expanduser("~"), ".local", "state")
    candidates = (os.path.join(state, _NAME), os.path.join(tempfile.gettempdir(), f"{_NAME}-{os.getuid()}"))
    return next((path for path in candidates if is_private(path)), None)


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
