# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Sentences about image builds: for the message of a failed wait, and for live lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .._api.clock import duration_text
from .._api.errors import printable
from .state import Build

#: A standstill shorter than this is not worth a word.
STANDSTILL = 120.0
_NAMED = 20


def state_text(progress: float | None, remaining: float | None, unmoved_for: float, status: str | None) -> str:
    """Return how far a build is: C(87.5 %, about 4 min left), C(99.0 %, no progress for 22 min), C(making)."""
    parts = [f"{progress:.1f} %"] if progress is not None else []
    if unmoved_for >= STANDSTILL:
        parts.append(f"no progress for {duration_text(unmoved_for)}")
    elif remaining:
        parts.append(f"about {duration_text(remaining)} left")
    if progress is None or (status or "making").casefold() != "making":
        parts.insert(0, printable(status, 40).lower() if status else "not visible yet")
    return ", ".join(parts)


def wait_message(builds: Sequence[Build], ended_because: str, fault: str | None) -> tuple[str, str | None, bool]:
    """Return the sentences about a wait that did not end well, what to do, and whether running it again can help.

    C(ended_because) says for builds that have not ended why the wait has: C(did not end within 1 h). C(fault) says why
    the last requests failed, or is None.
    """
    failed = [build for build in builds if build.failed]
    missing = [build for build in builds if build.missing]
    unfinished = [build for build in builds if build.open]
    sentences = [
        _sentence(failed, len(builds), "failed", _reason),
        _sentence(missing, len(builds), "cannot be found", lambda _build: ""),
        _sentence(
            unfinished,
            len(builds),
            ended_because,
            lambda build: state_text(
                build.progress, build.remaining_duration, build.schedule.unmoved_for, build.status
            ),
        ),
    ]
    complete = sum(build.complete for build in builds)
    if complete:
        sentences.append(f"{complete} {'is' if complete == 1 else 'are'} available.")
    if fault and unfinished:
        sentences.append(f"The last requests failed: {fault}")
    hints = []
    if failed:
        hints.append("Delete a failed image and build it again.")
    if missing:
        hints.append(
            "Check the image id, the region and the project: an image that the API does not list among your own, and "
            "whose progress it refuses, is not followed."
        )
    if unfinished:
        hints.append("Run the task again to go on waiting.")
    return " ".join(sentence for sentence in sentences if sentence), " ".join(hints) or None, bool(unfinished)


def _reason(build: Build) -> str:
    reason = build.failed_reason
    return printable(reason) if reason else f"status {build.status}, no reason given"


def _sentence(builds: Sequence[Build], total: int, what: str, detail: Callable[[Build], str]) -> str:
    if not builds:
        return ""
    listed = [_titled(build, detail(build)) for build in builds[:_NAMED]]
    if len(builds) > _NAMED:
        listed.append(f"and {len(builds) - _NAMED} more")
    subject = "The image build" if total == 1 else f"{len(builds)} of {total} image builds"
    return f"{subject} {what}: {', '.join(listed)}."


def _titled(build: Build, detail: str) -> str:
    """Return C(NAME (ID, DETAIL)), or C(ID (DETAIL)) for an image whose name is not known."""
    name = printable(build.name, 80) if build.name else None
    inside = ", ".join(part for part in (build.target.image_id if name else "", detail) if part)
    return f"{name or build.target.image_id} ({inside})" if inside else build.target.image_id
