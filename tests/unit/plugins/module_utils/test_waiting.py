"""Requests that change something: patient, and never blind."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import (
    NoResponseError,
    OptionError,
    RefusedError,
    TransportError,
    WaitError,
)
from ansible_collections.compshare.cloud.plugins.module_utils._api.retcodes import BUSY_CODES
from ansible_collections.compshare.cloud.plugins.module_utils._waiting import (
    VISIBLE_WITHIN,
    Backoff,
    DeadlineError,
    apply,
    apply_and_confirm,
    confirm_within,
    look_again,
    send_when_free,
    wait_until,
)

from .fakes import FakeClock, client_of, refusal, success

LOST = TransportError("the connection broke", reached=True)
UNREACHED = TransportError("api.compshare.cn cannot be reached", reached=False)


def reads(client: Any) -> Callable[[], bool]:
    return lambda: bool(client.call("DescribeX"))


def test_pauses_grow_with_jitter_up_to_the_longest() -> None:
    pauses = Backoff(first=2.0, longest=5.0, growth=2.0, jitter=0.1).pauses(Random(1))
    for expected in (2.0, 4.0, 5.0, 5.0):
        assert 0.9 * expected <= next(pauses) <= expected


def test_wait_until_returns_the_first_result_and_probes_at_once() -> None:
    clock, results = FakeClock(), [None, 0, 1]
    assert wait_until(clock, lambda: results.pop(0), deadline=2000) == 0
    assert len(clock.slept) == 1
    assert wait_until(clock, lambda: results.pop(0), deadline=0) == 1


def test_wait_until_probes_last_at_the_deadline() -> None:
    clock = FakeClock()
    probed: list[float] = []
    with pytest.raises(DeadlineError) as caught:
        wait_until(clock, lambda: probed.append(clock.now()), deadline=1030, backoff=Backoff(first=20, longest=20))
    assert caught.value.error is None
    assert (probed[0], probed[-1], len(probed)) == (1000, 1030, 3)


def test_wait_until_reports_the_error_of_the_last_probe_only() -> None:
    clock, outcomes = FakeClock(), [WaitError("one", retryable=True), None, WaitError("two", retryable=True)]

    def probe() -> None:
        outcome = outcomes.pop(0)
        if outcome:
            raise outcome

    with pytest.raises(DeadlineError) as caught:
        wait_until(clock, probe, deadline=1002, backoff=Backoff(1.0, jitter=0.0, growth=1.0))
    assert str(caught.value.error) == "two"


def test_absence_is_believed_after_further_looks_only() -> None:
    clock, looks = FakeClock(), [None, 0]
    assert look_again(clock, lambda: looks.pop(0), (5.0, 15.0)) == 0
    assert clock.slept == [5.0]
    assert look_again(clock, lambda: None, (5.0, 15.0)) is None
    assert clock.slept == [5.0, 5.0, 15.0]


def test_wait_until_lets_the_caller_judge_errors() -> None:
    def probe() -> bool:
        raise OptionError("lasting")

    with pytest.raises(OptionError):
        wait_until(FakeClock(), probe, deadline=1002)
    with pytest.raises(DeadlineError, match="deadline"):
        wait_until(FakeClock(), probe, deadline=1002, on_error=lambda _error: None)


@pytest.mark.parametrize("code", sorted(BUSY_CODES))
def test_busy_responses_are_waited_out(code: int) -> None:
    client, transport, clock = client_of([refusal(code)] * 5 + [success(Done=1)])
    assert send_when_free(client, "Change", {}, deadline=2000) == {"RetCode": 0, "Done": 1}
    transport.assert_all_used()
    assert clock.slept == sorted(clock.slept) and 5 < sum(clock.slept) < 60


def test_busy_until_the_deadline() -> None:
    client, _transport, clock = client_of(lambda _fields: refusal(8964))
    with pytest.raises(RefusedError, match=r"It was still busy after 10 min \(wait_timeout\)") as caught:
        send_when_free(client, "Change", {}, deadline=clock.now() + 600)
    assert caught.value.ret_code == 8964
    assert clock.now() == 1600


def test_a_request_that_is_not_needed_any_more_is_not_sent() -> None:
    client, transport, _clock = client_of([refusal(8964)])
    assert send_when_free(client, "Change", {}, deadline=2000, unless=lambda: True) is None
    transport.assert_all_used()


@pytest.mark.parametrize("reply", [LOST, refusal(110), refusal(230)])
def test_other_errors_are_raised_at_once(reply: Any) -> None:
    client, transport, _clock = client_of([reply])
    with pytest.raises((NoResponseError, RefusedError)):
        send_when_free(client, "Change", {}, deadline=2000)
    transport.assert_all_used()


def test_what_never_reached_the_api_is_retried() -> None:
    client, transport, _clock = client_of([UNREACHED, refusal(153), success()])
    assert send_when_free(client, "Change", {}, deadline=2000)
    transport.assert_all_used()


def test_seen_at_last() -> None:
    client, _transport, clock = client_of([])
    responses = [False, False, True]
    assert confirm_within(client, lambda: responses.pop(0), 45)
    assert len(clock.slept) == 2


def test_not_seen() -> None:
    client, _transport, clock = client_of([])
    assert not confirm_within(client, lambda: False, 45)
    assert clock.now() == 1045


def test_a_probe_that_fails_for_the_moment_is_retried() -> None:
    client, transport, _clock = client_of([refusal(110), success()], retries=0)
    assert confirm_within(client, lambda: bool(client.call("Describe")), 45)
    transport.assert_all_used()


def test_a_probe_that_fails_to_the_end() -> None:
    client, _transport, clock = client_of(lambda _fields: refusal(110), retries=0)
    with pytest.raises(RefusedError, match="110"):
        confirm_within(client, lambda: bool(client.call("Describe")), 45)
    assert clock.now() == 1045


def test_a_probe_that_is_refused() -> None:
    client, _transport, clock = client_of([refusal(299)])
    with pytest.raises(RefusedError, match="299"):
        confirm_within(client, lambda: bool(client.call("Describe")), 45)
    assert not clock.slept


def test_repeated_until_it_took_effect() -> None:
    client, transport, _clock = client_of([LOST, LOST, success()])
    apply_and_confirm(client, "Change", {}, lambda: len(transport.requests) == 3, deadline=5000, desired="it is so")
    transport.assert_all_used()


def test_lost_to_the_end() -> None:
    client, transport, clock = client_of([LOST, LOST, LOST])
    with pytest.raises(NoResponseError, match="the connection broke"):
        apply_and_confirm(client, "Change", {}, lambda: False, deadline=5000, desired="it is so")
    transport.assert_all_used()
    assert clock.now() == pytest.approx(1000 + 3 * VISIBLE_WITHIN)


def test_accepted_without_effect() -> None:
    client, _transport, _clock = client_of([success()])
    with pytest.raises(WaitError, match="Change was accepted, but 45 s later the API does not show that it is so"):
        apply_and_confirm(client, "Change", {}, lambda: False, deadline=5000, desired="it is so")


def test_a_response_that_says_that_nothing_was_done() -> None:
    def check(response: dict[str, Any]) -> None:
        raise WaitError(f"nothing done: {response['Invalid']}")

    client, _transport, _clock = client_of([success(Invalid=[1])])
    with pytest.raises(WaitError, match=r"nothing done: \[1\]"):
        apply_and_confirm(client, "Change", {}, lambda: True, deadline=5000, desired="it is so", check=check)


@pytest.mark.parametrize("unreadable", [refusal(299), LOST])
def test_accepted_and_then_the_state_cannot_be_read(unreadable: Any) -> None:
    responses = iter([success()])
    client, _transport, _clock = client_of(lambda _fields: next(responses, unreadable))
    with pytest.raises((NoResponseError, RefusedError), match="Before that, Change was accepted") as caught:
        apply_and_confirm(
            client, "Change", {}, lambda: bool(client.call("DescribeX")), deadline=2000, desired="it is changed"
        )
    assert caught.value.action == "DescribeX"
    assert caught.value.facts == {"changed": True}


def test_lost_and_then_the_state_cannot_be_read() -> None:
    responses = iter([LOST])
    client, _transport, _clock = client_of(lambda _fields: next(responses, refusal(299)))
    with pytest.raises(
        RefusedError, match="Before that, Change was sent without a response; it may have been"
    ) as caught:
        apply_and_confirm(
            client, "Change", {}, lambda: bool(client.call("DescribeX")), deadline=2000, desired="it is changed"
        )
    assert caught.value.facts == {}


@pytest.mark.parametrize("shown", [True, False])
def test_the_list_decides_after_a_lost_response_and_nothing_is_retried(shown: bool) -> None:
    client, transport, _clock = client_of([LOST])
    applied = apply(client, "Create", {}, lambda: shown, deadline=5000)
    assert applied.response is None and isinstance(applied.lost, NoResponseError) and applied.done is shown
    transport.assert_all_used()


def test_the_list_decides_after_a_refusal_that_leaves_it_open_and_the_write_is_not_repeated() -> None:
    client, transport, _clock = client_of([refusal(8039)])
    applied = apply(client, "Delete", {}, lambda: False, repeats=2, leaves_open=lambda _error: True, deadline=5000)
    with pytest.raises(RefusedError):
        applied.raise_unless_done("Delete")
    transport.assert_all_used()


def test_the_list_is_not_read_after_an_accepted_write_or_a_refusal() -> None:
    client, _transport, _clock = client_of([success(Id="a"), refusal(299)])

    def look() -> bool:
        pytest.fail("the list is read")

    applied = apply(client, "Create", {}, look, deadline=5000)
    assert applied.response is not None and applied.response["Id"] == "a" and applied.lost is None
    with pytest.raises(RefusedError):
        apply(client, "Create", {}, look, deadline=5000)
