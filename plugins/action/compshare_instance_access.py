# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ..modules import compshare_instance_access
from ..plugin_utils._task_folder import TaskFolderAction


class ActionModule(TaskFolderAction):
    """compshare_instance_access, which ends with its task on every machine."""


#: ansible-lint checks options with it.
main = compshare_instance_access.main
