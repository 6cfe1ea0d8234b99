# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""The temporary folder of a task, by whose removal a module on another machine notices the end of its task.

With pipelining a task has no such folder, and without a shared connection ssh goes on after the task that started it.
"""

from __future__ import annotations

import contextlib
import typing as t

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase


def create_task_folder(action: ActionBase) -> None:
    """Create the folder of a task whose module runs on another machine; ansible-core removes it at the end."""
    core: t.Any = action  # ansible-core says nothing of these methods' types
    connection = core._connection
    if connection.transport == "local" or core._task.async_val or core._is_become_unprivileged():
        return
    # With pipelining the module needs no folder; otherwise running it reports that there is none.
    with contextlib.suppress(AnsibleError):
        if connection._shell.tmpdir is None:
            core._make_tmp_path()


class TaskFolderAction(ActionBase):
    """Runs the module of the same name with a folder for its task."""

    _supports_async = True
    _supports_check_mode = True
    _supports_diff = True

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Return the module's result."""
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        create_task_folder(self)
        result.update(self._execute_module(task_vars=task_vars, wrap_async=bool(self._task.async_val)))
        return result
