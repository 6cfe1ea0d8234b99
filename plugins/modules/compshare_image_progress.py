#!/usr/bin/python
# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: compshare_image_progress
short_description: Follow CompShare image builds until they end
version_added: 1.0.0
description:
  - Returns the progress of builds of your own images, and with O(wait) waits until they have ended, with live lines.
  - One task follows many builds. It polls adaptively, so that the end of a build is noticed within seconds and a build
    of 20 minutes costs about a dozen requests.
  - The status of the image decides whether its build is complete or has failed. If the status cannot be read, a
    progress of 100 per cent counts as complete when nothing contradicts it, and a warning says so. An API call for the
    progress that is refused, as it is for container images, never counts as a failed build.
author:
  - CompShare Cloud collection contributors (@compshare-cloud)
extends_documentation_fragment:
  - compshare.cloud.connection
  - compshare.cloud._attributes
  - compshare.cloud._attributes.info
  - compshare.cloud._attributes.action_group
  - compshare.cloud._attributes.live_lines
options:
  image_ids:
    description:
      - The ids of the images. Duplicates are followed once; an empty list counts as complete.
      - A new image may not be listed yet. With O(wait) it may take two and a half minutes to appear.
    type: list
    elements: str
    required: true
    aliases: [image_id]
  wait:
    description:
      - Whether to wait until every build has ended.
      - With V(false) the task returns the current state, and does not fail if a build has failed.
      - With V(true) it fails if a build has failed, if an image cannot be found, or on a timeout. The message names
        each such image and the reason, and RV(builds) is returned all the same. Run the task again to go on waiting.
    type: bool
    default: false
  wait_timeout:
    description:
      - How long to wait for all builds together, in seconds. An image takes about 15 minutes for each 100 GB.
    type: float
    default: 3600
  poll_interval:
    description:
      - Poll at this fixed interval, in seconds. If omitted, polling is adaptive.
    type: float
  max_poll_interval:
    description:
      - The longest pause between two polls of the builds in adaptive polling, in seconds. A lower value costs more
        requests.
      - Pauses get shorter towards the expected end. If the API gives no estimate, or one that does not move, they are
        at most 30 seconds.
      - Only while the API fails or throttles requests may pauses be longer, up to two minutes.
      - The default was 30 before version 1.1.0, and a pause could be seven times as long.
    type: float
    default: 120
  show_progress:
    description:
      - Whether to show live lines on standard error while the task waits. More than four builds share one line.
        C(no_log) silences the lines, too.
      - They are shown where the task runs on the controller itself, as with C(hosts=localhost) or
        C(delegate_to=localhost).
    type: bool
    default: true
notes:
  - O(region) and O(zone) may be omitted for images whose entry in the list of custom images names their zone.
  - The key needs the permission for C(GetCompShareImageCreateProgress) or C(DescribeCompShareCustomImages). With only
    the first, a failed build looks like one that does not move; with only the second, there are no percentages. A
    warning says so.
seealso:
  - module: compshare.cloud.compshare_image_info
    description: List images; those that are being built have the status V(Making).
"""

EXAMPLES = r"""
- name: Wait until an image is available
  compshare.cloud.compshare_image_progress:
    image_id: compshareImage-1bbbbbbbbbb1
    wait: true

- name: Read how far it is
  compshare.cloud.compshare_image_progress:
    image_id: compshareImage-1bbbbbbbbbb1
  register: build

- name: Show it
  ansible.builtin.debug:
    msg: "{{ build.progress }} per cent, {{ build.remaining_duration | default('unknown', true) }} s left"

- name: Wait with Ansible's own retries
  compshare.cloud.compshare_image_progress:
    image_id: compshareImage-1bbbbbbbbbb1
  register: build
  until: build.ended
  retries: 120
  delay: 15

- name: Wait for several images, two hours for all of them
  compshare.cloud.compshare_image_progress:
    image_ids:
      - compshareImage-1bbbbbbbbbb1
      - compshareImage-1bbbbbbbbbb2
    wait: true
    wait_timeout: 7200
"""

RETURN = r"""
complete:
  description: Whether all images are available.
  returned: always
  type: bool
  sample: false
ended:
  description: Whether all builds have ended, be it that they are complete, have failed, or cannot be found.
  returned: always
  type: bool
  sample: false
  version_added: 1.1.0
progress:
  description:
    - The progress of the slowest build that has not failed, in per cent. An unknown progress counts as 0.
  returned: always
  type: float
  sample: 65.5
remaining_duration:
  description:
    - The longest remaining time of the builds that have not failed, in seconds, as the API estimates it. Null if it is
      unknown.
  returned: always
  type: float
  sample: 105
elapsed:
  description: The duration of the task, in seconds.
  returned: always
  type: float
  sample: 0.4
polls:
  description: The number of requests that it sent.
  returned: always
  type: int
  sample: 2
builds:
  description: The builds, in the order of O(image_ids).
  returned: always
  type: list
  elements: dict
  contains:
    image_id:
      description: The id of the image.
      type: str
      sample: compshareImage-1bbbbbbbbbb1
    name:
      description: The name of the image, null if the list of custom images does not have it.
      type: str
      sample: training-env
    status:
      description:
        - The status of the image, V(Making), V(Available) or V(UnAvailable), as it was last read; null if it could not
          be read.
      type: str
      sample: Making
    progress:
      description: The progress in per cent, null if it is unknown.
      type: float
      sample: 65.5
    total_duration:
      description: How long the whole build takes, in seconds, as the API estimates it; null if it is unknown.
      type: float
      sample: 300
    remaining_duration:
      description: The remaining time in seconds, as the API estimates it; null if it is unknown.
      type: float
      sample: 105
    complete:
      description: Whether the build has ended and the image is available.
      type: bool
      sample: false
    failed:
      description: Whether the build has failed.
      type: bool
      sample: false
    failed_reason:
      description: Why it failed, as the API puts it.
      type: str
error:
  description: Details of the error, with the keys of RV(compshare.cloud.compshare_api#module:error).
  returned: failure
  type: dict
  sample:
    action: DescribeCompShareCustomImages
    hint: Run the task again to go on waiting.
    retryable: true
"""

# Absolute, because Mitogen looks for it to know a module.
from ansible_collections.compshare.cloud.plugins.module_utils._module import run_module

from ..module_utils._builds.schedule import PollSettings
from ..module_utils._builds.wait import DEFAULT_WAIT_TIMEOUT, build_targets, look_at_builds, wait_for_builds
from ..module_utils._task import Task


def report_progress(task: Task) -> dict[str, object]:
    options = task.options
    targets = build_targets(options["image_ids"])
    if not options["wait"]:
        return look_at_builds(task.client, targets, warn=task.warn).as_result()
    return wait_for_builds(
        task.client,
        targets,
        wait_timeout=options["wait_timeout"],
        poll=PollSettings(options["poll_interval"], options["max_poll_interval"]),
        report=task.report,
        warn=task.warn,
    ).as_result()


def main() -> None:
    run_module(
        {
            "image_ids": {"type": "list", "elements": "str", "required": True, "aliases": ["image_id"]},
            "wait": {"type": "bool", "default": False},
            "wait_timeout": {"type": "float", "default": DEFAULT_WAIT_TIMEOUT},
            "poll_interval": {"type": "float"},
            "max_poll_interval": {"type": "float", "default": PollSettings.max_poll_interval},
            "show_progress": {"type": "bool", "default": True},
        },
        report_progress,
    )


if __name__ == "__main__":
    main()
