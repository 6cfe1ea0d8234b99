"""Requests through a proxy: what is known to be not sent, what may have been done, and whom messages blame."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.clock import Clock
from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import TransportError
from ansible_collections.compshare.cloud.plugins.module_utils._api.transport import HttpResponse, Transport
from ansible_collections.compshare.cloud.tests.reliability.connect_proxy import (
    AFTER_FORWARD,
    BEFORE_FORWARD,
    BUSY,
    DRIPPED,
    DROPPED,
    HANDSHAKE,
    HOST,
    NOTHING_SENT,
    REFUSED,
    SILENT,
    ConnectProxy,
    tls_for_test_host,
)

URL = f"https://{HOST}"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return tls_for_test_host(tmp_path_factory.mktemp("tls"))


@pytest.fixture(autouse=True)
def no_proxy_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "requests_ca_bundle", "curl_ca_bundle"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def post(ca_path: Path, url: str = URL, timeout: float = 5, **options: Any) -> HttpResponse:
    transport = Transport(url, ca_path=str(ca_path), clock=Clock(), **options)
    try:
        return transport.post({"Action": "CreateCompShareInstance"}, timeout)
    finally:
        transport.close()


def fault(ca_path: Path, url: str = URL, timeout: float = 5) -> TransportError:
    with pytest.raises(TransportError) as caught:
        post(ca_path, url, timeout)
    return caught.value


def test_a_request_goes_through_the_proxy(tls: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    context, certificate = tls
    with ConnectProxy(context, lambda _request: OK) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        assert post(certificate).body == b"{}"
        assert len(proxy.forwarded) == 1


@pytest.mark.parametrize("lost", [*NOTHING_SENT, BEFORE_FORWARD, AFTER_FORWARD, DRIPPED])
def test_only_what_was_never_written_counts_as_not_sent(tls: Any, monkeypatch: pytest.MonkeyPatch, lost: str) -> None:
    context, certificate = tls
    with ConnectProxy(context, lambda _request: OK, fault=lost) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("//", "//user:proxy-password@"))
        began = time.monotonic()
        error = fault(certificate, timeout=0.5)
        assert time.monotonic() - began < 3
        assert error.reached is (lost not in NOTHING_SENT)
        assert f"the proxy {proxy.url.removeprefix('http://')}" in str(error) or lost in (DRIPPED, HANDSHAKE)
        assert "proxy-password" not in str(error)


@pytest.mark.parametrize(
    ("lost", "said", "lasting"),
    [
        (REFUSED, f"refused to connect to {HOST} (HTTP status 403)", True),
        (BUSY, f"refused to connect to {HOST} (HTTP status 503)", False),
        (DROPPED, "broke the connection before the request was sent", False),
        (HANDSHAKE, "the proxy 127.0.0.1:", False),
        (SILENT, "was not connected within 0.5 s", False),
        (DRIPPED, "no complete response came within 0.5 s", False),
    ],
)
def test_messages_say_where_it_broke(
    tls: Any, monkeypatch: pytest.MonkeyPatch, lost: str, said: str, lasting: bool
) -> None:
    context, certificate = tls
    with ConnectProxy(context, lambda _request: OK, fault=lost) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        error = fault(certificate, timeout=0.5)
    assert said in str(error)
    assert error.lasting is lasting


def test_a_dead_proxy_is_named_without_its_password(tls: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:proxy-password@127.0.0.1:{port}")
    error = fault(tls[1])
    assert str(error) == f"the proxy 127.0.0.1:{port} cannot be reached (Connection refused)"
    assert "HTTPS_PROXY" in (error.hint or "")
    assert not error.reached


@pytest.mark.parametrize(
    ("proxy", "said"),
    [
        ("ftp://proxy.invalid:3128", "the proxy ftp://proxy.invalid:3128 cannot be used: it is not a proxy address"),
        ("http://", "the proxy of the environment cannot be used: it is not a proxy address"),
        ("http:///path", "the proxy of the environment cannot be used: it is not a proxy address"),
    ],
)
def test_a_proxy_address_that_cannot_be_used(tls: Any, monkeypatch: pytest.MonkeyPatch, proxy: str, said: str) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    error = fault(tls[1])
    assert str(error) == said
    assert (error.reached, error.lasting) == (False, True)
    assert "http://proxy.example:3128" in (error.hint or "")


@pytest.mark.parametrize("proxy", ["proxy.invalid:3128", "//proxy.invalid:3128", "user:pw@proxy.invalid:3128"])
def test_a_proxy_address_without_a_scheme_proves_that_nothing_was_sent(
    tls: Any, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    error = fault(tls[1])
    assert "proxy" in str(error) and "pw" not in str(error)
    assert not error.reached


def test_socks_without_its_library_says_what_is_missing(tls: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("requests")
    if _has_socks():
        pytest.skip("PySocks is here")
    monkeypatch.setenv("HTTPS_PROXY", "socks5h://127.0.0.1:1080")
    error = fault(tls[1])
    assert str(error).startswith("the proxy socks5h://127.0.0.1:1080 cannot be used: SOCKS needs a Python library")
    assert "PySocks" in (error.hint or "")
    assert (error.reached, error.lasting) == (False, True)


def _has_socks() -> bool:
    try:
        import socks  # noqa: F401
    except ImportError:
        return False
    return True


def test_a_name_that_does_not_resolve_was_not_sent(tls: Any) -> None:
    error = fault(tls[1], "https://api.invalid")
    assert str(error).startswith("api.invalid cannot be reached")
    assert not error.reached


def test_a_look_up_of_a_name_that_hangs_ends_with_the_request(tls: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    found = threading.Event()
    resolve = socket.getaddrinfo

    def late(_host: str, *args: Any) -> Any:
        assert found.wait(20), "the request waits for it"
        return resolve("127.0.0.1", *args)

    monkeypatch.setattr(socket, "getaddrinfo", late)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)
        error = fault(tls[1], f"https://api.invalid:{server.getsockname()[1]}", timeout=0.3)
        assert str(error) == "api.invalid was not connected within 0.3 s"
        assert not error.reached and not error.lasting
        found.set()
        connection, _address = server.accept()
        with connection:  # which nobody needs any more
            connection.settimeout(10)
            assert connection.recv(1) == b""


def test_a_certificate_for_another_name_is_not_blamed_on_its_issuer(tls: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    context, certificate = tls
    with ConnectProxy(context, lambda _request: OK) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        error = fault(certificate, "https://other.test")
    assert str(error).startswith("the certificate of other.test is not valid")
    assert (error.reached, error.lasting) == (False, True)
    assert "ca_path" not in (error.hint or "")


def test_a_proxy_without_tls_that_is_named_with_it(tls: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with ConnectProxy(tls[0], lambda _request: OK) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("http:", "https:"))
        error = fault(tls[1], timeout=0.5)
    assert not error.reached
    assert "proxy" in str(error)
