"""The same response in other types: numbers as strings, bools as "True" and "False", null for an empty list.

All of it was seen somewhere in the API's responses or in the code of its clients.
"""

from __future__ import annotations

from typing import Any

from .dice import Dice

# Never changed: the envelope, and fields whose type was the same wherever they were seen.
FIXED = frozenset({"RetCode", "Action"})


def mix_types(value: Any, dice: Dice) -> Any:
    """A copy of a response in which some values have another type but the same meaning."""
    if isinstance(value, dict):
        return {key: one if key in FIXED else mix_types(one, dice) for key, one in value.items()}
    if isinstance(value, list):
        return [mix_types(one, dice) for one in value] or (None if dice.chance(0.5) else [])
    if isinstance(value, bool):
        return dice.pick((value, value, str(value), str(value).lower(), int(value)))
    if isinstance(value, int):
        return dice.pick((value, value, str(value), float(value)))
    if isinstance(value, float):
        return dice.pick((value, value, str(value)))
    if value == "" and dice.chance(0.3):
        return None
    return value
