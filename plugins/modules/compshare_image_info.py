#!/usr/bin/python
# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: compshare_image_info
short_description: Find CompShare images
version_added: 1.0.0
description:
  - Lists the images of one source, filtered, sorted and limited. If the list cannot be read completely, the task fails.
  - Every source returns the same dictionaries, so a task that works on one works on all.
author:
  - CompShare Cloud collection contributors (@compshare-cloud)
extends_documentation_fragment:
  - compshare.cloud.connection
  - compshare.cloud.image_filters
  - compshare.cloud._attributes
  - compshare.cloud._attributes.info
  - compshare.cloud._attributes.action_group
  - compshare.cloud._attributes.in_process
options:
  name:
    description:
      - Only images of exactly this name.
    type: str
seealso:
  - plugin: compshare.cloud.compshare_image
    plugin_type: lookup
    description: The same inside an expression, for exactly one image.
"""

EXAMPLES = r"""
- name: Find the newest PyTorch image for a 4090
  compshare.cloud.compshare_image_info:
    search: pytorch
    gpu_type: "4090"
    order_by: create_time
    order: desc
    limit: 1
  register: pytorch

- name: Show it
  ansible.builtin.debug:
    msg: "{{ pytorch.images[0].name }} is {{ pytorch.images[0].id }}, {{ pytorch.images[0].size_mb / 1024 }} GB"

- name: List your own images that are being created
  compshare.cloud.compshare_image_info:
    source: custom
    status: Making

- name: List what other accounts share with you
  compshare.cloud.compshare_image_info:
    source: shared

- name: List free community images for large language models, the most popular first
  compshare.cloud.compshare_image_info:
    source: community
    tags: [LLM]
    free: true
    order_by: favorites_count
    order: desc
    limit: 20
"""

RETURN = r"""
images:
  description: The images, sorted as requested. Each has all of these keys, null if the API gives no value.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The id of the image.
      type: str
      sample: compshareImage-1aaaaaaaaaa1
    name:
      description: The name; for a community image without one, that of its group.
      type: str
      sample: cuda128_torch291_py312
    type:
      description: V(System), V(App), V(Game), V(Other), V(Custom) or V(Community).
      type: str
      sample: App
    status:
      description: V(Making), V(Available), V(UnAvailable), V(Reviewing) or V(Offline).
      type: str
      sample: Available
    source:
      description: The list it was found in, as in O(source).
      type: str
      sample: platform
    description:
      description: The description by its author.
      type: str
    author:
      description: The name of the author.
      type: str
      sample: 官方
    author_level:
      description: V(0) for an ordinary author, V(1) for the vendor, V(2) for a certified author.
      type: int
      sample: 1
    owner_id:
      description: The id of the account that it belongs to.
      type: str
    owner_name:
      description: The name of the account that it belongs to.
      type: str
    visibility:
      description: V(0) when it is private, V(1) when it is public.
      type: int
      sample: 1
    container:
      description: Whether it is a container image; otherwise it is one for virtual machines.
      type: bool
      sample: true
    auto_start:
      description: Whether its software starts with the instance.
      type: bool
    official:
      description: Whether it is an image of the vendor.
      type: bool
      sample: true
    tags:
      description: Its tags.
      type: list
      elements: str
      sample: [pytorch]
    supported_gpu_types:
      description: The GPU types that it supports, by its author.
      type: list
      elements: str
      sample: ["4090", "5090"]
    software:
      description: What is installed in it.
      type: dict
      contains:
        framework:
          description: The framework.
          type: str
          sample: PyTorch
        framework_version:
          description: The framework's version.
          type: str
          sample: 2.9.1
        cuda_version:
          description: The version of CUDA.
          type: str
          sample: "12.8"
        python_version:
          description: The version of Python.
          type: str
          sample: "3.12"
        os_version:
          description: The operating system.
          type: str
          sample: Ubuntu 22.04
        applications:
          description: Applications.
          type: list
          elements: str
    software_ports:
      description: The ports on which its software listens.
      type: list
      elements: dict
      contains:
        software:
          description: The software.
          type: str
          sample: ComfyUI
        port:
          description: The port.
          type: int
          sample: 8188
    size_mb:
      description: The size, in MB.
      type: float
      sample: 30720
    price:
      description: What it costs beside the instance, in CNY per hour.
      type: float
      sample: 0
    created_count:
      description: How many instances were created from it.
      type: int
      sample: 1532
    favorites_count:
      description: How many accounts marked it as a favorite.
      type: int
      sample: 120
    use_hours:
      description: How long it was in use, in hours.
      type: float
    is_favorite:
      description: Whether this account marked it as a favorite.
      type: bool
    group_id:
      description: The id of its community group.
      type: str
      sample: 9WFDPteiVhX5
    group_name:
      description: The name of its community group.
      type: str
    version_name:
      description: The name of this version in its community group.
      type: str
      sample: v1.0
    version_description:
      description: What is new in this version.
      type: str
    zones:
      description: The zones that have it.
      type: list
      elements: str
      sample: [cn-wlcb-01]
    cover_url:
      description: The address of its picture.
      type: str
    failed_reason:
      description: Why it could not be created, or was rejected.
      type: str
    create_time:
      description: When it was created.
      type: str
      sample: "2026-10-30T08:00:00Z"
    publish_time:
      description: When it was published.
      type: str
    update_time:
      description: When it was last changed.
      type: str
    readme:
      description: The readme in Markdown, with O(include_readme=true).
      type: str
total:
  description: How many images match, before O(limit).
  returned: success
  type: int
  sample: 384
error:
  description: Details of the error, with the keys of RV(compshare.cloud.compshare_api#module:error).
  returned: failure
  type: dict
  sample:
    action: DescribeCompShareImages
    ret_code: 171
    message: Signature VerifyAC Error
"""

# Absolute, because Mitogen looks for it to know a module.
from ansible_collections.compshare.cloud.plugins.module_utils._module import run_module

from ..module_utils._images.filters import IMAGE_FILTERS
from ..module_utils._images.query import ImageQuery, find_images
from ..module_utils._task import Task


def list_images(task: Task) -> dict[str, object]:
    query = ImageQuery.from_options(task.options)
    found = find_images(task.client, query)
    for warning in found.warnings:
        task.warn(warning)
    return {"images": found.images, "total": found.total}


def main() -> None:
    run_module(IMAGE_FILTERS, list_images)


if __name__ == "__main__":
    main()
