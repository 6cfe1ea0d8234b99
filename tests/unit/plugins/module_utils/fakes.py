"""Stand-ins for what lies below the piece under test."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Union

from ansible_collections.compshare.cloud.plugins.module_utils._api.client import Client, Scope
from ansible_collections.compshare.cloud.plugins.module_utils._api.credentials import Credentials
from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import TransportError
from ansible_collections.compshare.cloud.plugins.module_utils._api.transport import HttpResponse

Reply = Union[HttpResponse, TransportError]


class FakeClock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    def epoch(self) -> float:
        return 1_790_000_000 + self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += max(0.0, seconds)


class FakeTransport:
    """Responds from a script, one reply for each request, or from a function of the request's fields."""

    url = "https://api.compshare.cn/"

    def __init__(self, replies: Iterable[Reply] | Callable[[Mapping[str, str]], Reply]) -> None:
        self._response = replies if callable(replies) else None
        self._script = [] if callable(replies) else list(replies)
        self.requests: list[dict[str, str]] = []
        self.timeouts: list[float] = []

    def post(self, body: Mapping[str, str] | bytes, timeout: float) -> HttpResponse:
        fields = json.loads(body) if isinstance(body, bytes) else dict(body)
        self.requests.append(fields)
        self.timeouts.append(timeout)
        reply = self._response(fields) if self._response else self._script.pop(0)
        if isinstance(reply, TransportError):
            raise reply
        return reply

    def assert_all_used(self) -> None:
        assert not self._script


def reply(
    body: Any, *, status: int = 200, retry_after: float | None = None, location: str | None = None
) -> HttpResponse:
    """Return an HTTP response; a body that is not bytes is sent as JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpResponse(status, raw, "request-1", retry_after, location)


def refusal(ret_code: int, message: str | None = None) -> HttpResponse:
    """Return the API's response with a RetCode that is not 0."""
    return reply({"Action": "XResponse", "RetCode": ret_code, **({"Message": message} if message else {})})


def success(**content: Any) -> HttpResponse:
    """Return the API's response with RetCode 0."""
    return reply({"RetCode": 0, **content})


def client_of(
    replies: Iterable[Reply] | Callable[[Mapping[str, str]], Reply], *, scope: Scope | None = None, **options: Any
) -> tuple[Client, FakeTransport, FakeClock]:
    """Return a client over a fake transport and clock, and these two."""
    transport, clock = FakeTransport(replies), FakeClock()
    credentials = Credentials("public-key-0001", "private-key-0001")
    client = Client(transport, credentials, scope=scope, clock=clock, **options)  # type: ignore[arg-type]
    return client, transport, clock
