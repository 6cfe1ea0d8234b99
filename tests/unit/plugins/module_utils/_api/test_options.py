"""Numbers and booleans from users."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import OptionError
from ansible_collections.compshare.cloud.plugins.module_utils._api.options import (
    NUMBERS,
    check_api_url,
    check_numbers,
    strict_boolean,
)


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -1, -0.001, 1e12, 1e300])
def test_no_number_is_negative_infinite_or_absurd(name: str, value: float) -> None:
    with pytest.raises(OptionError, match=rf"^{name} ") as caught:
        check_numbers({name: value})
    assert f"{value:g}" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "too_small", "least"),
    [
        ("api_timeout", 0.05, 0.1),
        ("api_rate", 0, 0.01),
        ("poll_interval", 0, 1),
        ("poll_interval", 0.999, 1),
        ("max_poll_interval", 1.9, 2),
    ],
)
def test_numbers_too_small_to_be_meant(name: str, too_small: float, least: float) -> None:
    with pytest.raises(OptionError, match=f"^{name} must be {least}"):
        check_numbers({name: too_small})
    check_numbers({name: least})


def test_defaults_and_omitted_options_pass() -> None:
    check_numbers({"wait_timeout": 0, "api_retries": 0, "api_throttle_timeout": 0, "poll_interval": None})
    check_numbers({"wait_timeout": 259200, "api_timeout": 60, "name": math.nan})


@pytest.mark.parametrize(
    ("value", "meaning"),
    [
        (True, True),
        (" Yes", True),
        ("ON", True),
        (1, True),
        (1.0, True),
        ("t", True),
        ("false", False),
        ("No", False),
        (0, False),
        ("off", False),
        ("", None),
        ("  ", None),
        (None, None),
    ],
)
def test_booleans(value: Any, meaning: bool | None) -> None:
    assert strict_boolean("validate_certs", value) is meaning


@pytest.mark.parametrize("value", ["flase", "yess", "{{ true }}", 2, -1, "nan", [], {}])
def test_what_is_no_boolean_is_never_false(value: Any) -> None:
    with pytest.raises(OptionError, match=r"^validate_certs must be true or false"):
        strict_boolean("validate_certs", value)


@given(st.text())
def test_any_text_is_a_known_word_or_an_error(value: str) -> None:
    try:
        meaning = strict_boolean("x", value)
    except OptionError:
        return
    assert (meaning is None) == (not value.strip())


@pytest.mark.parametrize(
    ("url", "parsed"),
    [
        ("https://api.compshare.cn", ("https://api.compshare.cn/", "api.compshare.cn", False)),
        (" https://Proxy.Example:8443/api ", ("https://proxy.example:8443/api", "proxy.example", False)),
        ("http://127.0.0.1:8080", ("http://127.0.0.1:8080/", "127.0.0.1", True)),
        ("http://localhost", ("http://localhost/", "localhost", True)),
        ("http://[::1]:9/", ("http://[::1]:9/", "::1", True)),
    ],
)
def test_addresses_that_can_be_used(url: str, parsed: tuple[str, str, bool]) -> None:
    assert check_api_url(url) == parsed


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://api.compshare.cn", "plain HTTP"),
        ("http://127.0.0.1.example", "plain HTTP"),
        ("http://localhost.example", "plain HTTP"),
        ("ftp://api.compshare.cn", "not a web address"),
        ("api.compshare.cn", "not a web address"),
        ("", "not a web address"),
        ("https://", "not a web address"),
        ("https://[::1", "not a web address"),
        ("https://host:99999", "not a web address"),
        ("https://user:secret-in-url@api.compshare.cn", "must not hold a user"),
        ("https://api.compshare.cn/?a=b", "must not hold"),
    ],
)
def test_addresses_that_are_refused(url: str, message: str) -> None:
    with pytest.raises(OptionError, match=message) as caught:
        check_api_url(url)
    assert "secret-in-url" not in str(caught.value)
