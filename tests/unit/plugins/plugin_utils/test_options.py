from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from ansible.errors import AnsibleError

from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import OptionError
from ansible_collections.compshare.cloud.plugins.plugin_utils import _options
from ansible_collections.compshare.cloud.plugins.plugin_utils._options import CheckedOptions

DEFINITIONS: dict[str, dict[str, Any]] = {
    "flag": {"type": "bool", "default": True, "env": [{"name": "TEST_FLAG"}]},
    "count": {"type": "int", "default": 4, "env": [{"name": "TEST_COUNT"}]},
    "seconds": {"type": "float"},
    "folder": {"type": "path", "env": [{"name": "TEST_FOLDER"}]},
    "names": {"type": "list", "aliases": ["name_list"]},
    "text": {"type": "str"},
    "fallback": {"type": "raw"},
    "_terms": {"type": "list"},
}


class Base:
    """What ansible-core does with options, as far as it matters here."""

    plugin_type = "lookup"
    _load_name = "test"

    def set_options(self, task_keys: Any = None, var_options: Any = None, direct: Any = None) -> None:
        self.direct: Mapping[str, Any] = direct

    def get_option(self, option: str, hostvars: Any = None) -> Any:
        return self.direct.get(option, "left to ansible-core")


class Plugin(CheckedOptions, Base):
    _unnamed = ("_terms",)

    def _render_option(self, name: str, value: Any) -> Any:
        if value == "{{ broken }}":
            raise AnsibleError("broken is undefined")
        return True if value == "{{ true }}" else value


@pytest.fixture(autouse=True)
def _definitions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_options.config, "get_configuration_definitions", lambda *_names: DEFINITIONS)


def given(**direct: Any) -> Mapping[str, Any]:
    plugin = Plugin()
    plugin.set_options(direct=direct)
    return plugin.direct


@pytest.mark.parametrize(
    ("direct", "expected"),
    [
        ({"flag": "yes"}, {"flag": True}),
        ({"flag": "{{ true }}"}, {"flag": True}),
        ({"count": "7"}, {"count": 7}),
        ({"count": 7.0}, {"count": 7}),
        ({"seconds": "1.5"}, {"seconds": 1.5}),
        ({"name_list": ["a"]}, {"names": ["a"]}),
        ({"flag": "", "count": " ", "folder": "", "names": "", "seconds": None}, {}),
        ({"text": "", "fallback": ""}, {"text": "", "fallback": ""}),
        ({"fallback": None}, {"fallback": None}),
    ],
)
def test_what_ansible_gets(direct: dict[str, Any], expected: dict[str, Any]) -> None:
    assert given(**direct) == expected


@pytest.mark.parametrize(
    ("direct", "message"),
    [
        ({"flag": "flase"}, "flag must be true or false, not 'flase'"),
        ({"count": "seven"}, "count must be a whole number, not 'seven'"),
        ({"count": 1.5}, "count must be a whole number, not 1.5"),
        ({"count": True}, "count must be a whole number, not True"),
        ({"count": "inf"}, "count must be a whole number"),
        ({"seconds": []}, r"seconds must be a number, not \[\]"),
        ({"nmaes": 1}, "no option 'nmaes' .did you mean 'names'"),
        ({"na": 1}, "no option 'na' .did you mean 'name_list'"),
        ({"_terms": ["a"]}, "no option '_terms'"),
        ({"text": "{{ broken }}"}, "template of text cannot be rendered: broken is undefined"),
    ],
)
def test_what_is_refused(direct: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        given(**direct)


def test_variables_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_FLAG", "no")
    monkeypatch.setenv("TEST_COUNT", "")
    monkeypatch.setenv("TEST_FOLDER", " ")
    plugin = Plugin()
    plugin.set_options(direct={})
    assert (plugin.get_option("flag"), plugin.get_option("count"), plugin.get_option("folder")) == (False, 4, None)
    assert plugin.get_option("text") == "left to ansible-core"
    assert given(flag=True)["flag"] is True
    monkeypatch.setenv("TEST_FLAG", "nope")
    with pytest.raises(OptionError, match="environment variable TEST_FLAG"):
        given()
