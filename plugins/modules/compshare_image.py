#!/usr/bin/python
# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: compshare_image
short_description: Create, update and delete custom CompShare images
version_added: 1.0.0
description:
  - Creates a custom image from an instance and waits until it is available, updates an existing image, copies it to
    other zones, and deletes it.
  - An image is identified by its name, which is unique within an account, or by its id. If it is in the desired
    state, nothing is changed. If it is being created, the task waits for that build instead of starting another.
  - A build is never started twice. If the response of the API is lost, the list of images decides whether the build
    was started, and two playbooks that create the same image at the same time end with one.
  - While an image of a virtual machine is being created, the machine has no public address and cannot be started,
    stopped or changed.
author:
  - CompShare Cloud collection contributors (@compshare-cloud)
extends_documentation_fragment:
  - compshare.cloud.connection
  - compshare.cloud._attributes
  - compshare.cloud._attributes.write
  - compshare.cloud._attributes.action_group
  - compshare.cloud._attributes.live_lines
attributes:
  idempotent:
    details:
      - With O(rebuild=true) each run creates the image again.
options:
  state:
    description:
      - V(present) creates the image if it does not exist, and updates it to match the options.
      - V(absent) deletes it and waits until it is gone. A published image must be withdrawn first, see
        M(compshare.cloud.compshare_image_publication); one that is being created must be finished first.
    type: str
    choices: [present, absent]
    default: present
  name:
    description:
      - "The name of the image. At most 50 Chinese characters, letters, digits, and C(_ , . : -)."
      - Together with O(image_id), the image gets this name.
      - One of O(name) and O(image_id) is required.
    type: str
  image_id:
    description:
      - The id of an existing image.
    type: str
  instance_id:
    description:
      - The instance to create the image from. Required if no image has this O(name) yet.
      - A virtual machine must be running or stopped, a container instance must be running. If another image of it is
        being created, the task waits until that has ended.
      - In check mode it may be empty, like the id of an instance that an earlier task would create.
      - The image is created in the zone of the instance. O(region) and O(zone) can be omitted; if set, they must match
        the instance.
    type: str
  description:
    description:
      - A short description of the image.
    type: str
  software:
    description:
      - The software in the image, as lists of images show it.
      - It can only be set when the image is created. If an existing image has other software, the task warns and
        changes nothing.
    type: dict
    suboptions:
      framework:
        description:
          - The framework, for example V(PyTorch).
        type: str
      framework_version:
        description:
          - The version of the framework.
        type: str
      cuda_version:
        description:
          - The version of CUDA.
        type: str
      applications:
        description:
          - Applications, for example V(JupyterLab).
        type: list
        elements: str
  readme:
    description:
      - How to use the image, in Markdown. The community shows it if the image is published.
    type: str
  tags:
    description:
      - The tags of the image, in any order. The API may refuse more than three.
    type: list
    elements: str
  supported_gpu_types:
    description:
      - The GPU types that the image is for, for example V(4090), in any order.
    type: list
    elements: str
  auto_start:
    description:
      - Whether the software in the image starts with the instance.
    type: bool
  replace_failed:
    description:
      - What to do if the image could not be created (its status is V(UnAvailable)).
      - With V(false) the task fails with the reason, on each run. With V(true) it deletes the image and creates it
        again.
    type: bool
    default: false
  rebuild:
    description:
      - With V(true) the image is created again even if it exists, and the old one is deleted when the new one is
        available. Each run does so.
      - Until then the name of the new image begins with O(name) and contains C(.rebuild-). The next run continues an
        interrupted one.
      - The new image has another id, and is not shared with the accounts of the old one.
      - Needs O(name), O(instance_id) and O(wait=true).
    type: bool
    default: false
  copy_to_zones:
    description:
      - The zones in which the image is to be available, for example V(cn-sh2-02). When it is available, it is copied to
        each zone in which it is not, and the task waits for the copies.
      - A copy is an image of its own. Its name is that of the image, a dot and the zone, shortened to 50 characters if
        necessary. A copy is found by this name, so a second run creates none.
      - A task that renames the image renames its copies in these zones, too. Copies in other zones keep their old names
        and are not found by the new one. List every zone that has a copy, or rename the others by their O(image_id).
      - If a zone refuses the copy, the image is still copied to the others, and the task then fails.
      - With O(rebuild=true) copies of the old image are deleted and created again. O(replace_failed=true) applies to
        copies, too.
      - With O(state=absent) it has no effect; delete a copy by its own name.
      - Needs O(wait=true).
    type: list
    elements: str
    version_added: 1.1.0
  wait:
    description:
      - Whether to wait until the image is available, or for O(state=absent) until it is gone.
      - O(readme), O(tags), O(supported_gpu_types), O(auto_start), and a changed O(description), can be set only when
        the image is available. With V(false) the task warns if one of them still has to be set.
    type: bool
    default: true
  wait_timeout:
    description:
      - How long the whole task may take, in seconds. This also limits how long it waits for a busy instance or image
        with O(wait=false).
      - The vendor estimates 15 minutes for 100 GB.
    type: float
    default: 3600
  poll_interval:
    description:
      - Poll at this fixed interval, in seconds. If omitted, polling is adaptive.
    type: float
  max_poll_interval:
    description:
      - The longest pause between two polls of the build, in seconds. A lower value costs more requests.
      - See O(compshare.cloud.compshare_image_progress#module:max_poll_interval).
    type: float
    default: 120
  show_progress:
    description:
      - Whether to show live lines on standard error while the task waits. C(no_log) silences them as well.
      - They are shown if the task runs on the controller itself, as with C(hosts=localhost) or
        C(delegate_to=localhost).
    type: bool
    default: true
seealso:
  - module: compshare.cloud.compshare_instance
    description: Create an instance, also from the image.
  - module: compshare.cloud.compshare_image_progress
    description: Follow builds that other tasks started.
  - module: compshare.cloud.compshare_image_share
    description: Share the image with other accounts.
  - module: compshare.cloud.compshare_image_publication
    description: Publish the image to the community.
"""

EXAMPLES = r"""
- name: Create an image from an instance and wait until it is available
  compshare.cloud.compshare_image:
    name: training-env
    instance_id: "{{ instance_id }}"
    description: PyTorch 2.9 with the team's tools
  register: created

- name: Show it
  ansible.builtin.debug:
    msg: "{{ created.image.name }} is {{ created.image.id }}, {{ created.image.status }}"

- name: Set tags and GPU types on an image that exists
  compshare.cloud.compshare_image:
    image_id: "{{ created.image.id }}"
    tags: [LLM]
    supported_gpu_types: ["4090", "5090"]

- name: Begin a build and do something else meanwhile
  compshare.cloud.compshare_image:
    name: eval-env
    instance_id: "{{ instance_id }}"
    wait: false

- name: Create the image again every night, and keep the old one until the new one is available
  compshare.cloud.compshare_image:
    name: training-env
    instance_id: "{{ instance_id }}"
    rebuild: true
    replace_failed: true
    wait_timeout: 7200

- name: Have an image in a second zone, too
  compshare.cloud.compshare_image:
    name: training-env
    copy_to_zones: [cn-sh2-02]

- name: Delete an image
  compshare.cloud.compshare_image:
    name: training-env
    state: absent
"""

RETURN = r"""
image:
  description:
    - The image after the task, in check mode as it would be.
    - With O(state=absent), the image that was deleted, null if there was none.
    - It has all the keys of RV(compshare.cloud.compshare_image_info#module:images); these are the main ones.
  returned: always, null if there is none
  type: dict
  contains:
    id:
      description: The id of the image, null if it is not known yet.
      type: str
      sample: compshareImage-1bbbbbbbbbb1
    name:
      description: The name.
      type: str
      sample: training-env
    status:
      description: V(Making), V(Available), V(UnAvailable), V(Reviewing) or V(Offline).
      type: str
      sample: Available
    description:
      description: The description.
      type: str
      sample: PyTorch 2.9 with the team's tools
    container:
      description: Whether it is a container image; otherwise it is one for virtual machines.
      type: bool
      sample: false
    zones:
      description: The zones that have it.
      type: list
      elements: str
      sample: [cn-wlcb-01]
    size_mb:
      description: The size, in MB.
      type: float
      sample: 40960
    failed_reason:
      description: Why it could not be created, or was rejected.
      type: str
build:
  description:
    - The build that the task waited for.
    - It has the keys of RV(compshare.cloud.compshare_image_progress#module:builds), and these.
  returned: when a build was waited for
  type: dict
  contains:
    elapsed:
      description: How long the wait took, in seconds.
      type: float
      sample: 912.5
    polls:
      description: How many requests it took.
      type: int
      sample: 11
copies:
  description:
    - One entry for each zone of O(copy_to_zones).
  returned: when O(copy_to_zones) has an element
  type: list
  elements: dict
  version_added: 1.1.0
  contains:
    zone:
      description: The zone.
      type: str
      sample: cn-sh2-02
    id:
      description: The id of the image in this zone, null if it is not known yet.
      type: str
      sample: compshareImage-1bbbbbbbbbb2
    name:
      description: The name of the image in this zone.
      type: str
      sample: training-env.cn-sh2-02
    status:
      description: The status of the image in this zone, null if it is not known.
      type: str
      sample: Available
    progress:
      description: How far the copy is, in percent, null if the API does not report it.
      type: float
      sample: 100
    failed_reason:
      description: Why the copy failed.
      type: str
    error:
      description: Why the image is not available in this zone, null if it is.
      type: str
error:
  description: Details of the error, with the keys of RV(compshare.cloud.compshare_api#module:error).
  returned: failure
  type: dict
  sample:
    action: CreateCompShareCustomImage
    ret_code: 230
    message: Params [Name] not available
"""

# Absolute, because Mitogen looks for it to know a module.
from ansible_collections.compshare.cloud.plugins.module_utils._module import run_module

from ..module_utils._builds.schedule import PollSettings
from ..module_utils._images.ensure import ensure_image


def main() -> None:
    run_module(
        {
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "name": {"type": "str"},
            "image_id": {"type": "str"},
            "instance_id": {"type": "str"},
            "description": {"type": "str"},
            "software": {
                "type": "dict",
                "options": {
                    "framework": {"type": "str"},
                    "framework_version": {"type": "str"},
                    "cuda_version": {"type": "str"},
                    "applications": {"type": "list", "elements": "str"},
                },
            },
            "readme": {"type": "str"},
            "tags": {"type": "list", "elements": "str"},
            "supported_gpu_types": {"type": "list", "elements": "str"},
            "auto_start": {"type": "bool"},
            "replace_failed": {"type": "bool", "default": False},
            "rebuild": {"type": "bool", "default": False},
            "copy_to_zones": {"type": "list", "elements": "str"},
            "wait": {"type": "bool", "default": True},
            "wait_timeout": {"type": "float", "default": 3600},
            "poll_interval": {"type": "float"},
            "max_poll_interval": {"type": "float", "default": PollSettings.max_poll_interval},
            "show_progress": {"type": "bool", "default": True},
        },
        ensure_image,
        required_one_of=[("name", "image_id")],
    )


if __name__ == "__main__":
    main()
