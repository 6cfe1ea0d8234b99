# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ..modules import compshare_account_check
from ..plugin_utils._in_process import InProcessAction


class ActionModule(InProcessAction):
    """compshare_account_check, in the controller's process if only the time differs."""

    module = compshare_account_check


#: ansible-lint checks options with it.
main = compshare_account_check.main
