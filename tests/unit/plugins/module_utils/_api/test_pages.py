from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import (
    ListError,
    RefusedError,
    ResponseError,
)
from ansible_collections.compshare.cloud.plugins.module_utils._api.pages import (
    MAX_PAGES,
    Listing,
    ListReader,
    Page,
    page_of,
    refuses_offset,
    rows_of,
)

LISTING = Listing("DescribeThings", id_key="Id")
Serve = Callable[[int], Page]


def rows(count: int, start: int = 0) -> list[dict[str, Any]]:
    return [{"Id": f"thing-{index}"} for index in range(start, start + count)]


def read(serve: Serve, *, size: int = 10, parallel: int = 4, seed: int = 0) -> tuple[list[Any], list[int]]:
    """Read a list as the client does, with responses in any order; return its ids and the offsets requested."""
    reader = ListReader(LISTING, size)
    rng = random.Random(seed)
    running: list[int] = []
    requested: list[int] = []
    while not reader.whole:
        offsets = reader.next_offsets(parallel - len(running))
        running += offsets
        requested += offsets
        assert running, "the reader is not whole and requests nothing"
        offset = running.pop(rng.randrange(len(running)))
        reader.accept(offset, serve(offset))
    return [row.get("Id") for row in reader.rows()], requested


def honest(everything: list[dict[str, Any]], total: int | None, size: int = 10) -> Serve:
    return lambda offset: Page(everything[offset : offset + size], total)


