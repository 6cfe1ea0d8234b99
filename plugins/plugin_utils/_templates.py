# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Templates that a user wrote into a plugin's options, on every supported ansible-core.

Only text of the user is rendered; text from the API is bound to variables and never becomes part of a template.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ansible.module_utils.parsing.convert_bool import boolean
from ansible.template import Templar


def is_template(value: object) -> bool:
    """Return whether a user's text contains a template."""
    return isinstance(value, str) and ("{{" in value or "{%" in value)


def rendered(templar: Templar, value: t.Any, variables: Mapping[str, t.Any]) -> t.Any:
    """Return the value of a user's option with its templates rendered, also those in lists."""
    if isinstance(value, list):
        return [rendered(templar, item, variables) for item in value]
    return render(templar, value, variables) if is_template(value) else value


def render(templar: Templar, template: str, variables: Mapping[str, t.Any]) -> t.Any:
    """Return what a user's template gives with C(variables); raises what the template raises."""
    templar.available_variables = dict(variables)
    return templar.template(template)


def holds(templar: Templar, expression: str, variables: Mapping[str, t.Any]) -> bool:
    """Return whether a user's condition is true with C(variables); raises what the expression raises."""
    templar.available_variables = dict(variables)
    if hasattr(templar, "evaluate_conditional"):
        return bool(templar.evaluate_conditional(expression))
    # Before ansible-core 2.19; the same that it does for the groups of constructed inventories there.
    return bool(boolean(templar.template(f"{{% if {expression} %}}True{{% else %}}False{{% endif %}}")))
