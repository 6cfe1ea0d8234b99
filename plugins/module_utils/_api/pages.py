# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Reading a list that comes in pages, whole or not at all. Bookkeeping only: what to request next, when it is whole.

What was recorded from the API rules this: a page holds at most 100 rows; C(TotalCount) may count the page, something
else, or nothing; an offset may be ignored, and one at or past the end may be refused; the order may change from call to
call. So the list ends only at a page that is not full, or at a refused offset at or past what is counted. C(TotalCount)
serves as a hint (how many pages to request at a time, and when one more is due before an end is believed), and a
list that moved while it was read is read again.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from .errors import ListError, RefusedError, ResponseError, Retry, printable
from .retcodes import PAGE_OUT_OF_RANGE
from .values import integer, number

PAGE_SIZE = 100
#: Half a million rows; no list of this API comes near, so an endless one is noticed.
MAX_PAGES = 5000
#: How often a list that changes while it is read is read from its start before that is an error.
MAX_READS = 8
#: How often an end that counts rows and shows null is requested again.
MAX_DOUBTS = 3
_REPORT = "Run the task again; if the error persists, report it with the request id."


class Listing(t.NamedTuple):
    """A list of the API: its action, parameters beside Limit and Offset, where its rows stand, their id's field."""

    action: str
    params: Mapping[str, t.Any] = MappingProxyType({})
    row_keys: tuple[str, ...] = ("ImageSet",)
    id_key: str = "CompShareImageId"
    #: How to convert each row as soon as its page is there, while others are on their way. C(id_key) is a key of what
    #: it returns, and the row itself is not kept.
    read_row: t.Callable[[dict[str, t.Any]], dict[str, t.Any]] | None = None

    def in_regions(self, regions: Sequence[str]) -> list[Listing]:
        """Return the same list in each region; only itself if it names one already."""
        if self.params.get("Region"):
            return [self]
        return [self._replace(params={**self.params, "Region": region}) for region in regions]


def unique_rows(listing: Listing, lists: Iterable[Iterable[dict[str, t.Any]]]) -> list[dict[str, t.Any]]:
    """Return the rows of several lists, each id once; a row without an id is always kept."""
    rows: dict[object, dict[str, t.Any]] = {}
    for row in (row for rows_of_one in lists for row in rows_of_one):
        identity = _hashable(row.get(listing.id_key))
        rows.setdefault((len(rows),) if identity is None else identity, row)
    return list(rows.values())


class Page(t.NamedTuple):
    """The rows of one response, what it gives as the total (None: nothing), and whether null stood for the rows.

    C(refusal): the API refused the offset, as it may at or past the end of a list.
    """

    rows: list[dict[str, t.Any]]
    total: int | None
    null: bool = False
    refusal: RefusedError | None = None

    @property
    def silent(self) -> bool:
        """Return whether the response counts rows and lists none, not even as an empty list."""
        return self.null and bool(self.total)


def refuses_offset(error: RefusedError) -> bool:
    """Return whether a refusal blames the offset of a page."""
    return error.ret_code == PAGE_OUT_OF_RANGE or error.names_parameter("Offset")


def page_of(listing: Listing, response: Mapping[str, t.Any]) -> Page:
    """Return the page in a response. Null is an empty list; raises ResponseError for anything else that is no list."""
    total = number(response.get("TotalCount", response.get("Total")))
    total = None if total is None else int(total)
    key = next((key for key in listing.row_keys if response.get(key) is not None), None)
    if key is None:
        if total and not any(key in response for key in listing.row_keys):
            raise ResponseError(
                f"The response to {listing.action} has no {listing.row_keys[0]}, although it counts {total} rows.",
                action=listing.action,
                hint=_REPORT,
                retry=Retry.READ,
            )
        return Page([], total, null=True)
    rows = response[key]
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ResponseError(
            f"The response to {listing.action} has {_kind(rows)} where its list {key} should stand.",
            action=listing.action,
            hint=_REPORT,
            retry=Retry.READ,
        )
    return Page(rows, total)


