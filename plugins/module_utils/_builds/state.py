# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""The state of image builds: what the API said of each, what that means, and the two requests for it.

These are the progress of one build, and the list of custom images with the Status of all.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .._api import values
from .._api.client import PARALLEL, Client, demands_region
from .._api.errors import CompShareError, RefusedError
from .._api.pages import PAGE_SIZE, Listing
from .._api.parallel import each_in_parallel
from .._api.retcodes import PERMISSION_CODES, UNKNOWN_ACTION
from .._api.values import region_of
from .._images.sources import SOURCES
from .schedule import Schedule

#: The image's Status decides, as documented. Being reviewed, published or withdrawn comes after a finished build.
_ENDED_WELL = frozenset({"available", "reviewing", "offline"})
_FAILED = frozenset({"unavailable"})
#: A refused or failed request for the progress is repeated after so many seconds, then after twice as many.
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
    #: When a response last showed that the image exists.
    visible_at: float | None = None
    #: Since when neither the list nor the progress action knows the image; missing: for the whole grace period.
    unknown_since: float | None = None
    missing: bool = False
    progress_at: float | None = None
    status_at: float | None = None
    refusal: CompShareError | None = None
    #: Since when the progress has been 100 per cent.
    full_since: float | None = None
    #: Whether it counts as complete for its progress alone.
    complete_by_progress: bool = False
    _no_progress_before: float = 0.0
    _next_pause: float = 0.0

    @property
    def open(self) -> bool:
        """Return whether there is still something to wait for."""
        return not (self.complete or self.failed or self.missing)

    def progress_possible(self, now: float) -> bool:
        """Return whether asking for the progress may help. The API refuses it for container images."""
        return not self.container and now >= self._no_progress_before

    @property
    def uninformed(self) -> bool:
        """Return whether the last progress response, if there was one, holds neither a percentage nor a time."""
        return self.progress is None and self.remaining_duration is None

    @property
    def nearly_done(self) -> bool:
        """Return whether the last progress response leaves no time or no work."""
        return self.remaining_duration == 0 or (self.progress is not None and self.progress >= 100)

    @property
    def contradicted(self) -> bool:
        """Return whether a Status that was read after the progress had reached 100 is not the end of the build."""
        return self.full_since is not None and self.status_at is not None and self.status_at >= self.full_since

    def saw_progress(self, now: float, response: Mapping[str, t.Any]) -> None:
        """Take a response of the progress action. It never says that a build has failed."""
        self.refusal, self.unknown_since, self._next_pause = None, None, 0.0
        self.visible_at = self.progress_at = now
        self.progress = _percent(values.number(response.get("Process")))
        self.total_duration = _seconds(response.get("TotalDuration"))
        self.remaining_duration = _seconds(response.get("RemainingDuration"))
        if self.progress is None or self.progress < 100:
            self.full_since = None
        elif self.full_since is None:
            self.full_since = now
        estimate = self.remaining_duration
        if estimate is None and self.total_duration is not None and self.progress is not None:
            estimate = self.total_duration * (1 - self.progress / 100)
        self.schedule.saw_progress(now, self.progress, estimate)

    def saw_refusal(self, now: float, error: CompShareError) -> None:
        """Take a refusal of the progress action, which says nothing about the build."""
        self.refusal = error
        self._poll_progress_later(now, _REFUSAL_PAUSE)

    def saw_fault(self, now: float) -> None:
        """Take a transient error of the progress action."""
        self._poll_progress_later(now, _FAULT_PAUSE)

    def _poll_progress_later(self, now: float, first_pause: float) -> None:
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
        status = (self.status or "").casefold()
        if status in _ENDED_WELL:
            self._end_well()
        elif status in _FAILED:
            self.failed = True
            self.failed_reason = values.text(row.get("FailedReason"))

    def trust_progress(self) -> None:
        """Count the build as complete because its progress is 100 per cent."""
        self.complete_by_progress = True
        self._end_well()

    def _end_well(self) -> None:
        self.complete = True
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


