# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""The options that select images: those of the documentation fragment image_filters, and the name."""

from __future__ import annotations

import typing as t

SOURCE_NAMES = ("platform", "custom", "shared", "published", "favorite", "community", "user")
#: The platform list pages each type by itself when none is named, so rows would be skipped: it is always named.
IMAGE_TYPES = ("System", "App", "Game", "Other")
ORDER_KEYS = ("name", "create_time", "publish_time", "size_mb", "price", "favorites_count", "created_count")

#: An argument spec.
IMAGE_FILTERS: dict[str, dict[str, t.Any]] = {
    "source": {"type": "str", "choices": list(SOURCE_NAMES), "default": "platform"},
    "image_ids": {"type": "list", "elements": "str", "aliases": ["image_id"]},
    "name": {"type": "str"},
    "search": {"type": "str"},
    "tags": {"type": "list", "elements": "str"},
    "author": {"type": "str"},
    "image_type": {"type": "str", "choices": list(IMAGE_TYPES)},
    "status": {"type": "str"},
    "gpu_type": {"type": "str"},
    "group_id": {"type": "str"},
    "user_id": {"type": "int"},
    "free": {"type": "bool"},
    "official": {"type": "bool"},
    "max_price": {"type": "float"},
    "max_size_mb": {"type": "float"},
    "order_by": {"type": "str", "choices": list(ORDER_KEYS)},
    "order": {"type": "str", "choices": ["asc", "desc"], "default": "asc"},
    "limit": {"type": "int"},
    "include_readme": {"type": "bool", "default": False},
}
