#!/usr/bin/python
# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: compshare_zone_info
short_description: Gather information about CompShare regions and zones
version_added: 1.0.0
description:
  - Lists the zones that sell GPUs, with their regions.
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
      - Only zones of this region. If omitted, zones of all regions. A region that does not exist is an error that lists
        those that do.
  zone:
    description:
      - Only this zone. A zone that does not exist is an error that lists those that do.
  pod:
    description:
      - V(true) for zones of pods only, V(false) for zones of virtual machines and containers only.
    type: bool
seealso:
  - module: compshare.cloud.compshare_instance_type_info
    description: GPU types, sizes, stock and prices of each zone.
"""

EXAMPLES = r"""
- name: List all zones
  compshare.cloud.compshare_zone_info:
  register: places

- name: Show them
  ansible.builtin.debug:
    msg: "{{ item.region }} {{ item.zone }} {{ item.description }}"
  loop: "{{ places.zones }}"
  loop_control:
    label: "{{ item.zone }}"

- name: List the zones of one region that have no pods
  compshare.cloud.compshare_zone_info:
    region: cn-sh2
    pod: false
"""

RETURN = r"""
zones:
  description:
    - The zones, in the API's order.
    - Other fields of the API follow under their own names in snake case.
  returned: success
  type: list
  elements: dict
  contains:
    zone:
      description: The zone.
      type: str
      sample: cn-wlcb-01
    region:
      description: The region it is in.
      type: str
      sample: cn-wlcb
    description:
      description: The name that the console shows.
      type: str
      sample: 华北二A
    pod:
      description: Whether its instances are pods.
      type: bool
      sample: false
    unsupported_image_types:
      description: Types of images, such as V(System), of which no instance can be created here.
      type: list
      elements: str
      version_added: 1.1.0
    zone_id:
      description: The number of the zone, which some actions take.
      type: int
      sample: 10027
    region_id:
      description: The number of the region.
      type: int
regions:
  description: The regions of these zones, each once.
  returned: success
  type: list
  elements: str
  sample: [cn-wlcb, cn-sh2]
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

from ..module_utils._instances.query import requested_zones
from ..module_utils._task import Task


def find_zones(task: Task) -> dict[str, object]:
    pod = task.options["pod"]
    zones = [zone for zone in requested_zones(task.client, None) if pod in (None, zone["pod"])]
    return {"zones": zones, "regions": list(dict.fromkeys(zone["region"] for zone in zones))}


def main() -> None:
    run_module({"pod": {"type": "bool"}}, find_zones)


if __name__ == "__main__":
    main()
