#!/usr/bin/python
# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: compshare_disk_info
short_description: Gather information about CompShare data disks
version_added: 1.1.0
description:
  - Lists the data disks of the account, attached or not.
  - System disks belong to their instances and are listed with them.
author:
  - CompShare Cloud collection contributors (@compshare-cloud)
extends_documentation_fragment:
  - compshare.cloud.connection
  - compshare.cloud._attributes
  - compshare.cloud._attributes.info
  - compshare.cloud._attributes.action_group
  - compshare.cloud._attributes.in_process
options:
  region:
    description:
      - Only disks in this region. If omitted, disks in all regions.
  zone:
    description:
      - Only disks in this zone.
  disk_ids:
    description:
      - Only disks with these ids.
    type: list
    elements: str
  name:
    description:
      - Only disks of exactly this name.
    type: str
  instance_id:
    description:
      - Only disks that are attached to this instance.
    type: str
  attached:
    description:
      - V(true) for disks that are attached to an instance, V(false) for the others, which still cost money.
    type: bool
  prices:
    description:
      - Whether to find out what each disk costs. That takes a request for each zone, size and charge type.
    type: bool
    default: false
seealso:
  - module: compshare.cloud.compshare_disk
    description: Creates, moves, grows and deletes data disks.
"""

EXAMPLES = r"""
- name: List the disks that nobody uses, with what they cost
  compshare.cloud.compshare_disk_info:
    attached: false
    prices: true
  register: unused

- name: Show them
  ansible.builtin.debug:
    msg: "{{ item.name }}, {{ item.size_gb }} GB, {{ item.price.per_hour | default('?', true) }} CNY an hour"
  loop: "{{ unused.disks }}"
  loop_control:
    label: "{{ item.id }}"
"""

RETURN = r"""
disks:
  description:
    - The disks that match, ordered by name and id. All of them, or the task fails.
    - Fields of the API that have no key of ours follow under their own names.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The id of the disk.
      type: str
      sample: bsi-1testdisk0001
    name:
      description: Its name.
      type: str
      sample: datasets
    state:
      description: The state that the API reports, such as V(InUse) or V(Available).
      type: str
      sample: InUse
    size_gb:
      description: Its size in GB.
      type: int
      sample: 100
    type:
      description: Its type.
      type: str
      sample: CLOUD_SSD
    region:
      description: The region it is in.
      type: str
      sample: cn-wlcb
    zone:
      description: The zone it is in.
      type: str
      sample: cn-wlcb-01
    instance_id:
      description: The id of the instance that has it, null for none.
      type: str
      sample: uhost-1testvm00001
    device:
      description: The device on that instance, as the API names it.
      type: str
      sample: /dev/vdb
    charge_type:
      description: How it is paid for.
      type: str
      sample: Postpay
    source:
      description: The kind of storage, as the API names it.
      type: str
      sample: UDisk
    create_time:
      description: When it was created.
      type: str
      sample: "2026-11-20T08:00:00Z"
    expire_time:
      description: Until when it is paid for, null if it is not prepaid.
      type: str
    price:
      description: What the disk costs by today's prices, null if the API does not report it. Only with O(prices=true).
      type: dict
      sample: {"charge_type": "Postpay", "amount": 0.06, "unit": "hour", "per_hour": 0.06}
total_gb:
  description: How large these disks are together, in GB.
  returned: success
  type: float
  sample: 300
error:
  description: What went wrong, with the keys of RV(compshare.cloud.compshare_api#module:error).
  returned: failure
  type: dict
  sample:
    action: DescribeCompshareDisk
    ret_code: 171
    message: Signature VerifyAC Error
"""

# Absolute, because Mitogen looks for it to know a module.
from ansible_collections.compshare.cloud.plugins.module_utils._module import run_module

from ..module_utils._disks.pricing import add_prices
from ..module_utils._disks.query import matches, read_disks
from ..module_utils._task import Task

FILTERS = ("disk_ids", "name", "instance_id", "attached")


def find_disks(task: Task) -> dict[str, object]:
    filters = {name: task.options[name] for name in FILTERS}
    disks = [disk for disk in read_disks(task.client) if matches(disk, **filters)]
    if task.options["prices"] and disks:
        add_prices(task.client, disks)
    return {"disks": disks, "total_gb": sum(disk["size_gb"] or 0 for disk in disks)}


def main() -> None:
    run_module(
        {
            "disk_ids": {"type": "list", "elements": "str"},
            "name": {"type": "str"},
            "instance_id": {"type": "str"},
            "attached": {"type": "bool"},
            "prices": {"type": "bool", "default": False},
        },
        find_disks,
    )


if __name__ == "__main__":
    main()
