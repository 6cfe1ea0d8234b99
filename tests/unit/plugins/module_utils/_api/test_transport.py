from __future__ import annotations

import contextlib
import gzip
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from ansible_collections.compshare.cloud.plugins.module_utils._api import transport as transport_module
from ansible_collections.compshare.cloud.plugins.module_utils._api.clock import Clock
from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import OptionError
from ansible_collections.compshare.cloud.plugins.module_utils._api.transport import (
    Transport,
    TransportError,
    check_api_url,
)
from ansible_collections.compshare.cloud.plugins.module_utils._api.version import VERSION
from ansible_collections.compshare.cloud.tests.simulator.tls import context_of, make_self_signed

from ..fakes import FakeClock


class RawServer:
    """Answers each request on a connection with the next bytes of a script; None closes without an answer."""

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
                    while self._script and self._answer(connection):
                        pass

    def _answer(self, connection: socket.socket) -> bool:
        received = b""
        while b"\r\n\r\n" not in received or len(received.partition(b"\r\n\r\n")[2]) < _content_length(received):
            part = connection.recv(65536)
            if not part:
                return False
            received += part
        self.requests.append(received)
        answer = self._script.pop(0)
        if answer is not None:
            connection.sendall(answer)
        return answer is not None

    def close(self) -> None:
        self._listener.close()


def _content_length(received: bytes) -> int:
    for line in received.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            return int(line.split(b":")[1])
    return 0


def answer(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
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
    server = server_of(answer(b"{}", "200 OK", "X-UCLOUD-REQUEST-UUID: abc"), answer(b"[]"))
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
    server = server_of(answer(b"{}"))
    transport = transport_to(server.url)
    transport.post('{"Name":"训练"}'.encode(), 5)
    transport.close()
    head, _blank, body = server.requests[0].partition(b"\r\n\r\n")
    assert b"Content-Type: application/json" in head
    assert body == '{"Name":"训练"}'.encode()


def test_compressed_answers_are_read(server_of: Callable[..., RawServer]) -> None:
    server = server_of(answer(gzip.compress(b'{"a":1}'), "200 OK", "Content-Encoding: gzip"))
    assert transport_to(server.url).post({}, 5).body == b'{"a":1}'


def test_answers_in_chunks_are_read_and_the_connection_kept(server_of: Callable[..., RawServer]) -> None:
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (b'{"a"', b":", b"1}", b""))
    in_chunks = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks
    server = server_of(in_chunks, in_chunks)
    transport = transport_to(server.url)
    assert [transport.post({}, 5).body for _number in range(2)] == [b'{"a":1}', b'{"a":1}']
    assert server.connections == 1


def test_a_redirect_is_returned_and_not_followed(server_of: Callable[..., RawServer]) -> None:
    target = server_of(answer(b"{}"))
    server = server_of(answer(b"", "307 Temporary Redirect", f"Location: {target.url}/"))
    found = transport_to(server.url).post({"Action": "A"}, 5)
    assert (found.status, found.location) == (307, f"{target.url}/")
    assert target.connections == 0


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7.0), ("0", 0.0), ("soon", None), ("-1", None), ("１", None), ("9" * 400, 999999999.0)],
)
def test_retry_after_in_seconds(server_of: Callable[..., RawServer], header: str, seconds: float | None) -> None:
    server = server_of(answer(b"", "429 Too Many Requests", "Retry-After: " + header.encode().decode("latin-1")))
    assert transport_to(server.url).post({}, 5).retry_after == seconds


def test_retry_after_as_a_date(server_of: Callable[..., RawServer]) -> None:
    clock = FakeClock()
    later = format_datetime(datetime.fromtimestamp(int(clock.epoch()) + 30, tz=timezone.utc), usegmt=True)
    server = server_of(answer(b"", "503 Service Unavailable", f"Retry-After: {later}"))
    retry_after = transport_to(server.url, clock=clock).post({}, 5).retry_after
    assert retry_after == pytest.approx(30, abs=1)


