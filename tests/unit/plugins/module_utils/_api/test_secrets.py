"""Secrets of requests and responses, found by their names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.compshare.cloud.plugins.module_utils._api.secrets import (
    HIDDEN,
    secret_names,
    secrets_in,
    without_secrets,
)


@pytest.mark.parametrize(
    ("params", "names"),
    [
        ({"UHostId": "uhost-1", "LoginMode": "Password"}, []),
        ({"Password": "abc"}, ["Password"]),
        ({"Password": ""}, []),
        ({"SudoPass": "x", "PassPhrase": "y"}, ["SudoPass", "PassPhrase"]),
        ({"Password": None}, []),
        ({"Disks": [{"Size": 1}, {"DiskPassword": "x"}], "Tags": ["a"]}, ["Disks.1.DiskPassword"]),
        ({"Login": {"private_key": "x", "SecurityToken": "y"}}, ["Login.private_key", "Login.SecurityToken"]),
    ],
)
def test_names_of_parameters(params: dict[str, Any], names: list[str]) -> None:
    assert secret_names(params) == names


RESPONSE = {
    "RetCode": 0,
    "UHostSet": [
        {
            "UHostId": "uhost-1",
            "Password": "c2VjcmV0LW9uZQ==",
            "Remark": "its password is c2VjcmV0LW9uZQ== as you know",
            "CPU": 16,
            "Softwares": [{"Name": "JupyterLab", "URL": "https://8888-x/lab?a=1&token=t0k3n-abc#top"}],
            "JupyterToken": {"Value": "nested-secret", "Ports": [8888]},
            "Short": "ab",
            "ShortPassword": "ab",
            "EmptyPassword": "",
            "Tokens": None,
        }
    ],
}


def test_found() -> None:
    assert secrets_in(RESPONSE) == {"c2VjcmV0LW9uZQ==", "t0k3n-abc", "nested-secret", "ab"}


def test_hidden_wherever_they_stand() -> None:
    shown = without_secrets(RESPONSE)
    [row] = shown["UHostSet"]
    assert row["Password"] == HIDDEN
    assert row["Remark"] == f"its password is {HIDDEN} as you know"
    assert row["Softwares"][0] == {"Name": "JupyterLab", "URL": f"https://8888-x/lab?a=1&token={HIDDEN}#top"}
    assert row["JupyterToken"] == {"Value": HIDDEN, "Ports": [8888]}
    assert (row["Short"], row["ShortPassword"], row["EmptyPassword"], row["Tokens"]) == ("ab", HIDDEN, "", None)
    assert (row["UHostId"], row["CPU"], shown["RetCode"]) == ("uhost-1", 16, 0)
    assert RESPONSE["UHostSet"][0]["Password"] == "c2VjcmV0LW9uZQ=="  # type: ignore[index]  # the original is not changed


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)


@given(JSON, st.text("abcdefgh", min_size=6, max_size=12))
def test_nothing_named_as_a_secret_comes_through(response: object, secret: str) -> None:
    whole = {"Password": secret, "Rest": response, "Twice": f"<{secret}>"}
    assert not [text for text in texts(without_secrets(whole)) if secret in text]


def texts(value: object) -> Iterator[str]:
    """Every text in a value; its representation would add others, such as the codes of characters."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for item in [*value, *value.values()] if isinstance(value, dict) else value:
            yield from texts(item)


def test_a_name_is_hidden_that_is_a_secret() -> None:
    assert without_secrets({"Password": "abcdef", "Of": {"abcdef": 1}}) == {"Password": HIDDEN, "Of": {HIDDEN: 1}}


@given(JSON)
def test_a_response_without_secrets_stays_as_it_is(response: object) -> None:
    if not secrets_in(response):
        assert without_secrets({"Response": response}) == {"Response": response}