@dataclass(frozen=True)
class Outcome:
    """What a look or a wait has found; C(elapsed) in seconds, C(polls) the requests that it took."""

    builds: list[dict[str, t.Any]]
    ended: bool
    elapsed: float
    polls: int

    @classmethod
    def of(cls, builds: list[Build], elapsed: float, polls: int) -> Outcome:
        """Return the outcome for what is known of builds by now."""
        return cls([build.as_result() for build in builds], not any(build.open for build in builds), elapsed, polls)

    def as_result(self) -> dict[str, t.Any]:
        """Return the result's keys: complete, ended, progress, remaining_duration, elapsed, polls, builds.

        C(progress) is the slowest of the builds that have not failed; an unknown percentage counts as 0.
        C(remaining_duration) is the longest of these; None if that of an unfinished build is not known.
        """
        not_failed = [build for build in self.builds if not build["failed"]]
        remaining = [build["remaining_duration"] for build in not_failed]
        return {
            "complete": all(build["complete"] for build in self.builds),
            "ended": self.ended,
            "progress": min((build["progress"] or 0 for build in not_failed or self.builds), default=100),
            "remaining_duration": None if None in remaining else max(remaining, default=0),
            "elapsed": round(self.elapsed, 1),
            "polls": self.polls,
            "builds": self.builds,
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


# --- Requests ---

PROGRESS_ACTION = "GetCompShareImageCreateProgress"
LIST_ACTION = SOURCES["custom"].action
#: A list that is refused, and not for a missing permission, is read again after so many seconds, at first and at most.
_LIST_PAUSES = (5.0, 60.0)
#: Refusals that any request of this task would meet: keys, account, project, address. Waiting on is no use.
_HOPELESS = frozenset({170, 171, 172, 174, 292, 294, 295})


class _Page(t.NamedTuple):
    """Where the row of an image stood: the region of the request, and the offset of the page."""

    region: str | None
    offset: int


class BuildRequests:
    """Sends requests about builds, and remembers which one the API does not serve for this key.

    C(progress_closed) and C(list_closed) are None, or the error that says why the request is not sent any more.
    C(list_refusal) is the last refusal of the list, C(list_failed_since) when it began to fail, C(list_failed_at) when
    it failed last, None once it was read; C(listed_at) is when it was last read.
    An error that a later request may not meet is returned, not raised; an error that every request would meet is
    raised.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self.progress_closed: CompShareError | None = None
        self.list_closed: CompShareError | None = None
        self.list_refusal: CompShareError | None = None
        self.list_failed_since: float | None = None
        self.list_failed_at: float | None = None
        self.listed_at: float | None = None
        self._list_pause = 0.0
        self._no_list_before = 0.0
        self._page_of: dict[str, _Page] = {}

    @property
    def list_silent(self) -> bool:
        """Return whether the list is refused, for good or for now."""
        return self.list_closed is not None or self._client.clock.now() < self._no_list_before

    def get_progress(self, builds: Sequence[Build], deadline: float | None) -> list[CompShareError]:
        """Get the progress of each build, a few at a time, and hand it to the builds.

        Returns the transient errors. A refusal is handed to its build; a missing permission closes the request. Raises
        CompShareError if no request can succeed.
        """
        if not builds or self.progress_closed:
            return []
        if len(builds) == 1:
            outcomes = [self._progress(builds[0], deadline)]
        else:
            outcomes = each_in_parallel(builds, lambda build: self._progress(build, deadline), PARALLEL)
        faults = []
        for build, (now, outcome) in zip(builds, outcomes):
            if isinstance(outcome, dict):
                build.saw_progress(now, outcome)
            elif outcome.retryable:
                build.saw_fault(now)
                faults.append(outcome)
            elif _not_permitted(outcome):
                self.progress_closed = outcome
            else:
                build.saw_refusal(now, outcome)
        return faults

    def _progress(self, build: Build, deadline: float | None) -> tuple[float, dict[str, t.Any] | CompShareError]:
        """Return when the response came, and the response or the error."""
        params = {
            "Region": build.region or region_of(build.zone),
            "Zone": build.zone,
            "CompShareImageId": build.target.image_id,
        }
        outcome: dict[str, t.Any] | CompShareError
        try:
            outcome = self._client.call(PROGRESS_ACTION, params, deadline=deadline)
        except CompShareError as error:
            outcome = checked(error)
        return self._client.clock.now(), outcome

    def read_list(self, builds: Iterable[Build], deadline: float | None) -> list[CompShareError]:
        """Read the list of custom images and hand each build its row.

        Returns the transient errors. Only the pages where the rows stood the last time are read, as long as the rows
        still stand there. Raises CompShareError as get_progress() does.
        """
        if self.list_silent:
            return []
        by_image = {build.target.image_id: build for build in builds}
        try:
            rows = self._rows(by_image, deadline)
        except CompShareError as error:
            return self._list_error(checked(error))
        self.list_refusal, self.list_failed_since, self.list_failed_at, self._list_pause = None, None, None, 0.0
        self.listed_at = self._client.clock.now()
        for row in rows:
            build = by_image.get(_id_of(row))
            if build is not None and build.open:
                build.saw_row(self.listed_at, row)
        return []

    def _rows(self, builds: Mapping[str, Build], deadline: float | None) -> list[dict[str, t.Any]]:
        """Return rows with all of the images of C(builds) that the list has."""
        known = [self._page_of.get(image_id) for image_id in builds]
        rows: list[dict[str, t.Any]] = []
        if None not in known:
            for page in dict.fromkeys(known):
                rows += self._page(t.cast(_Page, page), deadline)
            if set(builds) <= {_id_of(row) for row in rows}:
                return rows
        regions = list(dict.fromkeys(build.region or region_of(build.zone) for build in builds.values()))
        lists = self._client.read_all([_listing(region) for region in regions], deadline=deadline)
        for region, of_region in zip(regions, lists):
            for index, row in enumerate(of_region):
                self._page_of[_id_of(row)] = _Page(region, index // PAGE_SIZE * PAGE_SIZE)
        return [row for of_region in lists for row in of_region]

    def _page(self, page: _Page, deadline: float | None) -> list[dict[str, t.Any]]:
        try:
            return self._client.read_page(_listing(page.region), page.offset, deadline=deadline).rows
        except RefusedError as error:
            if not demands_region(error):
                raise
            return []  # the whole list is read in all regions then

    def _list_error(self, error: CompShareError) -> list[CompShareError]:
        now = self._client.clock.now()
        self.list_failed_at = now
        self.list_failed_since = now if self.list_failed_since is None else self.list_failed_since
        if error.retryable:
            return [error]
        self.list_refusal = error
        if _not_permitted(error):
            self.list_closed = error
        first, longest = _LIST_PAUSES
        self._list_pause = min(max(first, 2 * self._list_pause), longest)
        self._no_list_before = now + self._list_pause
        return []


def _listing(region: str | None) -> Listing:
    return Listing(LIST_ACTION, {"Region": region})


def _id_of(row: Mapping[str, t.Any]) -> str:
    return str(row.get("CompShareImageId"))


def checked(error: CompShareError) -> CompShareError:
    """Return an error of one request; raise one that any request of this task would meet."""
    if error.retryable or (isinstance(error, RefusedError) and error.ret_code not in _HOPELESS):
        return error
    raise error


def _not_permitted(error: CompShareError) -> bool:
    return isinstance(error, RefusedError) and (error.ret_code in PERMISSION_CODES or error.ret_code == UNKNOWN_ACTION)
