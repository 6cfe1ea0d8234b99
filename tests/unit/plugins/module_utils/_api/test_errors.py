from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import (
    CompShareError,
    NoResponseError,
    OptionError,
    RefusedError,
    ResponseError,
    Retry,
    printable,
)


def test_the_text_has_what_happened_how_often_and_what_to_do() -> None:
    error = CompShareError("It broke.", hint="Mend it.")
    error.tries = 3
    assert str(error) == "It broke. It was tried 3 times. Mend it."


def test_a_sentence_that_is_added_stands_behind_what_was_said_so_far() -> None:
    error = CompShareError("Asking failed.", hint="Look.")
    error.tries = 3
    error.add_sentence("Before that, something was done.")
    assert str(error) == "Asking failed. It was tried 3 times. Before that, something was done. Look."


def test_the_text_is_safe_for_a_terminal() -> None:
    assert "\x1b" not in str(OptionError("no \x1b[31mred\x1b[0m"))


def test_the_result_has_every_key() -> None:
    error = RefusedError(
        "Refused.",
        action="A",
        ret_code=153,
        api_message="slow down",
        request_id="r",
        hint="Wait.",
        retry=Retry.THROTTLE,
    )
    assert error.as_result() == {
        "action": "A",
        "ret_code": 153,
        "message": "slow down",
        "request_id": "r",
        "hint": "Wait.",
        "retryable": True,
    }


def test_without_a_message_of_the_api_the_result_says_what_happened() -> None:
    assert OptionError("Wrong.").as_result()["message"] == "Wrong."


def test_retryable_is_distinguished_from_retrying() -> None:
    assert CompShareError("x", retryable=True).retry is Retry.NEVER
    assert CompShareError("x", retry=Retry.READ, retryable=False).as_result()["retryable"] is False


@pytest.mark.parametrize(
    ("error", "read", "write"),
    [
        (RefusedError("throttled", ret_code=153, retry=Retry.THROTTLE), True, True),
        (RefusedError("busy", ret_code=8903, retry=Retry.BUSY), False, False),
        (RefusedError("late", ret_code=110, retry=Retry.READ, outcome_unknown=True), True, False),
        (RefusedError("wrong", ret_code=230), False, False),
        (NoResponseError("never reached", outcome_unknown=False, retry=Retry.READ), True, True),
        (NoResponseError("lost", outcome_unknown=True, retry=Retry.READ), True, False),
    ],
)
def test_what_may_be_retried(error: CompShareError, read: bool, write: bool) -> None:
    assert error.allows_retry(write=False) is read
    assert error.allows_retry(write=True) is write


def test_which_errors_leave_the_outcome_open() -> None:
    assert not OptionError("x").outcome_unknown
    assert ResponseError("x").outcome_unknown
    assert NoResponseError("x", outcome_unknown=True).outcome_unknown
    assert not RefusedError("x", ret_code=230).outcome_unknown


def test_a_refusal_knows_which_parameter_is_blamed() -> None:
    error = RefusedError("x", ret_code=230, api_message="Params [Zone] not available")
    assert error.names_parameter("Zone")
    assert not error.names_parameter("Region")
    assert not RefusedError("x", ret_code=230).names_parameter("Zone")


@given(st.text())
def test_printable_text_has_no_control_or_direction_characters(sent: str) -> None:
    shown = printable(sent)
    assert not any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") for character in shown)
    assert len(sent) > 200 or "\\" in shown or shown == sent


def test_printable_escapes_and_shortens() -> None:
    assert printable("a\x1b[31mb\n\u202e训练") == "a\\x1b[31mb\\n\\u202e训练"
    assert printable("x" * 500, 10) == "x" * 9 + "…"
