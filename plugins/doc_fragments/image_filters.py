# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What images can be chosen by, the same for the module and the lookup."""

    DOCUMENTATION = r"""
options:
  source:
    description:
      - The list to read.
      - V(platform) has the images that the vendor offers, V(custom) those of this account, V(shared) those that other
        accounts share with this one, V(published) those that this account published to the community, in every state,
        V(favorite) the community images that this account marked, V(community) all community images, and V(user)
        those that the account O(user_id) published.
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
      - Only images that have this text in their name, author or description, in upper or lower case.
    type: str
  tags:
    description:
      - Only images that have all of these tags, in upper or lower case.
    type: list
    elements: str
  author:
    description:
      - Only images of exactly this author.
    type: str
  image_type:
    description:
      - Only images of this type. Only O(source=platform) has types.
    type: str
    choices: [System, App, Game, Other]
  status:
    description:
      - Only images in this status, for example V(Available), V(Making), V(UnAvailable), V(Reviewing) or V(Offline),
        in upper or lower case.
    type: str
  gpu_type:
    description:
      - Only images that say they support this GPU type, for example V(4090). An image that says nothing is left out.
    type: str
  group_id:
    description:
      - Only versions in this community group. Only the sources V(published), V(favorite), V(community) and V(user)
        have groups.
    type: str
  user_id:
    description:
      - The account whose published images are wanted, the number that the console shows as CompanyID.
      - Required for O(source=user), and refused for any other.
    type: int
  free:
    description:
      - V(true) for images that cost nothing beside the instance, V(false) for those that have a price.
    type: bool
  official:
    description:
      - V(true) for images that the vendor made, V(false) for those of others.
    type: bool
  order_by:
    description:
      - The key to order by. Images that do not have it come last.
      - Left out, or where it is equal, images are in the order of name, creation time and id. The API's own order
        changes from call to call and is not kept.
    type: str
    choices: [name, create_time, publish_time, size_mb, price, favorites_count, created_count]
  order:
    description:
      - V(asc) begins with the smallest, oldest or first, V(desc) with the largest, newest or last.
    type: str
    choices: [asc, desc]
    default: asc
  limit:
    description:
      - Return this many images at most, the first ones in the order asked for. All of them when left out.
    type: int
  include_readme:
    description:
      - Whether to return the C(readme) of images, which can be long.
      - The lists V(platform), V(custom) and V(shared) tell it one image at a time, so each image costs a request
        more there; a O(limit) keeps that small.
    type: bool
    default: false
notes:
  - The answer is whole or the task fails. It is never a part of a list.
  - The API ignores most filters without a word, so they are applied here, to the whole list.
"""
