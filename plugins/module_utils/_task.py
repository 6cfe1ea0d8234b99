# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What the work of a module sees of the task it is done for: the shape of C(_module.Task), without Ansible."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping

if t.TYPE_CHECKING:
    from ._api.client import Client


class Task(t.Protocol):
    """The options of a task, its modes, the client for its connection options, and whom to tell."""

    @property
    def options(self) -> Mapping[str, t.Any]:
        """Return the options, None for those that were not given."""

    @property
    def check_mode(self) -> bool:
        """Return whether nothing may be changed."""

    @property
    def diff(self) -> bool:
        """Return whether to tell before and after."""

    @property
    def client(self) -> Client:
        """Return the client for the connection options."""

    @property
    def warn(self) -> t.Callable[[str], None]:
        """Return what takes sentences for the user."""

    @property
    def report(self) -> t.Callable[[dict[str, t.Any]], None]:
        """Return what takes events for live lines."""

    @property
    def register_secrets(self) -> t.Callable[[Iterable[str]], None]:
        """Return what takes texts that must not be shown."""
