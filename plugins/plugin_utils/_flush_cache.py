# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Whether ansible-playbook runs with C(--flush-cache), and since when."""

from __future__ import annotations

import os
import time
import typing as t
from contextlib import suppress

from ansible import constants, context

_MARKER = "compshare-cache-flushed"


def flushed_at() -> float:
    """Return when this was first called in this run, in seconds since 1970, if it has C(--flush-cache); else 0.

    The processes of a run agree on it by a file in the folder for temporary files that each run has.
    """
    if not context.CLIARGS.get("flush_cache"):
        return 0.0
    settings: t.Any = constants  # whose names come at run time
    marker = os.path.join(settings.DEFAULT_LOCAL_TMP, _MARKER)
    try:
        with suppress(FileExistsError):
            os.close(os.open(marker, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        return os.stat(marker).st_mtime
    except OSError:
        return time.time()
