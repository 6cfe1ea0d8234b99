# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""No search for garbage in a process that ends with its task.

A lookup that reads a list imports the HTTP libraries. Python goes through all that they create, several times, and
nothing of it is garbage: a twentieth of what such a lookup costs.
"""

from __future__ import annotations

import gc
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Collect no garbage during the body, nor later among what is there by its end.

    Only in a process that ansible-core forked for a task. The controller's own goes on, and collects as usual.
    """
    if multiprocessing.parent_process() is None or not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        # Otherwise all that was created meanwhile would be gone through at once.
        gc.freeze()
        gc.enable()
