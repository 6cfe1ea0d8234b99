from __future__ import annotations

import contextlib
import gc
import gzip
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from email.utils import format_datetime
from pathlib import Path
from random import Random
from typing import Any
from unittest import mock

import pytest
import requests
import urllib3

from ansible_collections.compshare.cloud.plugins.module_utils._api import http_session, options
from ansible_collections.compshare.cloud.plugins.module_utils._api import transport as transport_module
from ansible_collections.compshare.cloud.plugins.module_utils._api.clock import Clock
from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import OptionError, TransportError
from ansible_collections.compshare.cloud.plugins.module_utils._api.transport import Transport
from ansible_collections.compshare.cloud.plugins.module_utils._api.version import VERSION
from ansible_collections.compshare.cloud.tests.simulator.tls import context_of, make_self_signed

from ..fakes import FakeClock


class RawServer:
    """Responds to each request on a connection with the next bytes of a script; None closes without a response."""

    def __init__(self, script: list[bytes | None], tls: ssl.SSLContext | None = None) -> None:
        self._script = list(script)
        self._tls = tls
        self.requests: list[bytes] = []
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while self._script:
                connection, _address = self._listener.accept()
                self.connections += 1
                with contextlib.suppress(ssl.SSLError), contextlib.ExitStack() as open_sockets:
                    open_sockets.enter_context(connection)
                    if self._tls is not None:
                        connection = open_sockets.enter_context(self._tls.wrap_socket(connection, server_side=True))
                    while self._script and self._response(connection):
                        pass

    def _response(self, connection: socket.socket) -> bool:
        received = b""
        while b"\r\n\r\n" not in received or len(received.partition(b"\r\n\r\n")[2]) < _content_length(received):
            part = connection.recv(65536)
            if not part:
                return False
            received += part
        self.requests.append(received)
        response = self._script.pop(0)
        if response is not None:
            connection.sendall(response)
        return response is not None

    def close(self) -> None:
        self._listener.close()


class DrippingServer:
    """Responds to each connection with a beginning and then the same part again and again, as long as anybody reads."""

    def __init__(self, begin: bytes, part: bytes, *, pause: float = 0.02) -> None:
        self._begin, self._part, self._pause = begin, part, pause
        self.connections = 0
        self._closed = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self) -> DrippingServer:
        return self

    def __exit__(self, *_error: object) -> None:
        self._closed.set()
        self._listener.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _address = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._drip, args=(connection,), daemon=True).start()

    def _drip(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            connection.recv(65536)
            connection.sendall(self._begin)
            while not self._closed.wait(self._pause):
                connection.sendall(self._part)


class PlainServer(DrippingServer):
    """Responds to whatever comes, a TLS handshake too, as a server without TLS does."""

    def __init__(self) -> None:
        super().__init__(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", b"")


def _content_length(received: bytes) -> int:
    for line in received.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            return int(line.split(b":")[1])
    return 0


def response(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


@pytest.fixture
def server_of() -> Iterator[Callable[..., RawServer]]:
    servers: list[RawServer] = []

    def make(*script: bytes | None, tls: ssl.SSLContext | None = None) -> RawServer:
        servers.append(RawServer(list(script), tls))
        return servers[-1]

    yield make
    for server in servers:
        server.close()


def transport_to(url: str, **options: Any) -> Transport:
    return Transport(url, clock=options.pop("clock", Clock()), **options)


def test_a_form_is_posted_and_the_connection_kept(server_of: Callable[..., RawServer]) -> None:
    server = server_of(response(b"{}", "200 OK", "X-UCLOUD-REQUEST-UUID: abc"), response(b"[]"))
    transport = transport_to(server.url)
    first = transport.post({"Action": "A", "Name": "训 练&=+"}, 5)
    second = transport.post({"Action": "B"}, 5)
    transport.close()
    assert (first.status, first.body, first.request_id) == (200, b"{}", "abc")
    assert second.body == b"[]"
    assert server.connections == 1
    head, _blank, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST / HTTP/1.1\r\n")
    assert b"Content-Type: application/x-www-form-urlencoded" in head
    assert f"User-Agent: ansible-compshare/{VERSION}".encode() in head
    assert body == b"Action=A&Name=%E8%AE%AD+%E7%BB%83%26%3D%2B"


def test_json_is_posted_as_it_is(server_of: Callable[..., RawServer]) -> None:
    server = server_of(response(b"{}"))
    transport = transport_to(server.url)
    transport.post('{"Name":"训练"}'.encode(), 5)
    transport.close()
    head, _blank, body = server.requests[0].partition(b"\r\n\r\n")
    assert b"Content-Type: application/json" in head
    assert body == '{"Name":"训练"}'.encode()


def test_compressed_responses_are_read(server_of: Callable[..., RawServer]) -> None:
    server = server_of(response(gzip.compress(b'{"a":1}'), "200 OK", "Content-Encoding: gzip"))
    assert transport_to(server.url).post({}, 5).body == b'{"a":1}'


def test_responses_in_chunks_are_read_and_the_connection_kept(server_of: Callable[..., RawServer]) -> None:
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (b'{"a"', b":", b"1}", b""))
    in_chunks = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks
    server = server_of(in_chunks, in_chunks)
    transport = transport_to(server.url)
    assert [transport.post({}, 5).body for _number in range(2)] == [b'{"a":1}', b'{"a":1}']
    assert server.connections == 1


def test_a_redirect_is_returned_and_not_followed(server_of: Callable[..., RawServer]) -> None:
    target = server_of(response(b"{}"))
    server = server_of(response(b"", "307 Temporary Redirect", f"Location: {target.url}/"))
    found = transport_to(server.url).post({"Action": "A"}, 5)
    assert (found.status, found.location) == (307, f"{target.url}/")
    assert target.connections == 0


def test_the_body_of_a_redirect_is_limited_like_any_other(
    server_of: Callable[..., RawServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport_module, "BODY_LIMIT", 1024 * 1024)
    body = b" " * (2 * 1024 * 1024)
    server = server_of(response(body, "302 Found", "Location: https://elsewhere.invalid/"))
    assert str(fault_of(server.url)) == "the response is larger than 1 MB"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7.0), ("0", 0.0), ("soon", None), ("-1", None), ("１", None), ("9" * 400, 999999999.0)],
)
def test_retry_after_in_seconds(server_of: Callable[..., RawServer], header: str, seconds: float | None) -> None:
    server = server_of(response(b"", "429 Too Many Requests", "Retry-After: " + header.encode().decode("latin-1")))
    assert transport_to(server.url).post({}, 5).retry_after == seconds