@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 20, 25, 40, 95])
@pytest.mark.parametrize("total", ["right", None, 0, "too small", "too large"])
def test_a_list_is_whole_whatever_the_total_says(count: int, total: Any) -> None:
    everything = rows(count)
    claimed = {"right": count, "too small": count // 2, "too large": count * 3 + 5}.get(total, total)
    ids, _requested = read(honest(everything, claimed))
    assert ids == [row["Id"] for row in everything]


OFFSET_REFUSED = RefusedError("Refused.", ret_code=230, api_message="Params [Offset] not available")


def strict(everything: list[dict[str, Any]], total: int | None, *, longest: int = 10) -> Serve:
    """Serve a list that refuses an offset at or past its end."""

    def serve(offset: int) -> Page:
        if offset and offset >= len(everything):
            return Page([], None, refusal=OFFSET_REFUSED)
        return Page(everything[offset : offset + longest], total)

    return serve


@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 20, 25, 30, 40, 95, 100, 200])
@pytest.mark.parametrize("total", ["right", None, 0, "too small"])
@pytest.mark.parametrize("seed", range(3))
def test_a_refused_offset_at_the_end_is_the_end(count: int, total: Any, seed: int) -> None:
    everything = rows(count)
    claimed = {"right": count, "too small": count // 2}.get(total, total)
    ids, _requested = read(strict(everything, claimed), seed=seed)
    assert ids == [row["Id"] for row in everything]


@pytest.mark.parametrize("count", [10, 20, 50, 70])
def test_a_refused_offset_after_pages_shorter_than_requested_is_the_end(count: int) -> None:
    everything = rows(count)
    ids, _requested = read(strict(everything, None), size=100)
    assert ids == [row["Id"] for row in everything]


@pytest.mark.parametrize("count", [7, 25])
def test_a_refused_offset_after_a_short_page_is_the_end_whatever_the_total_says(count: int) -> None:
    everything = rows(count)
    ids, _requested = read(strict(everything, count * 3))
    assert ids == [row["Id"] for row in everything]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("refused", [10, 20, 40])
def test_a_refused_offset_before_the_end_is_an_error(refused: int, seed: int) -> None:
    whole = honest(rows(50), 50)
    with pytest.raises(RefusedError):
        read(lambda offset: Page([], None, refusal=OFFSET_REFUSED) if offset == refused else whole(offset), seed=seed)


@pytest.mark.parametrize(("count", "size"), [(10, 10), (20, 10), (10, 100)])
def test_a_refused_offset_where_more_rows_are_counted_is_an_error(count: int, size: int) -> None:
    with pytest.raises(RefusedError):
        read(strict(rows(count), count + 5), size=size)


@pytest.mark.parametrize(
    ("code", "message", "blames"),
    [
        (230, "Params [Offset] not available", True),
        (8401, None, True),
        (230, "Params [Region] not available", False),
        (230, None, False),
    ],
)
def test_which_refusals_blame_the_offset(code: int, message: str | None, blames: bool) -> None:
    assert refuses_offset(RefusedError("x", ret_code=code, api_message=message)) is blames


def test_a_true_total_costs_no_page_too_many() -> None:
    assert read(honest(rows(95), 95))[1] == list(range(0, 100, 10))


def test_a_total_that_is_too_small_is_outgrown() -> None:
    ids, requested = read(honest(rows(200), 50))
    assert len(ids) == 200
    assert max(requested) < 300


def test_a_single_short_page_costs_one_request() -> None:
    assert read(honest(rows(7), None))[1] == [0]
    assert read(honest(rows(7), 7))[1] == [0]


def test_an_end_that_the_total_contradicts_is_proved_by_one_request_more() -> None:
    assert read(honest(rows(7), 8))[1] == [0, 7]


def test_without_a_total_no_more_pages_are_requested_at_a_time_than_came_before() -> None:
    reader = ListReader(LISTING, 10)
    assert reader.next_offsets(4) == [0]
    assert reader.next_offsets(4) == []
    reader.accept(0, Page(rows(10), None))
    assert reader.next_offsets(4) == [10]
    reader.accept(10, Page(rows(10, 10), None))
    assert reader.next_offsets(4) == [20, 30]


def test_with_a_total_as_many_pages_are_requested_at_a_time_as_are_allowed() -> None:
    reader = ListReader(LISTING, 10)
    assert reader.next_offsets(4) == [0]
    reader.accept(0, Page(rows(10), 100))
    assert reader.next_offsets(4) == [10, 20, 30, 40]


def test_repeated_rows_come_once_and_rows_without_an_id_are_kept() -> None:
    pages = {0: [*rows(9), {"Id": None}], 10: [*rows(2, 8), {"Name": "no id"}]}
    ids, _requested = read(lambda offset: Page(pages.get(offset, []), None))
    assert ids == [*(f"thing-{index}" for index in range(9)), None, "thing-9", None]


@pytest.mark.parametrize("total", [None, 10, 500])
def test_an_api_that_ignores_the_offset_is_an_error(total: int | None) -> None:
    with pytest.raises(ListError, match="repeats a page"):
        read(lambda _offset: Page(rows(10), total))


@pytest.mark.parametrize("named", [0, 1, 9])
def test_a_page_whose_rows_have_no_id_repeats_too(named: int) -> None:
    odd = [{"Id": None, "Name": f"row {index}", "Load": float("nan")} for index in range(named, 10)]
    with pytest.raises(ListError, match="repeats a page"):
        read(lambda _offset: Page([*rows(named), *odd], None))


def test_a_list_without_end_is_an_error() -> None:
    with pytest.raises(ListError, match=f"does not end after {MAX_PAGES} pages"):
        read(lambda offset: Page(rows(10, offset), None))


@pytest.mark.parametrize("count", [3, 4, 5, 12, 37])
def test_an_api_that_serves_smaller_pages_than_requested_is_followed(count: int) -> None:
    ids, _requested = read(honest(rows(count), count, size=4))
    assert ids == [f"thing-{index}" for index in range(count)]


def test_an_empty_page_in_the_middle_is_not_taken_for_the_end() -> None:
    everything, lies = rows(55), iter([True])

    def serve(offset: int) -> Page:
        return Page([], None) if offset == 20 and next(lies, False) else Page(everything[offset : offset + 10], 55)

    assert len(read(serve)[0]) == 55


def test_an_empty_last_page_is_requested_again_when_the_total_promises_more() -> None:
    everything, lies = rows(25), iter([True])

    def serve(offset: int) -> Page:
        return Page([], 25) if offset == 20 and next(lies, False) else Page(everything[offset : offset + 10], 25)

    assert len(read(serve)[0]) == 25


def test_null_after_everything_that_is_counted_is_believed() -> None:
    everything = rows(30)
    ids, requested = read(lambda offset: Page(everything[offset : offset + 10], 30, null=offset >= 30))
    assert (len(ids), sorted(requested)) == (30, [0, 10, 20, 30])


def test_null_where_rows_are_counted_is_requested_again() -> None:
    everything, lies = rows(25), iter([True])

    def serve(offset: int) -> Page:
        part = everything[offset : offset + 10]
        return Page([], len(part), null=True) if offset == 20 and next(lies, False) else Page(part, len(part))

    assert len(read(serve)[0]) == 25


def test_a_list_that_counts_rows_and_shows_null_is_an_error_and_one_that_shows_none_is_empty() -> None:
    with pytest.raises(ListError, match="counts 7 rows and shows none"):
        read(lambda _offset: Page([], 7, null=True))
    assert read(lambda _offset: Page([], 7))[0] == []


def test_a_single_page_of_a_round_number_of_rows_may_be_cut_and_is_proved() -> None:
    assert read(honest(rows(20), None, size=20), size=100)[1] == [0, 20]
    assert read(honest(rows(50), 20, size=20), size=100)[0] == [f"thing-{index}" for index in range(50)]


def test_a_list_that_shrinks_while_it_is_read_is_read_again() -> None:
    everything = rows(45)
    calls = 0

    def serve(offset: int) -> Page:
        nonlocal calls
        calls += 1
        if calls == 3:
            del everything[0]  # every later row moves, so one is skipped
        return Page(everything[offset : offset + 10], len(everything))

    ids, _requested = read(serve, parallel=1)
    assert ids == [f"thing-{index}" for index in range(1, 45)]


def test_a_list_whose_order_changes_at_every_call_is_gathered_until_it_is_all_there() -> None:
    everything, rng = rows(35), random.Random(3)

    def serve(offset: int) -> Page:
        rng.shuffle(everything)
        return Page(everything[offset : offset + 10], 35)

    ids, requested = read(serve)
    assert sorted(ids) == sorted(row["Id"] for row in everything)
    assert len(requested) > 4


def test_without_a_total_a_list_whose_order_changes_at_every_call_is_an_error_and_never_a_part() -> None:
    everything, rng = rows(65), random.Random(3)

    def serve(offset: int) -> Page:
        rng.shuffle(everything)
        return Page(everything[offset : offset + 10], None)

    with pytest.raises(ListError, match="none of it is returned"):
        read(serve)


def test_pages_that_overlap_are_believed_when_a_second_reading_finds_the_same() -> None:
    everything = rows(35)
    ids, _requested = read(lambda offset: Page(everything[max(0, offset - 3) : max(0, offset - 3) + 10], None))
    assert ids == [row["Id"] for row in everything]


def test_a_list_that_never_stays_the_same_is_an_error() -> None:
    count = 0

    def serve(offset: int) -> Page:
        nonlocal count
        count += 1
        return Page(rows(10 if offset < 20 else 5, offset + 1000 * count), 25 + count)

    with pytest.raises(ListError, match="changes or contradicts itself"):
        read(serve)


@given(
    count=st.integers(0, 120),
    seed=st.integers(0, 1000),
    parallel=st.integers(1, 6),
    totals=st.sampled_from(["right", "none", "random", "page", "so far", "zero"]),
)
def test_any_total_and_any_order_of_responses_give_the_whole_list(
    count: int, seed: int, parallel: int, totals: str
) -> None:
    everything, rng = rows(count), random.Random(seed)

    def serve(offset: int) -> Page:
        part = everything[offset : offset + 10]
        total = {
            "right": count,
            "none": None,
            "random": rng.randrange(200),
            "page": len(part),
            "so far": offset + len(part),
            "zero": 0,
        }[totals]
        return Page(part, total)

    ids, _requested = read(serve, parallel=parallel, seed=seed)
    assert sorted(ids) == sorted(row["Id"] for row in everything)


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from(["ImageSet", "TotalCount", "Total", "Other"]), ANY_JSON))
def test_any_response_is_a_page_or_a_clear_error(response: dict[str, Any]) -> None:
    try:
        page = page_of(LISTING, response)
    except ResponseError:
        return
    assert all(isinstance(row, dict) for row in page.rows)
    assert len(page.rows) == len(response.get("ImageSet") or [])


