from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.compshare.cloud.plugins.module_utils._api import values
from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import OptionError

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        (5, 5),
        (5.0, 5),
        (0.5, 0.5),
        ("300", 300),
        (" 65.5 ", 65.5),
        ("1e2", 100),
        ("-3", -3),
        (True, None),
        ("", None),
        ("12%", None),
        ("１２", None),
        ("nan", None),
        (float("nan"), None),
        (float("inf"), None),
        ("1e999", None),
        (10**299, 10**299),
        (10**400, None),
        (-(10**400), None),
        (1.5e308, None),
        (None, None),
        ([], None),
    ],
)
def test_number(sent: object, meant: float | None) -> None:
    found = values.number(sent)
    assert found == meant
    assert type(found) is type(meant)


def test_integer_rounds() -> None:
    assert values.integer("2.6") == 3
    assert values.integer("x") is None


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        (True, True),
        ("True", True),
        ("false", False),
        ("Yes", True),
        ("No", False),
        (1, True),
        (0.0, False),
        ("0", False),
        (2, None),
        ("maybe", None),
        (None, None),
        ([], None),
    ],
)
def test_boolean(sent: object, meant: bool | None) -> None:
    assert values.boolean(sent) is meant


@pytest.mark.parametrize(
    ("sent", "meant"),
    [("a", "a"), (" ", " "), ("", None), (7, "7"), (7.0, "7"), (1e400, None), (True, None), ({}, None)],
)
def test_text(sent: object, meant: str | None) -> None:
    assert values.text(sent) == meant


@pytest.mark.parametrize(
    ("sent", "meant"),
    [(None, []), ("a", ["a"]), (["a", None, 4, {}, ""], ["a", "4"]), ({}, []), (("a",), ["a"])],
)
def test_text_list(sent: object, meant: list[str]) -> None:
    assert values.text_list(sent) == meant


def test_tags_are_split_at_both_commas_and_come_once() -> None:
    assert values.tags(["pytorch，Pytorch", "LLM, 图像/视频生成,", "LLM"]) == [
        "pytorch",
        "Pytorch",
        "LLM",
        "图像/视频生成",
    ]


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        (1757000000, "2025-09-04T15:33:20Z"),
        ("1757000000", "2025-09-04T15:33:20Z"),
        (1757000000.9, "2025-09-04T15:33:20Z"),
        (1757000000123, "2025-09-04T15:33:20Z"),
        (0, None),
        (-5, None),
        ("", None),
        (10**30, None),
        ("yesterday", None),
    ],
)
def test_iso_time(sent: object, meant: str | None) -> None:
    assert values.iso_time(sent) == meant


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("SourceGpuType", "source_gpu_type"),
        ("OSName", "os_name"),
        ("UHostId", "u_host_id"),
        ("ImageUseTime", "image_use_time"),
        ("az_group", "az_group"),
        ("A-B c", "a_b_c"),
    ],
)
def test_snake_case(name: str, ours: str) -> None:
    assert values.snake_case(name) == ours


def test_dictionary() -> None:
    assert values.dictionary({"a": 1}) == {"a": 1}
    assert values.dictionary("a") == {}


@given(json_values)
def test_nothing_that_json_can_hold_raises(sent: Any) -> None:
    for read in (values.number, values.integer, values.boolean, values.text, values.iso_time, values.dictionary):
        read(sent)
    assert all(isinstance(item, str) and item for item in values.text_list(sent) + values.tags(sent))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("训练环境 v1.0 😀", "训练环境 v1.0 😀"),
        ("one\ttwo\r\nthree\n", "one\ttwo\r\nthree\n"),
        ("می\u200cخواهم \u200f", "می\u200cخواهم \u200f"),
        ("a\x1b[31m\x07b\x00\x7f", "a\x1b[31m\x07b\x00\ufffd"),
        ("a\x9b31m\x85", "a\ufffd31m\ufffd"),
        ("over\rwritten", "over\rwritten"),
        ("\u202eabc\u2066", "\ufffdabc\ufffd"),
    ],
)
def test_text_in_a_result_is_what_ansible_escapes_or_cannot_steer_a_terminal(text: str, shown: str) -> None:
    assert values.inert({text: [{"key": text}, [text]], "other": [1, None, 2.5, True]}) == {
        shown: [{"key": shown}, [shown]],
        "other": [1, None, 2.5, True],
    }


def test_no_message_can_steer_a_terminal() -> None:
    assert values.inert_message("训练 a\x1b[31m\x9b\u202e\rb\r\n\tc") == "训练 a\ufffd[31m\ufffd\ufffd\ufffdb\r\n\tc"


def test_no_key_of_a_result_is_taken_for_a_mark_of_ansible() -> None:
    value = {"__ansible_type": "TrustedAsTemplate", "rows": [{"__ansible_unsafe": "{{ x }}", "__other": 1, 2: 3}]}
    assert values.inert(value) == {
        "ansible_type": "TrustedAsTemplate",
        "rows": [{"ansible_unsafe": "{{ x }}", "__other": 1, 2: 3}],
    }


@pytest.mark.parametrize(
    ("zone", "region"),
    [("cn-wlcb-01", "cn-wlcb"), ("us-den-01", "us-den"), ("cn-wlcb", None), ("", None), (None, None)],
)
def test_the_region_of_a_zone(zone: str | None, region: str | None) -> None:
    assert values.region_of(zone) == region


@pytest.mark.parametrize("name", ["a", "训练环境_v1.0:夜间", "x" * 20, "comfyui-prod:2026.11", "a,b"])
def test_names_that_are_possible(name: str) -> None:
    values.check_name("image", name, 20)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "The image name cannot be empty"),
        ("x" * 21, "21 characters"),
        ("with space", "has ' ' in it"),
        ("a/b", "has '/' in it"),
        ("a\x1b[31m", r"has '\\x1b' in it"),
        ("{{ 7*7 }}", "has '{' in it"),
        ("naïve", "has 'ï' in it"),
        ("夜间\n", r"has '\\n' in it"),
    ],
)
def test_names_that_are_not(name: str, said: str) -> None:
    with pytest.raises(OptionError) as caught:
        values.check_name("image", name, 20)
    assert said in str(caught.value)
    assert "\x1b" not in str(caught.value) and "\n" not in str(caught.value)
