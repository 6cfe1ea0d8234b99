# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Event source: a CompShare GPU type can be had, or its price fell."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

# ansible-rulebook runs this file without ansible_collections on its path.
sys.path.append(str(Path(__file__).absolute().parents[7]))

from ansible_collections.compshare.cloud.plugins.module_utils._api.client import Client
from ansible_collections.compshare.cloud.plugins.module_utils._events import source, stock
from ansible_collections.compshare.cloud.plugins.module_utils._instances.gpu_types import TypeQuery, find_types

DOCUMENTATION = r"""
---
short_description: Events about GPU stock and prices on CompShare
description:
  - The event C(gpu_available) says that a zone has a GPU type that it did not have at the reading before.
  - The event C(gpu_price_below) says that its price fell to O(max_price) or below, or that it can be had at such a
    price.
  - What can be had when the source starts is reported, too. The API refreshes its stock every five minutes.
  - C(event.gpu) has the keys of RV(compshare.cloud.compshare_instance_type_info#module:instance_types).
options:
  gpu_types:
    description: Watch only these GPU types. If omitted, every type is watched.
    type: list
    elements: str
  zones:
    description: Watch only these zones. If omitted, every zone is watched.
    type: list
    elements: str
  charge_type:
    description: The charge type whose stock and price count.
    type: str
    default: Postpay
  max_price:
    description: The limit of C(gpu_price_below), in CNY per hour for one GPU. If omitted, there are no such events.
    type: float
  interval:
    description: Seconds between two readings, at least 5. Sources with the same arguments share one reading.
    type: float
    default: 300
  public_key:
    description:
      - The public key of the account. Every connection option of the collection is an argument of the same name.
      - If omitted, the environment variable E(COMPSHARE_PUBLIC_KEY) is used, then the profile file of the vendor's
        client. It is the same for the other connection options.
    type: str
"""

EXAMPLES = r"""
- name: Start when a GPU is free
  hosts: localhost
  sources:
    - compshare.cloud.stock:
        gpu_types: ["4090"]
        max_price: 2
  rules:
    - name: Create the instance
      condition: event.type == "gpu_price_below"
      action:
        run_playbook:
          name: create_instance.yml
"""


class _Stock:
    name = "stock"

    def __init__(self, args: dict[str, Any]) -> None:
        source.check_arguments(args, "gpu_types", "zones", "charge_type", "max_price")
        max_price = source.positive(args, "max_price")
        charge_type = args.get("charge_type") or "Postpay"
        self._query = TypeQuery(
            zones=source.texts(args, "zones"), gpu_types=source.texts(args, "gpu_types"), charge_type=charge_type
        )
        self.sharing = (tuple(self._query.zones or ()), tuple(self._query.gpu_types or ()), charge_type)
        self.events = stock.StockEvents(charge_type, max_price).events

    def read(self, client: Client) -> list[dict[str, Any]]:
        return find_types(client, self._query).types


async def main(queue: source.Queue, args: dict[str, Any]) -> None:
    """Put events about stock and prices into the queue until the source is cancelled."""
    await source.run_source(queue, args, _Stock(args), interval=300)
