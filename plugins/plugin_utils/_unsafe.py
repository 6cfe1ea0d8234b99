# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Untrusted text as host variables: never a template.

From ansible-core 2.19 on, text is a template only if it is marked as trusted, and nothing needs to be done. Before,
every host variable is one unless it is marked as unsafe. The mark shows in JSON output, so that only text gets it that
could be, or become a part of, a template.
"""

from __future__ import annotations

import typing as t

from ansible import template
from ansible.utils.unsafe_proxy import wrap_var

#: Whether text must be trusted before it is taken for a template.
TEXT_IS_LITERAL = hasattr(template, "trust_as_template")


def make_unsafe(value: t.Any) -> t.Any:
    """Return a value of lists, dictionaries and text in which no text is taken for a template."""
    return value if TEXT_IS_LITERAL else _wrapped(value)


def _wrapped(value: t.Any) -> t.Any:
    if isinstance(value, str):
        # Every template begins with a brace, or with a line "#jinja2:" that says how they do; one such character alone
        # could be joined to a template by an expression.
        return wrap_var(value) if "{" in value or "#" in value else value
    if isinstance(value, dict):
        return {_wrapped(key): _wrapped(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_wrapped(item) for item in value]
    return value
