# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Which zone an instance is created in: the first that sells it, has one in stock, and is within the price limit.

If there is none, the wait for stock tries again whenever the list of free GPUs changes.
"""

from __future__ import annotations

import math
import typing as t
from collections.abc import Collection, Mapping, Sequence

from .._api.client import Client
from .._api.clock import duration_text
from .._api.errors import CompShareError, OptionError, RefusedError, printable
from .._waiting import Backoff, DeadlineError, wait_until
from .gpu_types import list_types, read_stock
from .pricing import NOT_SOLD_CODES, SOLD_OUT_CODES, Offer, Size, price_of, stock_of
from .spec import DEFAULT_DISK_TYPE, Order, OrderedImage

_SHOWN_SIZES, _SHOWN_OFFERS = 8, 3
_DEFAULT_BOOT_GB = 100
#: The API renews its list of free GPUs every five minutes, so a shorter interval shows nothing new.
_BACKOFF = Backoff(first=300.0, longest=300.0, growth=1.0, jitter=0.05)


class Choice(t.NamedTuple):
    """Where an instance can be created now, in which size, and its price (None if the API names none)."""

    zone: dict[str, t.Any]
    size: Size
    price: dict[str, t.Any] | None


class _Unsuitable(Exception):
    """A zone cannot be taken. C(str()) says why, C(passing) whether it may be otherwise later, C(hint) what helps.

    C(price) is what it costs per hour, if that is the reason.
    """

    def __init__(
        self, reason: str, *, passing: bool = False, hint: str | None = None, price: float | None = None
    ) -> None:
        super().__init__(reason)
        self.passing = passing
        self.hint = hint
        self.price = price


class NoZoneError(CompShareError):
    """No zone can be taken. Nothing was sent that creates or changes anything.

    C(reasons) says why, zone by zone; C(too_dear) has what could be had for more, as (GPU type, zone, price per hour).
    """

    reasons: str = ""
    too_dear: Sequence[tuple[str, str, float]] = ()


def offer_for(order: Order, image: OrderedImage) -> Offer:
    """Return what stock and price are read for; raises OptionError if the system disk cannot hold the image."""
    size_mb = (image.found or {}).get("size_mb") or 0
    needed = math.ceil(size_mb / 1024)
    disks = order.disks or ({"IsBoot": True, "Type": DEFAULT_DISK_TYPE, "Size": max(_DEFAULT_BOOT_GB, needed)},)
    boot = next(disk for disk in disks if disk["IsBoot"])
    if boot["Size"] < needed:
        raise OptionError(
            f"The system disk of {boot['Size']} GB cannot hold the image {printable(order.image, 80)!r}, "
            f"which needs {needed} GB.",
            hint="Give a larger size_gb to the disk with boot=true, or omit disks.",
        )
    return Offer(order.gpu_type, image.image_id, order.charge_type, disks, (image.found or {}).get("type"))


class Selection(t.NamedTuple):
    """Which of several orders can be placed now, and where."""

    order: Order
    offer: Offer
    choice: Choice


def select(
    client: Client,
    candidates: Sequence[tuple[Order, Offer]],
    zones: Sequence[dict[str, t.Any]],
    *,
    title: str,
    sold_out: Collection[tuple[Order, str]] = (),
) -> Selection:
    """Return the first of several orders that can be placed in a zone. Raises NoZoneError, and the client's errors.

    C(sold_out) are the orders and zones for which it was tried and failed.
    """
    errors: list[NoZoneError] = []
    for order, offer in candidates:
        taken = {zone for tried, zone in sold_out if tried == order}
        try:
            return Selection(order, offer, choose(client, order, offer, zones, title=title, sold_out=taken))
        except NoZoneError as error:
            errors.append(error)
    if len(errors) == 1:
        raise errors[0]
    reported = ". ".join(f"{order}: {error.reasons}" for (order, _offer), error in zip(candidates, errors))
    merged = NoZoneError(
        f"{title} cannot be created. {reported}.",
        action=errors[0].action,
        hint=next((error.hint for error in errors if error.hint), None),
        retryable=any(error.retryable for error in errors),
    )
    merged.reasons = reported
    merged.too_dear = [offer for error in errors for offer in error.too_dear]
    raise merged


def choose(
    client: Client,
    order: Order,
    offer: Offer,
    zones: Sequence[dict[str, t.Any]],
    *,
    title: str,
    sold_out: Collection[str] = (),
) -> Choice:
    """Return the first of C(zones) in which the order can be placed, by the API's stock and price in each.

    C(sold_out) are zones where it was tried and failed. Raises NoZoneError, which says of every zone why not, and the
    client's errors.
    """
    reasons: list[_Unsuitable] = []
    zones_by_reason: dict[str, list[str]] = {}
    too_dear: list[tuple[str, str, float]] = []
    for zone in zones:
        try:
            if zone["zone"] in sold_out:
                raise _Unsuitable("sold out", passing=True)
            if offer.image_type in zone.get("unsupported_image_types", ()):
                raise _Unsuitable(f"takes no images of the type {offer.image_type}")
            return _choice_in(client, order, offer, zone)
        except _Unsuitable as unsuitable:
            reasons.append(unsuitable)
            zones_by_reason.setdefault(str(unsuitable), []).append(zone["zone"])
            if unsuitable.price is not None:
                too_dear.append((order.gpu_type, zone["zone"], unsuitable.price))
    reported = "; ".join(f"{', '.join(names)}: {reason}" for reason, names in zones_by_reason.items())
    error = NoZoneError(
        f"{title} cannot be created with {order}: {reported or 'there is no zone to take'}.",
        action="CheckCompShareResourceCapacity",
        hint=_hint(client, order, zones, reasons),
        retryable=any(reason.passing for reason in reasons),
    )
    error.reasons, error.too_dear = reported, too_dear
    raise error


def _choice_in(client: Client, order: Order, offer: Offer, zone: dict[str, t.Any]) -> Choice:
    size = _size_in_stock(client, order, offer, zone)
    try:
        prices = price_of(client, zone, offer, size)
    except RefusedError as error:
        raise _refused(error, order) from error
    price = next((price for price in prices if price["charge_type"] in (None, order.charge_type)), None)
    if order.max_price is not None:
        if price is None:
            raise _Unsuitable("the API names no price, so max_price cannot be kept")
        if price["per_hour"] > order.max_price:
            raise _Unsuitable(
                f"{size} costs {price['per_hour']:g} CNY per hour, more than {order.max_price:g}",
                hint="Raise max_price, or take another gpu_type.",
                price=price["per_hour"],
            )
    return Choice(zone, size, price)


def _size_in_stock(client: Client, order: Order, offer: Offer, zone: Mapping[str, t.Any]) -> Size:
    try:
        stock = stock_of(client, zone, offer)
    except RefusedError as error:
        raise _refused(error, order) from error
    if not stock:
        raise _Unsuitable(f"does not sell {order.gpu_type}")
    fitting = [entry for entry in stock if entry.size.fits(order.gpu_count, order.cpu, order.memory_gb)]
    if not fitting:
        sizes = [str(entry.size) for entry in stock if entry.size.gpu_count == order.gpu_count]
        listed = " or ".join((sizes or [str(entry.size) for entry in stock])[:_SHOWN_SIZES])
        raise _Unsuitable(f"sells it only as {listed}")
    size = next((entry.size for entry in fitting if entry.in_stock), None)
    if size is None:
        raise _Unsuitable("sold out", passing=True)
    return size


def _refused(error: RefusedError, order: Order) -> Exception:
    """Return what a refusal says about a zone, or the refusal itself if it says nothing about one."""
    if error.ret_code in SOLD_OUT_CODES:
        return _Unsuitable("sold out", passing=True)
    if error.ret_code not in NOT_SOLD_CODES:
        return error
    if error.names_parameter("CompShareImageId"):
        return _Unsuitable("the image is not there")
    if error.names_parameter("GpuType"):
        return _Unsuitable(f"does not sell {order.gpu_type}")
    if error.names_parameter("ChargeType"):
        return _Unsuitable("this charge_type is not possible")
    return _Unsuitable(f"RetCode {error.ret_code}, {error.api_message or error.summary}")


def _hint(
    client: Client, order: Order, zones: Sequence[Mapping[str, t.Any]], reasons: Sequence[_Unsuitable]
) -> str | None:
    if any(reason.passing for reason in reasons):
        return "Run the task again later, or take other zones or another gpu_type."
    reported = next((reason.hint for reason in reasons if reason.hint is not None), None)
    if reported is not None:
        return reported
    try:
        known = sorted({entry["gpu_type"] for entry in list_types(client, zones) if entry["gpu_type"]})
    except CompShareError:  # the first error is reported
        return "compshare_instance_type_info lists what each zone sells."
    if known and order.gpu_type not in known:
        return f"These zones sell: {', '.join(known)}."
    return "compshare_instance_type_info lists what each zone sells."


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
                error.add_sentence(f"That had not changed after {duration_text(clock.now() - began)} (wait_for_stock).")
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
    dear = sorted(error.too_dear, key=lambda offer: offer[2])[:_SHOWN_OFFERS]
    costs = "".join(f"; {gpu_type} in {zone} costs {price:g}" for gpu_type, zone, price in dear)
    return f"no {gpu_types}{within} yet{costs}"