def test_retry_after_as_a_date(server_of: Callable[..., RawServer]) -> None:
    clock = FakeClock()
    later = format_datetime(datetime.fromtimestamp(int(clock.epoch()) + 30, tz=timezone.utc), usegmt=True)
    server = server_of(response(b"", "503 Service Unavailable", f"Retry-After: {later}"))
    retry_after = transport_to(server.url, clock=clock).post({}, 5).retry_after
    assert retry_after == pytest.approx(30, abs=1)


def fault_of(url: str, timeout: float = 5, **options: Any) -> TransportError:
    with pytest.raises(TransportError) as caught:
        transport_to(url, **options).post({"Action": "A"}, timeout)
    return caught.value


@pytest.mark.parametrize("urllib3_release", ["1.25", "any later"])
def test_a_refused_connection_was_not_reached(urllib3_release: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if urllib3_release == "1.25":
        monkeypatch.delattr(urllib3.exceptions, "ProxySchemeUnsupported")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    fault = fault_of(f"http://127.0.0.1:{port}")
    assert str(fault) == "127.0.0.1 cannot be reached (Connection refused)"
    assert not fault.reached
    assert not fault.lasting


def test_a_connection_closed_without_a_response_may_have_reached(server_of: Callable[..., RawServer]) -> None:
    fault = fault_of(server_of(None).url)
    assert str(fault).startswith("the connection to 127.0.0.1 broke")
    assert fault.reached


def test_a_response_cut_off_may_have_reached(server_of: Callable[..., RawServer]) -> None:
    fault = fault_of(server_of(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\nConnection: close\r\n\r\n{}", None).url, 0.2)
    assert fault.reached


def test_silence_ends_with_the_time_out(server_of: Callable[..., RawServer]) -> None:
    fault = fault_of(server_of(b"", b"").url, 0.2)
    assert str(fault) == "no complete response came within 0.2 s"
    assert fault.reached


#: A compressed body that begins with a block of 65535 bytes.
GZIPPED = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"")[:10] + b"\1\xff\xff\0\0"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("begin", "part"),
    [
        (b"", b"H"),
        (b"HTTP/1.1 2", b"0"),
        (b"HTTP/1.1 200 OK\r\nX: ", b"x"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"{"),
        (b"HTTP/1.1 200 OK\r\n\r\n", b"{"),
        (CHUNKED, b"1\r\n{\r\n"),
        (CHUNKED + b"1", b"0"),
        (CHUNKED + b"2\r\n{}\r\n0\r\n", b"X: x\r\n"),
        (GZIPPED, b"x"),
    ],
    ids=[
        "status line",
        "status",
        "header",
        "100-continue",
        "body",
        "body of any length",
        "chunks",
        "length of a chunk",
        "trailers",
        "compressed body",
    ],
)
def test_whatever_drips_ends_with_the_time_out(begin: bytes, part: bytes) -> None:
    with DrippingServer(begin, part) as server:
        began = time.monotonic()
        fault = fault_of(server.url, 0.3)
        assert time.monotonic() - began < 2
    assert str(fault) == "no complete response came within 0.3 s"
    assert fault.reached


def test_a_flood_of_100_continue_ends_with_the_time_out() -> None:
    with DrippingServer(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100, pause=0.0) as server:
        began = time.monotonic()
        assert fault_of(server.url, 0.3).reached
        assert time.monotonic() - began < 5


def test_a_connection_that_a_watchdog_has_ended_is_not_used_again() -> None:
    with DrippingServer(b"HTTP/1.1 200 OK\r\n\r\n", b"{") as server:
        transport = transport_to(server.url)
        for _request in range(2):
            with pytest.raises(TransportError, match="no complete response"):
                transport.post({}, 0.2)
        assert server.connections == 2


def test_a_time_out_ends_no_later_request_on_the_same_connection(server_of: Callable[..., RawServer]) -> None:
    server = server_of(*[response(b"{}")] * 3)
    transport = transport_to(server.url)
    transport.post({}, 5)
    exchanges: list[Any] = []
    real = http_session.Exchange.end

    def end(exchange: Any) -> None:
        exchanges.append(exchange)
        real(exchange)

    with mock.patch.object(http_session.Exchange, "end", end):
        transport.post({}, 5)
        exchanges[0].expire()  # too late: the request is over
        assert transport.post({}, 5).body == b"{}"
    assert server.connections == 1


@pytest.mark.slow
def test_no_file_and_no_thread_stays(server_of: Callable[..., RawServer]) -> None:
    server = server_of(*[response(b"{}", "200 OK", "Connection: close"), response(b"{}"), None] * 5)
    transport = transport_to(server.url)

    def post() -> None:
        with contextlib.suppress(TransportError):
            transport.post({}, 5)

    def open_files() -> int:
        transport.close()
        gc.collect()
        return len(os.listdir("/proc/self/fd"))

    for _request in range(6):
        post()
    before = open_files()
    for _request in range(9):
        post()
    assert open_files() == before
    for watchdog in watchdogs():
        watchdog.join(5)
        assert not watchdog.is_alive()


def watchdogs() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "watchdog"]


