"""Carrying faults out on the connection, and writing ordinary responses."""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
import struct
from typing import TYPE_CHECKING, Any

from aiohttp import web

from .dispatch import Exchange, refusal
from .fault_rules import FaultRule

if TYPE_CHECKING:
    from .server import Server

REQUEST_ID_HEADER = "X-UCLOUD-REQUEST-UUID"
LIST_KEYS = ("ImageSet", "CompshareImageGroup", "UHostSet", "ZoneInfo", "AvailableInstanceTypes", "AccountSet", "Tags")
HTML = "<html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>"


def encode(response: Any) -> bytes:
    try:
        return json.dumps(response, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:  # a planted lone surrogate
        return json.dumps(response, separators=(",", ":")).encode()


def render(response: Any, exchange: Exchange) -> web.Response:
    """An ordinary response: HTTP 200, whatever its RetCode."""
    return _response(encode(response), exchange)


def _response(
    body: bytes, exchange: Exchange, *, status: int = 200, content_type: str = "application/json", **headers: str
) -> web.Response:
    headers[REQUEST_ID_HEADER] = exchange.request_id
    return web.Response(body=body, status=status, content_type=content_type, headers=headers)


async def respond_with_fault(request: web.Request, exchange: Exchange, server: Server) -> web.StreamResponse:
    """Respond to a request that a fault strikes: the action's effect first, if it takes effect, then the fault."""
    rule = exchange.fault
    assert rule is not None
    if rule.kind == "slow":
        return await _slow(rule, exchange)
    response: dict[str, Any] = exchange.carry_out() if rule.takes_effect else {}
    if rule.kind in ("reset_before", "reset_after"):
        return _drop(request, reset=True)
    if rule.kind in ("close_before", "close_after"):
        return _drop(request, reset=False)
    if rule.kind == "refuse":
        server.refuse(rule.seconds)
        return _drop(request, reset=True)
    if rule.kind == "drip":
        return await _in_pieces(request, exchange, encode(response), seconds=_real_seconds(rule, exchange))
    if rule.kind in _ENDLESS:
        return await _endless(request, rule, exchange, encode(response))
    if rule.kind == "layers":
        twice = gzip.compress(gzip.compress(encode(response)))
        return _response(twice, exchange, status=200, content_type="application/json", **_TWO_LAYERS)
    if rule.kind == "huge":
        return await _huge(request, exchange, response, rule.size)
    if rule.kind == "cut_off":
        return await _cut_off(request, exchange, encode(response))
    return _odd_response(rule, exchange, response)


def _odd_response(rule: FaultRule, exchange: Exchange, response: dict[str, Any]) -> web.Response:
    if rule.kind == "ret_code":
        message = rule.message or f"Injected RetCode {rule.code}"
        if exchange.entry is not None:
            exchange.entry["ret_code"] = rule.code
        return render(refusal(exchange.wire, rule.code, message), exchange)
    if rule.kind == "http":
        headers = dict(rule.headers)
        if rule.retry_after is not None:
            headers["Retry-After"] = str(rule.retry_after)
        page = HTML if rule.body is None else rule.body
        return _response(page.encode(), exchange, status=rule.status or 502, content_type="text/html", **headers)
    if rule.kind == "redirect":
        return _response(b"", exchange, status=rule.status or 302, Location=rule.location)
    if rule.kind == "raw":
        body = (rule.body or "").encode("utf-8", "surrogateescape")
        return _response(body, exchange, status=rule.status or 200, **rule.headers)
    if rule.kind == "html":
        return _response(HTML.encode(), exchange, content_type="text/html")
    if rule.kind == "truncated":
        whole = encode(response)
        return _response(whole[: max(1, len(whole) * 2 // 3)], exchange)
    if rule.kind == "empty":
        return _response(b"", exchange)
    if rule.kind == "json_list":
        return render([response], exchange)
    if rule.kind == "no_ret_code":
        return render({key: value for key, value in response.items() if key != "RetCode"}, exchange)
    stand_in = None if rule.kind == "null_list" else "not a list"
    return render({key: stand_in if key in LIST_KEYS else value for key, value in response.items()}, exchange)


async def _slow(rule: FaultRule, exchange: Exchange) -> web.Response:
    if rule.late:
        await asyncio.sleep(_real_seconds(rule, exchange))
        return render(exchange.carry_out(), exchange)
    response = render(exchange.carry_out(), exchange)  # as things are now, not as they are after the delay
    await asyncio.sleep(_real_seconds(rule, exchange))
    return response


def _real_seconds(rule: FaultRule, exchange: Exchange) -> float:
    """The delay in real seconds; one in world seconds shrinks with the world's speed."""
    speed = exchange.world.clock.speed if exchange.world is not None else 0
    return rule.seconds / speed if rule.clock == "world" and speed else rule.seconds


def _drop(request: web.Request, *, reset: bool) -> web.Response:
    """End the connection without a response: with a TCP reset, or with an orderly close."""
    transport = request.transport
    if transport is not None:
        connection = transport.get_extra_info("socket")
        if reset and connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    return web.Response()


async def _start(request: web.Request, exchange: Exchange, length: int) -> web.StreamResponse:
    response = web.StreamResponse(headers={REQUEST_ID_HEADER: exchange.request_id})
    response.content_type = "application/json"
    response.content_length = length
    await response.prepare(request)
    return response


async def _in_pieces(request: web.Request, exchange: Exchange, body: bytes, seconds: float) -> web.StreamResponse:
    response = await _start(request, exchange, len(body))
    pieces = 20
    size = max(1, len(body) // pieces + 1)
    try:
        for at in range(0, len(body), size):
            await response.write(body[at : at + size])
            await asyncio.sleep(seconds / pieces)
        await response.write_eof()
    except ConnectionError:
        pass  # the client gave up, which is what this fault is for
    return response


_TWO_LAYERS = {"Content-Encoding": "gzip, gzip"}
#: What comes first, with the body where ``%b`` stands, and what follows again and again.
_ENDLESS = {
    "drip_head": (b"HTTP/1.1 200 OK\r\nX-Padding: ", b"x"),
    "continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "trailers": (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n%b\r\n0\r\n",
        b"X-Padding: x\r\n",
    ),
}


async def _endless(request: web.Request, rule: FaultRule, exchange: Exchange, body: bytes) -> web.Response:
    """Send a response that does not come to its end within ``seconds``, past the library that would not do it."""
    begin, part = _ENDLESS[rule.kind]
    connection = request.transport
    if connection is not None:
        connection.write(begin.replace(b"%b", b"%x\r\n%b" % (len(body), body)))
        pieces = 40
        for _piece in range(pieces):
            if connection.is_closing():
                break
            connection.write(part)
            await asyncio.sleep(_real_seconds(rule, exchange) / pieces)
    return _drop(request, reset=False)


async def _huge(request: web.Request, exchange: Exchange, whole: dict[str, Any], size: int) -> web.StreamResponse:
    """The right response with a long field in it."""
    head, tail = encode({**whole, "Padding": ""})[:-2], b'"}'
    response = await _start(request, exchange, len(head) + size + len(tail))
    try:
        await response.write(head)
        left = size
        while left > 0:
            piece = min(left, 1 << 16)
            await response.write(b"x" * piece)
            left -= piece
        await response.write(tail)
        await response.write_eof()
    except ConnectionError:
        pass  # the client read as much as it needed
    return response


async def _cut_off(request: web.Request, exchange: Exchange, body: bytes) -> web.StreamResponse:
    """Promise the whole body, send half of it, and close."""
    response = await _start(request, exchange, len(body))
    with_half = body[: len(body) // 2]
    try:
        await response.write(with_half)
        await asyncio.sleep(0)
    except ConnectionError:
        pass  # the client was faster
    if request.transport is not None:
        request.transport.close()
    return response
