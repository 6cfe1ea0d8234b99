# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Waiting for a GPU: until one of several orders can be placed, or the timeout has passed."""

from __future__ import annotations

import typing as t
from collections.abc import Collection, Sequence

from .._api.client import Client
from .._api.errors import CompShareError
from .._api.values import duration_text
from .._waiting import Backoff, DeadlineError, wait_until
from .gpu_types import read_stock
from .placement import NoZoneError, Selection, select
from .pricing import Offer
from .spec import Order

#: The API renews its list of free GPUs every five minutes, so a shorter interval shows nothing new.
_BACKOFF = Backoff(first=300.0, longest=300.0, growth=1.0, jitter=0.05)
_SHOWN = 3


class StockWait:
    """Selects the first of several orders that can be placed, and waits for it until C(deadline) (C(clock.now())).

    The stock list is polled; only when it changes, or a price was too high, the API is tried for each order and zone.
    C(report) takes a line after each try in vain.
    """

    def __init__(
        self,
        client: Client,
        candidates: Sequence[tuple[Order, Offer]],
        zones: Sequence[dict[str, t.Any]],
        *,
        deadline: float,
        report: t.Callable[[str], None],
    ) -> None:
        self._client = client
        self._candidates = candidates
        self._zones = zones
        self._deadline = deadline
        self._report = report
        self._stock: object = None
        self._error: NoZoneError | None = None

    def select(self, *, title: str, sold_out: Collection[tuple[Order, str]] = ()) -> Selection:
        """Return what can be ordered now; raises NoZoneError on the timeout, or if nothing can change until then."""
        clock = self._client.clock
        began = clock.now()
        tried = set(sold_out)

        def probe() -> Selection | None:
            if not self._may_differ():
                return None
            try:
                return select(self._client, self._candidates, self._zones, title=title, sold_out=tried)
            except NoZoneError as error:
                self._error = error
                tried.clear()  # by the next time there may be new ones
                if not (error.retryable or error.too_dear):
                    raise
                if clock.now() < self._deadline:
                    self._report(waiting_line(self._candidates, error))
                return None

        self._error = None
        try:
            return wait_until(clock, probe, deadline=self._deadline, backoff=_BACKOFF, on_error=_reraise_lasting)
        except DeadlineError as late:
            error = self._error or late.error
            if error is None:
                raise
            if clock.now() > began:
                error.add_sentence(f"That was so for {duration_text(clock.now() - began)} (wait_for_stock).")
            raise error from None

    def _may_differ(self) -> bool:
        """Return whether another try can give another result: the stock list has changed, or cannot be read."""
        if self._error is None and self._client.clock.now() >= self._deadline:
            return True  # nobody waits, so the list is not needed
        try:
            stock = {
                key: count
                for key, count in read_stock(self._client, self._zones).items()
                if key[1] in {order.gpu_type for order, _offer in self._candidates}
            }
        except CompShareError:
            return True
        changed, self._stock = stock != self._stock, stock
        return changed or self._error is None or bool(self._error.too_dear)


def _reraise_lasting(error: CompShareError) -> None:
    if isinstance(error, NoZoneError) or not error.retryable:
        raise error


def waiting_line(candidates: Sequence[tuple[Order, Offer]], error: NoZoneError) -> str:
    """Return what a live line says while nothing can be had: what is waited for, and what there is for more."""
    gpu_types = " or ".join(dict.fromkeys(order.gpu_type for order, _offer in candidates))
    limit = candidates[0][0].max_price
    within = "" if limit is None else f" within {limit:g} CNY per hour"
    dear = sorted(error.too_dear, key=lambda offer: offer[2])[:_SHOWN]
    costs = "".join(f"; {gpu_type} in {zone} costs {price:g}" for gpu_type, zone, price in dear)
    return f"no {gpu_types}{within} yet{costs}"
