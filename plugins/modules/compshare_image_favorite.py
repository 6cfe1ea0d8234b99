#!/usr/bin/python
# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: compshare_image_favorite
short_description: Mark CompShare community images as favorites
version_added: 1.0.0
description:
  - Adds a group of community images to the favorites of the account, or removes it.
  - Favorites are groups. Marking one version marks all of its group.
author:
  - CompShare Cloud collection contributors (@compshare-cloud)
extends_documentation_fragment:
  - compshare.cloud.connection
  - compshare.cloud._attributes
  - compshare.cloud._attributes.write
  - compshare.cloud._attributes.action_group
options:
  group_id:
    description:
      - The id of the community group.
      - One of O(group_id) and O(image_id) is required.
    type: str
  image_id:
    description:
      - The id of an image in the group, of any version.
    type: str
  state:
    description:
      - V(present) adds it to the favorites, V(absent) removes it.
    type: str
    choices: [present, absent]
    default: present
  wait_timeout:
    description:
      - How long to retry, in seconds, while the API is busy with another operation.
    type: float
    default: 600
seealso:
  - module: compshare.cloud.compshare_image_info
    description: With O(compshare.cloud.compshare_image_info#module:source=favorite), the favorites.
"""

EXAMPLES = r"""
- name: Find a community image
  compshare.cloud.compshare_image_info:
    source: community
    search: ComfyUI
    order_by: favorites_count
    order: desc
    limit: 1
  register: found

- name: Mark it as a favorite
  compshare.cloud.compshare_image_favorite:
    image_id: "{{ found.images[0].id }}"

- name: Remove it from the favorites
  compshare.cloud.compshare_image_favorite:
    group_id: "{{ found.images[0].group_id }}"
    state: absent
"""

RETURN = r"""
group_id:
  description: The id of the group.
  returned: when the group exists
  type: str
  sample: 9WFDPteiVhX5
group_name:
  description: The name of the group.
  returned: when the group exists
  type: str
  sample: Demo ComfyUI
is_favorite:
  description: Whether the group is a favorite after the task, or in check mode would be. Null if that is not known.
  returned: when the group exists
  type: bool
  sample: true
images:
  description:
    - The versions in the group, with the keys of RV(compshare.cloud.compshare_image_info#module:images).
  returned: when the group exists
  type: list
  elements: dict
  contains:
    id:
      description: The id of the image.
      type: str
      sample: compshareImage-1cccccccccc1
    version_name:
      description: The name of the version.
      type: str
      sample: v1.0
    is_favorite:
      description: As RV(is_favorite).
      type: bool
      sample: true
error:
  description: Details of the error, with the keys of RV(compshare.cloud.compshare_api#module:error).
  returned: failure
  type: dict
  sample:
    action: CreateCompShareImageFavorite
    ret_code: 230
    message: Params [GroupId] not available
"""

# Absolute, because Mitogen looks for it to know a module.
from ansible_collections.compshare.cloud.plugins.module_utils._module import run_module

from ..module_utils._images.favorites import ensure_favorite


def main() -> None:
    run_module(
        {
            "group_id": {"type": "str"},
            "image_id": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "wait_timeout": {"type": "float", "default": 600},
        },
        ensure_favorite,
        required_one_of=[("group_id", "image_id")],
        mutually_exclusive=[("group_id", "image_id")],
    )


if __name__ == "__main__":
    main()
