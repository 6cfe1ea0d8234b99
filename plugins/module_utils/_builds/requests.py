# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""The two requests about image builds: the progress of one, and the list of custom images with the Status of all."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping, Sequence

from .._api.client import PARALLEL, Client, demands_region
from .._api.errors import CompShareError, RefusedError
from .._api.pages import PAGE_SIZE, Listing
from .._api.parallel import each_in_parallel
from .._api.retcodes import PERMISSION_CODES, UNKNOWN_ACTION
from .._api.values import region_of
from .._images.sources import SOURCES
from .state import Build

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
