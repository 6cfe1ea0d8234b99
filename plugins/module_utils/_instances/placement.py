# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Which zone an instance is made in: the first that sells it, has one left, and does not cost too much."""

from __future__ import annotations

import typing as t
from collections.abc import Collection, Mapping, Sequence

from .._api.client import Client
from .._api.errors import CompShareError, RefusedError
from .gpu_types import list_types
from .pricing import NOT_SOLD_CODES, SOLD_OUT_CODES, Offer, Size, price_of, stock_of
from .spec import Order

_SHOWN_SIZES = 8


class Choice(t.NamedTuple):
    """Where an instance can be made now, in which size, and its price (None where the API names none)."""

    zone: dict[str, t.Any]
    size: Size
    price: dict[str, t.Any] | None


class _Unsuitable(Exception):
    """A zone cannot be taken. C(str()) says why, C(passing) whether it may be otherwise later, C(hint) what helps."""

    def __init__(self, reason: str, *, passing: bool = False, hint: str | None = None) -> None:
        super().__init__(reason)
        self.passing = passing
        self.hint = hint


class NoZoneError(CompShareError):
    """No zone can be taken. Nothing was sent that makes or changes anything."""


def choose(
    client: Client,
    order: Order,
    offer: Offer,
    zones: Sequence[dict[str, t.Any]],
    *,
    title: str,
    sold_out: Collection[str] = (),
) -> Choice:
    """Return the first of C(zones) where the order can be made, asking the API for stock and price in each.

    C(sold_out) are zones where it was tried and failed. Raises NoZoneError, which says of every zone why not, and the
    client's errors.
    """
    reasons: list[_Unsuitable] = []
    zones_by_reason: dict[str, list[str]] = {}
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
    told = "; ".join(f"{', '.join(names)}: {reason}" for reason, names in zones_by_reason.items())
    raise NoZoneError(
        f"{title} cannot be made with {order.gpu_count} x {order.gpu_type} ({order.charge_type}): "
        f"{told or 'there is no zone to take'}.",
        action="CheckCompShareResourceCapacity",
        hint=_hint(client, order, zones, reasons),
        retryable=any(reason.passing for reason in reasons),
    )


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
    """Return what a refusal says of a zone, or the refusal itself where it says nothing of one."""
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
    told = next((reason.hint for reason in reasons if reason.hint is not None), None)
    if told is not None:
        return told
    try:
        known = sorted({entry["gpu_type"] for entry in list_types(client, zones) if entry["gpu_type"]})
    except CompShareError:  # the error to tell is the first one
        return "compshare_instance_type_info lists what each zone sells."
    if known and order.gpu_type not in known:
        return f"These zones sell: {', '.join(known)}."
    return "compshare_instance_type_info lists what each zone sells."
