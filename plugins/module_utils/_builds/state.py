# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""One image build: what is known of it, and what an answer of the API changes in that."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from dataclasses import dataclass

from .._api import values
from .._api.errors import CompShareError
from .._api.naming import region_of
from .schedule import Schedule

#: The image's Status decides, as documented. Being reviewed, published or withdrawn comes after a finished build.
_ENDED_WELL = frozenset({"available", "reviewing", "offline"})
_FAILED = frozenset({"unavailable"})
#: After a refusal, or without an answer, the progress is asked again after so many seconds, then after twice as many.
_REFUSAL_PAUSE = 60.0
_FAULT_PAUSE = 10.0


@dataclass(frozen=True)
class BuildTarget:
    """A build to follow: the image's id, and what the caller knows of the image already (None: look it up)."""

    image_id: str
    name: str | None = None
    region: str | None = None
    zone: str | None = None


@dataclass
class Build:
    """What is known of the build of one image. Times are values of C(clock.now()), durations seconds.

    C(progress), C(total_duration) and C(remaining_duration) are what the API said last, as numbers; C(status) is the
    image's own Status, None until the list has shown it.
    """

    target: BuildTarget
    schedule: Schedule
    name: str | None = None
    region: str | None = None
    zone: str | None = None
    container: bool | None = None
    status: str | None = None
    progress: float | None = None
    total_duration: float | None = None
    remaining_duration: float | None = None
    complete: bool = False
    failed: bool = False
    failed_reason: str | None = None
    #: When an answer last showed that the image exists.
    visible_at: float | None = None
    #: Since when neither the list nor the progress question knows the image; missing: for the whole grace period.
    unknown_since: float | None = None
    missing: bool = False
    progress_at: float | None = None
    status_at: float | None = None
    ended_at: float | None = None
    refusal: CompShareError | None = None
    _no_progress_before: float = 0.0
    _next_pause: float = 0.0

    @property
    def open(self) -> bool:
        """Tell whether there is still something to wait for."""
        return not (self.complete or self.failed or self.missing)

    def progress_possible(self, now: float) -> bool:
        """Tell whether asking for the progress may help. The API refuses it for container images."""
        return not self.container and now >= self._no_progress_before

    @property
    def uninformed(self) -> bool:
        """Tell whether the last progress answer, if there was one, says neither a percentage nor a time."""
        return self.progress is None and self.remaining_duration is None

    @property
    def nearly_done(self) -> bool:
        """Tell whether the last progress answer names no time or work that is left."""
        return self.remaining_duration == 0 or (self.progress is not None and self.progress >= 100)

    def saw_progress(self, now: float, answer: Mapping[str, t.Any]) -> None:
        """Take an answer of the progress question. It never says that a build has failed."""
        self.refusal, self.unknown_since, self._next_pause = None, None, 0.0
        self.visible_at = self.progress_at = now
        self.progress = _percent(values.number(answer.get("Process")))
        self.total_duration = _seconds(answer.get("TotalDuration"))
        self.remaining_duration = _seconds(answer.get("RemainingDuration"))
        estimate = self.remaining_duration
        if estimate is None and self.total_duration is not None and self.progress is not None:
            estimate = self.total_duration * (1 - self.progress / 100)
        self.schedule.saw_progress(now, self.progress, estimate)

    def saw_refusal(self, now: float, error: CompShareError) -> None:
        """Take a refusal of the progress question, which says nothing about the build."""
        self.refusal = error
        self._ask_progress_later(now, _REFUSAL_PAUSE)

    def saw_no_answer(self, now: float) -> None:
        """Take it that the progress question found no answer for the moment."""
        self._ask_progress_later(now, _FAULT_PAUSE)

    def _ask_progress_later(self, now: float, first_pause: float) -> None:
        pause = max(first_pause, self._next_pause)
        self._no_progress_before, self._next_pause = now + pause, 2 * pause

    def saw_row(self, now: float, row: Mapping[str, t.Any]) -> None:
        """Take the image's row in the list of custom images."""
        self.visible_at = self.status_at = now
        self.unknown_since = None
        self.name = values.text(row.get("Name")) or self.name
        self.status = values.text(row.get("Status")) or self.status
        container = values.boolean(row.get("Container", row.get("IsContainer")))
        self.container = self.container if container is None else container
        self.zone = _zone_of(row) or self.zone
        self.region = values.text(row.get("Region")) or region_of(self.zone) or self.region
        told = (self.status or "").casefold()
        if told in _ENDED_WELL:
            self.complete_at(now)
        elif told in _FAILED:
            self.failed, self.ended_at = True, now
            self.failed_reason = values.text(row.get("FailedReason"))

    def complete_at(self, now: float) -> None:
        """The build has ended well."""
        self.complete, self.ended_at = True, now
        self.progress, self.remaining_duration = 100, 0

    def as_result(self) -> dict[str, t.Any]:
        """Return the entry of C(builds) in a result."""
        return {
            "image_id": self.target.image_id,
            "name": self.name,
            "status": self.status,
            "progress": self.progress,
            "total_duration": self.total_duration,
            "remaining_duration": self.remaining_duration,
            "complete": self.complete,
            "failed": self.failed,
            "failed_reason": self.failed_reason,
        }


def _zone_of(row: Mapping[str, t.Any]) -> str | None:
    zone = values.text(row.get("Zone"))
    supported = row.get("ImageSupportZone")
    if zone is None and isinstance(supported, list) and supported:
        zone = values.text(values.dictionary(supported[0]).get("Zone"))
    return zone


def _percent(value: float | None) -> float | None:
    return None if value is None else min(max(value, 0), 100)


def _seconds(value: object) -> float | None:
    """Return a duration; one below zero means that none is left."""
    seconds = values.number(value)
    return None if seconds is None else max(seconds, 0)
