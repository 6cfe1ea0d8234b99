# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    """Adds a host like ansible.builtin.add_host, but for each host of the play: it does not bypass the host loop."""

    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Add the host, and return it."""
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        _argument_spec, arguments = self.validate_argument_spec(
            {
                "name": {"type": "str", "required": True},
                "groups": {"type": "list", "elements": "str", "default": []},
                "variables": {"type": "dict", "default": {}},
            }
        )
        name, groups, variables = (arguments[key] for key in ("name", "groups", "variables"))
        result["changed"] = False
        # Before ansible-core 2.22, the strategy adds the host that it finds in the result.
        result["add_host"] = {"host_name": name, "groups": groups, "host_vars": variables}
        add_host: t.Callable[..., bool] | None = getattr(self, "add_host", None)
        if add_host is not None:
            result["changed"] = add_host(host_name=name, parent_group_names=groups, host_vars=variables)
        return result
