#!/usr/bin/python
# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: compshare_instance_monitor_info
short_description: Gather the use of CPU, memory, disk and GPU of CompShare instances
version_added: 1.1.0
description:
  - Reads from the platform's monitor how busy instances are, and returns the same keys for virtual machines, containers
    and pods.
  - The monitor has about one point a minute while an instance runs.
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
      - Only instances in this region. If omitted, instances in all regions.
  zone:
    description:
      - Only instances in this zone.
  instance_ids:
    description:
      - The instances to read, by id.
      - If both O(instance_ids) and O(names) are omitted, all instances that run.
    type: list
    elements: str
  names:
    description:
      - The instances to read, by name.
    type: list
    elements: str
  period:
    description:
      - "How far to look back: a duration such as V(30m), V(8h) or V(7d), of one minute to 30 days."
    type: str
    default: 10m
  include_points:
    description:
      - Whether to return each point, too.
    type: bool
    default: false
seealso:
  - module: compshare.cloud.compshare_instance_info
    description: Lists instances with their states.
"""

EXAMPLES = r"""
- name: See how busy the running instances were in the last half hour
  compshare.cloud.compshare_instance_monitor_info:
    period: 30m
  register: monitor

- name: Name those whose GPU did nothing
  ansible.builtin.debug:
    msg: "{{ item.name }} has been idle for {{ item.gpu.points }} minutes"
  loop: "{{ monitor.instances | selectattr('gpu.maximum', 'ne', none) | selectattr('gpu.maximum', 'lt', 5) }}"
  loop_control:
    label: "{{ item.id }}"
"""

RETURN = r"""
instances:
  description: The instances, ordered by name and id.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The id of the instance.
      type: str
      sample: uhost-1testvm00001
    name:
      description: Its name.
      type: str
      sample: train-vm
    state:
      description: Its state.
      type: str
      sample: Running
    spot:
      description: Whether it is a spot instance.
      type: bool
    start_time:
      description: When it was started last.
      type: str
      sample: "2026-11-20T08:00:00Z"
    charge_type:
      description: How it is paid for.
      type: str
      sample: Postpay
    instance_price:
      description: What it costs, in CNY per hour.
      type: float
      sample: 1.48
    cpu:
      description: Use of the CPUs.
      type: dict
      contains: &metric
        latest:
          description: The value at the last point, in per cent. Null if there is no point.
          type: float
          sample: 3.2
        average:
          description: The average, in per cent.
          type: float
        maximum:
          description: The highest value, in per cent.
          type: float
        points:
          description: How many points there are in the period. An instance that did not run has none.
          type: int
          sample: 30
        series:
          description: Each point as V(time) and V(value), oldest first. Only with O(include_points=true).
          type: list
          elements: dict
    memory:
      description: Use of the memory.
      type: dict
      contains: *metric
    system_disk:
      description: How full the system disk is.
      type: dict
      contains: *metric
    gpu:
      description: Use of the GPUs, all of them together. With several GPUs, the busiest one counts at each point.
      type: dict
      contains: *metric
    gpu_memory:
      description: Use of the memory of the GPUs, in the same way.
      type: dict
      contains: *metric
    gpus:
      description: Each GPU by itself, with V(gpu) and V(gpu_memory) of the same shape.
      type: list
      elements: dict
    data_disks:
      description: How full each data disk is, with V(device) and V(used) of the same shape.
      type: list
      elements: dict
start_time:
  description: Where the period begins.
  returned: success
  type: str
  sample: "2026-11-26T08:00:00Z"
end_time:
  description: Where the period ends.
  returned: success
  type: str
  sample: "2026-11-26T08:30:00Z"
error:
  description: What went wrong, with the keys of RV(compshare.cloud.compshare_api#module:error).
  returned: failure
  type: dict
  sample:
    action: GetCompShareInstanceMonitor
    ret_code: 171
    message: Signature VerifyAC Error
"""

# Absolute, because Mitogen looks for it to know a module.
from ansible_collections.compshare.cloud.plugins.module_utils._module import run_module

from ..module_utils._instances.monitor import read_monitor


def main() -> None:
    run_module(
        {
            "instance_ids": {"type": "list", "elements": "str"},
            "names": {"type": "list", "elements": "str"},
            "period": {"type": "str", "default": "10m"},
            "include_points": {"type": "bool", "default": False},
        },
        read_monitor,
        mutually_exclusive=[("instance_ids", "names")],
    )


if __name__ == "__main__":
    main()
