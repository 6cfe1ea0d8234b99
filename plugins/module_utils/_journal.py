# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Events on their way from a module to the action plugin that shows them as live lines."""

from __future__ import annotations

import json
import os
import typing as t
from collections.abc import Callable, Mapping

#: The action plugin creates this file in the task's temporary folder where it can read along.
JOURNAL_NAME = "compshare_events.jsonl"


def journal_writer(folder: str | None) -> Callable[[Mapping[str, t.Any]], None] | None:
    """Return what appends events to the journal in a folder, a line of JSON each; None where there is no journal."""
    path = os.path.join(folder, JOURNAL_NAME) if folder else None
    if path is None or not os.path.exists(path):
        return None

    def write(event: Mapping[str, t.Any]) -> None:
        try:
            with open(path, "a", encoding="utf-8") as journal:
                journal.write(json.dumps(dict(event)) + "\n")
        except OSError:
            return  # nobody reads along any more

    return write
