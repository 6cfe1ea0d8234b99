# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""The connection options of a plugin that runs in the controller."""

from __future__ import annotations

import typing as t

CONNECTION_OPTIONS = (
    "public_key",
    "private_key",
    "profile",
    "project_id",
    "region",
    "zone",
    "api_url",
    "validate_certs",
    "ca_path",
    "api_timeout",
    "api_retries",
    "api_throttle_timeout",
    "api_rate",
)


class _Plugin(t.Protocol):
    def get_option(self, option: str) -> t.Any:
        """Return the value of an option, whatever way it was given."""


def plugin_options(plugin: _Plugin, *names: str) -> dict[str, t.Any]:
    """Return the connection options and the options C(names) of a plugin, None for those that were not given."""
    return {name: plugin.get_option(name) for name in (*CONNECTION_OPTIONS, *names)}
