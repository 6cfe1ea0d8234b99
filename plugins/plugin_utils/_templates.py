# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Templates that a user wrote into a plugin's options, on every supported ansible-core.

Only text of the user is ever rendered; what the API says is bound to variables and never becomes a part of it.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ansible.module_utils.parsing.convert_bool import boolean
from ansible.template import Templar


class _Plugin(t.Protocol):
    def get_option(self, option: str) -> t.Any:
        """Return the value of an option, whatever way it was given."""


class TemplatedOptions:
    """The options of a plugin, with those rendered that hold a template, such as a key that a lookup finds."""

    def __init__(self, plugin: _Plugin, templar: Templar, variables: Mapping[str, t.Any]) -> None:
        self._plugin = plugin
        self._templar = templar
        self._variables = variables

    def get_option(self, option: str) -> t.Any:
        """Return the value of an option, rendered where it is text with a template in it."""
        value = self._plugin.get_option(option)
        return render(self._templar, value, self._variables) if is_template(value) else value


def is_template(value: object) -> bool:
    """Tell whether a user's text has a template in it."""
    return isinstance(value, str) and ("{{" in value or "{%" in value)


def render(templar: Templar, template: str, variables: Mapping[str, t.Any]) -> t.Any:
    """Return what a user's template gives with C(variables); raises what the template raises."""
    templar.available_variables = dict(variables)
    return templar.template(template)


def holds(templar: Templar, expression: str, variables: Mapping[str, t.Any]) -> bool:
    """Tell whether a user's condition holds with C(variables); raises what the expression raises."""
    templar.available_variables = dict(variables)
    if hasattr(templar, "evaluate_conditional"):
        return bool(templar.evaluate_conditional(expression))
    # Before ansible-core 2.19; the same that it does for the groups of constructed inventories there.
    return bool(boolean(templar.template(f"{{% if {expression} %}}True{{% else %}}False{{% endif %}}")))
