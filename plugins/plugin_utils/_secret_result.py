# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""An action plugin that hides the output of its module if the task requests secrets; the module does the work.

A module cannot do this itself: what it registers as secret is blanked out of its result, and is of no use afterwards.
"""

from __future__ import annotations

import typing as t

from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase


class SecretResultAction(ActionBase):
    """Runs the module of the same name; with C(include_secrets=true) nothing of its result is shown."""

    _supports_async = True

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Return the module's result."""
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        secrets = boolean(self._task.args.get("include_secrets", False), strict=False)
        if secrets and self._task.async_val and not self._task.no_log:
            text = "include_secrets=true cannot hide its output when the task runs with async."
            result.update(failed=True, msg=f"{text} Give the task no_log=true.")
            return result
        result.update(self._execute_module(task_vars=task_vars, wrap_async=bool(self._task.async_val)))
        if secrets and not result.get("failed"):
            # Callbacks then show nothing of the result, and registered it is whole. Before ansible-core 2.19, the
            # result of a loop is hidden only if the task of one of its items has no_log.
            result["_ansible_no_log"] = True
            self._task.no_log = True
        return result
