#!/usr/bin/python
# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: compshare_api
short_description: Call any action of the CompShare API
version_added: 1.0.0
description:
  - Sends one action of the API, signed, with retries where they are safe, and returns the response as it is.
  - Use it for actions that no other module of this collection covers.
author:
  - CompShare Cloud collection contributors (@compshare-cloud)
extends_documentation_fragment:
  - compshare.cloud.connection
  - compshare.cloud._attributes
  - compshare.cloud._attributes.action_group
attributes:
  action:
    description: Has an action plugin of the same name, which hides the output if it has secrets.
    support: full
  async:
    description: Can run with C(async) in the background.
    support: full
    details:
      - With O(include_secrets=true) the task must then have C(no_log=true).
  check_mode:
    support: partial
    details:
      - In check mode only actions that are O(read_only) are sent. What another one would do is not known; the task then
        reports what O(changed_when_success) says.
  diff_mode:
    support: none
    details:
      - What an action changes is not known.
  idempotent:
    support: N/A
    details:
      - Each run sends the action.
options:
  action:
    description:
      - The name of the action, for example V(DescribeCompShareSupportZone).
    type: str
    required: true
  params:
    description:
      - The parameters of the action. Lists and dictionaries may be nested. Numbers and booleans keep their type in
        YAML, so quote what must be text.
      - If O(region) and O(zone) are set, they are sent as C(Region) and C(Zone), unless O(params) has these. Parameters
        that are null are omitted.
      - The API silently ignores most parameters that it does not know, and some values that it does not understand.
    type: dict
    default: {}
  secret_params:
    description:
      - Further parameters, which are never shown or logged. Parameters with the name of a secret, such as
        C(Password), are accepted only here.
    type: dict
    default: {}
  read_only:
    description:
      - Whether the action changes nothing, so that it is sent in check mode, too.
      - If omitted, it is V(true) for actions whose name begins with C(Describe), C(Get), C(List) or C(Check).
    type: bool
  idempotent:
    description:
      - Whether the action may be retried if its response is lost. A request that certainly had no effect is
        retried in any case.
      - If omitted, it is V(true) for actions that are O(read_only).
    type: bool
  changed_when_success:
    description:
      - What the task reports as C(changed) when the action succeeds.
      - If omitted, it is V(false) for actions that are O(read_only), and V(true) for others.
    type: bool
  body_format:
    description:
      - How the parameters are sent. A few actions, such as C(GetCompShareInstanceMonitor), read lists only from
        V(json).
    type: str
    choices: [form, json]
    default: form
    version_added: 1.1.0
  include_secrets:
    description:
      - Whether RV(response) has the secrets of the response. With V(false), asterisks replace fields with the
        name of a secret, such as C(Password) and C(JupyterToken), and tokens in addresses.
      - With V(true) the output of the task is hidden; the registered result has everything.
    type: bool
    default: false
seealso:
  - module: compshare.cloud.compshare_image
    description: Custom images have a module of their own, which checks more.
"""

EXAMPLES = r"""
- name: List the regions and zones
  compshare.cloud.compshare_api:
    action: DescribeCompShareSupportZone
  register: zones

- name: Show their names
  ansible.builtin.debug:
    msg: "{{ zones.response.ZoneInfo | map(attribute='Zone') | join(', ') }}"

- name: Rename an instance
  compshare.cloud.compshare_api:
    action: ModifyCompShareInstanceName
    region: cn-wlcb
    params:
      UHostId: "{{ instance_id }}"
      Name: train-1
    idempotent: true

- name: Read how busy an instance was
  compshare.cloud.compshare_api:
    action: GetCompShareInstanceMonitor
    region: cn-wlcb
    zone: cn-wlcb-01
    body_format: json
    params:
      UHostIds: ["{{ instance_id }}"]

- name: Set the password of a stopped virtual machine
  compshare.cloud.compshare_api:
    action: ResetCompShareInstancePassword
    region: cn-wlcb
    zone: cn-wlcb-01
    params:
      UHostId: "{{ instance_id }}"
    secret_params:
      Password: "{{ new_password | ansible.builtin.b64encode }}"
"""

RETURN = r"""
response:
  description:
    - The response of the API as it is, but for secrets, see O(include_secrets). Null where nothing was sent.
  returned: always
  type: dict
  sample:
    Action: DescribeCompShareSupportZoneResponse
    RetCode: 0
    ZoneInfo:
      - Region: cn-wlcb
        Zone: cn-wlcb-01
sent:
  description: Whether the action was sent. V(false) in check mode for actions that are not O(read_only).
  returned: always
  type: bool
  sample: true
error:
  description: What went wrong, in parts.
  returned: failure
  type: dict
  contains:
    action:
      description: The action of the API.
      type: str
      sample: ModifyCompShareInstanceName
    ret_code:
      description: The RetCode that the API returned, null if there is none.
      type: int
      sample: 230
    message:
      description: The message of the API, or what happened instead of a response.
      type: str
      sample: Params [UHostId] not available
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

from ..module_utils._raw_action import call_action


def main() -> None:
    run_module(
        {
            "action": {"type": "str", "required": True},
            "params": {"type": "dict", "default": {}},
            "secret_params": {"type": "dict", "default": {}, "no_log": True},
            "read_only": {"type": "bool"},
            "idempotent": {"type": "bool"},
            "changed_when_success": {"type": "bool"},
            "body_format": {"type": "str", "choices": ["form", "json"], "default": "form"},
            "include_secrets": {"type": "bool", "default": False, "no_log": False},
        },
        call_action,
    )


if __name__ == "__main__":
    main()
