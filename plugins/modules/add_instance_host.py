#!/usr/bin/python
# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: add_instance_host
short_description: Add an instance to the inventory of the running playbook
version_added: 1.1.0
description:
  - Adds a host to the inventory for the rest of the playbook, like M(ansible.builtin.add_host).
  - Unlike that, it runs for every host of the play and with every strategy, so each host can add its own instance.
  - The role P(compshare.cloud.golden_image#role) adds the instance that it prepares with this module.
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
    details:
      - Check mode adds the host, too, because the tasks that follow need it.
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
  name:
    description:
      - The name of the host.
    type: str
    required: true
  groups:
    description:
      - The groups that the host is added to.
    type: list
    elements: str
    default: []
  variables:
    description:
      - The variables of the host. Those that it has already keep their values unless they are given here.
      - Wins over C(group_vars). Leave out what the groups of the host may set.
    type: dict
    default: {}
seealso:
  - module: ansible.builtin.add_host
"""

EXAMPLES = r"""
- name: Add an instance as a host
  compshare.cloud.add_instance_host:
    name: trainer
    groups: [gpu]
    variables:
      ansible_host: 203.0.113.10
      ansible_user: ubuntu
"""

RETURN = r"""
add_host:
  description: The host that was added.
  returned: success
  type: dict
  contains:
    host_name:
      description: The name of the host.
      type: str
      sample: trainer
    groups:
      description: The groups that the host was added to.
      type: list
      elements: str
      sample: [gpu]
    host_vars:
      description: The variables that the host was given.
      type: dict
"""
