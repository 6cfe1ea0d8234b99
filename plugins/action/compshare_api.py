# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ..modules import compshare_api
from ..plugin_utils._secret_result import SecretResultAction
from ..plugin_utils._task_folder import create_task_folder


class ActionModule(SecretResultAction):
    """compshare_api, which hides a result with secrets."""

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Return the module's result."""
        create_task_folder(self)
        return super().run(tmp, task_vars)


#: ansible-lint checks options with it.
main = compshare_api.main
