#!/usr/bin/python
# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: compshare_instance_lease
short_description: Stop a CompShare instance soon after a playbook has ended
version_added: 1.1.0
description:
  - Keeps postponing the scheduled stop of an instance while a process runs, by default the playbook itself. When the
    process has ended, for whatever reason, the instance stops within O(lease).
  - Run it in the background, with C(async) and C(poll=0), on the machine that runs Ansible. It ends by itself after
    the process, or when the instance is stopped or gone.
  - The API accepts a new time only while the instance runs. While an image of it is being created, the time stays as
    it is.
  - The disks of a stopped instance still cost money.
author:
  - CompShare Cloud collection contributors (@compshare-cloud)
extends_documentation_fragment:
  - compshare.cloud.connection
  - compshare.cloud._attributes
  - compshare.cloud._attributes.write
  - compshare.cloud._attributes.action_group
attributes:
  action:
    description: Has an action plugin of the same name, which finds the process that runs the playbook.
    support: full
  async:
    description: Supports being used with the C(async) keyword.
    support: full
  diff_mode:
    support: none
  idempotent:
    support: none
    details:
      - Each run postpones the stop.
options:
  instance_id:
    description:
      - The id of the instance.
    type: str
    required: true
  lease:
    description:
      - How long the instance may run after the process has ended. A duration of ten minutes or more, such as V(30m)
        or V(2h).
    type: str
    default: 30m
  process:
    description:
      - The id of the process that needs the instance, on the machine where the task runs.
      - If omitted, the process that runs the playbook.
    type: int
seealso:
  - module: compshare.cloud.compshare_instance
    description: Schedules a stop once, with O(compshare.cloud.compshare_instance#module:schedule_stop).
"""

EXAMPLES = r"""
- name: Stop the instance within half an hour after this playbook has ended
  compshare.cloud.compshare_instance_lease:
    instance_id: uhost-1testvm00001
  # Longer than any run.
  async: 604800
  poll: 0
  delegate_to: localhost
"""

RETURN = r"""
ended:
  description: Why it ended. V(process) when the process has ended, V(instance) when the instance was stopped or gone.
  returned: success
  type: str
  sample: process
renewals:
  description: How often the scheduled stop was moved on.
  returned: success
  type: int
  sample: 4
scheduled_stop_time:
  description: When the instance will stop, as this task has set it last. Null if it was never set.
  returned: success
  type: str
  sample: "2026-11-26T16:00:00Z"
error:
  description: What went wrong, with the keys of RV(compshare.cloud.compshare_api#module:error).
  returned: failure
  type: dict
  sample:
    action: DescribeCompShareInstance
    ret_code: 171
    message: Signature VerifyAC Error
"""

from ansible_collections.compshare.cloud.plugins.module_utils._module import run_module

from ..module_utils._instances.lease import keep_lease


def main() -> None:
    run_module(
        {
            "instance_id": {"type": "str", "required": True},
            "lease": {"type": "str", "default": "30m"},
            "process": {"type": "int"},
        },
        keep_lease,
    )


if __name__ == "__main__":
    main()
