# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Lists inside of answers."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from .._api.errors import AnswerError
from .._api.retcodes import Retry
from .._api.values import integer


def rows_of(action: str, answer: Mapping[str, t.Any], *keys: str) -> list[dict[str, t.Any]]:
    """Return the list of objects under the first of C(keys) that the answer to C(action) has; null is an empty list.

    Raises AnswerError where something else stands there, or null in an answer that counts rows: taking it for an empty
    list could hide what exists.
    """
    found = next((answer[key] for key in keys if answer.get(key) is not None), None)
    if found is None:
        counted = integer(answer.get("TotalCount")) or 0
        if counted <= 0:
            return []
        raise AnswerError(
            f"The answer to {action} counts {counted} rows and shows none.",
            action=action,
            hint="Run the task again.",
            retry=Retry.READ,
        )
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise AnswerError(
            f"The answer to {action} has something else where its list {keys[0]} should stand.",
            action=action,
            hint="Run the task again.",
            retry=Retry.READ,
        )
    return found


def dictionaries(value: object) -> list[dict[str, t.Any]]:
    """Return the dictionaries in a list inside of a row, and none for anything else."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