def test_one_thread_ends_all_requests_each_at_its_time() -> None:
    def fault_after(timeout: float) -> tuple[str, float]:
        began = time.monotonic()
        with pytest.raises(TransportError) as failed:
            transport_to(server.url).post({}, timeout)
        return str(failed.value), time.monotonic() - began

    timeouts = [1.2, 0.9, 0.6, 0.3]
    with DrippingServer(b"HTTP/1.1 200 OK\r\n\r\n", b"{") as server, ThreadPoolExecutor(len(timeouts)) as threads:
        faults = [threads.submit(fault_after, timeout) for timeout in timeouts]
        faults[-1].result()
        assert len(watchdogs()) == 1
        for timeout, fault in zip(timeouts, faults):
            message, seconds = fault.result()
            assert message.startswith("no complete response came within")
            assert timeout <= seconds < timeout + 5


def test_a_time_out_ends_a_request_of_a_fork() -> None:
    with DrippingServer(b"HTTP/1.1 200 OK\r\n\r\n", b"{") as server:
        code = f"""
import os, threading
from {http_session.__package__}.clock import Clock
from {http_session.__package__}.errors import TransportError
from {http_session.__package__}.transport import Transport
def hang(timeout):
    try:
        Transport({server.url!r}, clock=Clock()).post({{}}, timeout)
    except TransportError:
        return 0
parent = threading.Thread(target=hang, args=[60], daemon=True)
parent.start()
while not any(thread.name == "watchdog" for thread in threading.enumerate()):
    parent.join(0.01)
child = os.fork()
if not child:
    os._exit(hang(0.3))
assert os.waitpid(child, 0)[1] == 0
"""
        subprocess.run(
            [sys.executable, "-c", code],
            check=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            timeout=30,
        )


