"""The account: its balance and its projects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .params import Params
from .registry import Response, action

if TYPE_CHECKING:
    from .world import World


@action("GetProjectList", reads=True)
def projects(world: World, params: Params) -> Response:
    rows = [
        {"ProjectId": one, "ProjectName": f"project {index}", "IsDefault": index == 0}
        for index, one in enumerate(world.scenario.account.projects)
    ]
    return {"ProjectCount": len(rows), "ProjectSet": rows or None}


@action("GetBalance", reads=True)
def balance(world: World, params: Params) -> Response:
    """Amounts in CNY, as text (relied on by a client)."""
    amount = f"{world.scenario.account.balance:.2f}"
    rest = dict.fromkeys(("AmountCredit", "AmountFree", "AmountFreeze"), "0.00")
    return {"AccountInfo": {"Amount": amount, "AmountAvailable": amount, **rest}}
