"""A proxy that takes CONNECT, and loses requests on the way at a chosen point.

It ends TLS itself, with a certificate that the client trusts, so that it knows exactly what was sent when it breaks.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType

#: Where a connection is lost. The request takes effect only in the last ones.
REFUSED, BUSY, SILENT, DROPPED, HANDSHAKE = "refused", "busy", "silent", "dropped", "handshake"
BEFORE_FORWARD, AFTER_FORWARD, DRIPPED = "before forward", "after forward", "dripped"
#: Faults of connections that no byte of the request can have left on.
NOTHING_SENT = (REFUSED, BUSY, SILENT, DROPPED, HANDSHAKE)
#: The host names that the certificate is for: not this machine's, which no client requests from a proxy.
HOST = "api.compshare.test"

Forward = Callable[[bytes], bytes]


class ConnectProxy:
    """Responds to CONNECT on loopback; the connection number ``strikes`` meets ``fault``, every one if it is None.

    ``forward`` takes each request as it was sent, and returns the response. With ``single``, a tunnel carries one
    request only.
    """

    def __init__(
        self,
        tls: ssl.SSLContext,
        forward: Forward,
        *,
        fault: str | None = None,
        strikes: int | None = None,
        single: bool = False,
    ) -> None:
        self._tls = tls
        self._forward = forward
        self._fault = fault
        self._strikes = strikes
        self._single = single
        self.connects = 0
        self.forwarded: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._closed = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self) -> ConnectProxy:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed.set()
        self._listener.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _address = self._listener.accept()
                threading.Thread(target=self._handle, args=(connection,), daemon=True).start()

    def _handle(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            head = read_request(connection)
            if head is None or not head.startswith(b"CONNECT "):
                return
            self.connects += 1
            fault = self._fault if self._strikes in (None, self.connects) else None
            if fault == REFUSED:
                connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            elif fault == BUSY:
                connection.sendall(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
            elif fault == SILENT:
                self._closed.wait(30)
            elif fault != DROPPED:
                connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                if fault == HANDSHAKE:
                    connection.recv(1)
                    return
                with self._tls.wrap_socket(connection, server_side=True) as inside:
                    self._relay(inside, fault)

    def _relay(self, inside: ssl.SSLSocket, fault: str | None) -> None:
        while (request := read_request(inside)) is not None:
            if fault == BEFORE_FORWARD:
                return _reset(inside)
            self.forwarded.append(request)
            response = self._forward(request)
            if fault == AFTER_FORWARD:
                return _reset(inside)
            if fault == DRIPPED:
                for byte in response:
                    inside.sendall(bytes([byte]))
                    if self._closed.wait(0.05):
                        return None
            else:
                if self._single:
                    response = response.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
                inside.sendall(response)
            if self._single:
                return None
        return None


def _reset(connection: socket.socket) -> None:
    """Close with a TCP reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def read_request(connection: socket.socket) -> bytes | None:
    """Return a whole request, head and body; None at the end of the connection."""
    received = b""
    while True:
        head, blank, body = received.partition(b"\r\n\r\n")
        if blank and len(body) >= content_length(head):
            return received
        part = connection.recv(65536)
        if not part:
            return None
        received += part


def content_length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            return int(line.split(b":")[1])
    return 0


def to_address(host: str, port: int) -> Forward:
    """Return what forwards requests to a server that speaks plain HTTP."""

    def forward(request: bytes) -> bytes:
        request = request.replace(b"Connection: keep-alive", b"Connection: close")
        with socket.create_connection((host, port)) as server:
            server.sendall(request)
            return b"".join(_all_of(server))

    return forward


def _all_of(connection: socket.socket) -> Iterator[bytes]:
    while part := connection.recv(65536):
        yield part


def tls_for_test_host(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """Return the TLS settings of a server named HOST, and the file with the certificate to trust."""
    # Not at the top: the simulator's tools import it only where TLS is used, too.
    from ansible_collections.compshare.cloud.tests.simulator.tls import context_of, make_self_signed

    certificate, key = make_self_signed(folder, HOST)
    return context_of(certificate, key), certificate
