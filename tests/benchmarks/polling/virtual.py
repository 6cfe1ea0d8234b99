"""Image builds on a clock of their own: what the waiting code meets in the benchmark, without a network and at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.compshare.cloud.plugins.module_utils._api.client import Scope
from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import RefusedError
from ansible_collections.compshare.cloud.plugins.module_utils._api.pages import PAGE_SIZE, Listing, Page

from .corpus import Trace

ZONE = "cn-wlcb-01"
REQUEST_TIME = 0.2
"""Seconds that a request takes on the virtual clock."""


class VirtualClock:
    """A clock that only moves when it is moved, in place of the client's."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time

    def epoch(self) -> float:
        return 1_800_000_000 + self.time

    def sleep(self, seconds: float) -> None:
        self.time += max(0.0, seconds)


class VirtualAccount:
    """Stands in place of the client: an account whose images are the builds of some traces, begun at time 0.

    It responds to the two actions that the waiting code sends, counts the requests, and takes REQUEST_TIME for each.
    """

    def __init__(self, traces: Sequence[Trace], other_images: int = 0) -> None:
        self.clock = VirtualClock()
        self.scope = Scope(region="cn-wlcb", zone=ZONE)
        self.requests_sent = 0
        self.builds = {f"compshareImage-{number:012d}": trace for number, trace in enumerate(traces)}
        self._others = [
            {"CompShareImageId": f"compshareImage-x{n}", "Status": "Available"} for n in range(other_images)
        ]

    def call(self, action: str, params: Mapping[str, Any], *, deadline: float | None = None) -> dict[str, Any]:
        self._spend_a_request()
        return self._progress(params["CompShareImageId"])

    def read_page(self, _listing: Listing, offset: int, *, deadline: float | None = None) -> Page:
        self._spend_a_request()
        return Page(self._rows()[offset : offset + PAGE_SIZE], None)

    def read_all(self, listings: Sequence[Listing], *, deadline: float | None = None) -> list[list[dict[str, Any]]]:
        rows = self._rows()
        for _page in range(len(rows) // PAGE_SIZE + 1):
            self._spend_a_request()
        return [rows for _listing in listings]

    def in_parallel(self, items: Sequence[Any], work: Callable[[Any], Any], size: int) -> list[Any]:
        """Stand in for each_in_parallel(): so many requests at a time take the time of one, in a fixed order."""
        results = []
        for first in range(0, len(items), size):
            began = self.clock.time
            for item in items[first : first + size]:
                self.clock.time = began
                results.append(work(item))
        return results

    def _spend_a_request(self) -> None:
        self.requests_sent += 1
        self.clock.sleep(REQUEST_TIME)

    def _progress(self, image_id: str) -> dict[str, Any]:
        trace = self.builds[image_id]
        if trace.progress is None:
            raise RefusedError("Not for container images.", ret_code=230, api_message="Params [Zone] not available")
        return {"RetCode": 0, **trace.progress(min(self.clock.time, trace.length))}

    def _rows(self) -> list[dict[str, Any]]:
        return self._others + [
            {
                "CompShareImageId": image_id,
                "Name": f"{trace.family} {trace.number}",
                "Status": trace.end_status if self.clock.time >= trace.length else "Making",
                "FailedReason": "made up" if trace.end_status == "UnAvailable" else "",
                "Container": str(trace.progress is None),
                "Zone": ZONE,
            }
            for image_id, trace in self.builds.items()
        ]
