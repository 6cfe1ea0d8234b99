# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Events about instances: a state changed, an instance is about to be released, a spot instance was interrupted."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from dataclasses import dataclass, field

from .._api.values import epoch_seconds

Instance = Mapping[str, t.Any]

STATE_CHANGED, RELEASE_DUE, INTERRUPTED = "instance_state_changed", "instance_release_due", "instance_interrupted"
#: Seconds before its release from which on an instance is reported.
DEFAULT_RELEASE_WITHIN = 2 * 86400.0
#: An instance that is missing from this many lists in a row is believed to be gone.
_MISSES = 2


@dataclass
class InstanceEvents:
    """Turns one list of instances after another into events; C(release_within) is in seconds.

    The first list shows which instances exist; it changes no state, but it may show one that is about to be released.
    """

    release_within: float = DEFAULT_RELEASE_WITHIN
    _instances: dict[str, Instance] | None = None
    _due: dict[str, str] = field(default_factory=dict)
    _interrupted: set[str] = field(default_factory=set)
    _misses: dict[str, int] = field(default_factory=dict)

    def events(self, instances: t.Iterable[Instance], now: float) -> list[dict[str, t.Any]]:
        """Return the events since the list before; C(now) is epoch seconds. Each has C(type) and C(instance).

        C(instance_state_changed) also has C(before), the state that the instance was in, None for a new one. The
        C(state) of an instance that is gone is None.
        """
        listed = {str(instance["id"]): instance for instance in instances}
        events: list[dict[str, t.Any]] = []
        for identity, instance in listed.items():
            before = (self._instances or {}).get(identity)
            if self._instances is not None and (before is None or before["state"] != instance["state"]):
                events.append(_state_changed(instance, before))
            if instance.get("interrupted") and identity not in self._interrupted:
                self._interrupted.add(identity)
                events.append({"type": INTERRUPTED, "instance": dict(instance)})
            elif not instance.get("interrupted"):
                self._interrupted.discard(identity)
            events += self._release(identity, instance, now)
        return [*events, *self._keep(listed)]

    def _release(self, identity: str, instance: Instance, now: float) -> list[dict[str, t.Any]]:
        release = instance["release_time"]
        at = epoch_seconds(release)
        if at is None or at - now > self.release_within:
            self._due.pop(identity, None)
            return []
        if self._due.get(identity) == release:
            return []
        self._due[identity] = release
        return [{"type": RELEASE_DUE, "instance": dict(instance), "seconds_left": max(0, round(at - now))}]

    def _keep(self, listed: dict[str, Instance]) -> list[dict[str, t.Any]]:
        """Remember this list; an instance that a single list lacks stays known. Returns the events of those gone."""
        events, known = [], dict(listed)
        for identity, instance in (self._instances or {}).items():
            if identity in listed:
                self._misses.pop(identity, None)
                continue
            self._misses[identity] = self._misses.get(identity, 0) + 1
            if self._misses[identity] < _MISSES:
                known[identity] = instance
                continue
            for memory in (self._misses, self._due):
                memory.pop(identity, None)
            self._interrupted.discard(identity)
            events.append(_state_changed({**instance, "state": None}, instance))
        self._instances = known
        return events


def _state_changed(instance: Instance, before: Instance | None) -> dict[str, t.Any]:
    return {"type": STATE_CHANGED, "instance": dict(instance), "before": before["state"] if before else None}
