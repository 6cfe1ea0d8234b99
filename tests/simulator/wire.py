"""One request as it came over the wire: flat strings, and whether its signature is right.

Three forms are accepted: a POST with a form body, a GET with a query string, and a POST with a JSON body. The
signature covers every parameter but itself: sorted by key, key and value written one after the other with nothing
in between, the private key at the end, SHA-1 over UTF-8 in lower-case hex.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

SIGNATURE = "Signature"


class UnreadableRequest(Exception):
    """The body is neither a form nor a JSON object."""


@dataclass(frozen=True)
class WireRequest:
    """``flat``: dotted parameters as strings. ``signed``: the text that each top-level key puts into the signature.

    ``timestamp``: the header U-Timestamp-Ms, which the vendor's SDK sends.
    """

    flat: dict[str, str]
    signed: dict[str, str]
    is_json: bool = False
    timestamp: str | None = None

    @property
    def action(self) -> str:
        return self.flat.get("Action", "")

    @property
    def public_key(self) -> str:
        return self.flat.get("PublicKey", "")

    @property
    def signature(self) -> str:
        return self.flat.get(SIGNATURE, "")

    def is_signed_with(self, private_key: str) -> bool:
        """True when the signature that came is the one that this private key makes."""
        return hmac.compare_digest(signature_of(self.signed, private_key).encode(), self.signature.encode())


def signature_of(signed: Mapping[str, str], private_key: str) -> str:
    """The signature of these parameters; a ``Signature`` among them is omitted."""
    text = "".join(key + signed[key] for key in sorted(signed) if key != SIGNATURE)
    return hashlib.sha1((text + private_key).encode("utf-8"), usedforsecurity=False).hexdigest()


def read_request(method: str, query: str, content_type: str, body: bytes) -> WireRequest:
    """Read a request of any accepted form.

    :raises UnreadableRequest: when the body cannot be understood.
    """
    if method == "POST" and content_type.partition(";")[0].strip().lower() == "application/json":
        return _read_json(body)
    try:
        text = body.decode("ascii") if method == "POST" and body else query
        pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text), errors="strict")
    except ValueError as error:
        raise UnreadableRequest(str(error)) from error
    flat = dict(pairs)
    return WireRequest(flat=flat, signed=flat)


def _read_json(body: bytes) -> WireRequest:
    try:
        # Numbers keep the digits they came with: what was sent is what must have been signed.
        tree = json.loads(body, parse_int=str, parse_float=_number_text)
    except ValueError as error:
        raise UnreadableRequest(str(error)) from error
    if not isinstance(tree, dict):
        raise UnreadableRequest("the JSON body is not an object")
    flat: dict[str, str] = {}
    for key, value in tree.items():
        _flatten(key, value, flat)
    signed = {key: json_signed_text(value) for key, value in tree.items()}
    return WireRequest(flat=flat, signed=signed, is_json=True)


def _number_text(literal: str) -> str:
    """A float without a fraction is signed as an integer."""
    whole, point, fraction = literal.partition(".")
    return whole if point and not fraction.strip("0") else literal


def _flatten(key: str, value: Any, into: dict[str, str]) -> None:
    if isinstance(value, list):
        for index, element in enumerate(value):
            _flatten(f"{key}.{index}", element, into)
    elif isinstance(value, dict):
        for name, element in value.items():
            _flatten(f"{key}.{name}", element, into)
    elif value is not None:
        into[key] = json_signed_text(value)


def json_signed_text(value: Any) -> str:
    """Arrays are signed as their elements one after the other, maps as sorted keys and values."""
    if isinstance(value, list):
        return "".join(json_signed_text(element) for element in value)
    if isinstance(value, dict):
        return "".join(key + json_signed_text(value[key]) for key in sorted(value))
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