def rows_of(action: str, response: Mapping[str, t.Any], *keys: str, required: bool = False) -> list[dict[str, t.Any]]:
    """Return the objects listed under the first of C(keys) that the response to C(action) has; null is an empty list.

    For lists that come whole in one response. Raises ResponseError for anything else under the key, for null in a
    response that counts rows (taking it for an empty list could hide what exists), and with C(required) for a response
    that has none of the keys.
    """
    found = next((response[key] for key in keys if response.get(key) is not None), None)
    if found is None:
        counted = integer(response.get("TotalCount")) or 0
        if counted <= 0 and not (required and not any(key in response for key in keys)):
            return []
        what = f"counts {counted} rows and shows none" if counted > 0 else f"has no {keys[0]}"
    elif isinstance(found, list) and all(isinstance(row, dict) for row in found):
        return found
    else:
        what = f"has {_kind(found)} where its list {keys[0]} should stand"
    raise ResponseError(
        f"The response to {action} {what}.", action=action, hint="Run the task again.", retry=Retry.READ
    )


def _kind(value: object) -> str:
    if isinstance(value, list):
        return "a list of something other than objects"
    return f"{printable(repr(value), 40)}"


class ListReader:
    """Follows one listing: request the offsets of next_offsets(), hand each page to accept(), until it is whole."""

    def __init__(self, listing: Listing, page_size: int = PAGE_SIZE) -> None:
        self.listing = listing
        self.page_size = page_size
        self.whole = False
        self._requested_pages = 0
        self._doubts = 0
        self._reads = 0
        #: What readings during which the list moved have found: the ids of the last one, and all rows together.
        self._earlier_ids: set[object] | None = None
        self._gathered: dict[object, dict[str, t.Any]] = {}
        self._result: list[dict[str, t.Any]] = []
        self._start()

    def _start(self) -> None:
        """Begin (again) at the first page. No page may be on its way."""
        self._reads += 1
        if self._reads > MAX_READS:
            raise self._error("changes or contradicts itself each time it is read", "Run the task again.")
        self._stride = self.page_size
        self._pages: dict[int, Page] = {}
        self._waiting: set[int] = set()
        self._seen: set[object] = set()
        self._unnamed: set[str] = set()
        #: A row has come on two pages: the list moved, so another row may have slipped from page to page unseen.
        self._moved = False
        self._next = 0
        #: The first offset of which it is not known that its page is there and full.
        self._frontier = 0
        #: A page that is not full has come: nothing is requested beyond it.
        self._short_page_seen = False
        #: The offset whose emptiness must be seen before the end is believed.
        self._proof: int | None = None

    def pages_to_come(self) -> int:
        """Return how many pages more the first one's total lets expect; 0 where it says nothing."""
        hint = (self._pages[0].total or 0) if self._pages else 0
        return max(0, -((self._next - hint) // self._stride))

    def next_offsets(self, most: int) -> list[int]:
        """Return up to C(most) offsets to request now, each once. Raises ListError for a list without end."""
        offsets: list[int] = []
        while len(offsets) < most and self._may_request():
            if self._proof is not None:
                offsets.append(self._proof)
            else:
                offsets.append(self._next)
                self._next += self._stride
            self._waiting.add(offsets[-1])
            self._requested_pages += 1
            if self._requested_pages > MAX_PAGES:
                raise self._error(f"does not end after {MAX_PAGES} pages", _REPORT)
        return offsets

    def _may_request(self) -> bool:
        if self._proof is not None:
            return not self._waiting
        if self.whole or self._short_page_seen:
            return False
        if not self._pages:
            return not self._waiting
        hint = self._pages[0].total or 0
        if self._next < hint:
            return True
        if hint > self.page_size and self._frontier <= hint:
            # The hint's own pages must be there and full before there is reason to go beyond them.
            return not self._waiting
        return len(self._waiting) < len(self._pages)

    def accept(self, offset: int, page: Page) -> None:
        """Take the page at C(offset). Raises ListError when the list cannot be read whole."""
        self._waiting.discard(offset)
        read_row = self.listing.read_row
        if read_row is not None:
            page = page._replace(rows=[read_row(row) for row in page.rows])
        if self._proof is not None:
            self._proof = None
            if not page.rows:
                self._accept_emptiness(offset, page)
                return
            if not self._adopt_shorter_pages(offset):
                self._start()
                return
        self._pages[offset] = page
        ids = [_hashable(row.get(self.listing.id_key)) for row in page.rows]
        # A row without an id is identified by all that it holds.
        unnamed = [repr(row) for identity, row in zip(ids, page.rows) if identity is None]
        known = self._unnamed.issuperset(unnamed) and all(
            identity is None or identity in self._seen for identity in ids
        )
        if known and len(ids) >= self._stride:
            raise self._error("repeats a page", "The API seems to ignore Offset here.")
        self._unnamed.update(unnamed)
        self._moved |= not self._seen.isdisjoint(identity for identity in ids if identity is not None)
        self._seen.update(ids)
        self._short_page_seen |= len(ids) < self._stride
        while self._frontier in self._pages and len(self._pages[self._frontier].rows) >= self._stride:
            self._frontier += self._stride
        if self._short_page_seen and not self._waiting:
            self._finish()

    def _accept_emptiness(self, offset: int, page: Page) -> None:
        """Take an empty page where the end should be; one that counts rows there and shows null must say so again."""
        if page.refusal is not None and self._may_be_cut() and self._goes_on_after(offset):
            raise page.refusal
        if page.silent and (page.total or 0) > offset and self._doubts < MAX_DOUBTS:
            self._doubts += 1
            self._proof = offset
        elif page.silent and self._pages[0].silent:
            raise self._error(f"counts {page.total} rows and shows none", "Run the task again.")
        else:
            self._settle()

    def _adopt_shorter_pages(self, offset: int) -> bool:
        """Go on in smaller steps if the API serves fewer rows a page than requested; return whether it does."""
        if len(self._pages) != 1 or not 0 < offset < self._stride or len(self._pages[0].rows) != offset:
            return False
        self._stride = self._frontier = offset
        self._next = offset + offset
        self._short_page_seen = False
        return True

    def _finish(self) -> None:
        """Decide what an end that was seen is worth."""
        end = self._frontier
        refusal = self._pages[end].refusal
        if refusal is not None and self._goes_on_after(end):
            raise refusal
        if any(offset > end and page.rows for offset, page in self._pages.items()):
            self._start()
        elif self._end_is_doubtful():
            self._proof = end + len(self._pages[end].rows)
        else:
            self._settle()

    def _goes_on_after(self, offset: int) -> bool:
        """Return whether a page whose offset was refused should exist: the list counts more, or has a later page."""
        counted = self._pages[0].total or 0
        return counted > offset or any(later > offset and page.rows for later, page in self._pages.items())

    def _end_is_doubtful(self) -> bool:
        """Return whether one request more is due: more is counted than came, the end counts rows and shows none, or the
        only page may be as long as the API allows (20 or 50 rows, say, where 100 were requested). What the end counts
        is no reason where it is the whole list, which only a count beyond a page's length can be.
        """
        first, last = self._pages[0], self._pages[self._frontier]
        counts_the_list = last.total == first.total == self._frontier > self._stride
        return (first.total or 0) > len(self._seen) or (last.silent and not counts_the_list) or self._may_be_cut()

    def _may_be_cut(self) -> bool:
        """Return whether the only page may be as long as the API allows."""
        rows = self._pages[0].rows
        return len(self._pages) == 1 and bool(rows) and len(rows) % 10 == 0

    def _settle(self) -> None:
        """Believe the reading if the list stood still, a second one found the same, or all that is counted is here."""
        rows = self._rows_of_this_reading()
        if self._stood_still() or self._seen == self._earlier_ids:
            self._result, self.whole = rows, True
            return
        for index, row in enumerate(rows):
            identity = _hashable(row.get(self.listing.id_key))
            self._gathered[(index,) if identity is None else identity] = row
        totals = {page.total for page in self._pages.values() if page.rows}
        if totals == {len(self._gathered)}:
            self._result, self.whole = list(self._gathered.values()), True
        else:
            self._earlier_ids = self._seen
            self._start()

    def _stood_still(self) -> bool:
        filled = [(offset, page) for offset, page in self._pages.items() if page.rows]
        totals = {page.total for _offset, page in filled}
        counts_pages = all(page.total in (len(page.rows), offset + len(page.rows)) for offset, page in filled)
        return not self._moved and (len(totals) < 2 or counts_pages)

    def rows(self) -> list[dict[str, t.Any]]:
        """Return the rows of the whole list, each id once; a row without an id is always kept."""
        return self._result

    def _rows_of_this_reading(self) -> list[dict[str, t.Any]]:
        rows = [row for offset in sorted(self._pages) for row in self._pages[offset].rows]
        if len(self._seen) == len(rows):
            return rows
        found: list[dict[str, t.Any]] = []
        seen: set[object] = set()
        for row in rows:
            identity = _hashable(row.get(self.listing.id_key))
            if identity is None or identity not in seen:
                seen.add(identity)
                found.append(row)
        return found

    def _error(self, what: str, hint: str) -> ListError:
        return ListError(
            f"The list of {self.listing.action} {what}, so it cannot be read completely and none of it is returned.",
            action=self.listing.action,
            hint=hint,
            retryable=True,
        )


def _hashable(identity: object) -> object:
    return identity if identity is None or isinstance(identity, (str, int, float)) else repr(identity)
