# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible.module_utils.parsing.convert_bool import boolean

from ..modules import compshare_image_progress
from ..plugin_utils._in_process import RunsInProcess
from ..plugin_utils._live_lines import LiveLinesAction


class ActionModule(LiveLinesAction, RunsInProcess):
    """compshare_image_progress: a wait has live lines, and a single check may run in the controller's process."""

    module = compshare_image_progress

    def _waits(self) -> bool:
        return bool(boolean(self._task.args.get("wait", False), strict=False))

    def _shows_lines(self) -> bool:
        return self._waits() and super()._shows_lines()

    def _may_run_here(self) -> bool:
        return not self._waits() and super()._may_run_here()


#: ansible-lint checks options with it.
main = compshare_image_progress.main
