#!/usr/bin/python
# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: compshare_image_progress
short_description: Follow CompShare image builds until they are done
version_added: 1.0.0
description:
  - Tells how far the builds of your own images are, and with O(wait) waits until they have ended, with live lines.
  - One task follows many builds. It asks again when an answer is likely to be new, so that the end of a build is
    noticed within seconds and a build of 20 minutes costs about ten requests.
  - A build counts as done when the image's own status says so, and as failed when that says so. A progress question
    that the API refuses, as it does for container images, or that finds no answer, never counts as a failed build.
author:
  - CompShare Cloud collection contributors (@compshare-cloud)
extends_documentation_fragment:
  - compshare.cloud.connection
  - compshare.cloud._attributes
  - compshare.cloud._attributes.info
  - compshare.cloud._attributes.action_group
attributes:
  action:
    description: Has an action plugin of the same name, which shows the live lines.
    support: full
    details:
      - Without it the module does the same, but for the lines.
  async:
    description: Can run with C(async) in the background.
    support: full
    details:
      - There are no live lines then.
options:
  image_ids:
    description:
      - The ids of the images. One that is given twice is followed once; an empty list counts as complete.
      - An image that was made a moment ago may not be listed yet. With O(wait) it may take two minutes to appear.
    type: list
    elements: str
    required: true
    aliases: [image_id]
  wait:
    description:
      - Whether to wait until every build has ended.
      - Without it the state is returned as it is, and a build that failed is no failure of the task.
      - With it the task fails when a build failed, when an image cannot be found, or when the time is up. It names each
        such image and the reason, and returns RV(builds) all the same. Run it again to go on waiting.
    type: bool
    default: false
  wait_timeout:
    description:
      - How long to wait for all builds together, in seconds. An image takes about 15 minutes for each 100 GB.
    type: float
    default: 3600
  poll_interval:
    description:
      - Ask at a fixed interval, in seconds, in place of adaptive polling.
    type: float
  max_poll_interval:
    description:
      - How late the end of a build may be noticed, in seconds. A lower value costs more requests.
      - It bounds the pause between two questions, unless the build moves on as the API announced. Then a pause may be
        longer, as long as a build whose announced time is too long by up to a half is still noticed in time.
      - A build that ends without any sign before, such as one that fails at once, is noticed after a seventh of its
        length, and at most after seven times this value. Set O(poll_interval) where that is too late.
      - More than four builds are followed by the list of custom images first, a hundred of them with one request. Their
        ends are noticed within this time, though not always within seconds.
    type: float
    default: 30
  show_progress:
    description:
      - Whether to show live lines on standard error while the task waits. C(no_log) silences them as well.
      - They are shown where the task runs on the controller itself, as with C(hosts=localhost) or
        C(delegate_to=localhost).
    type: bool
    default: true
notes:
  - O(region) and O(zone) may be left out for images whose own entry in the list of custom images names their zone.
  - The key needs the permission for C(GetCompShareImageCreateProgress) or C(DescribeCompShareCustomImages). With only
    the first, a failed build cannot be told from one that stands still; with only the second, there are no percentages.
    A warning says so.
seealso:
  - module: compshare.cloud.compshare_image_info
    description: Lists images; those that are being made have the status V(Making).
"""

EXAMPLES = r"""
- name: Wait until an image is done
  compshare.cloud.compshare_image_progress:
    image_id: compshareImage-1bbbbbbbbbb1
    wait: true

- name: See how far it is
  compshare.cloud.compshare_image_progress:
    image_id: compshareImage-1bbbbbbbbbb1
  register: build

- name: Say it
  ansible.builtin.debug:
    msg: "{{ build.progress }} per cent, {{ build.remaining_duration | default('unknown', true) }} s left"

- name: Wait with the means of Ansible
  compshare.cloud.compshare_image_progress:
    image_id: compshareImage-1bbbbbbbbbb1
  register: build
  until: build.complete or build.builds[0].failed
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
  description: Whether all builds are done.
  returned: always
  type: bool
  sample: false
progress:
  description:
    - How far the slowest build is, in per cent. One whose percentage is not known counts as 0 until it is done.
  returned: always
  type: float
  sample: 65.5
remaining_duration:
  description: How long the longest build will take from now, in seconds, as the API says. Null where it does not say.
  returned: always
  type: float
  sample: 105
elapsed:
  description: How long the task has looked, in seconds.
  returned: always
  type: float
  sample: 0.4
polls:
  description: How many requests it has made.
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
      description: The name of the image, null where the list of custom images does not tell it.
      type: str
      sample: training-env
    status:
      description:
        - The status of the image, V(Making), V(Available) or V(UnAvailable); null where the list does not tell it.
      type: str
      sample: Making
    progress:
      description: Per cent, null where the API does not tell.
      type: float
      sample: 65.5
    total_duration:
      description: How long the API expects the whole build to take, in seconds, null where it does not tell.
      type: float
      sample: 300
    remaining_duration:
      description: How long the API expects it to take from now, in seconds, null where it does not tell.
      type: float
      sample: 105
    complete:
      description: Whether the build is done and the image can be used.
      type: bool
      sample: false
    failed:
      description: Whether the build has failed.
      type: bool
      sample: false
    failed_reason:
      description: Why it failed, in the words of the API.
      type: str
error:
  description: What went wrong, in parts.
  returned: failure
  type: dict
  contains:
    action:
      description: The action of the API.
      type: str
      sample: DescribeCompShareCustomImages
    ret_code:
      description: The RetCode that the API answered with, null where it gave none.
      type: int
    message:
      description: The message of the API, or what happened.
      type: str
    request_id:
      description: The API's id of the request, to give to the vendor's support.
      type: str
    hint:
      description: What can be done.
      type: str
      sample: Run the task again to go on waiting.
    retryable:
      description: Whether the same task may succeed when it is run again.
      type: bool
      sample: true
"""

# Absolute, because Mitogen looks for it to know a module.
from ansible_collections.compshare.cloud.plugins.module_utils._module import run_module

from ..module_utils._builds.follow import DEFAULT_WAIT_TIMEOUT, build_targets, follow, look, poll_settings
from ..module_utils._builds.schedule import PollSettings
from ..module_utils._task import Task


def report_progress(task: Task) -> dict[str, object]:
    targets = build_targets(task.options["image_ids"])
    poll = poll_settings(task.options)
    if not task.options["wait"]:
        return look(task.client, targets, warn=task.warn).as_result()
    wait_timeout = task.options["wait_timeout"]
    outcome = follow(task.client, targets, wait_timeout=wait_timeout, poll=poll, report=task.report, warn=task.warn)
    return outcome.as_result()


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
