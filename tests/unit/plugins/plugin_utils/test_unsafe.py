from __future__ import annotations

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

from ansible_collections.compshare.cloud.plugins.plugin_utils._unsafe import TEXT_IS_LITERAL, make_unsafe

#: Before ansible-core 2.19, this line at the top of a text says how its templates look.
HEADER = "#jinja2: variable_start_string: '[', variable_end_string: ']'\n[ 6*7 ]"


@pytest.mark.parametrize("text", ["{{ 6*7 }}", "{% set x = 1 %}", "{# x #}", "{", "a{b", HEADER])
def test_what_could_be_a_template_is_not_rendered(text: str) -> None:
    value = {"outer": [{"inner": text}]}
    marked = make_unsafe(value)
    assert marked == value
    templar = Templar(loader=DataLoader(), variables={"marked": marked})
    assert templar.template(marked["outer"][0]["inner"]) == text


def test_only_what_could_be_a_template_is_marked_and_only_where_marks_are_needed() -> None:
    value = ["plain", "} %", "{{ x }}", 7, None, True, "#1", {"{{ key }}": 1}]
    marked = make_unsafe(value)
    assert marked == value
    kinds = ["Unsafe" in type(item).__name__ for item in [*marked, *marked[7]]]
    if TEXT_IS_LITERAL:
        assert marked is value
    else:
        assert kinds == [False, False, True, False, False, False, True, False, True]
