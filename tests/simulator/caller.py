"""A small signed caller, for tests of the simulator and for a look at a world by hand."""

from __future__ import annotations

from typing import Any

import requests

from .wire import SIGNATURE, json_signed_text, signature_of
from .world import World


class Caller:
    """Signs and sends one request after the other on a kept-alive connection.

    :param timeout: seconds for connecting and for each read.
    """

    def __init__(self, url: str, public_key: str, private_key: str, timeout: float = 10.0) -> None:
        self.url = url
        self._public_key = public_key
        self._private_key = private_key
        self._timeout = timeout
        self.session = requests.Session()
        self.session.trust_env = False

    @classmethod
    def of(cls, world: World, timeout: float = 10.0) -> Caller:
        return cls(world.url, world.public_key, world.private_key, timeout)

    def signed(self, action: str, params: dict[str, Any]) -> dict[str, str]:
        """The flat, signed form of a request."""
        flat: dict[str, str] = {"Action": action, "PublicKey": self._public_key}
        for name, value in params.items():
            _flatten(name, value, flat)
        flat[SIGNATURE] = signature_of(flat, self._private_key)
        return flat

    def post(self, action: str, **params: Any) -> requests.Response:
        return self.session.post(
            self.url, data=self.signed(action, params), timeout=self._timeout, allow_redirects=False
        )

    def post_json(self, action: str, params: dict[str, Any]) -> requests.Response:
        """The same with a JSON body, in which lists stay lists."""
        body: dict[str, Any] = {"Action": action, "PublicKey": self._public_key, **params}
        body[SIGNATURE] = signature_of(
            {name: json_signed_text(value) for name, value in body.items()}, self._private_key
        )
        return self.session.post(self.url, json=body, timeout=self._timeout, allow_redirects=False)

    def call(self, action: str, **params: Any) -> dict[str, Any]:
        """The response, whatever its RetCode."""
        response: dict[str, Any] = self.post(action, **params).json()
        return response

    def rows(self, action: str, key: str, **params: Any) -> list[dict[str, Any]]:
        """All rows of a list, page by page until one is empty."""
        rows: list[dict[str, Any]] = []
        while True:
            page = self.call(action, **params, Limit=100, Offset=len(rows))[key]
            if not page:
                return rows
            rows += page


def _flatten(name: str, value: Any, into: dict[str, str]) -> None:
    if isinstance(value, dict):
        for key, one in value.items():
            _flatten(f"{name}.{key}", one, into)
    elif isinstance(value, (list, tuple)):
        for index, one in enumerate(value):
            _flatten(f"{name}.{index}", one, into)
    elif isinstance(value, bool):
        into[name] = "true" if value else "false"
    else:
        into[name] = str(value)
