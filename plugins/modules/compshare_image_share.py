#!/usr/bin/python
# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: compshare_image_share
short_description: Share a custom CompShare image with other accounts
version_added: 1.0.0
description:
  - Adds and removes the accounts that a custom image is shared with. They find it in their list of shared images.
  - Sharing works within one region and costs nothing. An image of another account cannot be shared.
author:
  - CompShare Cloud collection contributors (@compshare-cloud)
extends_documentation_fragment:
  - compshare.cloud.connection
  - compshare.cloud._attributes
  - compshare.cloud._attributes.write
  - compshare.cloud._attributes.action_group
options:
  image_id:
    description:
      - The id of one of your own images, which must be available.
      - One of O(image_id) and O(image_name) is required. If both are given, O(image_id) decides.
    type: str
  image_name:
    description:
      - The name of one of your own images.
      - In check mode an image that does not exist yet is accepted, as an earlier task may create it.
    type: str
    version_added: 1.1.0
  accounts:
    description:
      - The ids of accounts. The console of each account shows its id as CompanyID.
      - More than ten are sent ten at a time. If the API rejects one account, none of that batch is changed; the task
        fails, and RV(accounts) holds the accounts that the image is shared with.
    type: list
    elements: int
    required: true
  exclusive:
    description:
      - With V(true) the image is shared with O(accounts) and with nobody else; an empty list ends all sharing.
      - With V(false) other accounts stay as they are.
    type: bool
    default: false
  state:
    description:
      - V(present) shares the image with O(accounts), V(absent) stops sharing it with them.
    type: str
    choices: [present, absent]
    default: present
  wait_timeout:
    description:
      - How long to retry, in seconds, while the API is busy with another operation on this image.
    type: float
    default: 600
seealso:
  - module: compshare.cloud.compshare_image_info
    description: With O(compshare.cloud.compshare_image_info#module:source=shared), what other accounts share with you.
  - module: compshare.cloud.compshare_image
    description: Create the image.
"""

EXAMPLES = r"""
- name: Share an image with two more accounts
  compshare.cloud.compshare_image_share:
    image_id: "{{ image_id }}"
    accounts: [50000002, 50000003]

- name: Share an image by its name with exactly one account
  compshare.cloud.compshare_image_share:
    image_name: comfyui-for-the-team
    accounts: [50000002]
    exclusive: true
  register: sharing

- name: Show who has it
  ansible.builtin.debug:
    msg: "{{ sharing.image.name }} is shared with {{ sharing.accounts | join(', ') }}"

- name: Stop sharing it with an account
  compshare.cloud.compshare_image_share:
    image_id: "{{ image_id }}"
    accounts: [50000002]
    state: absent
"""

RETURN = r"""
accounts:
  description:
    - The ids of all accounts that the image is shared with after the task, or in check mode would be, in order.
    - Null if the task failed and they could not be read.
  returned: always, when the image exists
  type: list
  elements: int
  sample: [50000002, 50000003]
invalid_accounts:
  description: The ids in O(accounts) that the API does not know.
  returned: when there are any
  type: list
  elements: int
  sample: [99999999]
image:
  description:
    - The image.
    - It has all the keys of RV(compshare.cloud.compshare_image_info#module:images); these are the main ones.
  returned: always; in check mode null if an earlier task would create it
  type: dict
  contains:
    id:
      description: The id of the image, null if it is not known yet.
      type: str
      sample: compshareImage-1bbbbbbbbbb1
    name:
      description: The name.
      type: str
      sample: training-env
    status:
      description: V(Making), V(Available), V(UnAvailable), V(Reviewing) or V(Offline).
      type: str
      sample: Available
    description:
      description: The description by its author.
      type: str
      sample: PyTorch 2.9 with the team's tools
    container:
      description: Whether it is a container image; otherwise it is one for virtual machines.
      type: bool
      sample: false
    zones:
      description: The zones that have it.
      type: list
      elements: str
      sample: [cn-wlcb-01]
    size_mb:
      description: The size, in MB.
      type: float
      sample: 40960
    failed_reason:
      description: Why it could not be created, or was rejected.
      type: str
error:
  description: Details of the error, with the keys of RV(compshare.cloud.compshare_api#module:error).
  returned: failure
  type: dict
  sample:
    action: ModifyCompShareImageShareAccount
    ret_code: 230
    message: no such account
"""

# Absolute, because Mitogen looks for it to know a module.
from ansible_collections.compshare.cloud.plugins.module_utils._module import run_module

from ..module_utils._images.sharing import ensure_shares


def main() -> None:
    run_module(
        {
            "image_id": {"type": "str"},
            "image_name": {"type": "str"},
            "accounts": {"type": "list", "elements": "int", "required": True},
            "exclusive": {"type": "bool", "default": False},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "wait_timeout": {"type": "float", "default": 600},
        },
        ensure_shares,
        required_one_of=[("image_id", "image_name")],
    )


if __name__ == "__main__":
    main()
