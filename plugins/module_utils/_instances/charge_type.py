# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Switching how an instance that exists is paid for: from Postpay only, ordered once, and said before."""

from __future__ import annotations

import typing as t

from .._api.client import Client
from .._api.errors import CompShareError, OptionError, WaitError
from .._pending import order_lock
from .._waiting import SHOWN_WITHIN, apply, sent_before_errors
from .model import RUNNING, Instance, describe, place_of
from .pricing import Size, price_of_existing
from .query import read_by_id, zone_of
from .spec import DEFAULT_CHARGE_TYPE, PREPAID
from .steps import InstanceWork

ACTION = "SwitchChargeType"
_DESTINATIONS = ("Dynamic", *PREPAID)


def switch_charge_type(work: InstanceWork) -> None:
    """Switch instances that exist to the charge type in the options; warns before, and of what cannot be switched."""
    desired = work.options["charge_type"]
    for instance in work.outcome.existing():
        if instance["charge_type"] in (desired, None):
            continue
        obstacle = _obstacle(instance, desired)
        if obstacle is not None:
            stays = f"{describe(instance)} stays charged as {instance['charge_type']}, not as {desired}"
            work.warn(f"{stays}: {obstacle}.")
            continue
        work.warn(_announcement(work, instance, desired))
        if not work.check_mode:
            _switch(work, instance, desired)
        work.outcome.note_change(instance, {"charge_type": desired}, ACTION)


def _obstacle(instance: Instance, desired: str) -> str | None:
    if instance["charge_type"] != DEFAULT_CHARGE_TYPE or desired not in _DESTINATIONS:
        return f"the API switches from {DEFAULT_CHARGE_TYPE} to {', '.join(_DESTINATIONS)} only"
    if instance["kind"] == "pod":
        return "the API does not switch pods"
    if instance["without_gpu"]:
        return "the API does not switch what runs without its GPU"
    return None if instance["state"] == RUNNING else "the API switches only what runs"


def _announcement(work: InstanceWork, instance: Instance, desired: str) -> str:
    """Return what is said before a switch; raises OptionError if it would cost more than max_price."""
    price = _price(work.client, instance, desired)
    limit = work.options["max_price"]
    if limit is not None and (price is None or price["per_hour"] > limit):
        cost = "a price that the API does not say" if price is None else f"{price['per_hour']:g} CNY per hour"
        raise OptionError(f"{describe(instance)} would cost {cost} as {desired}, and max_price is {limit:g}.")
    cost = "" if price is None else f", which costs {price['amount']:g} CNY per {price['unit']}"
    ahead = " It is prepaid and renews automatically." if desired in PREPAID else ""
    switch = f"{describe(instance)} is switched from {instance['charge_type']} to {desired}{cost}."
    return f"{switch}{ahead} This cannot be undone."


def _price(client: Client, instance: Instance, desired: str) -> dict[str, t.Any] | None:
    zone = zone_of(client, instance)
    if zone is None:
        return None
    return price_of_existing(client, zone, instance, desired, Size.of(instance))


def _switch(work: InstanceWork, instance: Instance, desired: str) -> None:
    client, identity = work.client, str(instance["id"])

    def switched() -> bool:
        now = read_by_id(client, [identity]).get(identity)
        return now is not None and now["charge_type"] == desired

    lock = order_lock(client, f"charge type {desired}", identity, deadline=work.deadline, warn=work.warn)
    with lock as pending:
        if pending.wait_until_shown(switched, deadline=work.deadline):
            return
        params = {**place_of(instance), "DestChargeType": desired}
        try:
            applied = apply(
                client,
                ACTION,
                params,
                lambda: pending.wait_until_shown(switched),
                deadline=work.deadline,
                before_try=pending.record,
            )
        except CompShareError:
            pending.settle()
            raise
        if applied.lost is not None:
            applied.lost.add_sentence(f"Whether {describe(instance)} was switched to {desired} is not known.")
            applied.lost.hint = "Run the task again: it looks how the instance is charged before it switches it."
            applied.raise_unless_done(ACTION)
            return
        try:
            with sent_before_errors(ACTION, accepted=True):
                shown = pending.wait_until_shown(switched)
        except CompShareError:
            work.outcome.note_sent(instance, ACTION)
            raise
        if not shown:
            work.outcome.note_sent(instance, ACTION)
            raise WaitError(
                f"{ACTION} was accepted, but {SHOWN_WITHIN:g} s later {describe(instance)} is not charged as "
                f"{desired}.",
                action=ACTION,
                hint="Look in the console for the reason.",
            )
