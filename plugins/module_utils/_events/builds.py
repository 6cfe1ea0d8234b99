# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Events about image builds: a build moved, ended or failed."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .._api.client import Client
from .._builds.wait import build_targets, look_at_builds
from .._images.own_images import MAKING, UNAVAILABLE, Image, OwnImages

MOVED, ENDED, FAILED = "build_moved", "build_ended", "build_failed"
#: A build is reported as moved when its progress grew by this many points since the last event about it.
DEFAULT_STEP = 5.0
#: An image that is missing from this many lists in a row is believed to be deleted.
_MISSES = 2


class BuildsRead(t.NamedTuple):
    """The custom images of the account by id, and what the progress action says of those that are being built."""

    images: dict[str, Image]
    builds: dict[str, dict[str, t.Any]]


def read_builds(client: Client, image_ids: Sequence[str] | None = None) -> BuildsRead:
    """Return the state of the account's custom images, or of those with C(image_ids); raises the client's errors.

    It costs one request for each hundred images, and two more for each image that is being built.
    """
    images = {image["id"]: image for image in OwnImages(client).all() if image_ids is None or image["id"] in image_ids}
    building = [image_id for image_id, image in images.items() if image["status"] == MAKING]
    if not building:
        return BuildsRead(images, {})
    builds = look_at_builds(client, build_targets(building)).as_result()["builds"]
    return BuildsRead(images, {build["image_id"]: build for build in builds})


@dataclass
class BuildEvents:
    """Turns one reading after another into events; C(step) is in points of progress.

    The first reading shows which images exist, so it ends nothing. An image that appears later without being seen as
    C(Making) was built between two readings, and has ended or failed.
    """

    step: float = DEFAULT_STEP
    _images: dict[str, Image] | None = None
    _reported: dict[str, float] = field(default_factory=dict)
    _misses: dict[str, int] = field(default_factory=dict)

    def events(self, read: BuildsRead) -> list[dict[str, t.Any]]:
        """Return the events since the reading before this one, each with C(type) and C(build)."""
        before, events = self._images, []
        for image_id, image in read.images.items():
            build = read.builds.get(image_id) or _build_of(image)
            if image["status"] == MAKING and not build["complete"] and not build["failed"]:
                events += self._moved(image_id, build)
            elif before is not None and (image_id not in before or before[image_id]["status"] == MAKING):
                events.append({"type": FAILED if build["failed"] else ENDED, "build": build})
        self._keep(read)
        return events

    def _moved(self, image_id: str, build: Mapping[str, t.Any]) -> list[dict[str, t.Any]]:
        progress, last = build["progress"] or 0, self._reported.get(image_id)
        if last is not None and progress < last + self.step:
            return []
        self._reported[image_id] = progress
        return [{"type": MOVED, "build": dict(build)}]

    def _keep(self, read: BuildsRead) -> None:
        """Remember this reading; an image that a single list lacks stays known, so that its end is not lost."""
        known = dict(read.images)
        for image_id, build in read.builds.items():
            if build["complete"] or build["failed"]:
                known[image_id] = {**known[image_id], "status": build["status"]}
        for image_id, image in (self._images or {}).items():
            self._misses[image_id] = 0 if image_id in known else self._misses.get(image_id, 0) + 1
            if 0 < self._misses[image_id] < _MISSES:
                known[image_id] = image
        self._images = known
        self._reported = {image_id: at for image_id, at in self._reported.items() if image_id in known}
        self._misses = {image_id: count for image_id, count in self._misses.items() if image_id in known}


def _build_of(image: Image) -> dict[str, t.Any]:
    """Return an image of the list in the shape of a build."""
    failed = image["status"] == UNAVAILABLE
    complete = image["status"] not in (MAKING, UNAVAILABLE)
    return {
        "image_id": image["id"],
        "name": image["name"],
        "status": image["status"],
        "progress": 100 if complete else None,
        "total_duration": None,
        "remaining_duration": 0 if complete else None,
        "complete": complete,
        "failed": failed,
        "failed_reason": image["failed_reason"],
    }
