#!/usr/bin/python
# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: compshare_account_info
short_description: Gather information about a CompShare account
version_added: 1.1.0
description:
  - Returns the balance of the account, its projects and its own id.
  - What a key is not permitted to read is null, with a warning.
author:
  - CompShare Cloud collection contributors (@compshare-cloud)
extends_documentation_fragment:
  - compshare.cloud.connection
  - compshare.cloud._attributes
  - compshare.cloud._attributes.info
  - compshare.cloud._attributes.action_group
  - compshare.cloud._attributes.in_process
seealso:
  - module: compshare.cloud.compshare_image_share
    description: Shares images with accounts, by their ids.
"""

EXAMPLES = r"""
- name: Read the account
  compshare.cloud.compshare_account_info:
  register: account

- name: Stop before an expensive run that the balance does not cover
  ansible.builtin.assert:
    that: account.balance.available >= 100
    fail_msg: "There are {{ account.balance.available }} CNY left."
"""

RETURN = r"""
balance:
  description: Amounts in CNY. Null if the key may not read them.
  returned: success
  type: dict
  contains:
    amount:
      description: The balance.
      type: float
      sample: 120.5
    available:
      description: What can be spent.
      type: float
      sample: 120.5
    credit:
      description: The credit line.
      type: float
      sample: 0
    free:
      description: What was given for free.
      type: float
      sample: 0
    frozen:
      description: What is reserved.
      type: float
      sample: 0
projects:
  description: The projects, the default one first. Null if the key may not list them.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The id of the project, for O(project_id).
      type: str
      sample: org-default1
    name:
      description: Its name.
      type: str
      sample: Default
    default:
      description: Whether it is the default project.
      type: bool
      sample: true
account_id:
  description:
    - The id of the account, which others need to share images with it.
    - The API reports it only in images of the account, so it is null for an account without images.
  returned: success
  type: int
  sample: 50000001
error:
  description: What went wrong, with the keys of RV(compshare.cloud.compshare_api#module:error).
  returned: failure
  type: dict
  sample:
    action: GetBalance
    ret_code: 171
    message: Signature VerifyAC Error
"""

# Absolute, because Mitogen looks for it to know a module.
from ansible_collections.compshare.cloud.plugins.module_utils._module import run_module

from ..module_utils._account import read_account


def main() -> None:
    run_module({}, read_account)


if __name__ == "__main__":
    main()
