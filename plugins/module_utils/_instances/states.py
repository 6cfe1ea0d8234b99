# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""The states of an instance, as they were seen, and where each leads to."""

from __future__ import annotations

RUNNING = "Running"
STOPPED = "Stopped"
#: With a space. It does not end by itself, and was seen often.
INSTALL_FAIL = "Install Fail"
FAILED = frozenset((INSTALL_FAIL,))
#: States on the way to being there for the first time.
CREATING = frozenset(("Initializing", "Install", "Pending", "Starting"))
#: Where a state that passes leads to, as far as that is sure.
LEADS_TO = {
    "Initializing": RUNNING,
    "Install": RUNNING,
    "Starting": RUNNING,
    "Rebooting": RUNNING,
    "Stopping": STOPPED,
    "Resizing": STOPPED,
}
#: Every state that was seen or is documented.
STATES = frozenset((RUNNING, STOPPED, INSTALL_FAIL, "Deleted", "Reinstalling", "ImageMaking", *CREATING, *LEADS_TO))


def settled(state: str | None) -> str | None:
    """Return the state that C(state) will be, where that is sure; otherwise C(state) itself."""
    return LEADS_TO.get(state or "", state)
