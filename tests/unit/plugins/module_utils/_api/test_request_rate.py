"""What the rate of requests learns from refusals, and when it lets the next one go."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.compshare.cloud.plugins.module_utils._api.request_rate import (
    BELOW,
    CONVINCING,
    FORGET,
    LONGEST_RETRY_AFTER,
    LOWERED,
    LOWERED_AGAIN,
    MEASURED,
    RETURN,
    SLOWEST,
    SOON,
    RequestRate,
)

NOW = 1_790_000_000.0


def limited(now: float = NOW, sent: int = 40) -> RequestRate:
    """A rate after the first refusals: C(sent) requests went out within two seconds."""
    rate = RequestRate()
    for number in range(sent):
        rate.advance(now - 2 + 2 * number / sent)
        rate.draw()
        rate.send()
    rate.advance(now)
    for _refusal in range(int(CONVINCING)):
        assert not rate.rate
        rate.refuse(0)
    return rate


def waits(rate: RequestRate, count: int) -> list[float]:
    return [rate.wait_for(rate.draw()) for _number in range(count)]


def test_nothing_waits_before_a_refusal() -> None:
    rate = RequestRate()
    rate.advance(NOW)
    assert waits(rate, 500) == [0.0] * 500


def test_first_refusals_lower_the_rate_that_was_measured() -> None:
    assert limited(sent=40).rate == pytest.approx(20 * MEASURED, rel=0.05)


def test_requests_on_the_way_do_not_lower_the_rate_once_more() -> None:
    rate = limited()
    before = rate.rate
    for _other in range(20):
        rate.refuse(0)
    assert rate.rate == before
    rate.refuse(rate.send())
    assert rate.rate == before * LOWERED_AGAIN


def test_a_limit_that_is_almost_met_lowers_the_rate_a_little() -> None:
    rate = limited()
    for number in range(1, 41):
        rate.advance(NOW + SOON * number / 20)
        last = rate.send()
    before = rate.rate
    for _refusal in range(int(CONVINCING)):
        assert rate.rate == before
        rate.refuse(last)
    assert rate.rate == before * LOWERED


def test_one_refusal_now_and_then_is_no_limit() -> None:
    rate = RequestRate()
    for number in range(200):
        rate.advance(NOW + number / 10)
        sent_after = rate.send()
        if number % 10 == 0:
            rate.refuse(sent_after)
    assert rate.rate == 0


def test_a_server_that_says_when_to_go_on_is_believed_at_once() -> None:
    rate = RequestRate()
    rate.advance(NOW)
    rate.refuse(rate.send(), retry_after=2)
    assert rate.wait_for(rate.draw()) >= 2


def test_tickets_become_due_one_after_the_other() -> None:
    rate = limited()
    assert waits(rate, 4) == pytest.approx([number / rate.rate for number in (1, 2, 3, 4)])


def test_who_was_refused_goes_before_those_who_wait() -> None:
    rate = limited()
    waiting = [rate.draw() for _number in range(10)]
    before = [rate.wait_for(ticket) for ticket in waiting]
    assert rate.wait_for(rate.draw(again=True)) <= 1 / rate.rate + 1e-9
    assert [rate.wait_for(ticket) for ticket in waiting] == pytest.approx([one + 1 / rate.rate for one in before])


def test_the_rate_returns_stays_about_there_and_is_free_again() -> None:
    rate = limited()
    low = rate.rate
    ceiling = low / (1 - BELOW)
    rates = []
    for seconds in range(int(FORGET)):
        rate.advance(NOW + seconds)
        rates.append(rate.rate)
    assert rates == sorted(rates)
    assert rates[int(RETURN)] == pytest.approx(ceiling)
    around = [each for each in rates[int(RETURN / 2) : int(RETURN * 1.5)] if abs(each - ceiling) < 0.03 * ceiling]
    assert len(around) >= RETURN - 1
    assert rates[-1] > 10 * ceiling
    rate.advance(NOW + FORGET + 1)
    assert rate.rate == 0
    assert waits(rate, 50) == [0.0] * 50


def test_a_request_again_takes_no_turn_of_another() -> None:
    rate = limited()
    rate.advance(NOW + 5)
    # Nobody waits: the one that is due goes at once, and the next one has a turn of its own.
    again = rate.draw(again=True)
    assert rate.wait_for(again) == 0
    assert rate.wait_for(rate.draw()) == pytest.approx(1 / rate.rate)


def test_a_rest_is_not_made_up_for_by_a_burst() -> None:
    rate = limited()
    rate.advance(NOW + RETURN)
    assert [wait == 0 for wait in waits(rate, 3)] == [True, False, False]


def test_retry_after_holds_all_tickets() -> None:
    rate = limited()
    rate.refuse(0, retry_after=5)
    assert rate.wait_for(rate.draw()) >= 5
    rate.advance(NOW + 4.9)
    assert rate.wait_for(rate.drawn) > 0.09
    rate.advance(NOW + 5.5)
    assert rate.wait_for(rate.drawn) == 0
    rate.refuse(0, retry_after=1e9)
    assert rate.held_until == NOW + 5.5 + LONGEST_RETRY_AFTER


def test_a_rate_set_by_hand_stays() -> None:
    rate = RequestRate()
    rate.advance(NOW, 4)
    assert waits(rate, 3) == [0, 0.25, 0.5]
    rate.refuse(rate.send(), fixed=4)
    rate.advance(NOW + 1000, 4)
    assert rate.rate == 4


def test_it_never_gets_slower_than_the_slowest() -> None:
    rate = limited()
    for _number in range(50):
        rate.refuse(rate.send())
    assert rate.rate == SLOWEST


@pytest.mark.parametrize("jump", [-1e9, -3600, -30, -1, 30, 3600, 1e9])
def test_a_clock_that_jumps_holds_nobody_for_long(jump: float) -> None:
    rate = limited()
    ticket = rate.draw()
    rate.advance(NOW + jump)
    assert rate.wait_for(ticket) <= 2 / SLOWEST
    rate.advance(NOW + jump + 2)
    assert rate.wait_for(ticket) == 0


def test_it_is_read_as_it_was_written() -> None:
    rate = limited()
    assert vars(RequestRate.read(rate.write().ljust(512))) == vars(rate)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 512,
        b"[1, 2",
        b"{}",
        b'"text"',
        b"null",
        b"[NaN, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]",
        b"[Infinity]",
        b"[-1]",
        b"[1e-300, 10]",
        b'["1"]',
        b"[[1]]",
        b"[1, 1e300]",
        b"[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]",
        b"[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]",
        b"[" * 100_000,
        b"\xff\xfe",
        b"[1" + b"0" * 400 + b"]",
    ],
)
def test_anything_else_is_no_limit(data: bytes) -> None:
    assert vars(RequestRate.read(data)) == vars(RequestRate())


numbers = st.floats(-1e12, 1e12)


@given(st.lists(numbers, min_size=11, max_size=11), st.lists(st.floats(0, 1e10), max_size=5))
def test_whatever_a_file_holds_waits_are_finite(values: list[float], times: list[float]) -> None:
    rate = RequestRate.read(str(values).encode())
    for now in times:
        rate.advance(now)
        wait = rate.wait_for(rate.draw())
        assert wait >= 0
        assert math.isfinite(wait)
        rate.refuse(rate.send(), 1.0)
