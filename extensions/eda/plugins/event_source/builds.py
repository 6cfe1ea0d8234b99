# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Event source: a CompShare image build moved, ended or failed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

# ansible-rulebook runs this file without ansible_collections on its path.
sys.path.append(str(Path(__file__).absolute().parents[7]))

from ansible_collections.compshare.cloud.plugins.module_utils._api.client import Client
from ansible_collections.compshare.cloud.plugins.module_utils._events import builds, source

DOCUMENTATION = r"""
---
short_description: Events about image builds on CompShare
description:
  - Follows every custom image that is being built, or those of O(image_ids).
  - The event C(build_moved) says that the progress has grown by O(step) points, C(build_ended) that an image is
    available, C(build_failed) that it could not be built.
  - C(event.build) has the keys of RV(compshare.cloud.compshare_image_progress#module:builds).
options:
  image_ids:
    description: Follow only the images with these ids. If omitted, every image of the account is followed.
    type: list
    elements: str
  step:
    description: Points of progress between two C(build_moved) events of an image.
    type: float
    default: 5
  interval:
    description: Seconds between two readings, at least 5. Sources with the same arguments share one reading.
    type: float
    default: 30
  public_key:
    description:
      - The public key of the account. Every connection option of the collection is an argument of the same name.
      - If omitted, the environment variable E(COMPSHARE_PUBLIC_KEY) is used, then the profile file of the vendor's
        client. It is the same for the other connection options.
    type: str
"""

EXAMPLES = r"""
- name: Share an image when its build ends
  hosts: localhost
  sources:
    - compshare.cloud.builds:
        interval: 30
  rules:
    - name: Share it
      condition: event.type == "build_ended"
      action:
        run_playbook:
          name: share_image.yml
"""


class _Builds:
    name = "builds"

    def __init__(self, args: dict[str, Any]) -> None:
        source.check_arguments(args, "image_ids", "step")
        self._image_ids = source.texts(args, "image_ids")
        self.sharing = (tuple(self._image_ids or ()),)
        self.events = builds.BuildEvents(source.positive(args, "step") or builds.DEFAULT_STEP).events

    def read(self, client: Client) -> builds.BuildsRead:
        return builds.read_builds(client, self._image_ids)


async def main(queue: source.Queue, args: dict[str, Any]) -> None:
    """Put events about image builds into the queue until the source is cancelled."""
    await source.run_source(queue, args, _Builds(args), interval=30)
