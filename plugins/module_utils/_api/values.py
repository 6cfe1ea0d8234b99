# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Values as the API sends them, converted into what they mean, and the names that it takes.

The same field comes as a number from one action and as text from another, a truth value as C("True"), an empty list as
null, and a single tag holds several with a full-width comma between. Everything that reads a response does it here.
"""

from __future__ import annotations

import functools
import re
import sys
import typing as t
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta

from .errors import OptionError, printable

#: Like the patterns below, compiled when it is used: most lookups use none, and each is a process of its own.
_NUMBER = r"[+-]?[0-9]{1,300}(\.[0-9]{1,300})?([eE][+-]?[0-9]{1,3})?\Z"
_WORDS = r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])"
_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_EPOCH = date(1970, 1, 1)
_TWO_DIGITS = [f"{number:02}" for number in range(60)]
_LARGEST = 10**300  # with a larger number, arithmetic ends in an error
#: What could steer a terminal, or turn the order of what it shows, and that Ansible does not escape where it shows
#: results: control characters beyond ASCII, and the embeddings, overrides and isolates of directions. The marks that
#: text of right-to-left scripts needs stay.
_STEERING = r"[\x7f-\x9f\u202a-\u202e\u2066-\u2069]"
#: The control characters of ASCII but tab and line ends, which Ansible escapes in results, but not in messages.
_STEERING_IN_MESSAGES = rf"[\x00-\x08\x0b\x0c\x0e-\x1f]|\r(?!\n)|{_STEERING}"
#: Chinese characters, letters, digits and these; the rule of the vendor's own clients.
#: Compiled when it is used: that takes longer than to import this file, and a lookup never checks a name.
_FORBIDDEN = r"[^0-9A-Za-z_,.:\-\u3400-\u4dbf\u4e00-\u9fff]"
#: Responses of the API have about eight levels. What goes through more of them could meet the limit of recursion.
DEEPEST = 64
_PLAIN = frozenset((str, int, float, bool, type(None)))
_LAST_SECOND = 253402300799  # 9999-12-31T23:59:59Z; a larger number is no time
_MILLISECONDS_FROM = 100_000_000_000  # the year 5138 in seconds: larger numbers are milliseconds


def number(value: object) -> int | float | None:
    """Return a number for a number or its text, whole ones as int; None for anything else and for too large ones."""
    if value.__class__ is int:
        return value if -_LARGEST < value < _LARGEST else None
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str):
        text_value = value.strip()
        if not re.match(_NUMBER, text_value):
            return None
        value = float(text_value) if re.search(r"[.eE]", text_value) else int(text_value)
    if not isinstance(value, (int, float)) or not -_LARGEST < value < _LARGEST:
        return None
    return int(value) if isinstance(value, float) and value == int(value) else value


def integer(value: object) -> int | None:
    """Return a whole number, rounded where the API sends a fraction; None where it sends no number."""
    found = number(value)
    return None if found is None else round(found)


def boolean(value: object) -> bool | None:
    """Return a truth value for true, "True", "yes", 1 and their opposites; None for anything else."""
    if isinstance(value, bool):
        return value
    if isinstance(value, (int, float)) and value in (0, 1):
        return bool(value)
    if isinstance(value, str):
        return _TRUTH.get(value.strip().lower())
    return None


def text(value: object) -> str | None:
    """Return text as it is, a number as its text; None for empty text and for anything else."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        found = number(value)
        return None if found is None else str(found)
    return None


def common_text(value: object) -> str | None:
    """Return text as C(text()) does, where few different ones occur: equal ones then share their memory."""
    found = text(value)
    return None if found is None else sys.intern(found)


def text_list(value: object) -> list[str]:
    """Return a list of texts: null is empty, a single text is a list of one, what is not text is skipped."""
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, (list, tuple)):
        return []
    return [item for item in map(text, value) if item is not None]


def common_texts(value: object) -> list[str]:
    """Return a list of texts as C(text_list()) does, where few different ones occur."""
    return list(map(sys.intern, text_list(value)))


def tags(value: object) -> list[str]:
    """Return tags one by one, in order and without repeats; one element may hold several (C(pytorch，Pytorch))."""
    found = (part.strip() for item in text_list(value) for part in item.replace("，", ",").split(","))
    return list(dict.fromkeys(sys.intern(part) for part in found if part))


def iso_time(value: object) -> str | None:
    """Return C(2026-11-22T08:00:00Z) for seconds or milliseconds since 1970, as number or text; None for 0 or none."""
    seconds = number(value)
    if seconds is None or seconds <= 0:
        return None
    if seconds >= _MILLISECONDS_FROM:
        seconds = seconds / 1000
    if seconds > _LAST_SECOND:
        return None
    days, second = divmod(int(seconds), 86400)
    return f"{_day(days)}T{_TWO_DIGITS[second // 3600]}:{_TWO_DIGITS[second // 60 % 60]}:{_TWO_DIGITS[second % 60]}Z"


