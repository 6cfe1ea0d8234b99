from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.compshare.cloud.plugins.plugin_utils._terminal import terminal_safe


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("训练环境 v1.0", "训练环境 v1.0"),
        ("a\x1b[31mred\x1b[0m", "ared"),
        ("a\x1b]0;title\x07b", "ab"),
        ("a\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "alink"),
        ("a\x1b(Bb\x1bcc", "abc"),
        ("a\x1b", "a\\x1b"),
        ("a\x9b31mb", "a\\x9b31mb"),
        ("one\ntwo\r\t", "one\\ntwo\\r\\t"),
        ("abc\u202edef\u2066", "abc\\u202edef\\u2066"),
        ("zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"),
        ("\x00\x07\x08\x7f", "\\x00\\x07\\x08\\x7f"),
    ],
)
def test_what_a_terminal_gets(text: str, shown: str) -> None:
    assert terminal_safe(text) == shown


def test_the_length_is_limited() -> None:
    assert terminal_safe("x" * 500, 100) == "x" * 99 + "…"


@given(st.text(max_size=100))
def test_nothing_that_steers_is_left(text: str) -> None:
    shown = terminal_safe(text, 10_000)
    assert not [one for one in shown if unicodedata.category(one).startswith("C")]
    assert "\n" not in shown
