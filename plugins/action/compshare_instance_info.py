# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ..modules import compshare_instance_info
from ..plugin_utils._in_process import RunsInProcess
from ..plugin_utils._secret_result import SecretResultAction


class ActionModule(SecretResultAction, RunsInProcess):
    """compshare_instance_info, which hides a result with secrets."""

    module = compshare_instance_info


#: ansible-lint checks options with it.
main = compshare_instance_info.main
