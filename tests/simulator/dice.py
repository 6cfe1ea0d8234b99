"""Reproducible choices: the same seed, kind and index give the same values on every Python and every machine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

_MASK = (1 << 64) - 1


def _mix(value: int) -> int:
    value = (value + 0x9E3779B97F4A7C15) & _MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
    return value ^ (value >> 31)


class Dice:
    """A stream of choices. Much cheaper to create than ``random.Random``: one is created for every row."""

    def __init__(self, *seeds: int) -> None:
        state = 0
        for seed in seeds:
            state = _mix(state ^ (seed & _MASK))
        self._state = state

    def below(self, limit: int) -> int:
        """An integer from 0 to ``limit`` - 1."""
        self._state = _mix(self._state)
        return self._state % limit

    def share(self) -> float:
        """A float from 0 up to, but not including, 1."""
        return self.below(1 << 53) / (1 << 53)

    def chance(self, share: float) -> bool:
        return self.share() < share

    def pick(self, choices: Sequence[T]) -> T:
        return choices[self.below(len(choices))]


_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_ODD = 0x5DEECE66D1B54A33 & ((1 << 56) - 1) | 1


def _base36(value: int, length: int) -> str:
    text = ""
    for _unused in range(length):
        value, digit = divmod(value, 36)
        text = _DIGITS[digit] + text
    return text


class IdMaker:
    """Ids that look random, never repeat, and lead back to the index they were created from."""

    BITS = 56

    def __init__(self, prefix: str, seed: int, kind: int) -> None:
        self._prefix = prefix
        self._base = kind << 40
        self._salt = _mix(seed) & ((1 << self.BITS) - 1)
        self._inverse = pow(_ODD, -1, 1 << self.BITS)

    def id(self, index: int) -> str:
        value = ((self._base + index) * _ODD & ((1 << self.BITS) - 1)) ^ self._salt
        return f"{self._prefix}1{_base36(value, 11)}"

    def index(self, identifier: str) -> int | None:
        """The index that this id was created from, or None when it was not created here."""
        tail = identifier[len(self._prefix) + 1 :]
        if not identifier.startswith(self._prefix + "1") or len(tail) != 11 or set(tail) - set(_DIGITS):
            return None
        value = int(tail, 36) ^ self._salt
        if value >> self.BITS:
            return None
        index = (value * self._inverse & ((1 << self.BITS) - 1)) - self._base
        return index if 0 <= index < 1 << 40 else None
