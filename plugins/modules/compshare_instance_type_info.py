#!/usr/bin/python
# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: compshare_instance_type_info
short_description: Gather information about CompShare GPU types, sizes, stock and prices
version_added: 1.0.0
description:
  - Lists the GPU types that each zone sells, their sizes in CPUs and memory, how many are in stock, and their prices.
  - If O(region), O(zone) and O(zones) are omitted, all zones are listed. A region or zone that does not exist is an
    error that lists those that do.
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
      - Only these zones, in this order. O(region) and O(zone) are ignored then.
    type: list
    elements: str
  gpu_types:
    description:
      - Only these GPU types, for example V(4090), in upper or lower case. A type that no zone sells gives a
        warning.
    type: list
    elements: str
    aliases: [gpu_type]
  in_stock:
    description:
      - V(true) for types with at least one GPU in stock, V(false) for those that are sold out.
      - A type whose stock the API does not report counts as in stock unless its status says that it is sold out.
    type: bool
  prices:
    description:
      - Whether to read prices. That takes a request for each type and zone.
    type: bool
    default: true
  gpu_count:
    description:
      - The number of GPUs to price.
    type: int
    default: 1
  cpu:
    description:
      - The number of CPUs to price. If omitted, the smallest that is sold with these GPUs.
    type: int
  memory_gb:
    description:
      - The memory to price, in GB. If omitted, the smallest that is sold with these GPUs and CPUs.
    type: int
  disk_gb:
    description:
      - The size of the system disk to price, in GB.
    type: int
    default: 100
  charge_type:
    description:
      - The charge type to price. If omitted, all that the API returns.
    type: str
    choices: [Postpay, Dynamic, Day, Month, Year, Spot]
notes:
  - The number of free GPUs is up to five minutes old.
  - A price is no proof that the zone sells the type.
seealso:
  - module: compshare.cloud.compshare_instance
    description: Create an instance in the first zone that has the GPU in stock.
  - module: compshare.cloud.compshare_zone_info
    description: Regions and zones.
"""

EXAMPLES = r"""
- name: List the zones that have a 4090 in stock, with prices
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
    - Other fields of the API follow under their own names in snake case.
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
      description: Whether its instances are pods in this zone.
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
      description: The number of GPUs in stock. Null if the API does not report it.
      type: int
      sample: 12
    spot_stock:
      description: The number of GPUs in stock for spot instances.
      type: int
    gpu_memory_gb:
      description: The memory of one GPU, in GB.
      type: float
      sample: 24
    performance:
      description: The performance according to the vendor, in TFLOPS.
      type: float
      sample: 83
    cpu_platforms:
      description: The CPU platforms.
      type: list
      elements: str
    sizes:
      description: The sizes that are sold, smallest first.
      type: list
      elements: dict
      contains:
        gpu_count:
          description: The number of GPUs.
          type: int
          sample: 1
        cpu:
          description: The number of CPUs.
          type: int
          sample: 16
        memory_gb:
          description: The memory, in GB.
          type: int
          sample: 64
    disks:
      description: The disk types.
      type: list
      elements: dict
      contains:
        type:
          description: The disk type.
          type: str
          sample: CLOUD_SSD
        boot:
          description: Whether it is for system disks. Otherwise it is for data disks.
          type: bool
        min_gb:
          description: The smallest size, in GB.
          type: int
        max_gb:
          description: The largest size, in GB.
          type: int
    prices:
      description:
        - What the requested size costs, one entry for each way of charging.
        - Empty where O(prices=false), where the type does not come in that size, and where the API names no price.
      type: list
      elements: dict
      contains:
        charge_type:
          description: The charge type.
          type: str
          sample: Postpay
        amount:
          description: The price, in CNY per RV(instance_types[].prices[].unit).
          type: float
          sample: 1.58
        unit:
          description: V(hour), V(day), V(month) or V(year). A month counts 30 days, a year 365.
          type: str
          sample: hour
        per_hour:
          description: The price, in CNY per hour.
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
          description: The number of GPUs of that price.
          type: int
        cpu:
          description: The number of CPUs of that price.
          type: int
        memory_gb:
          description: The memory of that price, in GB.
          type: int
error:
  description: What went wrong, with the keys of RV(compshare.cloud.compshare_api#module:error).
  returned: failure
  type: dict
  sample:
    action: DescribeAvailableCompShareInstanceTypes
    ret_code: 171
    message: Signature VerifyAC Error
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
