# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What the API's text must lose before a terminal shows it."""

from __future__ import annotations

import re

from ..module_utils._api.errors import printable

#: Sequences that colour, move or rename: CSI (ESC [ ...), OSC and its like (ESC ] ... BEL or ESC \), and short ones.
_SEQUENCES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]")


def terminal_safe(text: str, limit: int = 200) -> str:
    """Return text for one line of a terminal: no escape sequences, other control and direction characters escaped."""
    return printable(_SEQUENCES.sub("", text), limit)
