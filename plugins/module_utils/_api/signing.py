# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""From request parameters to the signed form fields that go on the wire.

The rules are those of the documentation's page on signatures and of the vendor's SDK: flatten, encode each value as
text, sort by name, join names and values with nothing between them, append the private key, SHA-1, lower-case hex.
One thing is better than in the SDK: a float never uses an exponent, as the documentation demands.
"""

from __future__ import annotations

import hashlib
import json
import math
import typing as t
from collections.abc import Mapping
from decimal import Decimal


def encode(value: object) -> str:
    """Return the text of a single value, the same for the signature and for the wire.

    Booleans become C(true) and C(false), whole floats lose their fraction (the gateway reads numbers in Lua), other
    floats are plain decimals. Everything else is its C(str()).
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _encode_float(value)
    return str(value)


def _encode_float(value: float) -> str:
    if not math.isfinite(value):
        return str(value)
    if value == int(value):
        return str(int(value))
    return format(Decimal(repr(value)), "f")


def flatten(params: Mapping[str, t.Any]) -> dict[str, str]:
    """Return the flat form of nested parameters: C(K.0), C(K.1.Field), C(K.Field).

    Empty lists and dictionaries vanish, as in the vendor's SDK: the API has no way to receive them. A list inside a
    list becomes its text, since no action takes one.
    """
    flat: dict[str, str] = {}
    for name, value in params.items():
        _flatten_into(flat, str(name), value)
    return flat


def _flatten_into(flat: dict[str, str], name: str, value: object, inside_list: bool = False) -> None:
    if isinstance(value, Mapping):
        for key, item in value.items():
            _flatten_into(flat, f"{name}.{key}", item)
    elif isinstance(value, (list, tuple)) and not inside_list:
        for index, item in enumerate(value):
            _flatten_into(flat, f"{name}.{index}", item, inside_list=True)
    else:
        flat[name] = encode(value)


def without_none(value: t.Any) -> t.Any:
    """Return a copy of nested parameters in which nothing is None, at any depth.

    An option that was not given must not reach the API: nested, it would be sent as the text "None".
    """
    if isinstance(value, Mapping):
        return {key: without_none(item) for key, item in value.items() if item is not None}
    if isinstance(value, (list, tuple)):
        return [without_none(item) for item in value if item is not None]
    return value


def canonical_text(fields: Mapping[str, str]) -> str:
    """Return the text that is signed, without the private key: names in code-point order, each with its value."""
    return "".join(name + fields[name] for name in sorted(fields))


def signature(fields: Mapping[str, str], private_key: str) -> str:
    """Return the signature of flat C(fields): 40 lower-case hexadecimal digits."""
    signed = canonical_text(fields) + private_key
    # The algorithm is the API's, not a choice of ours.
    return hashlib.sha1(signed.encode("utf-8"), usedforsecurity=False).hexdigest()


def signed_fields(params: Mapping[str, t.Any], public_key: str, private_key: str) -> dict[str, str]:
    """Return the form fields to send for C(params) (with C(Action)): flattened once, signed, and sent as they are."""
    fields = flatten(params)
    fields["PublicKey"] = public_key
    fields["Signature"] = signature(fields, private_key)
    return fields


def signed_json(params: Mapping[str, t.Any], public_key: str, private_key: str) -> bytes:
    """Return the JSON body to send for C(params) (with C(Action)): nested as they are, signed, numbers as signed.

    What is signed of a list are its elements, of a dictionary its sorted names and values, with nothing between them.
    """
    nested = {**params, "PublicKey": public_key}
    nested["Signature"] = signature({name: _json_signed(value) for name, value in nested.items()}, private_key)
    return _json_text(nested).encode("utf-8")


def _json_signed(value: object) -> str:
    if isinstance(value, Mapping):
        return canonical_text({str(name): _json_signed(item) for name, item in value.items()})
    if isinstance(value, (list, tuple)):
        return "".join(map(_json_signed, value))
    return encode(value)


def _json_text(value: object) -> str:
    """Return JSON in which every number has the digits that are signed; json.dumps() may write an exponent."""
    if isinstance(value, Mapping):
        members = ",".join(f"{json.dumps(str(name))}:{_json_text(item)}" for name, item in value.items())
        return f"{{{members}}}"
    if isinstance(value, (list, tuple)):
        return f"[{','.join(map(_json_text, value))}]"
    if isinstance(value, (bool, int)) or (isinstance(value, float) and math.isfinite(value)):
        return encode(value)
    return json.dumps(str(value), ensure_ascii=False)