def test_rows_are_read_as_their_page_comes() -> None:
    reader = ListReader(Listing("DescribeThings", id_key="id", read_row=lambda row: {"id": row["Id"].upper()}), 2)
    everything = rows(3)
    for offset in (0, 2):
        assert reader.next_offsets(1) == [offset]
        reader.accept(offset, Page(everything[offset : offset + 2], 3))
    assert reader.rows() == [{"id": "THING-0"}, {"id": "THING-1"}, {"id": "THING-2"}]


def test_the_first_total_announces_what_is_to_come() -> None:
    reader = ListReader(LISTING, 10)
    assert reader.pages_to_come() == 0
    reader.next_offsets(1)
    reader.accept(0, Page(rows(10), 41))
    assert reader.pages_to_come() == 4
    reader.next_offsets(3)
    assert reader.pages_to_come() == 1


@pytest.mark.parametrize(
    ("response", "page"),
    [
        ({"ImageSet": None, "TotalCount": 0}, Page([], 0, null=True)),
        ({"ImageSet": None, "TotalCount": 3}, Page([], 3, null=True)),
        ({"ImageSet": [{"a": 1}], "Total": "1"}, Page([{"a": 1}], 1)),
        ({}, Page([], None, null=True)),
        ({"ImageSet": [], "TotalCount": "many"}, Page([], None)),
    ],
)
def test_page_of(response: dict[str, Any], page: Page) -> None:
    assert page_of(LISTING, response) == page