def fault_of(url: str, timeout: float = 5, **options: Any) -> TransportError:
    with pytest.raises(TransportError) as caught:
        transport_to(url, **options).post({"Action": "A"}, timeout)
    return caught.value


def test_a_refused_connection_was_not_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    fault = fault_of(f"http://127.0.0.1:{port}")
    assert str(fault) == "127.0.0.1 cannot be reached (Connection refused)"
    assert not fault.reached
    assert not fault.lasting


def test_a_connection_closed_without_an_answer_may_have_reached(server_of: Callable[..., RawServer]) -> None:
    fault = fault_of(server_of(None).url)
    assert str(fault).startswith("the connection broke")
    assert fault.reached


def test_an_answer_cut_off_may_have_reached(server_of: Callable[..., RawServer]) -> None:
    fault = fault_of(server_of(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\nConnection: close\r\n\r\n{}", None).url, 2)
    assert fault.reached


def test_silence_ends_with_the_time_out(server_of: Callable[..., RawServer]) -> None:
    fault = fault_of(server_of(b"", b"").url, 0.2)
    assert str(fault) == "no answer came within 0.2 s"
    assert fault.reached


def test_an_answer_that_drips_ends_with_the_time_out(server_of: Callable[..., RawServer]) -> None:
    class HastyClock(Clock):
        calls = 0

        def now(self) -> float:
            self.calls += 1
            return self.calls * 10.0

    fault = fault_of(server_of(answer(b"{}")).url, 5, clock=HastyClock())
    assert str(fault) == "the answer was not complete after 5 s"


def test_an_answer_that_stands_still_half_way_is_not_waited_for(server_of: Callable[..., RawServer]) -> None:
    class HastyClock(Clock):
        calls = 0

        def now(self) -> float:
            self.calls += 1
            return self.calls * 10.0

    begun = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"
    fault = fault_of(server_of(begun, None).url, 5, clock=HastyClock())
    assert str(fault) == "the answer was not complete after 5 s"


def test_an_answer_too_large_is_not_read(server_of: Callable[..., RawServer], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport_module, "BODY_LIMIT", 1024 * 1024)
    bomb = gzip.compress(b" " * (8 * 1024 * 1024))
    fault = fault_of(server_of(answer(bomb, "200 OK", "Content-Encoding: gzip")).url)
    assert str(fault) == "the answer is larger than 1 MB"
    assert fault.lasting


def test_a_body_that_cannot_be_decompressed_is_a_fault(server_of: Callable[..., RawServer]) -> None:
    assert fault_of(server_of(answer(b"no gzip", "200 OK", "Content-Encoding: gzip")).url).reached


def test_a_proxy_that_cannot_be_used_is_told_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://user:proxy-password@127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    fault = fault_of("https://api.compshare.invalid")
    assert "proxy" in str(fault)
    assert "proxy-password" not in str(fault)
    assert not fault.reached


def test_loopback_goes_past_any_proxy(server_of: Callable[..., RawServer], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert transport_to(server_of(answer(b"{}")).url).post({}, 5).body == b"{}"


def test_a_password_file_and_cookies_are_left_alone(
    server_of: Callable[..., RawServer], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password netrc-password\n", encoding="utf-8")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    server = server_of(answer(b"{}", "200 OK", "Set-Cookie: track=me"), answer(b"{}"))
    transport = transport_to(server.url)
    transport._session.trust_env = True
    transport.post({}, 5)
    transport.post({}, 5)
    assert not any(b"Authorization" in request or b"Cookie" in request for request in server.requests)


@pytest.mark.parametrize(
    ("url", "parsed"),
    [
        ("https://api.compshare.cn", ("https://api.compshare.cn/", "api.compshare.cn", False)),
        (" https://Proxy.Example:8443/api ", ("https://proxy.example:8443/api", "proxy.example", False)),
        ("http://127.0.0.1:8080", ("http://127.0.0.1:8080/", "127.0.0.1", True)),
        ("http://localhost", ("http://localhost/", "localhost", True)),
        ("http://[::1]:9/", ("http://[::1]:9/", "::1", True)),
    ],
)
def test_addresses_that_can_be_used(url: str, parsed: tuple[str, str, bool]) -> None:
    assert check_api_url(url) == parsed


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://api.compshare.cn", "plain HTTP"),
        ("http://127.0.0.1.example", "plain HTTP"),
        ("http://localhost.example", "plain HTTP"),
        ("ftp://api.compshare.cn", "not a web address"),
        ("api.compshare.cn", "not a web address"),
        ("", "not a web address"),
        ("https://", "not a web address"),
        ("https://[::1", "not a web address"),
        ("https://host:99999", "not a web address"),
        ("https://user:secret-in-url@api.compshare.cn", "must not hold a user"),
        ("https://api.compshare.cn/?a=b", "must not hold"),
    ],
)
def test_addresses_that_are_refused(url: str, message: str) -> None:
    with pytest.raises(OptionError, match=message) as caught:
        check_api_url(url)
    assert "secret-in-url" not in str(caught.value)


def test_without_requests_the_error_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport_module, "REQUESTS_IMPORT_ERROR", ImportError("no requests"))
    with pytest.raises(OptionError, match="pip install requests"):
        transport_to("https://api.compshare.cn")


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1, which is its own authority, and its key."""
    return make_self_signed(tmp_path)


def test_a_certificate_is_checked_unless_told_otherwise(
    server_of: Callable[..., RawServer], certificate: tuple[Path, Path]
) -> None:
    server = server_of(*[answer(b"ok")] * 2, tls=context_of(*certificate))
    with pytest.raises(TransportError, match=r"the certificate of 127\.0\.0\.1 is not valid") as refused:
        transport_to(server.url).post({}, 5)
    assert (refused.value.reached, refused.value.lasting, server.requests) == (False, True, [])
    assert transport_to(server.url, ca_path=str(certificate[0])).post({}, 5).body == b"ok"
    assert transport_to(server.url, validate_certs=False).post({}, 5).body == b"ok"


def test_trusted_certificates_are_read_once_for_all_connections(
    server_of: Callable[..., RawServer], certificate: tuple[Path, Path]
) -> None:
    server = server_of(*[answer(b"ok", "200 OK", "Connection: close")] * 4, tls=context_of(*certificate))
    transport = transport_to(server.url, ca_path=str(certificate[0]))
    certificate[0].write_text("no longer a certificate", encoding="utf-8")
    assert [transport.post({}, 5).body for _request in range(4)] == [b"ok"] * 4
    assert server.connections == 4


def test_the_bundle_that_the_environment_names_is_trusted(
    monkeypatch: pytest.MonkeyPatch, certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    broken = tmp_path / "broken.pem"
    broken.write_text("no certificate", encoding="utf-8")
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CURL_CA_BUNDLE", str(certificate[0]))
    transport_to("https://a.invalid")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(broken))
    with pytest.raises(OptionError, match=r"The certificates in .*broken\.pem cannot be used") as refused:
        transport_to("https://a.invalid")
    assert "REQUESTS_CA_BUNDLE" in (refused.value.hint or "")
    transport_to("https://a.invalid", ca_path=str(certificate[0]))
    transport_to("https://a.invalid", validate_certs=False)


@pytest.mark.parametrize("named", ["file", "folder"])
def test_certificates_may_be_in_a_file_or_a_folder(certificate: tuple[Path, Path], named: str) -> None:
    path = certificate[0] if named == "file" else certificate[0].parent
    with pytest.raises(TransportError, match=r"a\.invalid cannot be reached"):
        transport_to("https://a.invalid", ca_path=str(path)).post({}, 5)


def test_an_error_of_a_kind_not_foreseen_is_a_broken_connection() -> None:
    fault = transport_module._fault(requests.exceptions.ConnectionError("odd"), "host", 5)
    assert (str(fault), fault.reached) == ("the connection broke", True)
