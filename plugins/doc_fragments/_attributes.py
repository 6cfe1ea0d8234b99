# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The attributes that the modules share."""

    DOCUMENTATION = r"""
attributes:
  check_mode:
    description: Can run in C(check_mode) and return what a real run would, without changing anything.
  diff_mode:
    description: Returns details on what has changed, or would change, when in diff mode.
  idempotent:
    description: A second run with the same options changes nothing.
  platform:
    description: Where the module can run.
    support: full
    platforms: posix
"""

    # For modules that only read.
    INFO = r"""
attributes:
  check_mode:
    support: full
    details:
      - This module changes nothing.
  diff_mode:
    support: N/A
    details:
      - This module changes nothing.
  idempotent:
    support: full
    details:
      - This module changes nothing.
"""

    # For modules that change something.
    WRITE = r"""
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
"""

    # For modules that only read and may run in the controller's process.
    IN_PROCESS = r"""
attributes:
  action:
    description: Has an action plugin, which runs in the controller.
    support: full
    details:
      - A task that would run on the controller, as the same user, with the Python that runs Ansible and without
        C(environment) or C(async), runs in the process of Ansible. Only the time it takes differs. Set the environment
        variable E(COMPSHARE_IN_PROCESS) to V(false) to turn this off.
  async:
    description: Supports being used with the C(async) keyword.
    support: full
"""

    # For modules that show live lines.
    LIVE_LINES = r"""
attributes:
  action:
    description: Has an action plugin of the same name, which shows the live lines.
    support: full
    details:
      - Without it the module does the same, except for the lines.
  async:
    description: Can run with C(async) in the background.
    support: full
    details:
      - There are no live lines then.
"""

    ACTION_GROUP = r"""
attributes:
  action_group:
    description: Use C(group/compshare.cloud.compshare) in C(module_defaults) to set options for all its members.
    support: full
    membership:
      - compshare.cloud.compshare
"""