@pytest.mark.parametrize(
    "response", [{"TotalCount": 5}, {"ImageSet": "none"}, {"ImageSet": {}}, {"ImageSet": [1]}, {"ImageSet": 0}]
)
def test_something_else_in_the_place_of_the_list_is_an_error(response: dict[str, Any]) -> None:
    with pytest.raises(ResponseError, match="DescribeThings"):
        page_of(LISTING, response)


def test_the_first_shape_that_holds_something_is_read() -> None:
    listing = Listing("A", row_keys=("CompshareImageGroup", "ImageSet"))
    assert page_of(listing, {"CompshareImageGroup": None, "ImageSet": [{"a": 1}]}).rows == [{"a": 1}]


def test_ids_that_are_no_text_still_distinguish_rows() -> None:
    pages = [{"Id": ["x"]}, {"Id": ["x"]}, {"Id": 3}]
    assert len(read(lambda _offset: Page(pages, None))[0]) == 2


@pytest.mark.parametrize("response", [{}, {"UHostSet": None}, {"UHostSet": None, "TotalCount": 0}, {"UHostSet": []}])
def test_no_rows(response: dict[str, Any]) -> None:
    assert rows_of("DescribeX", response, "UHostSet") == []


@pytest.mark.parametrize("response", [{"UHostSet": None, "TotalCount": "2"}, {"UHostSet": "x"}, {"UHostSet": [1]}])
def test_a_response_that_hides_rows_is_an_error_that_says_what_to_do(response: dict[str, Any]) -> None:
    with pytest.raises(ResponseError, match="DescribeX") as caught:
        rows_of("DescribeX", response, "UHostSet")
    assert caught.value.hint and caught.value.retryable


def test_a_required_list_that_is_missing_is_an_error() -> None:
    with pytest.raises(ResponseError, match="has no AccountSet"):
        rows_of("DescribeX", {}, "AccountSet", required=True)
    assert rows_of("DescribeX", {"AccountSet": None}, "AccountSet", required=True) == []


def test_the_first_key_that_the_response_has() -> None:
    assert rows_of("DescribeX", {"A": None, "B": [{"x": 1}]}, "A", "B") == [{"x": 1}]