@pytest.mark.parametrize("encoding", ["gzip, gzip", "gzip,gzip,gzip", "br", "zstd", "deflate", "gzip, br"])
def test_only_one_layer_of_compression_is_undone(server_of: Callable[..., RawServer], encoding: str) -> None:
    bomb = gzip.compress(gzip.compress(b" " * (1024 * 1024)))
    fault = fault_of(server_of(response(bomb, "200 OK", f"Content-Encoding: {encoding}")).url)
    assert str(fault) == f"the response is encoded as {encoding.replace(',gzip', ', gzip')}, which was not requested"
    assert fault.reached and fault.lasting


@pytest.mark.slow
def test_a_body_is_counted_while_it_is_decompressed(server_of: Callable[..., RawServer]) -> None:
    """A piece of 64 KB can become 64 MB."""
    bomb = gzip.compress(b" " * (200 * 1024 * 1024), 9)
    server = server_of(response(bomb, "200 OK", "Content-Encoding: gzip"))
    tracemalloc.start()
    try:
        fault = fault_of(server.url)
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert str(fault) == "the response is larger than 64 MB"
    assert peak < 80 * 1024 * 1024


def test_only_gzip_is_requested(server_of: Callable[..., RawServer]) -> None:
    server = server_of(response(b"{}"))
    transport_to(server.url).post({}, 5)
    assert b"Accept-Encoding: gzip\r\n" in server.requests[0]


def test_a_response_too_large_is_not_read(server_of: Callable[..., RawServer], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport_module, "BODY_LIMIT", 1024 * 1024)
    bomb = gzip.compress(b" " * (8 * 1024 * 1024))
    fault = fault_of(server_of(response(bomb, "200 OK", "Content-Encoding: gzip")).url)
    assert str(fault) == "the response is larger than 1 MB"
    assert fault.lasting


def test_a_body_that_cannot_be_decompressed_is_a_fault(server_of: Callable[..., RawServer]) -> None:
    assert fault_of(server_of(response(b"no gzip", "200 OK", "Content-Encoding: gzip")).url).reached


@pytest.mark.parametrize("length", [0, 1, 10, 20, -1])
def test_a_compressed_body_that_stops_is_a_fault(server_of: Callable[..., RawServer], length: int) -> None:
    whole = gzip.compress(b'{"a": [1, 2, 3]}')
    fault = fault_of(server_of(response(whole[:length], "200 OK", "Content-Encoding: gzip")).url)
    assert str(fault) == "the compressed response is not complete"
    assert fault.reached


@pytest.mark.parametrize("size", [0, 1, 65535, 65536, 65537, 200000, 1 << 20])
def test_compressed_bodies_of_any_size_are_whole(server_of: Callable[..., RawServer], size: int) -> None:
    for body in (b"x" * size, Random(size).randbytes(size)):
        server = server_of(response(gzip.compress(body), "200 OK", "Content-Encoding: gzip"))
        assert transport_to(server.url).post({}, 5).body == body


