from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.compshare.cloud.plugins.module_utils._api.credentials import (
    Credentials,
    find_credentials,
    profile_path,
)
from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import OptionError

PROFILES = {
    "current_profile": "work",
    "profiles": {
        "work": {"public_key": "public-of-work", "private_key": "private-of-work"},
        "home": {"public_key": "public-of-home\n", "private_key": " private-of-home"},
        "half": {"public_key": "public-of-half"},
    },
}


@pytest.fixture
def profile_file(tmp_path: Path) -> Path:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(PROFILES), encoding="utf-8")
    path.chmod(0o600)
    return path


def find(path: Path, profile: str | None = None, environment: dict[str, str] | None = None, **keys: Any) -> Credentials:
    environment = {"COMPSHARE_CONFIG_FILE": str(path), **(environment or {})}
    desired = {"public_key": None, "private_key": None, **keys}
    return find_credentials(profile=profile, environment=environment, **desired)


def test_keys_given_win_over_the_profile_file(profile_file: Path) -> None:
    found = find(profile_file, public_key=" given ", private_key="secret\n")
    assert (found.public_key, found.private_key, found.origin) == ("given", "secret", "the options")


@pytest.mark.parametrize(
    ("profile", "public_key", "private_key"),
    [(None, "public-of-work", "private-of-work"), ("home", "public-of-home", "private-of-home")],
)
def test_profiles(profile_file: Path, profile: str | None, public_key: str, private_key: str) -> None:
    found = find(profile_file, profile)
    assert (found.public_key, found.private_key) == (public_key, private_key)
    assert found.origin == f"the profile '{profile or 'work'}' of {profile_file}"
    assert found.warning is None


ENVIRONMENT = {"COMPSHARE_PUBLIC_KEY": "public-of-environment ", "COMPSHARE_PRIVATE_KEY": "private-of-environment"}
NAMED = {"COMPSHARE_PROFILE": "home"}
OPTIONS = {"public_key": "public-of-options", "private_key": "private-of-options"}


@pytest.mark.parametrize(
    ("options", "profile", "environment", "place", "origin"),
    [
        (OPTIONS, "home", {**ENVIRONMENT, **NAMED}, "options", "the options"),
        ({}, "home", {**ENVIRONMENT, "COMPSHARE_PROFILE": "work"}, "home", "the profile 'home' of "),
        ({}, " home ", ENVIRONMENT, "home", "the profile 'home' of "),
        ({}, None, {**ENVIRONMENT, **NAMED}, "environment", "the environment"),
        ({}, "", {**ENVIRONMENT, **NAMED}, "environment", "the environment"),
        ({}, None, NAMED, "home", "the profile 'home' of "),
        ({}, None, {"COMPSHARE_PROFILE": " "}, "work", "the profile 'work' of "),
        ({}, None, dict.fromkeys(ENVIRONMENT, ""), "work", "the profile 'work' of "),
        (dict.fromkeys(OPTIONS, ""), None, dict.fromkeys(ENVIRONMENT, " "), "work", "the profile 'work' of "),
    ],
)
def test_the_order_of_the_places(
    profile_file: Path, options: Any, profile: str | None, environment: Any, place: str, origin: str
) -> None:
    found = find(profile_file, profile, environment, **options)
    assert (found.public_key, found.private_key) == (f"public-of-{place}", f"private-of-{place}")
    assert found.origin.startswith(origin)


@pytest.mark.parametrize("missing", ["public", "private"])
def test_half_a_pair_says_what_is_missing_and_where(profile_file: Path, missing: str) -> None:
    half = {name: value for name, value in OPTIONS.items() if not name.startswith(missing)}
    with pytest.raises(OptionError, match=rf"is set but {missing}_key is not, in the options\."):
        find(profile_file, "home", ENVIRONMENT, **half)
    half = {name: value for name, value in ENVIRONMENT.items() if missing.upper() not in name}
    variable = f"COMPSHARE_{missing.upper()}_KEY"
    with pytest.raises(OptionError, match=rf"is set but {variable} is not, in the environment\."):
        find(profile_file, None, {**half, **NAMED})
    assert find(profile_file, "home", half).public_key == "public-of-home"


def test_an_unknown_profile_of_the_options_is_an_error_although_there_are_keys(profile_file: Path) -> None:
    with pytest.raises(OptionError, match=r"no profile 'prod', which the option profile names\.") as caught:
        find(profile_file, "prod", ENVIRONMENT)
    assert str(profile_file) in str(caught.value)


