# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""The ports of pods. The API replaces all of them at once, so those that the options do not mention are sent along."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from .._api.errors import OptionError
from .._waiting import apply_and_confirm
from .model import RUNNING, Instance, describe, place_of
from .query import read_by_id, zone_of
from .steps import InstanceWork

ACTION = "UpdateCompShareInstancePorts"
PROTOCOLS = ("http", "tcp", "udp")
#: Ports that a pod always has: the API puts them back.
_ALWAYS = {"http": 8888, "tcp": 23}
_MOST = 10
_LARGEST = 65535


def check_ports(ports: Mapping[str, t.Any]) -> None:
    """Raise OptionError for ports that the API would not take."""
    for protocol in PROTOCOLS:
        desired = _with_always(protocol, ports.get(protocol) or [])
        wrong = [port for port in desired if not 1 <= port <= _LARGEST]
        if wrong:
            raise OptionError(f"ports has the {protocol} port {wrong[0]}; ports are from 1 to {_LARGEST}.")
        if len(desired) > _MOST:
            raise OptionError(
                f"ports has {len(desired)} {protocol} ports; a pod has at most {_MOST}"
                + (f", {_ALWAYS[protocol]} among them." if protocol in _ALWAYS else ".")
            )


def set_ports(work: InstanceWork) -> None:
    """Give running pods the ports in the options; raises OptionError for what is no pod."""
    ports = work.options["ports"]
    for instance in work.outcome.present():
        if instance["kind"] not in ("pod", None):
            raise OptionError(f"{describe(instance)} is not a pod, and only pods have ports.")
        requested = {protocol: numbers for protocol, numbers in ports.items() if numbers is not None}
        desired = {
            protocol: _with_always(protocol, requested.get(protocol, instance["ports"][protocol]))
            for protocol in PROTOCOLS
        }
        if _same(desired, instance["ports"]):
            continue
        if instance["state"] != RUNNING:
            work.warn(f"{describe(instance)} is not running, so ports has no effect on it.")
            continue
        if not work.check_mode:
            _update(work, instance, desired)
        work.outcome.note_change(instance, {"ports": desired}, ACTION)


def _update(work: InstanceWork, instance: Instance, desired: Mapping[str, list[int]]) -> None:
    zone = zone_of(work.client, instance)
    identity = str(instance["id"])
    params = {
        **place_of(instance),
        "zone_id": None if zone is None else zone["zone_id"],
        **{f"{protocol.capitalize()}Ports": desired[protocol] for protocol in PROTOCOLS},
    }

    def confirmed() -> bool:
        now = read_by_id(work.client, [identity]).get(identity)
        return now is not None and _same(desired, now["ports"])

    apply_and_confirm(
        work.client,
        ACTION,
        params,
        confirmed,
        deadline=work.deadline,
        desired=f"the ports of {describe(instance)} are changed",
    )


def _with_always(protocol: str, ports: t.Iterable[int]) -> list[int]:
    always = [_ALWAYS[protocol]] if protocol in _ALWAYS else []
    return list(dict.fromkeys([*always, *ports]))


def _same(one: Mapping[str, t.Iterable[int]], other: Mapping[str, t.Iterable[int]]) -> bool:
    return all(set(one[protocol]) == set(other[protocol]) for protocol in PROTOCOLS)
