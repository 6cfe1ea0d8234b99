#!/usr/bin/python
# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: compshare_account_check
short_description: Compare what the CompShare API does with what this collection assumes
version_added: 1.1.0
description:
  - Sources about the API contradict each other, and are silent in places. This module checks the API itself, on your
    account, and shows where the collection's assumptions hold and where they differ.
  - It sends about fifty read requests, in about a minute, and changes nothing.
  - The report is safe to share. It contains no ids, names, addresses, keys or texts of the account.
  - The playbook C(compshare.cloud.check_account) writes the report to a file.
author:
  - CompShare Cloud collection contributors (@compshare-cloud)
extends_documentation_fragment:
  - compshare.cloud.connection
  - compshare.cloud._attributes
  - compshare.cloud._attributes.info
  - compshare.cloud._attributes.action_group
  - compshare.cloud._attributes.in_process
seealso:
  - module: compshare.cloud.compshare_account_info
    description: Balance, projects and id of the account.
"""

EXAMPLES = r"""
- name: Check the API on this account
  compshare.cloud.compshare_account_check:
  register: check

- name: Show what differs
  ansible.builtin.debug:
    msg: "{{ item.text }} Assumed: {{ item.assumed }}. Seen: {{ item.observed }}."
  loop: "{{ check.differs }}"
  loop_control:
    label: "{{ item.key }}"
"""

RETURN = r"""
report:
  description: The report as Markdown.
  returned: success
  type: str
differs:
  description: Checks where the API behaves differently than the collection assumes.
  returned: success
  type: list
  elements: dict
  contains:
    key:
      description: A short name of the check.
      type: str
      sample: inventory_key
    text:
      description: What is checked.
      type: str
      sample: Where are the GPUs in stock counted?
    assumed:
      description: What the collection assumes.
      type: str
      sample: GpuInventory
    observed:
      description: What the API did, null if the account has nothing to see it by.
      type: str
      sample: GpuInventoryByZone
holds:
  description: Checks where the API behaves as the collection assumes. The same keys as RV(differs).
  returned: success
  type: list
  elements: dict
not_seen:
  description: Checks that this account has nothing for, because it has no pod, for example. The keys of RV(differs).
  returned: success
  type: list
  elements: dict
requests:
  description: How many requests were sent, retries aside.
  returned: success
  type: int
  sample: 52
error:
  description: What went wrong, with the keys of RV(compshare.cloud.compshare_api#module:error).
  returned: failure
  type: dict
  sample:
    action: DescribeCompShareSupportZone
    ret_code: 171
    message: Signature VerifyAC Error
"""

# Absolute, because Mitogen looks for it to know a module.
from ansible_collections.compshare.cloud.plugins.module_utils._module import run_module

from ..module_utils._check.run import check_account


def main() -> None:
    run_module({}, check_account)


if __name__ == "__main__":
    main()
