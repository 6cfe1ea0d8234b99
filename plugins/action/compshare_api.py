# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ..modules import compshare_api
from ..plugin_utils._secret_result import SecretResultAction


class ActionModule(SecretResultAction):
    """compshare_api, which hides a result with secrets."""


#: ansible-lint checks options with it.
main = compshare_api.main
