# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The options that select images, the same for the module and the lookup."""

    DOCUMENTATION = r"""
options:
  source:
    description:
      - The list to read.
      - V(platform) lists the images that the vendor offers, V(custom) those of this account, V(shared) those that other
        accounts share with this one, V(published) those that this account published to the community, whatever their
        state, V(favorite) the community images that are favorites of this account, V(community) all community images,
        and V(user) those that the account O(user_id) published.
      - Community images come in groups of versions; each version is an image here, with the fields of its group.
    type: str
    choices: [platform, custom, shared, published, favorite, community, user]
    default: platform
  image_ids:
    description:
      - Only images with one of these ids.
    type: list
    elements: str
    aliases: [image_id]
  search:
    description:
      - Only images with this text in their name, author or description, in upper or lower case.
    type: str
  tags:
    description:
      - Only images with all of these tags, in upper or lower case.
    type: list
    elements: str
  author:
    description:
      - Only images of exactly this author.
    type: str
  image_type:
    description:
      - Only images of this type, for O(source=platform) only.
    type: str
    choices: [System, App, Game, Other]
  status:
    description:
      - Only images in this status, for example V(Available), V(Making), V(UnAvailable), V(Reviewing) or V(Offline),
        in upper or lower case. An unknown status gives a warning that lists the known ones.
    type: str
  gpu_type:
    description:
      - Only images that name this GPU type as supported, for example V(4090). A type that no image of the list names
        gives a warning that lists the existing ones.
    type: str
  group_id:
    description:
      - Only versions in this community group, for the sources V(published), V(favorite), V(community) and V(user)
        only.
    type: str
  user_id:
    description:
      - The account whose published images to list, as the number that the console shows as CompanyID.
      - Required for O(source=user), and an error for any other source.
    type: int
  max_price:
    description:
      - Only images that cost at most this much, in CNY per hour. Images without a known price are omitted.
    type: float
    version_added: 1.1.0
  max_size_mb:
    description:
      - Only images of at most this size, in MB. Images without a known size are omitted.
    type: float
    version_added: 1.1.0
  free:
    description:
      - V(true) for images that cost nothing besides the instance, V(false) for those that have a price.
    type: bool
  official:
    description:
      - V(true) for images of the vendor, V(false) for those of others.
    type: bool
  order_by:
    description:
      - The key to sort by. Images without it come last.
      - If omitted, and for images with the same value, the order is that of name, creation time and id. The API's own
        order changes from request to request.
    type: str
    choices: [name, create_time, publish_time, size_mb, price, favorites_count, created_count]
  order:
    description:
      - V(asc) starts with the smallest, oldest or first, V(desc) with the largest, newest or last.
    type: str
    choices: [asc, desc]
    default: asc
  limit:
    description:
      - The maximum number of images to return, the first ones in the requested order. If omitted, all are returned.
    type: int
  include_readme:
    description:
      - Whether to return the C(readme) of images, which can be long.
      - The sources V(platform), V(custom) and V(shared) need one more request for each image returned; O(limit)
        bounds their number.
    type: bool
    default: false
notes:
  - The list is complete or the task fails.
  - The API silently ignores most filters, so the collection applies them itself, to the complete list.
"""
