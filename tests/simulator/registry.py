"""The actions there are, and what each one needs.

An action is a function of the world and the request's parameters that returns the response without its envelope.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .params import Params

if TYPE_CHECKING:
    from .world import World

Response = dict[str, Any]
Handler = Callable[["World", Params], Response]


@dataclass(frozen=True)
class Action:
    """``responds_as``: the Action in the response, where it is not the request's own name with Response behind it."""

    name: str
    run: Handler
    required: tuple[str, ...]
    responds_as: str
    reads: bool


ACTIONS: dict[str, Action] = {}


def action(
    name: str, *, required: Iterable[str] = (), responds_as: str | None = None, reads: bool = False
) -> Callable[[Handler], Handler]:
    """Register an action. ``required`` parameters are checked in this order; ``reads``: it changes nothing."""

    def register(handler: Handler) -> Handler:
        ACTIONS[name] = Action(name, handler, tuple(required), responds_as or f"{name}Response", reads)
        return handler

    return register
