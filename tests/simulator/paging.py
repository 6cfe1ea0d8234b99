"""Pages and totals, the right ones and the wrong ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from .dice import Dice
from .errors import unavailable
from .params import Params
from .scenario import ListRules

if TYPE_CHECKING:
    from .world import World

DEFAULT_LIMIT = 20
MAX_LIMIT = 100


def page_bounds(params: Params, rules: ListRules) -> tuple[int, int]:
    """Offset and number of rows of the page that is to be served. A Limit over 100 is refused (recorded)."""
    limit = params.integer("Limit")
    limit = DEFAULT_LIMIT if limit is None else limit
    offset = params.integer("Offset") or 0
    if not 1 <= limit <= MAX_LIMIT:
        raise unavailable("Limit")
    if offset < 0:
        raise unavailable("Offset")
    if rules.repeat_pages:
        offset = 0
    elif offset:
        offset = max(0, offset - rules.overlap)
    return offset, min(limit, rules.max_rows or limit)


def check_end(world: World, bounds: tuple[int, int], total: int) -> None:
    """Refuse a page at or past the end of a list, where the dialect does."""
    if bounds[0] and bounds[0] >= total and world.dialect.is_("offset_past_end", "refused"):
        raise unavailable("Offset")


def cut(world: World, rows: Sequence[Any], bounds: tuple[int, int], rules: ListRules) -> list[Any]:
    """The rows of one page."""
    check_end(world, bounds, len(rows))
    return shuffled_page(rows, bounds, rules, world.dice)


def shuffled_page(
    rows: Sequence[Any], bounds: tuple[int, int], rules: ListRules, dice: Callable[[], Dice]
) -> list[Any]:
    """The rows of one page, whatever its offset; in another order at every call where the rules say so."""
    offset, count = bounds
    if rules.shuffle:
        rolls = dice()
        rows = sorted(rows, key=lambda _unused: rolls.share())
    return list(rows[offset : offset + count])


def total_fields(total: int, page_length: int, rules: ListRules, dice: Callable[[], Dice]) -> dict[str, Any]:
    """What the response says about the length of the whole list."""
    totals: dict[str, Callable[[], dict[str, Any]]] = {
        "right": lambda: {"TotalCount": total},
        "as_total": lambda: {"Total": total},
        "text": lambda: {"TotalCount": str(total)},
        "page": lambda: {"TotalCount": page_length},
        "wrong": lambda: {"TotalCount": total * 2 + 7},
        "low": lambda: {"TotalCount": total // 2},
        "zero": lambda: {"TotalCount": 0},
        "random": lambda: {"TotalCount": dice().below(total * 2 + 10)},
        "missing": dict,
        "null": lambda: {"TotalCount": None},
    }
    return totals[rules.total]()