def test_an_unknown_profile_of_the_environment_is_an_error(profile_file: Path) -> None:
    with pytest.raises(OptionError, match=r"no profile 'prod', which COMPSHARE_PROFILE names\."):
        find(profile_file, None, {"COMPSHARE_PROFILE": "prod"})


def test_half_a_pair_is_never_completed_from_the_profile(profile_file: Path) -> None:
    with pytest.raises(OptionError, match="public_key is set but private_key is not"):
        find(profile_file, public_key="given")
    with pytest.raises(OptionError, match="private_key is set but public_key is not"):
        find(profile_file, private_key="given")


def test_without_keys_the_error_names_all_three_ways(tmp_path: Path) -> None:
    with pytest.raises(OptionError) as caught:
        find(tmp_path / "none.json")
    for way in ("private_key", "COMPSHARE_PRIVATE_KEY", "compshare config", str(tmp_path / "none.json")):
        assert way in str(caught.value)


def test_an_unknown_profile_names_those_that_exist(profile_file: Path) -> None:
    with pytest.raises(OptionError, match=r"no profile 'wrok'.*half, home, work"):
        find(profile_file, "wrok")


def test_a_profile_without_its_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="'work' of the option profile cannot be read"):
        find(tmp_path / "none.json", "work")


def test_half_a_profile_is_an_error(profile_file: Path) -> None:
    with pytest.raises(OptionError, match=r"The profile 'half' of .* has no private_key"):
        find(profile_file, "half")


@pytest.mark.parametrize("content", ["", "[]", "null", "{", '"x"', "[" * 100_000, "\x00", "{}", '{"profiles": []}'])
def test_a_file_of_another_kind_is_an_error_that_quotes_nothing(tmp_path: Path, content: str) -> None:
    path = tmp_path / "config.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(OptionError) as caught:
        find(path)
    assert "[[[" not in str(caught.value)


def test_a_file_that_is_no_text_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_bytes(b"\xff\xfe{}")
    with pytest.raises(OptionError, match="is not what the vendor's client writes"):
        find(path)


def test_a_folder_in_the_place_of_the_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="cannot be read"):
        find(tmp_path)


def test_a_file_that_others_can_read_is_warned_about(profile_file: Path) -> None:
    profile_file.chmod(0o644)
    warning = find(profile_file).warning
    assert warning is not None
    assert "chmod 600" in warning


def test_the_place_of_the_profile_file() -> None:
    home = str(Path("~").expanduser())
    assert profile_path({"COMPSHARE_CONFIG_FILE": "~/x.json", "XDG_CONFIG_HOME": "/c"}) == f"{home}/x.json"
    assert profile_path({"XDG_CONFIG_HOME": "/c"}) == "/c/compshare/config.json"
    assert profile_path({}) == f"{home}/.config/compshare/config.json"


def test_the_private_key_is_not_in_the_representation() -> None:
    assert "private-of" not in repr(Credentials("public-key-1", "private-of-1"))


@pytest.mark.parametrize(("key", "hint"), [("public-key-0001", "…0001"), ("short", "…")])
def test_only_the_end_of_a_long_public_key_is_shown(key: str, hint: str) -> None:
    assert Credentials(key, "x").public_key_hint == hint


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)
file_like = json_values | st.fixed_dictionaries(
    {},
    optional={
        "current_profile": json_values | st.just("p"),
        "profiles": json_values
        | st.dictionaries(
            st.just("p"),
            json_values | st.fixed_dictionaries({}, optional={"public_key": json_values, "private_key": json_values}),
        ),
    },
)


@given(document=file_like, profile=st.none() | st.text(max_size=3))
def test_any_json_in_the_file_gives_keys_or_a_clear_error(
    tmp_path_factory: pytest.TempPathFactory, document: Any, profile: str | None
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    try:
        found = find(path, profile)
    except OptionError:
        return
    assert found.public_key
    assert found.private_key


@pytest.mark.parametrize(("variable", "named"), [("SUDO_USER", True), ("DOAS_USER", True), ("USER", False)])
def test_no_keys_under_another_user_name_become(tmp_path: Path, variable: str, named: bool) -> None:
    environment = {"COMPSHARE_CONFIG_FILE": str(tmp_path / "none.json"), variable: "me"}
    with pytest.raises(OptionError) as caught:
        find_credentials(public_key=None, private_key=None, profile=None, environment=environment)
    assert ("become: false" in (caught.value.hint or "")) is named
