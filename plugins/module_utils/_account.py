# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""The account itself: its balance, its projects and its id."""

from __future__ import annotations

import typing as t
from collections import Counter

from ._api import values
from ._api.client import Client
from ._api.errors import RefusedError
from ._api.pages import Listing, rows_of
from ._api.retcodes import PERMISSION_CODES, UNKNOWN_ACTION
from ._images.sources import SOURCES
from ._task import Task

BALANCE = "GetBalance"
PROJECTS = "GetProjectList"
_AMOUNTS = {
    "amount": "Amount",
    "available": "AmountAvailable",
    "credit": "AmountCredit",
    "free": "AmountFree",
    "frozen": "AmountFreeze",
}
_T = t.TypeVar("_T")


def read_account(task: Task) -> dict[str, t.Any]:
    """Return the result of compshare_account_info. What the key may not read is None, with a warning."""

    def unless_refused(read: t.Callable[[Client], _T]) -> _T | None:
        try:
            return read(task.client)
        except RefusedError as error:
            if error.ret_code not in (*PERMISSION_CODES, UNKNOWN_ACTION):
                raise
            task.warn(str(error))
            return None

    return {
        "balance": unless_refused(_balance),
        "projects": unless_refused(_projects),
        "account_id": unless_refused(_account_id),
    }


def _balance(client: Client) -> dict[str, t.Any]:
    amounts = values.dictionary(client.call(BALANCE).get("AccountInfo"))
    return {key: values.number(amounts.get(field)) for key, field in _AMOUNTS.items()}


def _projects(client: Client) -> list[dict[str, t.Any]]:
    rows = rows_of(PROJECTS, client.call(PROJECTS), "ProjectSet")
    projects = [
        {
            "id": values.text(row.get("ProjectId")),
            "name": values.text(row.get("ProjectName")),
            "default": bool(values.boolean(row.get("IsDefault"))),
        }
        for row in rows
    ]
    return sorted(projects, key=lambda project: (not project["default"], project["name"] or ""))


def _account_id(client: Client) -> int | None:
    """Return the owner that most of the account's own images name: the whole list may hold a foreign one."""
    action = SOURCES["custom"].action
    [rows] = client.read_all([Listing(action, {"Region": client.scope.region})])
    owners = [values.dictionary(row.get("Owner")).get("AccountId") for row in rows]
    ids = [identity for identity in map(values.integer, owners) if identity is not None]
    return Counter(ids).most_common(1)[0][0] if ids else None
