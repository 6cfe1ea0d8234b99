from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

from ansible_collections.compshare.cloud.plugins.plugin_utils._templates import (
    holds,
    is_template,
    render,
    rendered,
)
from ansible_collections.compshare.cloud.plugins.plugin_utils._unsafe import make_unsafe

try:
    from ansible.template import trust_as_template
except ImportError:  # before ansible-core 2.19 all text of a user is a template

    def trust_as_template(value: str) -> str:
        return value


VARIABLES = {"number": 3, "hostile": make_unsafe("{{ 6*7 }}"), "empty": None}


@pytest.fixture
def templar() -> Templar:
    return Templar(loader=DataLoader())


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("{{ x }}", True),
        ("{% if x %}", True),
        ("x", False),
        ("{", False),
        (5, False),
        (None, False),
        (["{{ x }}"], False),
    ],
)
def test_what_is_a_template(value: object, expected: bool) -> None:
    assert is_template(value) is expected


def test_a_users_template_is_rendered_and_untrusted_text_in_it_is_not(templar: Templar) -> None:
    assert render(templar, trust_as_template("<{{ hostile }}>"), VARIABLES) == "<{{ 6*7 }}>"
    assert render(templar, trust_as_template("{{ hostile ~ number }}"), VARIABLES) == "{{ 6*7 }}3"


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("number > 2", True),
        ("number > 3", False),
        ("hostile is search('6')", True),
        ("empty is none", True),
        ("not (empty | default(false, true))", True),
        ("number in [1, 3] and hostile | length == 9", True),
    ],
)
def test_conditions(templar: Templar, condition: str, expected: bool) -> None:
    assert holds(templar, trust_as_template(condition), VARIABLES) is expected


@pytest.mark.parametrize("condition", ["nobody_set_this", "number >", "number is no_such_test"])
def test_a_condition_that_fails_is_an_error(templar: Templar, condition: str) -> None:
    with pytest.raises(AnsibleError):
        holds(templar, trust_as_template(condition), VARIABLES)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("{{ team_key }}", "s3cret"),
        ("plain {", "plain {"),
        (5, 5),
        (False, False),
        (None, None),
        (["{{ team_key }}", "plain"], ["s3cret", "plain"]),
        ("{{ [team_key, 'two'] }}", ["s3cret", "two"]),
    ],
)
def test_options_are_rendered_where_they_hold_a_template(templar: Templar, value: Any, expected: Any) -> None:
    trusted = [trust_as_template(item) for item in value] if isinstance(value, list) else value
    trusted = trust_as_template(trusted) if isinstance(trusted, str) else trusted
    assert rendered(templar, trusted, {"team_key": "s3cret"}) == expected
