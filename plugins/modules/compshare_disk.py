#!/usr/bin/python
# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: compshare_disk
short_description: Create, attach, grow and delete CompShare data disks
version_added: 1.1.0
description:
  - Creates a data disk with an instance, attaches it, detaches it, moves it to another instance, grows it, or
    deletes it.
  - A disk is found by its name or its id. Running the same task again changes nothing.
  - The module works on the disk as a device. File systems and mounts are up to tasks on the instance; RV(mount_hint)
    says what is left to do.
  - Data disks outlive their instance. A stopped instance that is not prepaid is deleted on the seventh day; its data
    disks are only detached, and still cost money.
author:
  - CompShare Cloud collection contributors (@compshare-cloud)
extends_documentation_fragment:
  - compshare.cloud.connection
  - compshare.cloud._attributes
  - compshare.cloud._attributes.write
  - compshare.cloud._attributes.action_group
options:
  name:
    description:
      - The name of the disk. One name stands for one disk; if several disks have it, set O(disk_id).
      - One of O(name) and O(disk_id) is required.
      - "Up to 63 characters: Chinese, letters, digits and C(_,.:-)."
    type: str
  disk_id:
    description:
      - The id of an existing disk.
    type: str
  state:
    description:
      - V(present) creates the disk if there is none of this name. If an instance is given, attaches the disk to it.
      - V(attached) attaches an existing disk to the instance.
      - V(detached) detaches the disk from its instance.
      - V(absent) deletes the disk and all data on it.
    type: str
    choices: [present, attached, detached, absent]
    default: present
  instance_id:
    description:
      - The id of the instance to attach the disk to, in the zone of the disk. A disk that is attached to another
        instance is moved.
      - Unmount a disk before it is moved or detached.
      - A new disk is created with its instance, so it needs O(instance_id) or O(instance_name).
      - Pods have no data disks.
    type: str
  instance_name:
    description:
      - The name of the instance to attach the disk to.
      - In check mode there may be no instance of this name yet, because an earlier task would create it. The price of a
        new disk is not known then.
    type: str
  size_gb:
    description:
      - The size of the disk in GB, 10 to 1500. Required for a new disk.
      - An existing disk that is smaller grows; one that is larger is an error, because disks cannot shrink.
    type: int
  type:
    description:
      - The type of a new disk. An existing disk keeps its type.
    type: str
    default: SSDDataDisk
  charge_type:
    description:
      - How a new disk is paid for. V(Postpay) and V(Dynamic) are charged by the hour.
      - An existing disk keeps its charge type.
    type: str
    choices: [Postpay, Dynamic, Day, Month]
    default: Postpay
  force:
    description:
      - With O(state=absent), also delete a disk that is attached to an instance. It is detached first.
    type: bool
    default: false
  wait_timeout:
    description:
      - How long to wait, in seconds, until the disk is as desired, and while the API is busy with another operation.
    type: float
    default: 600
seealso:
  - module: compshare.cloud.compshare_disk_info
    description: Lists data disks.
  - ref: Data disks <ansible_collections.compshare.cloud.docsite.guide_disks>
    description: Disks from the first one to the last, with file systems and mounts.
"""

EXAMPLES = r"""
- name: Give an instance a data disk
  compshare.cloud.compshare_disk:
    name: datasets
    instance_name: train-vm-1
    size_gb: 100
  register: datasets

- name: Show what is left to do on the instance
  ansible.builtin.debug:
    var: datasets.mount_hint

- name: Let it grow
  compshare.cloud.compshare_disk:
    name: datasets
    size_gb: 200

- name: Move it to another instance
  compshare.cloud.compshare_disk:
    name: datasets
    state: attached
    instance_name: train-vm-2

- name: Detach it
  compshare.cloud.compshare_disk:
    name: datasets
    state: detached

- name: Delete it, with all data
  compshare.cloud.compshare_disk:
    name: datasets
    state: absent
"""

RETURN = r"""
disk:
  description:
    - The disk after the task, or as it would be in check mode. Null if it does not exist any more.
    - It has the keys of RV(compshare.cloud.compshare_disk_info#module:disks), without the price. In check mode, the id
      of a new disk is null.
  returned: always
  type: dict
  sample:
    id: bsi-1testdisk0001
    name: datasets
    state: InUse
    size_gb: 100
    type: CLOUD_SSD
    region: cn-wlcb
    zone: cn-wlcb-01
    instance_id: uhost-1testvm00001
    device: /dev/vdb
    charge_type: Postpay
actions:
  description: What was done, or would be in check mode, in order.
  returned: always
  type: list
  elements: dict
  contains:
    action:
      description: The action of the API.
      type: str
      sample: CreateAndAttachCompshareDisk
    disk_id:
      description: The id of the disk, null if it is not known yet.
      type: str
price:
  description:
    - What a new disk costs, or what its growth costs in addition. Null if nothing is bought, or no price is known.
  returned: always
  type: dict
  contains:
    charge_type:
      description: How it is paid for.
      type: str
      sample: Postpay
    amount:
      description: CNY for one RV(price.unit).
      type: float
      sample: 0.06
    unit:
      description: V(hour), V(day), V(month) or V(year).
      type: str
      sample: hour
    per_hour:
      description: CNY for an hour.
      type: float
      sample: 0.06
mount_hint:
  description: What is left to do on the instance. Null if no instance has the disk.
  returned: always
  type: str
  sample: "The disk is /dev/vdb on the instance. It is empty: create a file system (mkfs.ext4 /dev/vdb), and mount it."
error:
  description: What went wrong, with the keys of RV(compshare.cloud.compshare_api#module:error).
  returned: failure
  type: dict
  sample:
    action: CreateAndAttachCompshareDisk
    ret_code: 8067
    message: The disk size is wrong
"""

# Absolute, because Mitogen looks for it to know a module.
from ansible_collections.compshare.cloud.plugins.module_utils._module import run_module

from ..module_utils._disks.ensure import ensure_disk


def main() -> None:
    run_module(
        {
            "name": {"type": "str"},
            "disk_id": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "attached", "detached", "absent"], "default": "present"},
            "instance_id": {"type": "str"},
            "instance_name": {"type": "str"},
            "size_gb": {"type": "int"},
            "type": {"type": "str", "default": "SSDDataDisk"},
            "charge_type": {"type": "str", "choices": ["Postpay", "Dynamic", "Day", "Month"], "default": "Postpay"},
            "force": {"type": "bool", "default": False},
            "wait_timeout": {"type": "float", "default": 600},
        },
        ensure_disk,
        required_one_of=[("name", "disk_id")],
        mutually_exclusive=[("name", "disk_id"), ("instance_id", "instance_name")],
    )


if __name__ == "__main__":
    main()
