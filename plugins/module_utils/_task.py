# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""A task as its work sees it: options, modes, the client, and where warnings and events go. Free of Ansible."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ._api.client import Client
from ._api.credentials import connection_warnings
from ._api.errors import CompShareError


def _ignore(_event: t.Any) -> None:
    """Drop an event that nobody listens to."""


@dataclass
class Task:
    """One run of a module. C(_module) builds it from Ansible's options; tests build it from any."""

    #: The options, None for those that are omitted.
    options: Mapping[str, t.Any]
    check_mode: bool = False
    diff: bool = False
    #: Takes a sentence for the user.
    warn: t.Callable[[str], None] = _ignore
    #: Takes a sentence for a user who looks for causes (-vvv).
    debug: t.Callable[[str], None] = _ignore
    #: Takes an event for live lines while the work goes on.
    report: t.Callable[[dict[str, t.Any]], None] = _ignore
    #: Takes secrets that the result shows on request.
    register_secrets: t.Callable[[Iterable[str]], None] = _ignore
    _client: Client | None = field(default=None, repr=False)

    @property
    def client(self) -> Client:
        """Return the client for the connection options, built at its first use; raises OptionError."""
        if self._client is None:
            self._client = Client.from_options(self.options, debug=self.debug)
            for warning in connection_warnings(self._client.endpoint, self._client.credentials, self.options):
                self.warn(warning)
        return self._client

    def interrupted(self) -> CompShareError:
        """Return the error for an interrupted task whose work has none of its own."""
        if self._client is None:
            return CompShareError("The task was interrupted before it began.", retryable=True)
        return self._client.interrupted()
