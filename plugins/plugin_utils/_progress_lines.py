# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Turns the events of a wait into lines for the user."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from dataclasses import dataclass

from ..module_utils._api.clock import duration_text
from ..module_utils._builds.messages import STANDSTILL, state_text
from ._terminal import terminal_safe

#: Without a terminal, progress is shown after this many points or seconds.
_QUIET_POINTS = 25.0
_QUIET_SECONDS = 120.0
#: A lasting fault is shown again after this many seconds.
_FAULT_SECONDS = 60.0


@dataclass
class _Shown:
    """What was shown last for one image, and when (seconds since the wait began)."""

    text: str = ""
    at: float = 0.0
    status: str | None = None
    progress: float | None = None
    ended: bool = False


class ProgressLines:
    """Turns the events of C(_builds.wait) into lines for one host: C([host] name: 34.2 %, about 10 s left).

    With C(terminal) every change is shown, otherwise only as much as suits a log.
    """

    def __init__(self, host: str, *, terminal: bool) -> None:
        self._host = terminal_safe(host, 80)
        self._terminal = terminal
        self._shown: dict[str, _Shown] = {}
        self._fault_at: float | None = None

    def lines(self, event: Mapping[str, t.Any]) -> list[str]:
        """Return the lines for an event; an event of another kind, or one that says nothing new, has none."""
        kind = event.get("kind")
        if kind == "build":
            return self._build(event)
        if kind == "builds":
            return self._builds(event)
        if kind == "fault":
            return self._fault(event)
        if kind == "note":
            return [self._line(event.get("name"), str(event.get("message", "")))]
        if kind == "interrupted":
            return [self._line(None, str(event.get("message", "")))]
        return []

    def last_words(self) -> list[str]:
        """Return what is known of each build that has not ended, for a wait that was interrupted."""
        return [
            self._line(None, shown.text + " when the wait was interrupted")
            for shown in self._shown.values()
            if not shown.ended and shown.text
        ]

    def _build(self, event: Mapping[str, t.Any]) -> list[str]:
        self._fault_at = None
        image_id = str(event.get("image_id"))
        shown = self._shown.setdefault(image_id, _Shown())
        if shown.ended:
            return []
        name = event.get("name") or image_id
        text = self._text(event)
        if not self._is_worth_showing(event, shown, text):
            return []
        shown.text, shown.at = f"{terminal_safe(str(name), 80)}: {text}", event["elapsed"]
        shown.status, shown.progress = event.get("status"), event.get("progress")
        shown.ended = bool(event.get("complete") or event.get("failed"))
        return [self._line(None, shown.text)]

    def _builds(self, event: Mapping[str, t.Any]) -> list[str]:
        """Return the one line for a large set: how many have ended, and how far the slowest of the others is."""
        self._fault_at = None
        total, complete, failed = event["total"], event["complete"], event["failed"]
        running = total - complete - failed
        parts = [f"{complete} of {total} image builds done", *([f"{failed} failed"] if failed else [])]
        if running:
            parts.append(f"{running} running" + ("" if event["progress"] is None else f", {event['progress']:.1f} %"))
            if event["remaining_duration"]:
                parts.append(f"about {duration_text(event['remaining_duration'])} left")
        else:
            parts.append(f"after {duration_text(event['elapsed'])} ({event['polls']} requests)")
        shown, text = self._shown.setdefault("", _Shown()), ", ".join(parts)
        share = 100 * (complete + failed) / total
        if text == shown.text or not self._sum_is_worth_a_line(event, shown, share):
            return []
        shown.text, shown.at, shown.progress, shown.ended = text, event["elapsed"], share, not running
        return [self._line(None, text)]

    def _sum_is_worth_a_line(self, event: Mapping[str, t.Any], shown: _Shown, share: float) -> bool:
        if not shown.text or share == 100 or self._terminal:
            return True
        return share - (shown.progress or 0) >= _QUIET_POINTS or event["elapsed"] - shown.at >= _QUIET_SECONDS

    def _text(self, event: Mapping[str, t.Any]) -> str:
        after = f"after {duration_text(event['elapsed'])}"
        if event.get("complete"):
            polls = event["polls"]
            status = str(event.get("status") or "").lower()
            done = "done by its progress, status unknown," if status in ("", "making") else status
            return f"{done} {after} ({polls} request{'s' if polls != 1 else ''})"
        if event.get("failed"):
            return f"failed {after}: {event.get('failed_reason') or 'no reason given'}"
        return state_text(
            event.get("progress"), event.get("remaining_duration"), event["unmoved_for"], event.get("status")
        )

    def _is_worth_showing(self, event: Mapping[str, t.Any], shown: _Shown, text: str) -> bool:
        if not shown.text or event.get("complete") or event.get("failed") or event.get("status") != shown.status:
            return True
        if shown.text.endswith(f": {text}"):
            return False
        passed = float(event["elapsed"]) - shown.at
        if event["unmoved_for"] >= STANDSTILL:
            # A standstill is reported at once, then less and less often.
            return passed >= min(float(event["unmoved_for"]) / 2, 600.0)
        gained = abs(float(event.get("progress") or 0) - (shown.progress or 0))
        return gained > 0 if self._terminal else passed >= _QUIET_SECONDS or gained >= _QUIET_POINTS

    def _fault(self, event: Mapping[str, t.Any]) -> list[str]:
        now = event["elapsed"]
        if self._fault_at is not None and now - self._fault_at < _FAULT_SECONDS:
            return []
        self._fault_at = now
        return [self._line(None, f"{event['message']} Asking again in {duration_text(event['pause'])}.")]

    def _line(self, name: object, text: str) -> str:
        about = f"{terminal_safe(str(name), 80)}: " if name else ""
        return f"[{self._host}] {about}{terminal_safe(text, 400)}"
