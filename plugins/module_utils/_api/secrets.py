# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Secrets in requests and responses of any action, found by their names."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterator, Mapping

#: What stands in the place of a secret.
HIDDEN = "********"
_SECRET_NAME = re.compile(r"pass|token|secret|credential|private_?key", re.IGNORECASE)
#: A secret in the query of an address, as in the links to an instance's software.
_SECRET_IN_ADDRESS = re.compile(r"([?&;][^=&#\s]*(?:passw|token|secret|key)[^=&#\s]*=)([^&#\s]+)", re.IGNORECASE)
#: Shorter texts are not looked for elsewhere: they would be found in the middle of words.
_SHORTEST = 6


def is_secret_name(name: object) -> bool:
    """Return whether a field of this name holds a secret: C(Password), C(SudoPass), C(PassPhrase), C(AccessToken)."""
    return _SECRET_NAME.search(str(name)) is not None


def secret_names(params: Mapping[str, t.Any], path: str = "") -> list[str]:
    """Return the paths of parameters (C(Disks.0.Password)) whose name says that they hold a secret."""
    found = []
    for name, value in params.items():
        here = f"{path}{name}"
        if is_secret_name(name) and value not in (None, ""):
            found.append(here)
        elif isinstance(value, Mapping):
            found += secret_names(value, f"{here}.")
        elif isinstance(value, (list, tuple)):
            for index, item in enumerate(value):
                found += secret_names(item, f"{here}.{index}.") if isinstance(item, Mapping) else []
    return found


def secrets_in(response: object) -> set[str]:
    """Return the secrets in a response: those under a secret name, and those in addresses."""
    found = set(_named_secrets(response, False))
    found.update(match.group(2) for text in _texts(response) for match in _SECRET_IN_ADDRESS.finditer(text))
    return found


def without_secrets(response: t.Any) -> t.Any:
    """Return a copy of a response with HIDDEN in place of every secret, wherever it occurs."""
    return _masked(response, {secret for secret in secrets_in(response) if len(secret) >= _SHORTEST}, False)


def _named_secrets(value: object, named_so: bool) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _named_secrets(item, named_so or is_secret_name(name))
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _named_secrets(item, named_so)
    elif named_so and isinstance(value, str) and value:
        yield value


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)


def _masked(value: t.Any, secrets: set[str], named_so: bool) -> t.Any:
    if isinstance(value, Mapping):
        return {
            _without(secrets, name): _masked(item, secrets, named_so or is_secret_name(name))
            for name, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_masked(item, secrets, named_so) for item in value]
    if not isinstance(value, str) or not value:
        return value
    return HIDDEN if named_so else _without(secrets, value)


def _without(secrets: set[str], text: str) -> str:
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text