@functools.lru_cache(maxsize=4096)
def _day(days: int) -> str:
    return (_EPOCH + timedelta(days)).isoformat()


def epoch_seconds(moment: str | None) -> float | None:
    """Return the seconds since 1970 of a time that iso_time() returned; None for None."""
    return None if moment is None else datetime.fromisoformat(moment.replace("Z", "+00:00")).timestamp()


@functools.lru_cache(maxsize=1024)
def snake_case(name: str) -> str:
    """Return C(source_gpu_type) for C(SourceGpuType): how a field of the API is named in results."""
    return re.sub(r"[^0-9a-z]+", "_", re.sub(_WORDS, "_", name).lower()).strip("_")


def dictionary(value: object) -> dict[str, t.Any]:
    """Return a dictionary as it is, and an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def dictionaries(value: object) -> list[dict[str, t.Any]]:
    """Return the dictionaries in a list, and none for anything else."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


#: How keys of an object are read: the API's field names, the first that says something, and what it is.
Fields = Sequence[tuple[str, tuple[str, ...], Callable[[object], t.Any]]]


def read_fields(found: dict[str, t.Any], fields: Fields, row: t.Mapping[str, t.Any]) -> None:
    """Read what C(found) lacks (None) from a row. Every row of a list is read so, and this is kept quick."""
    for key, names, read in fields:
        if found[key] is None:
            for name in names:
                value = row.get(name)
                if value is not None:
                    known = read(value)
                    if known is not None:
                        found[key] = known
                        break


def is_too_deep(value: t.Any) -> bool:
    """Return whether lists and dictionaries are nested more than DEEPEST levels deep in a value."""
    containers = [value]
    for _level in range(DEEPEST):
        containers = [
            item
            for one in containers
            for item in (one.values() if isinstance(one, dict) else one)
            # Responses are long: for their many plain values, isinstance() alone would take three times as long.
            if item.__class__ not in _PLAIN and isinstance(item, (dict, list, tuple))
        ]
        if not containers:
            return False
    return True


def inert(value: t.Any) -> t.Any:
    """Return a result in which no text of the API can steer a terminal or Ansible; takes any nesting.

    Text stays as it is, but for the characters that could steer a terminal and that Ansible would show raw: U+FFFD
    stands in their place. A key that begins like those that Ansible marks its own values with, in JSON from modules and
    in caches, loses its underscores.
    """
    return value if _is_inert(value) else _made_inert(value)


def _is_inert(value: t.Any) -> bool:
    """Return whether nothing in a value needs to be replaced: most results are so, and are not walked through again."""
    texts: list[t.Any] = []
    containers: list[t.Any] = [[value]]
    while containers:
        items = container = containers.pop()
        if isinstance(container, dict):
            texts += container
            items = container.values()
        for item in items:
            if isinstance(item, str):
                texts.append(item)
            elif isinstance(item, (dict, list, tuple)):
                containers.append(item)
    try:
        together = "".join(texts)
    except TypeError:  # a key that is no text
        return False
    return "__ansible_" not in together and (together.isprintable() or not re.search(_STEERING, together))


def _made_inert(value: t.Any) -> t.Any:
    if isinstance(value, str):
        return value if value.isprintable() else re.sub(_STEERING, "\ufffd", value)
    if isinstance(value, dict):
        return {_inert_key(key): _made_inert(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_made_inert(item) for item in value]
    return value


@functools.lru_cache(maxsize=1024)
def _inert_key(key: t.Any) -> t.Any:
    text_key = _made_inert(key)
    return text_key.lstrip("_") if isinstance(text_key, str) and text_key.startswith("__ansible_") else text_key


def inert_message(message: str) -> str:
    """Return a message with U+FFFD in the place of each character that could steer a terminal: it is shown as it is."""
    return message if message.isprintable() else re.sub(_STEERING_IN_MESSAGES, "\ufffd", message)


def check_name(thing: str, name: str, longest: int) -> None:
    """Raise OptionError where C(name) cannot be the name of a C(thing), C(longest) characters long at most."""
    shown = repr(printable(name, 80))
    if not name:
        raise OptionError(f"The {thing} name cannot be empty.")
    if len(name) > longest:
        raise OptionError(
            f"The {thing} name {shown} has {len(name)} characters.", hint=f"At most {longest} are possible."
        )
    forbidden = re.search(_FORBIDDEN, name)
    if forbidden:
        raise OptionError(
            f"The {thing} name {shown} has {printable(forbidden.group())!r} in it.",
            hint="Chinese characters, letters, digits and _ , . : - are possible, and no spaces.",
        )


#: The ids of pods begin with it.
POD_PREFIX = "cpod-"


def region_of(zone: str | None) -> str | None:
    """Return the region of a zone by its name: C(cn-wlcb) for C(cn-wlcb-01); None if it has no number at its end."""
    head, dash, tail = (zone or "").rpartition("-")
    return head if dash and tail.isdigit() else None
