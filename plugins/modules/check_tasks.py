#!/usr/bin/python
# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: check_tasks
short_description: Check a file of tasks without running it
version_added: 1.1.0
description:
  - Loads a file of tasks as C(ansible.builtin.include_tasks) would, and fails if that would end the play.
  - Finds invalid YAML, unknown modules and keywords, a whole playbook, an empty file, and imported or included files
    and roles that do not exist or have such errors themselves.
  - Rejects C(meta) tasks that end the host, the batch, the play or the role, because they skip C(always).
  - Cannot check what is known only at run time, such as an included file or role whose name is a template.
  - The role P(compshare.cloud.golden_image#role) checks its tasks with this module before it creates an instance.
author:
  - CompShare Cloud collection contributors (@compshare-cloud)
attributes:
  action:
    description: Runs on the controller only.
    support: full
  async:
    description: Supports being used with the C(async) keyword.
    support: none
  check_mode:
    description: Can run in C(check_mode) and return what a real run would, without changing anything.
    support: full
  diff_mode:
    description: Returns details on what has changed, or would change, when in diff mode.
    support: none
  idempotent:
    description: A second run with the same options changes nothing.
    support: full
  platform:
    description: Where the module can run.
    support: full
    platforms: all
options:
  path:
    description:
      - The file of tasks. A relative path starts at the folder of the playbook.
    type: path
    required: true
"""

EXAMPLES = r"""
- name: Check the tasks before anything is paid for
  compshare.cloud.check_tasks:
    path: "{{ playbook_dir }}/prepare.yml"
"""

RETURN = r"""
files:
  description: The files of tasks that were checked.
  returned: success
  type: list
  elements: str
  sample: [/srv/playbooks/prepare.yml]
"""
