"""Requests that change something: patient, and never blind."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import NoAnswerError, RefusedError, WaitError
from ansible_collections.compshare.cloud.plugins.module_utils._api.retcodes import BUSY_CODES
from ansible_collections.compshare.cloud.plugins.module_utils._api.transport import TransportError
from ansible_collections.compshare.cloud.plugins.module_utils._waiting import (
    VISIBLE_WITHIN,
    bring_about,
    see_within,
    send_patiently,
)

from .fakes import client_of, refusal, success

LOST = TransportError("the connection broke", reached=True)
UNREACHED = TransportError("api.compshare.cn cannot be reached", reached=False)


@pytest.mark.parametrize("code", sorted(BUSY_CODES))
def test_busy_answers_are_waited_out(code: int) -> None:
    client, transport, clock = client_of([refusal(code)] * 5 + [success(Done=1)])
    assert send_patiently(client, "Change", {}, deadline=2000) == {"RetCode": 0, "Done": 1}
    transport.assert_all_used()
    assert clock.slept == sorted(clock.slept) and 5 < sum(clock.slept) < 60


def test_busy_until_the_deadline() -> None:
    client, _transport, clock = client_of(lambda _fields: refusal(8964))
    with pytest.raises(RefusedError, match="It was so for 600 s, until wait_timeout") as caught:
        send_patiently(client, "Change", {}, deadline=clock.now() + 600)
    assert caught.value.ret_code == 8964
    assert clock.now() == 1600


def test_a_request_that_is_not_needed_any_more_is_not_sent() -> None:
    client, transport, _clock = client_of([refusal(8964)])
    assert send_patiently(client, "Change", {}, deadline=2000, while_busy=lambda: True) is None
    transport.assert_all_used()


@pytest.mark.parametrize("reply", [LOST, refusal(110), refusal(230)])
def test_other_errors_are_raised_at_once(reply: Any) -> None:
    client, transport, _clock = client_of([reply])
    with pytest.raises((NoAnswerError, RefusedError)):
        send_patiently(client, "Change", {}, deadline=2000)
    transport.assert_all_used()


def test_what_never_reached_the_api_is_sent_again() -> None:
    client, transport, _clock = client_of([UNREACHED, refusal(153), success()])
    assert send_patiently(client, "Change", {}, deadline=2000)
    transport.assert_all_used()


def test_seen_at_last() -> None:
    client, _transport, clock = client_of([])
    answers = [False, False, True]
    assert see_within(client, lambda: answers.pop(0), 45)
    assert len(clock.slept) == 2


def test_not_seen() -> None:
    client, _transport, clock = client_of([])
    assert not see_within(client, lambda: False, 45)
    assert clock.now() == 1045


def test_a_question_that_fails_for_the_moment_is_asked_again() -> None:
    client, transport, _clock = client_of([refusal(110), success()], retries=0)
    assert see_within(client, lambda: bool(client.call("Describe")), 45)
    transport.assert_all_used()


def test_a_question_that_fails_to_the_end() -> None:
    client, _transport, clock = client_of(lambda _fields: refusal(110), retries=0)
    with pytest.raises(RefusedError, match="110"):
        see_within(client, lambda: bool(client.call("Describe")), 45)
    assert clock.now() == 1045


def test_a_question_that_is_refused() -> None:
    client, _transport, clock = client_of([refusal(299)])
    with pytest.raises(RefusedError, match="299"):
        see_within(client, lambda: bool(client.call("Describe")), 45)
    assert not clock.slept


def test_repeated_until_it_took_effect() -> None:
    client, transport, _clock = client_of([LOST, LOST, success()])
    bring_about(client, "Change", {}, lambda: len(transport.requests) == 3, deadline=5000, wish="it is so")
    transport.assert_all_used()


def test_lost_to_the_end() -> None:
    client, transport, clock = client_of([LOST, LOST, LOST])
    with pytest.raises(NoAnswerError, match="the connection broke"):
        bring_about(client, "Change", {}, lambda: False, deadline=5000, wish="it is so")
    transport.assert_all_used()
    assert clock.now() == pytest.approx(1000 + 3 * VISIBLE_WITHIN)


def test_accepted_without_effect() -> None:
    client, _transport, _clock = client_of([success()])
    with pytest.raises(WaitError, match="Change was accepted, but 45 s later it cannot be seen that it is so"):
        bring_about(client, "Change", {}, lambda: False, deadline=5000, wish="it is so")


def test_an_answer_that_says_that_nothing_was_done() -> None:
    def check(answer: dict[str, Any]) -> None:
        raise WaitError(f"nothing done: {answer['Invalid']}")

    client, _transport, _clock = client_of([success(Invalid=[1])])
    with pytest.raises(WaitError, match=r"nothing done: \[1\]"):
        bring_about(client, "Change", {}, lambda: True, deadline=5000, wish="it is so", check=check)


@pytest.mark.parametrize("unreadable", [refusal(299), LOST])
def test_accepted_and_then_the_state_cannot_be_read(unreadable: Any) -> None:
    answers = iter([success()])
    client, _transport, _clock = client_of(lambda _fields: next(answers, unreadable))
    with pytest.raises((NoAnswerError, RefusedError), match="Before that, Change was accepted") as caught:
        bring_about(client, "Change", {}, lambda: bool(client.call("DescribeX")), deadline=2000, wish="it is changed")
    assert caught.value.action == "DescribeX"
    assert caught.value.facts == {"changed": True}


def test_lost_and_then_the_state_cannot_be_read() -> None:
    answers = iter([LOST])
    client, _transport, _clock = client_of(lambda _fields: next(answers, refusal(299)))
    with pytest.raises(RefusedError, match="Before that, Change was sent and not answered; it may have been") as caught:
        bring_about(client, "Change", {}, lambda: bool(client.call("DescribeX")), deadline=2000, wish="it is changed")
    assert caught.value.facts == {}