def test_loopback_goes_past_any_proxy(server_of: Callable[..., RawServer], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert transport_to(server_of(response(b"{}")).url).post({}, 5).body == b"{}"


def test_a_password_file_and_cookies_are_left_alone(
    server_of: Callable[..., RawServer], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password netrc-password\n", encoding="utf-8")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    server = server_of(response(b"{}", "200 OK", "Set-Cookie: track=me"), response(b"{}"))
    # As to another machine: on this one, nothing of the environment applies.
    session = http_session.HttpSession(server.url, "127.0.0.1", verify=True, use_proxies=True, parallel=1)
    session.post({}, 5, 100)
    session.post({}, 5, 100)
    assert len(server.requests) == 2
    assert not any(b"Authorization" in request or b"Cookie" in request for request in server.requests)


def test_without_requests_the_error_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "requests", None)
    monkeypatch.delitem(sys.modules, http_session.__name__)
    transport = transport_to("https://api.compshare.cn")
    with pytest.raises(OptionError, match="pip install requests"):
        transport.post({}, 5)


def test_requests_is_imported_for_the_first_request_only() -> None:
    code = (
        "import sys\n"
        f"from {transport_module.__package__}.client import Client\n"
        "client = Client.from_options({'public_key': 'k' * 8, 'private_key': 'p', 'api_url': 'http://127.0.0.1:9'})\n"
        "assert not {'requests', 'urllib3', 'ssl'} & sys.modules.keys(), sorted(sys.modules)\n"
    )
    subprocess.run(
        [sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    )


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1, which is its own authority, and its key."""
    return make_self_signed(tmp_path)


def test_a_certificate_is_checked_by_default(
    server_of: Callable[..., RawServer], certificate: tuple[Path, Path]
) -> None:
    server = server_of(*[response(b"ok")] * 2, tls=context_of(*certificate))
    with pytest.raises(TransportError, match=r"the certificate of 127\.0\.0\.1 is not valid") as refused:
        transport_to(server.url).post({}, 5)
    assert (refused.value.reached, refused.value.lasting, server.requests) == (False, True, [])
    assert transport_to(server.url, ca_path=str(certificate[0])).post({}, 5).body == b"ok"
    assert transport_to(server.url, validate_certs=False).post({}, 5).body == b"ok"


@pytest.fixture
def trusted_by_default(monkeypatch: pytest.MonkeyPatch, certificate: tuple[Path, Path]) -> Iterator[list[str]]:
    """A certificate that requests trusts if nobody names others; returns the certificates that are loaded, in order."""
    loaded: list[str] = []
    load = ssl.SSLContext.load_verify_locations

    def counted(context: ssl.SSLContext, cafile: str | None = None, *rest: Any, **named: Any) -> None:
        loaded.append(str(cafile))
        load(context, cafile, *rest, **named)

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", counted)
    for owner in (requests.utils, requests.adapters):
        monkeypatch.setattr(owner, "DEFAULT_CA_BUNDLE_PATH", str(certificate[0]))
    http_session.default_trust.cache_clear()
    yield loaded
    http_session.default_trust.cache_clear()


def test_the_certificates_of_requests_are_loaded_once_for_all_connections(
    server_of: Callable[..., RawServer], certificate: tuple[Path, Path], trusted_by_default: list[str]
) -> None:
    closing = response(b"ok", "200 OK", "Connection: close")
    server = server_of(*[closing] * 3, tls=context_of(*certificate))
    first, second = transport_to(server.url), transport_to(server.url)
    assert [one.post({}, 5).body for one in (first, first, second)] == [b"ok"] * 3
    assert trusted_by_default == [str(certificate[0])]


def test_the_certificates_of_ca_path_are_loaded_once_for_all_connections(
    server_of: Callable[..., RawServer], certificate: tuple[Path, Path], trusted_by_default: list[str]
) -> None:
    closing = response(b"ok", "200 OK", "Connection: close")
    server = server_of(*[closing] * 3, tls=context_of(*certificate))
    transport = transport_to(server.url, ca_path=str(certificate[0]))
    assert [transport.post({}, 5).body for _connection in range(3)] == [b"ok"] * 3
    assert (server.connections, trusted_by_default) == (3, [str(certificate[0])])


def test_forks_use_the_certificates_that_were_loaded_before(
    server_of: Callable[..., RawServer], certificate: tuple[Path, Path]
) -> None:
    server = server_of(*[response(b"ok")] * 2, tls=context_of(*certificate))
    code = f"""
import os, requests, sys
from {http_session.__package__} import http_session
from {http_session.__package__}.clock import Clock
from {http_session.__package__}.transport import Transport
requests.utils.DEFAULT_CA_BUNDLE_PATH = {str(certificate[0])!r}
assert http_session.default_trust()
http_session.ssl.SSLContext.load_verify_locations = None
for _fork in range(2):
    child = os.fork()
    if not child:
        os._exit(Transport({server.url!r}, clock=Clock()).post({{}}, 5).body != b"ok")
    assert os.waitpid(child, 0)[1] == 0
"""
    subprocess.run(
        [sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    )
    assert len(server.requests) == 2


def test_what_is_trusted_by_default_is_trusted_nowhere_else(
    server_of: Callable[..., RawServer], certificate: tuple[Path, Path], trusted_by_default: list[str], tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    other = make_self_signed(tmp_path / "other")
    server = server_of(*[response(b"ok")] * 3, tls=context_of(*certificate))
    with pytest.raises(TransportError, match=r"the certificate of 127\.0\.0\.1 is not valid"):
        transport_to(server.url, ca_path=str(other[0])).post({}, 5)
    assert transport_to(server.url, validate_certs=False).post({}, 5).body == b"ok"
    assert transport_to(server.url).post({}, 5).body == b"ok"
    elsewhere = server_of(response(b"ok"), tls=context_of(*other))
    with pytest.raises(TransportError, match=r"the certificate of 127\.0\.0\.1 is not valid"):
        transport_to(elsewhere.url).post({}, 5)


def test_certificates_that_cannot_be_loaded_are_left_to_requests(
    server_of: Callable[..., RawServer], certificate: tuple[Path, Path], trusted_by_default: list[str]
) -> None:
    server = server_of(response(b"ok"), tls=context_of(*certificate))
    certificate[0].write_text("no certificate", encoding="utf-8")
    assert fault_of(server.url).reached is False
    assert trusted_by_default == [str(certificate[0])] * 2


def test_the_bundle_that_the_environment_names_is_trusted(
    server_of: Callable[..., RawServer],
    monkeypatch: pytest.MonkeyPatch,
    certificate: tuple[Path, Path],
    tmp_path: Path,
) -> None:
    broken = tmp_path / "broken.pem"
    broken.write_text("no certificate", encoding="utf-8")
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CURL_CA_BUNDLE", str(certificate[0]))
    server = server_of(*[response(b"ok")] * 3, tls=context_of(*certificate))
    # Connections to this machine go past the environment's proxies, which requests only knows with its bundles.
    monkeypatch.setattr(options, "_is_loopback", lambda _host: False)
    assert transport_to(server.url).post({}, 5).body == b"ok"
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(broken))
    with pytest.raises(OptionError, match=r"The certificates in .*broken\.pem cannot be used") as refused:
        transport_to(server.url).post({}, 5)
    assert "REQUESTS_CA_BUNDLE" in (refused.value.hint or "")
    assert transport_to(server.url, ca_path=str(certificate[0])).post({}, 5).body == b"ok"
    assert transport_to(server.url, validate_certs=False).post({}, 5).body == b"ok"


@pytest.mark.parametrize("named", ["file", "folder"])
def test_certificates_may_be_in_a_file_or_a_folder(certificate: tuple[Path, Path], named: str) -> None:
    path = certificate[0] if named == "file" else certificate[0].parent
    with pytest.raises(TransportError, match=r"a\.invalid cannot be reached"):
        transport_to("https://a.invalid", ca_path=str(path)).post({}, 5)


def test_an_unknown_issuer_names_ca_path(server_of: Callable[..., RawServer], certificate: tuple[Path, Path]) -> None:
    fault = fault_of(server_of(response(b"ok"), tls=context_of(*certificate)).url)
    assert "self-signed certificate" in str(fault) or "self signed certificate" in str(fault)
    assert "ca_path" in (fault.hint or "")


def test_tls_to_a_plain_port_says_so(server_of: Callable[..., RawServer]) -> None:
    server = server_of(b"HTTP/1.1 400 Bad Request\r\n\r\n", None)
    with PlainServer() as plain:
        fault = fault_of(f"https://127.0.0.1:{plain.port}")
    assert str(fault) == "127.0.0.1 does not speak TLS at this port"
    assert (fault.reached, fault.lasting, fault.hint) == (False, True, "Check api_url.")
    assert server.connections == 0


def test_an_unexpected_error_after_the_request_is_a_broken_connection() -> None:
    session = transport_to("https://api.compshare.invalid")._open_session()
    exchange = http_session.Exchange(threading.Lock())
    exchange.sent = True
    fault = session._fault(requests.exceptions.ConnectionError("odd"), exchange, 5)
    assert (str(fault), fault.reached) == ("the connection to api.compshare.invalid broke", True)
