#!/usr/bin/python
# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: compshare_instance_type_info
short_description: List CompShare GPU types, sizes, stock and prices
version_added: 1.0.0
description:
  - Lists the GPU types that each zone sells, which CPUs and memory go with them, how many are free, and what they cost.
  - Where O(region), O(zone) and O(zones) are left out, all zones are listed.
author:
  - CompShare Cloud collection contributors (@compshare-cloud)
extends_documentation_fragment:
  - compshare.cloud.connection
  - compshare.cloud._attributes
  - compshare.cloud._attributes.info
  - compshare.cloud._attributes.action_group
  - compshare.cloud._attributes.in_process
options:
  zones:
    description:
      - Only these zones, in this order. Then O(region) and O(zone) are not looked at.
    type: list
    elements: str
  gpu_types:
    description:
      - Only these GPU types, for example V(4090), in upper or lower case.
    type: list
    elements: str
    aliases: [gpu_type]
  in_stock:
    description:
      - V(true) for types of which at least one GPU is free, V(false) for those that are sold out.
      - A type of which the API does not tell the number counts as free unless it says that it is sold out.
    type: bool
  prices:
    description:
      - Whether to ask for prices. It costs a request for each type and zone.
    type: bool
    default: true
  gpu_count:
    description:
      - How many GPUs to price.
    type: int
    default: 1
  cpu:
    description:
      - How many CPUs to price. Left out, the fewest that this many GPUs come with.
    type: int
  memory_gb:
    description:
      - How much memory to price, in GB. Left out, the least that these GPUs and CPUs come with.
    type: int
  disk_gb:
    description:
      - The size of the system disk to price, in GB.
    type: int
    default: 100
  charge_type:
    description:
      - The way of charging to price. Left out, all that the API names.
    type: str
    choices: [Postpay, Dynamic, Day, Month, Year, Spot]
notes:
  - The number of free GPUs is up to five minutes old.
  - A price is no proof that the zone sells the type.
seealso:
  - module: compshare.cloud.compshare_instance
    description: Makes an instance in the first zone that has the GPU in stock.
  - module: compshare.cloud.compshare_zone_info
    description: The zones.
"""

EXAMPLES = r"""
- name: See where a 4090 is free, and what it costs
  compshare.cloud.compshare_instance_type_info:
    gpu_types: ["4090"]
    in_stock: true
    charge_type: Postpay
  register: offers

- name: Show it
  ansible.builtin.debug:
    msg: "{{ item.zone }}: {{ item.stock }} free, {{ item.prices[0].per_hour }} CNY per hour"
  loop: "{{ offers.instance_types }}"
  loop_control:
    label: "{{ item.zone }}"
  when: item.prices | length > 0

- name: List every size of every type in one zone, without prices
  compshare.cloud.compshare_instance_type_info:
    zone: cn-wlcb-01
    prices: false
"""

RETURN = r"""
instance_types:
  description:
    - The GPU types, zone by zone.
    - Fields of the API that have no key of ours follow under their own names.
  returned: success
  type: list
  elements: dict
  contains:
    gpu_type:
      description: The GPU type.
      type: str
      sample: "4090"
    region:
      description: The region.
      type: str
      sample: cn-wlcb
    zone:
      description: The zone.
      type: str
      sample: cn-wlcb-01
    pod:
      description: Whether its instances are pods here.
      type: bool
      sample: false
    status:
      description: V(Normal), V(SoldOut), V(Beta) or V(Hidden), in the API's words.
      type: str
      sample: Normal
      version_added: 1.1.0
    sold_out:
      description: Whether the API says that it is sold out.
      type: bool
      sample: false
    stock:
      description: How many GPUs are free, null where the API does not tell.
      type: int
      sample: 12
    spot_stock:
      description: How many GPUs are free for spot instances.
      type: int
    gpu_memory_gb:
      description: The memory of one GPU, in GB.
      type: float
      sample: 24
    performance:
      description: The performance that the vendor names, in TFLOPS.
      type: float
      sample: 83
    cpu_platforms:
      description: The CPU platforms it comes with.
      type: list
      elements: str
    sizes:
      description: What belongs together, smallest first.
      type: list
      elements: dict
      contains:
        gpu_count:
          description: GPUs.
          type: int
          sample: 1
        cpu:
          description: CPUs.
          type: int
          sample: 16
        memory_gb:
          description: Memory, in GB.
          type: int
          sample: 64
    disks:
      description: The kinds of disks it comes with.
      type: list
      elements: dict
      contains:
        type:
          description: The kind.
          type: str
          sample: CLOUD_SSD
        boot:
          description: Whether it is for the system disk, otherwise for data disks.
          type: bool
        min_gb:
          description: The smallest size, in GB.
          type: int
        max_gb:
          description: The largest size, in GB.
          type: int
    prices:
      description:
        - What the size asked for costs, one entry for each way of charging.
        - Empty where O(prices=false), where the type does not come in that size, and where the API names no price.
      type: list
      elements: dict
      contains:
        charge_type:
          description: How it is charged.
          type: str
          sample: Postpay
        amount:
          description: What it costs, in CNY for one RV(instance_types[].prices[].unit).
          type: float
          sample: 1.58
        unit:
          description: V(hour), V(day), V(month) or V(year). A month counts 30 days, a year 365.
          type: str
          sample: hour
        per_hour:
          description: The same, in CNY per hour.
          type: float
          sample: 1.58
        instance:
          description: The part of the instance.
          type: float
        system_disk:
          description: The part of the system disk.
          type: float
        data_disks:
          description: The part of the data disks.
          type: float
        image:
          description: The part of the image.
          type: float
        gpu_count:
          description: The GPUs that it is the price of.
          type: int
        cpu:
          description: The CPUs that it is the price of.
          type: int
        memory_gb:
          description: The memory that it is the price of, in GB.
          type: int
error:
  description: What went wrong, in parts.
  returned: failure
  type: dict
  contains:
    action:
      description: The action of the API.
      type: str
      sample: DescribeAvailableCompShareInstanceTypes
    ret_code:
      description: The RetCode that the API answered with, null where it gave none.
      type: int
      sample: 171
    message:
      description: The message of the API, or what happened instead of an answer.
      type: str
      sample: Signature VerifyAC Error
    request_id:
      description: The API's id of the request, to give to the vendor's support.
      type: str
    hint:
      description: What can be done.
      type: str
    retryable:
      description: Whether the same task may succeed when it is run again.
      type: bool
"""

# Absolute, because Mitogen looks for it to know a module.
from ansible_collections.compshare.cloud.plugins.module_utils._module import run_module

from ..module_utils._instances.gpu_types import TypeQuery, find_types
from ..module_utils._instances.query import CHARGE_TYPES
from ..module_utils._task import Task


def list_types(task: Task) -> dict[str, object]:
    types, warnings = find_types(task.client, TypeQuery.from_options(task.options))
    for warning in warnings:
        task.warn(warning)
    return {"instance_types": types}


def main() -> None:
    run_module(
        {
            "zones": {"type": "list", "elements": "str"},
            "gpu_types": {"type": "list", "elements": "str", "aliases": ["gpu_type"]},
            "in_stock": {"type": "bool"},
            "prices": {"type": "bool", "default": True},
            "gpu_count": {"type": "int", "default": 1},
            "cpu": {"type": "int"},
            "memory_gb": {"type": "int"},
            "disk_gb": {"type": "int", "default": 100},
            "charge_type": {"type": "str", "choices": list(CHARGE_TYPES)},
        },
        list_types,
    )


if __name__ == "__main__":
    main()
