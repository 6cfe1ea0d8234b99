# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Event source: the state of a CompShare instance changed, or it is about to be released."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

# ansible-rulebook runs this file without ansible_collections on its path.
sys.path.append(str(Path(__file__).absolute().parents[7]))

from ansible_collections.compshare.cloud.plugins.module_utils._api.client import Client
from ansible_collections.compshare.cloud.plugins.module_utils._events import instances, source
from ansible_collections.compshare.cloud.plugins.module_utils._instances.query import InstanceQuery, find_instances

DOCUMENTATION = r"""
---
short_description: Events about instances on CompShare
description:
  - The event C(instance_state_changed) says that an instance has another state than before; C(event.before) is the
    state before, null for a new instance, and C(event.instance.state) is null for one that is gone.
  - The event C(instance_release_due) says that an instance will be deleted within O(release_within_hours), and in how
    many seconds (C(event.seconds_left)). It comes once for each release time.
  - The event C(instance_interrupted) says that a spot instance was taken back.
  - C(event.instance) has the keys of RV(compshare.cloud.compshare_instance_info#module:instances), without secrets.
options:
  name:
    description: Watch only the instances with this exact name. If omitted, every instance is watched.
    type: str
  release_within_hours:
    description: Hours before its release from which on an instance is reported.
    type: float
    default: 48
  interval:
    description: Seconds between two readings, at least 5. Sources with the same arguments share one reading.
    type: float
    default: 60
  public_key:
    description:
      - The public key of the account. Every connection option of the collection is an argument of the same name.
      - If omitted, the environment variable E(COMPSHARE_PUBLIC_KEY) is used, then the profile file of the vendor's
        client. It is the same for the other connection options.
    type: str
"""

EXAMPLES = r"""
- name: Warn before an instance is deleted
  hosts: localhost
  sources:
    - compshare.cloud.instances:
        release_within_hours: 24
  rules:
    - name: Warn
      condition: event.type == "instance_release_due"
      action:
        run_playbook:
          name: compshare.cloud.keepalive
"""


class _Instances:
    name = "instances"

    def __init__(self, args: dict[str, Any]) -> None:
        source.check_arguments(args, "name", "release_within_hours")
        self._query = InstanceQuery(name=args.get("name"))
        self.sharing = (self._query.name,)
        hours = source.positive(args, "release_within_hours") or instances.DEFAULT_RELEASE_WITHIN / 3600
        self._events = instances.InstanceEvents(release_within=hours * 3600)

    def read(self, client: Client) -> tuple[list[dict[str, Any]], float]:
        return find_instances(client, self._query), client.clock.epoch()

    def events(self, reading: tuple[list[dict[str, Any]], float]) -> list[dict[str, Any]]:
        return self._events.events(*reading)


async def main(queue: source.Queue, args: dict[str, Any]) -> None:
    """Put events about instances into the queue until the source is cancelled."""
    await source.run_source(queue, args, _Instances(args), interval=60)
