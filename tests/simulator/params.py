"""Reading parameters the way the API does: what is not declared is never looked at."""

from __future__ import annotations

from collections.abc import Mapping

from .errors import missing, unavailable


class Params:
    """The flat, dotted parameters of one request, read by name and type.

    An empty string counts as absent. A bool is ``true`` or ``false``; any other text counts as absent, too (recorded
    from the API: a bool that could not be read let a paid GPU start). A number that is none is refused with 230.
    """

    def __init__(self, flat: Mapping[str, str], *, came_as_json: bool = False) -> None:
        self._flat = flat
        self.came_as_json = came_as_json

    def text(self, name: str) -> str | None:
        return self._flat.get(name) or None

    def is_empty(self, name: str) -> bool:
        """Whether it was sent as an empty string."""
        return self._flat.get(name) == ""

    def required(self, name: str) -> str:
        value = self.text(name)
        if value is None:
            raise missing(name)
        return value

    def integer(self, name: str) -> int | None:
        value = self.text(name)
        if value is None:
            return None
        try:
            return int(value)
        except ValueError:
            raise unavailable(name) from None

    def required_integer(self, name: str) -> int:
        self.required(name)
        value = self.integer(name)
        assert value is not None
        return value

    def number(self, name: str) -> float | None:
        value = self.text(name)
        if value is None:
            return None
        try:
            return float(value)
        except ValueError:
            raise unavailable(name) from None

    def boolean(self, name: str) -> bool | None:
        return {"true": True, "false": False}.get(self._flat.get(name, ""))

    def texts(self, name: str) -> list[str]:
        """The values of ``Name.0``, ``Name.1`` … in order; a plain ``Name`` counts as a list of one."""
        plain = self.text(name)
        return [plain] if plain is not None else [value for _unused, value in sorted(self._elements(name).items())]

    def integers(self, name: str) -> list[int]:
        try:
            return [int(value) for value in self.texts(name)]
        except ValueError:
            raise unavailable(name) from None

    def has_list(self, name: str) -> bool:
        return bool(self.texts(name))

    def objects(self, name: str) -> list[Params]:
        """The objects of ``Name.0.Field``, ``Name.1.Field`` … in order."""
        rows: dict[int, dict[str, str]] = {}
        for key, value in self._flat.items():
            head, _unused, rest = key.partition(".")
            index, _unused, field = rest.partition(".")
            if head == name and index.isdecimal() and field:
                rows.setdefault(int(index), {})[field] = value
        return [Params(rows[index]) for index in sorted(rows)]

    def _elements(self, name: str) -> dict[int, str]:
        prefix = name + "."
        return {
            int(key[len(prefix) :]): value
            for key, value in self._flat.items()
            if key.startswith(prefix) and key[len(prefix) :].isdecimal()
        }
