#!/usr/bin/python
# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: compshare_instance_access
short_description: Let public keys log in to a CompShare instance
version_added: 1.1.0
description:
  - Installs public keys on a running instance, waits until a log-in with a key works, and turns password log-in off
    with O(password_login=false).
  - Reads the password of the instance from the API and uses it only if no key is accepted yet. The password is in no
    result, argument, environment variable or file.
  - Uses the C(ssh) of the machine where the task runs, with its configuration, so jump hosts in C(~/.ssh/config) work.
  - A host key that is seen for the first time is accepted and returned. One that differs from O(known_hosts) is an
    error.
  - The role P(compshare.cloud.instance_access#role) also adds the host key and the host.
author:
  - CompShare Cloud collection contributors (@compshare-cloud)
extends_documentation_fragment:
  - compshare.cloud.connection
  - compshare.cloud._attributes
  - compshare.cloud._attributes.write
  - compshare.cloud._attributes.action_group
attributes:
  async:
    description: Supports being used with the C(async) keyword.
    support: full
  check_mode:
    details:
      - Check mode tries to log in with a key, and with the password if O(password_login=false), and changes nothing on
        the instance.
      - If the instance does not exist or run yet, because an earlier task would create or start it, it is reported as
        changed.
  diff_mode:
    support: none
options:
  name:
    description:
      - The name of the instance.
      - One of O(name) and O(instance_id) is required.
    type: str
  instance_id:
    description:
      - The id of the instance.
    type: str
  keys:
    description:
      - The public keys, each as the line of a file such as C(~/.ssh/id_ed25519.pub). Other keys on the instance stay.
    type: list
    elements: str
    required: true
  private_key_file:
    description:
      - The private key of one of O(keys), to check that it works. If omitted, the keys of C(ssh) and of C(ssh-agent).
    type: path
  password_login:
    description:
      - V(false) turns password log-in off, once a log-in with a key works. V(true) leaves it as it is.
      - Needs root, or C(sudo) for the user of the instance.
    type: bool
    default: true
  known_hosts:
    description:
      - The file with known host keys. It is only read.
    type: path
    default: ~/.ssh/known_hosts
  timeout:
    description:
      - How long to wait until the instance can be logged in to, in seconds.
    type: float
    default: 300
seealso:
  - module: compshare.cloud.compshare_instance
"""

EXAMPLES = r"""
- name: Log in by key from now on
  compshare.cloud.compshare_instance_access:
    name: train-vm
    keys: "{{ [lookup('ansible.builtin.file', '~/.ssh/id_ed25519.pub')] }}"
    password_login: false
"""

RETURN = r"""
changes:
  description: What was changed. V(keys) if keys were installed, V(password_login) if password log-in was turned off.
  returned: always
  type: list
  elements: str
  sample: [keys, password_login]
host_keys:
  description: The lines for a file of known hosts, of host keys that were seen for the first time.
  returned: success
  type: list
  elements: str
  sample: ["203.0.113.10 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE7x"]
instance:
  description: The instance, like RV(compshare.cloud.compshare_instance#module:instance).
  returned: success
  type: dict
error:
  description: What went wrong, with the keys of RV(compshare.cloud.compshare_api#module:error).
  returned: failure
  type: dict
  sample:
    action: DescribeCompShareInstance
    ret_code: 171
"""

from ansible_collections.compshare.cloud.plugins.module_utils._module import run_module

from ..module_utils._instances.access import ensure_access


def main() -> None:
    run_module(
        {
            "name": {"type": "str"},
            "instance_id": {"type": "str"},
            "keys": {"type": "list", "elements": "str", "required": True, "no_log": False},
            "private_key_file": {"type": "path", "no_log": False},
            "password_login": {"type": "bool", "default": True, "no_log": False},
            "known_hosts": {"type": "path", "default": "~/.ssh/known_hosts"},
            "timeout": {"type": "float", "default": 300},
        },
        ensure_access,
        required_one_of=[("name", "instance_id")],
        mutually_exclusive=[("name", "instance_id")],
    )


if __name__ == "__main__":
    main()
