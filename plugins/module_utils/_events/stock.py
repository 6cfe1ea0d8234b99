# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Events about stock: a GPU type can be had, or its price fell to a limit or below it."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

AVAILABLE, PRICE_BELOW = "gpu_available", "gpu_price_below"
#: The charge types whose stock the API counts by itself.
_SPOT = "Spot"


@dataclass
class StockEvents:
    """Turns one reading of the GPU types after another into events.

    C(charge_type) says which stock counts and which price; C(max_price) is CNY per hour, None for no limit. What can be
    had at the first reading is reported, too.
    """

    charge_type: str = "Postpay"
    max_price: float | None = None
    _available: set[tuple[str, str]] = field(default_factory=set)
    _below: set[tuple[str, str]] = field(default_factory=set)

    def events(self, types: Sequence[Mapping[str, t.Any]]) -> list[dict[str, t.Any]]:
        """Return the events since the reading before, each with C(type), C(gpu) and C(price_per_hour).

        C(types) are the entries of compshare_instance_type_info: one for each GPU type and zone. A price counts only
        while the type can be had.
        """
        events: list[dict[str, t.Any]] = []
        available, below = set(), set()
        for entry in types:
            key, price = (str(entry["gpu_type"]), str(entry["zone"])), self._price(entry)
            if not self._in_stock(entry):
                continue
            available.add(key)
            facts = {"gpu": dict(entry), "price_per_hour": price}
            if key not in self._available:
                events.append({"type": AVAILABLE, **facts})
            if self.max_price is not None and price is not None and price <= self.max_price:
                below.add(key)
                if key not in self._below:
                    events.append({"type": PRICE_BELOW, "max_price": self.max_price, **facts})
        self._available, self._below = available, below
        return events

    def _in_stock(self, entry: Mapping[str, t.Any]) -> bool:
        stock = entry["spot_stock"] if self.charge_type == _SPOT else entry["stock"]
        return bool(stock) if stock is not None else entry["sold_out"] is False and self.charge_type != _SPOT

    def _price(self, entry: Mapping[str, t.Any]) -> float | None:
        prices = (price["per_hour"] for price in entry["prices"] if price["charge_type"] in (None, self.charge_type))
        return next(prices, None)
