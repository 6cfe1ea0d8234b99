#!/usr/bin/python
# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: compshare_image_publication
short_description: Publish a custom CompShare image to the community
version_added: 1.0.0
description:
  - Publishes a container image as a version of a community group, changes the text of a version, or withdraws it.
  - The vendor reviews a version before others see it, which can take three working days. The task does not wait for
    that unless O(wait=true); it succeeds and reports that the version is being reviewed.
author:
  - CompShare Cloud collection contributors (@compshare-cloud)
extends_documentation_fragment:
  - compshare.cloud.connection
  - compshare.cloud._attributes
  - compshare.cloud._attributes.write
  - compshare.cloud._attributes.action_group
options:
  image_id:
    description:
      - The id of one of your own images. To be published, it must be a container image and available.
    type: str
    required: true
  state:
    description:
      - V(published) publishes the image, and updates a published version to match the options.
      - V(withdrawn) removes the version from the community. The image stays among your own.
    type: str
    choices: [published, withdrawn]
    default: published
  group_id:
    description:
      - The id of one of your own community groups, to which the image is added as a version.
      - To publish an image, one of O(group_id) and O(community_name) is required.
    type: str
  community_name:
    description:
      - The name of one of your own groups, to which the image is added as a version. The group is created if it does
        not exist.
    type: str
  version_name:
    description:
      - The name of the version, C(v) and numbers with dots between, such as V(v1.0). A group can have each only once.
      - Required to publish an image.
    type: str
  version_description:
    description:
      - What is new in this version.
    type: str
  description:
    description:
      - A short description of the image.
    type: str
  readme:
    description:
      - How to use the image, in Markdown. A version without it does not pass the review.
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
  price:
    description:
      - What others pay for it beside the instance, in CNY per hour. If omitted, a version is free when it is published,
        and a later task does not change it.
    type: float
  wait:
    description:
      - Whether to wait until the review has ended. The task fails if the version is rejected.
    type: bool
    default: false
  wait_timeout:
    description:
      - How long the whole task may take, in seconds.
    type: float
    default: 3600
  poll_interval:
    description:
      - The longest pause between two polls of a version that is being reviewed, in seconds.
    type: float
    default: 60
seealso:
  - module: compshare.cloud.compshare_image_info
    description: With O(compshare.cloud.compshare_image_info#module:source=published), what you have published.
  - module: compshare.cloud.compshare_image
    description: Create the image.
"""

EXAMPLES = r"""
- name: Publish an image as the first version of a new group
  compshare.cloud.compshare_image_publication:
    image_id: "{{ image_id }}"
    community_name: ComfyUI for the team
    version_name: v1.0
    readme: "{{ lookup('ansible.builtin.file', 'README.md') }}"
    tags: [AIGC热门]
  register: published

- name: Show whether it is being reviewed
  ansible.builtin.debug:
    msg: "{{ published.msg if published.reviewing else published.image.status }}"

- name: Publish the next version in the same group, and wait for the review
  compshare.cloud.compshare_image_publication:
    image_id: "{{ next_image_id }}"
    group_id: "{{ published.image.group_id }}"
    version_name: v1.1
    version_description: A newer ComfyUI
    readme: "{{ lookup('ansible.builtin.file', 'README.md') }}"
    wait: true
    wait_timeout: 259200

- name: Withdraw the first version
  compshare.cloud.compshare_image_publication:
    image_id: "{{ image_id }}"
    state: withdrawn
"""

RETURN = r"""
image:
  description:
    - The image after the task, in check mode as it would be; as a version of its group if it is one.
    - It has all the keys of RV(compshare.cloud.compshare_image_info#module:images); these are the main ones.
  returned: always, when it exists
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
      sample: Reviewing
    description:
      description: The description by its author.
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
    group_id:
      description: The id of its community group.
      type: str
      sample: 9WFDPteiVhX5
    group_name:
      description: The name of its community group.
      type: str
      sample: ComfyUI for the team
    version_name:
      description: The name of the version.
      type: str
      sample: v1.0
reviewing:
  description: Whether the version is being reviewed.
  returned: always, when the image exists
  type: bool
  sample: true
msg:
  description: A message that the version is being reviewed.
  returned: when RV(reviewing) is true
  type: str
error:
  description: Details of the error, with the keys of RV(compshare.cloud.compshare_api#module:error).
  returned: failure
  type: dict
  sample:
    action: PublishCompShareImage
    ret_code: 230
    message: The image version name exists already
"""

# Absolute, because Mitogen looks for it to know a module.
from ansible_collections.compshare.cloud.plugins.module_utils._module import run_module

from ..module_utils._images.publication import ensure_publication


def main() -> None:
    run_module(
        {
            "image_id": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["published", "withdrawn"], "default": "published"},
            "group_id": {"type": "str"},
            "community_name": {"type": "str"},
            "version_name": {"type": "str"},
            "version_description": {"type": "str"},
            "description": {"type": "str"},
            "readme": {"type": "str"},
            "tags": {"type": "list", "elements": "str"},
            "supported_gpu_types": {"type": "list", "elements": "str"},
            "auto_start": {"type": "bool"},
            "price": {"type": "float"},
            "wait": {"type": "bool", "default": False},
            "wait_timeout": {"type": "float", "default": 3600},
            "poll_interval": {"type": "float", "default": 60},
        },
        ensure_publication,
        mutually_exclusive=[("group_id", "community_name")],
    )


if __name__ == "__main__":
    main()
