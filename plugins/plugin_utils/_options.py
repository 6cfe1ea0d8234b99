# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""The options of a plugin that runs in the controller, checked before ansible-core converts them.

ansible-core ignores options that a plugin does not have, converts before a plugin can render a template, and takes any
text that is no truth value for false: C(validate_certs: flase) would switch off the check of certificates.
"""

from __future__ import annotations

import os
import typing as t
from collections.abc import Collection, Mapping

from ansible.constants import config
from ansible.errors import AnsibleError
from ansible.plugins import AnsiblePlugin

from ..module_utils._api.errors import OptionError, printable
from ..module_utils._api.options import (
    CONNECTION_DEFAULTS,
    CONNECTION_OPTIONS,
    CONVERTED,
    CREDENTIALS,
    check_known,
    converted,
)

#: Types that empty text is no value of.
_EMPTY_IS_OMITTED = (*CONVERTED, "list", "path")


class CheckedOptions:
    """What a plugin class inherits, before ansible-core's base, to have its options checked.

    An option that is empty text, or whose environment variable is empty, counts as omitted.
    """

    #: Options that are given as keywords, but not by this name.
    _unnamed: Collection[str] = ()
    _omitted: frozenset[str] = frozenset()

    def set_options(
        self,
        task_keys: Mapping[str, t.Any] | None = None,
        var_options: Mapping[str, t.Any] | None = None,
        direct: Mapping[str, t.Any] | None = None,
    ) -> None:
        """Set the options, like the method that this one overrides; raises OptionError."""
        plugin: t.Any = self
        definitions = config.get_configuration_definitions(plugin.plugin_type, plugin._load_name)
        given = _by_name(direct or {}, definitions, self._unnamed)
        given = {name: self._rendered(name, value) for name, value in given.items()}
        given = {name: value for name, value in given.items() if not _is_empty(value, definitions[name])}
        empty = {name for name in CREDENTIALS if name in definitions and name not in given}
        given.update(dict.fromkeys(empty))
        for name, definition in definitions.items():
            variable = next((each["name"] for each in definition.get("env") or () if each["name"] in os.environ), None)
            if name in given:
                given[name] = converted(name, given[name], definition.get("type"))
            elif variable is not None and not os.environ[variable].strip():
                empty.add(name)
                given[name] = definition.get("default")
            elif variable is not None and definition.get("type") in CONVERTED:
                given[name] = converted(name, os.environ[variable], definition["type"], variable)
        self._omitted = frozenset(name for name in empty if given[name] is None)
        super().set_options(task_keys=task_keys, var_options=var_options, direct=given)  # type: ignore[misc]  # a mixin

    def get_option(self, option: str, hostvars: Mapping[str, t.Any] | None = None) -> t.Any:
        """Return the value of an option, None where it is omitted and has no default."""
        return None if option in self._omitted else super().get_option(option, hostvars)  # type: ignore[misc]  # a mixin

    def _render_option(self, _name: str, value: t.Any) -> t.Any:
        """Return the value of an option with its templates rendered, in a plugin that allows some."""
        return value

    def _rendered(self, name: str, value: t.Any) -> t.Any:
        try:
            return self._render_option(name, value)
        except AnsibleError as error:
            reason = printable(str(error), 300)
        raise OptionError(f"The template of {name} cannot be rendered: {reason}")


def define_options(kind: str, plugin_name: str, own: Mapping[str, t.Any]) -> None:
    """Give ansible-core the options of a plugin: C(own), which are as in an argument spec, and those of the connection.

    It would parse their documentation instead, in each process that loads the plugin.
    """
    connection: dict[str, dict[str, t.Any]] = {
        name: {"type": kind_of_value, "env": [{"name": f"COMPSHARE_{name.upper()}"}]}
        for name, kind_of_value in CONNECTION_OPTIONS.items()
    }
    for name, default in CONNECTION_DEFAULTS.items():
        connection[name]["default"] = default
    connection["private_key"]["secret"] = True  # from ansible-core 2.22 on
    config.initialize_plugin_configuration_definitions(kind, plugin_name, {**connection, **own})


def plugin_options(plugin: AnsiblePlugin, *names: str) -> dict[str, t.Any]:
    """Return the connection options and the options C(names) of a plugin, None for those that were not given."""
    return {name: plugin.get_option(name) for name in (*CONNECTION_OPTIONS, *names)}


def _by_name(
    given: Mapping[str, t.Any], definitions: Mapping[str, t.Any], unnamed: Collection[str]
) -> dict[str, t.Any]:
    """Return options without aliases; raises OptionError for one that the plugin does not have."""
    names = {name: name for name in definitions if name not in unnamed}
    names.update({alias: name for name in tuple(names) for alias in definitions[name].get("aliases") or ()})
    check_known(given, names)
    return {names[name]: value for name, value in given.items()}


def _is_empty(value: t.Any, definition: Mapping[str, t.Any]) -> bool:
    if isinstance(value, str):
        return not value.strip() and definition.get("type") in _EMPTY_IS_OMITTED
    return value is None and definition.get("type") != "raw"
