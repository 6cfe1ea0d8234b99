# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""The HTTP session behind the transport. The only file that imports requests; the transport imports it on first use.

Its connections record whether any byte of a request may have left. That, and not the kind of exception, proves that a
request was not sent: urllib3 wraps a lost tunnel, a refused CONNECT and a dead proxy in the same class.
"""

from __future__ import annotations

import functools
import http.client
import os
import queue
import re
import socket
import ssl
import threading
import time
import typing as t
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

try:
    import requests
    import urllib3
except ImportError as import_error:
    # ansible-core wants each file importable without it; the transport reports that it is missing.
    REQUESTS_IMPORT_ERROR: ImportError | None = import_error
    _HTTPAdapter: t.Any = object
    _TIMEOUTS: tuple[type[Exception], ...] = ()
    _TLS_ERRORS: tuple[type[Exception], ...] = ()
else:
    REQUESTS_IMPORT_ERROR = None
    _HTTPAdapter = requests.adapters.HTTPAdapter
    _TIMEOUTS = (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError, TimeoutError, socket.timeout)
    _TLS_ERRORS = (requests.exceptions.SSLError, urllib3.exceptions.SSLError)

from .clock import duration_text
from .errors import OptionError, TransportError, printable
from .version import VERSION

_CHUNK = 64 * 1024
_CONNECT_TIMEOUT = 10.0
#: The thread that ends requests ends itself within so many seconds after the last one.
_IDLE = 0.25
_ISSUER_HINT = "If the certificate's issuer is your own, name a file with the issuer's certificate in ca_path."
_CLOCK_HINT = "Check api_url, and the clock of this machine."
_PROXY_HINT = "Check the proxy variables of the environment (HTTPS_PROXY, ALL_PROXY, NO_PROXY)."


class HttpSession:
    """Sends POST requests to one address. Several threads may use it at once.

    C(verify) is False, True, or the path of certificates to trust; C(use_proxies) whether the environment's proxies
    apply. Connections stay open between requests, C(parallel) at most.
    """

    def __init__(self, url: str, host: str, *, verify: bool | str, use_proxies: bool, parallel: int) -> None:
        self._host = host
        self._lock = threading.Lock()
        session = requests.Session()
        session.headers.update(
            {"User-Agent": f"ansible-compshare/{VERSION}", "Accept": "application/json", "Accept-Encoding": "gzip"}
        )
        # Without this, requests would add a password from a .netrc file.
        session.auth = _leave_alone
        session.trust_env = use_proxies
        self._settings = session.merge_environment_settings(url, {}, True, verify, None)
        # All requests are the same but for the body, and to prepare one takes a fifth of the time of a request.
        self._request = session.prepare_request(requests.Request("POST", url))
        if not verify:
            # The user chose it; a warning for each connection would only hide other output.
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        proxy = requests.utils.select_proxy(url, self._settings["proxies"])
        trust = None
        if proxy is None and url.startswith("https:") and (trusted := self._settings["verify"]):
            trust = default_trust() if trusted is True else _trust_in(trusted)
        # A session would keep cookies, and read the whole body of a redirect, however large it is.
        self._adapter = _Adapter(trust, pool_connections=1, pool_maxsize=parallel)
        #: The proxy as messages show it, without its password; None if there is none.
        self._proxy = None if proxy is None else _proxy_title(proxy)

    def post(
        self, body: Mapping[str, str] | bytes, timeout: float, body_limit: int
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Send C(body) and return status, headers and decoded body, however slow they are within C(timeout) seconds.

        Raises TransportError, also for a body of more than C(body_limit) bytes.
        """
        request = self._request.copy()
        if isinstance(body, bytes):
            request.headers["Content-Type"] = "application/json"
        request.prepare_body(body, None)
        with _watchdog.watching(self._lock, timeout) as exchange:
            try:
                with self._adapter.send(
                    request, timeout=(min(timeout, _CONNECT_TIMEOUT), timeout), **self._settings
                ) as response:
                    content = b"".join(_decoded(response.raw, response.headers.get("Content-Encoding"), body_limit))
            except (
                requests.exceptions.RequestException,
                urllib3.exceptions.HTTPError,
                http.client.HTTPException,
                OSError,
            ) as error:
                raise self._fault(error, exchange, timeout) from error
            except TransportError:
                if not exchange.expired:
                    raise
            if exchange.expired:  # a body of no announced length looks complete when its connection is cut
                raise self._late(exchange, timeout)
        return response.status_code, response.headers, content

    def close(self) -> None:
        """Close the connections that are kept open."""
        self._adapter.close()

    def _late(self, exchange: Exchange, timeout: float) -> TransportError:
        within = duration_text(timeout) if timeout >= 1 else f"{timeout:g} s"
        if not exchange.sent:
            return TransportError(f"{self._whom()} was not connected within {within}", reached=False)
        return TransportError(f"no complete response came within {within}", reached=True)

    def _whom(self) -> str:
        return self._host if self._proxy is None else f"{self._host} through the proxy {self._proxy}"

    def _fault(self, error: Exception, exchange: Exchange, timeout: float) -> TransportError:
        """Return what an error of the HTTP library means, in our own words: the library's may quote a password."""
        causes = list(_causes(error))
        timed_out = any(isinstance(cause, _TIMEOUTS) for cause in causes)
        if exchange.expired or (exchange.connected and timed_out):
            return self._late(exchange, timeout)
        if exchange.sent:
            return TransportError(f"the connection to {self._whom()} broke{_system_reason(causes)}", reached=True)
        self._check_certificates()
        return (
            self._misused_proxy(causes)
            or self._certificate_fault(causes)
            or self._tls_fault(causes)
            or self._connection_fault(causes, exchange)
        )

    def _misused_proxy(self, causes: list[BaseException]) -> TransportError | None:
        """Return the fault of a proxy setting that cannot work, None if it is another fault."""
        exceptions = urllib3.exceptions
        malformed = (requests.exceptions.InvalidProxyURL, exceptions.ProxySchemeUnknown, exceptions.LocationParseError)
        # urllib3 before 1.26 has no name for a proxy that it cannot use.
        unnamed = getattr(exceptions, "ProxySchemeUnsupported", exceptions.ProxySchemeUnknown)
        unsupported = (requests.exceptions.InvalidSchema, unnamed)
        wrong = [cause for cause in causes if isinstance(cause, (*malformed, *unsupported))]
        if self._proxy is None or not wrong:
            return None
        if "SOCKS" in str(wrong[0]):
            reason, hint = "SOCKS needs a Python library that is missing", "Install it with: pip install PySocks"
        else:
            reason, hint = "it is not a proxy address", "Write it like http://proxy.example:3128."
        what = f"the proxy {self._proxy} cannot be used: {reason}"
        return TransportError(what, reached=False, lasting=True, hint=f"{hint} {_PROXY_HINT}")

    def _certificate_fault(self, causes: list[BaseException]) -> TransportError | None:
        for cause in causes:
            message = getattr(cause, "verify_message", None)
            if message:
                issuer = getattr(cause, "verify_code", 0) in _UNKNOWN_ISSUER
                return TransportError(
                    f"the certificate of {self._host} is not valid: {printable(str(message))}",
                    reached=False,
                    lasting=True,
                    hint=_ISSUER_HINT if issuer else _CLOCK_HINT,
                )
            if type(cause).__name__ == "CertificateError":  # urllib3 before 2 compares names itself
                what = f"the certificate of {self._host} is not valid: it is for other names"
                return TransportError(what, reached=False, lasting=True, hint=_CLOCK_HINT)
        return None

    def _tls_fault(self, causes: list[BaseException]) -> TransportError | None:
        words = " ".join(str(cause) for cause in causes if isinstance(cause, (ssl.SSLError, *_TLS_ERRORS)))
        if not words:
            return None
        if "WRONG_VERSION_NUMBER" in words or "HTTP_REQUEST" in words or "only use HTTP" in words:
            proxy = self._proxy is not None and self._proxy.startswith("https:")
            whom = f"the proxy {self._proxy}" if proxy else self._host
            return TransportError(
                f"{whom} does not speak TLS at this port",
                reached=False,
                lasting=True,
                hint=f"Write the proxy's address with http://. {_PROXY_HINT}" if proxy else "Check api_url.",
            )
        return TransportError(f"TLS with {self._whom()} failed", reached=False)

    def _connection_fault(self, causes: list[BaseException], exchange: Exchange) -> TransportError:
        reason = _system_reason(causes)
        if self._proxy is None:
            return TransportError(f"{self._host} cannot be reached{reason}", reached=False)
        refused = next((found for found in (_TUNNEL.search(str(cause)) for cause in causes) if found), None)
        if refused:
            status = int(refused.group(1))
            what = f"the proxy {self._proxy} refused to connect to {self._host} (HTTP status {status})"
            # A proxy that is busy or cannot reach the API may do so later; one that forbids it will not.
            return TransportError(what, reached=False, lasting=400 <= status < 500, hint=_PROXY_HINT)
        if exchange.connected:
            what = f"the proxy {self._proxy} broke the connection before the request was sent"
        else:
            what = f"the proxy {self._proxy} cannot be reached{reason}"
        return TransportError(what, reached=False, hint=_PROXY_HINT)

    def _check_certificates(self) -> None:
        """Raise OptionError if the certificates to trust cannot be used, which a handshake only calls a failure."""
        path = self._settings["verify"]
        if not isinstance(path, str):
            return
        try:
            if not os.path.exists(path):
                raise FileNotFoundError(path)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.load_verify_locations(**_location_of(path))
        except OSError as error:  # ssl.SSLError is one
            raise OptionError(
                f"The certificates in {printable(path)} cannot be used.",
                hint="ca_path, or the environment variable REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE, must name a file in"
                " PEM format, or a folder of such files.",
            ) from error


_TUNNEL = re.compile(r"Tunnel connection failed: (\d{3})")
#: OpenSSL's codes for a chain that ends at an authority which is not trusted.
_UNKNOWN_ISSUER = (2, 18, 19, 20, 21)


# --- Connections that know what left, and that a watchdog can end ---


class _Lifeline:
    """A second handle to a connection's socket: shut down by it, whatever waits on the first one ends."""

    def __init__(self, sock: socket.socket, lock: threading.Lock) -> None:
        self._socket = socket.socket(fileno=os.dup(sock.fileno()))
        self.lock = lock
        self.user: Exchange | None = None
        self.kept = True

    def cut(self) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close_unless_used(self) -> None:
        if self.user is None and not self.kept:
            self._socket.close()


class Exchange:
    """One request on its way.

    C(connected): a TCP connection is there; C(sent): bytes of the request may have left; C(expired): its time is over.
    """

    def __init__(self, lock: threading.Lock) -> None:
        self.connected = False
        self.sent = False
        self.expired = False
        self.lock = lock
        self._lifeline: _Lifeline | None = None
        self._outcomes: queue.SimpleQueue[t.Any] = queue.SimpleQueue()

    def connect(self, connect: t.Callable[[], t.Any]) -> t.Any:
        """Return the socket of C(connect), or raise TimeoutError when the request expires.

        A thread connects, because nothing else can end the resolution of a host name.
        """

        def run() -> None:
            outcome: t.Any
            try:
                outcome = connect()
            except Exception as error:  # noqa: BLE001 -- of whatever kind, it is raised where it is waited for
                outcome = error
            with self.lock:
                if not self.expired:
                    self._outcomes.put(outcome)
                elif not isinstance(outcome, Exception):
                    outcome.close()

        threading.Thread(target=run, name="connect", daemon=True).start()
        outcome = self._outcomes.get()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def use(self, lifeline: _Lifeline) -> None:
        """Let expire() end the connection of this lifeline, and no longer the request that used it before."""
        with self.lock:
            self.connected = True
            self._lifeline, lifeline.user = lifeline, self
            if self.expired:
                lifeline.cut()

    def expire(self) -> None:
        """End the request, wherever it waits."""
        with self.lock:
            self.expired = True
            self._outcomes.put(TimeoutError())
            if self._lifeline is not None and self._lifeline.user is self:
                self._lifeline.cut()

    def end(self) -> None:
        """Let go of the connection."""
        with self.lock:
            if self._lifeline is not None and self._lifeline.user is self:
                self._lifeline.user = None
                self._lifeline.close_unless_used()


#: The request that a thread is sending: the libraries have no place for it in their calls.
_current = threading.local()


class _Watchdog:
    """Ends the requests whose time is over.

    One thread of the process does it for all of them: to start one for each would take longer than to send it. Soon
    after the last request, the thread ends.
    """

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin anew: a fork has none of its parent's threads and requests."""
        self._changed = threading.Condition()
        #: The requests on their way, and when the time of each is over.
        self._ends: dict[Exchange, float] = {}
        self._thread: threading.Thread | None = None
        self._wakes = 0.0

    @contextmanager
    def watching(self, lock: threading.Lock, timeout: float) -> Iterator[Exchange]:
        """Yield an exchange that expires after C(timeout) seconds."""
        exchange = _current.exchange = Exchange(lock)
        ends = time.monotonic() + timeout
        with self._changed:
            if self._thread is None:
                thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
                thread.start()
                self._thread = thread
            elif ends < self._wakes:
                self._changed.notify()
            self._ends[exchange] = ends
        try:
            yield exchange
        finally:
            with self._changed:
                self._ends.pop(exchange, None)
            exchange.end()
            del _current.exchange

    def _watch(self) -> None:
        with self._changed:
            while self._ends:
                self._wakes = min(time.monotonic() + _IDLE, *self._ends.values())
                self._changed.wait(self._wakes - time.monotonic())
                over = [exchange for exchange, ends in self._ends.items() if ends <= time.monotonic()]
                for exchange in over:
                    del self._ends[exchange]
                    exchange.expire()
            self._thread = None


_watchdog = _Watchdog()
os.register_at_fork(after_in_child=_watchdog.forget)


class _TrackedConnection:
    """Mixed into the connection classes of urllib3, of any release and for any kind of proxy."""

    sock: t.Any
    _lifeline: _Lifeline | None = None
    _requesting = False

    def _new_conn(self) -> t.Any:
        sock = _current.exchange.connect(super()._new_conn)  # type: ignore[misc]  # the class that this is mixed into has it
        self._lifeline = _Lifeline(sock, _current.exchange.lock)
        _current.exchange.use(self._lifeline)
        return sock

    def request(self, *args: t.Any, **settings: t.Any) -> t.Any:
        if self._lifeline is not None:  # kept open from an earlier request
            _current.exchange.use(self._lifeline)
        self._requesting = True
        try:
            return super().request(*args, **settings)  # type: ignore[misc]  # as above
        finally:
            self._requesting = False

    def send(self, data: t.Any) -> None:
        if self._requesting:  # not the CONNECT to a proxy, which goes the same way
            if self.sock is None:
                self.connect()  # type: ignore[attr-defined]  # as above
            _current.exchange.sent = True
        super().send(data)  # type: ignore[misc]  # as above

    def close(self) -> None:
        super().close()  # type: ignore[misc]  # as above
        lifeline, self._lifeline = self._lifeline, None
        if lifeline is not None:
            with lifeline.lock:
                lifeline.kept = False  # its body may still be read
                lifeline.close_unless_used()


@functools.lru_cache(maxsize=1)
def default_trust() -> ssl.SSLContext | None:
    """Return the certificates that requests trusts if nobody names others, or None if they cannot be loaded.

    A process that loads them before it forks saves it its forks.
    """
    return None if REQUESTS_IMPORT_ERROR is not None else _trust_in(requests.utils.DEFAULT_CA_BUNDLE_PATH)


def _trust_in(path: str) -> ssl.SSLContext | None:
    """Return the certificates in a file or folder, or None if they cannot be loaded.

    Loading them takes longer than a request, and urllib3 would do it for each connection.
    """
    try:
        context: ssl.SSLContext = urllib3.util.ssl_.create_urllib3_context(cert_reqs=ssl.CERT_REQUIRED)
        context.load_verify_locations(**_location_of(path))
    except OSError:  # ssl.SSLError is one
        return None  # requests reports it
    return context


def _location_of(path: str) -> dict[str, str]:
    return {"capath" if os.path.isdir(path) else "cafile": path}


class _Adapter(_HTTPAdapter):  # type: ignore[misc]  # a class only where requests is there
    """Creates only tracked connections, those through proxies included. Its direct ones trust C(trust), if given."""

    def __init__(self, trust: ssl.SSLContext | None, **settings: t.Any) -> None:
        self._trust = trust
        super().__init__(**settings)

    def init_poolmanager(self, *args: t.Any, **settings: t.Any) -> None:
        if self._trust is not None:
            settings["ssl_context"] = self._trust
        super().init_poolmanager(*args, **settings)
        _track(self.poolmanager)

    def cert_verify(self, conn: t.Any, url: str, verify: t.Any, cert: t.Any) -> None:
        super().cert_verify(conn, url, verify, cert)
        if self._trust is not None:
            conn.ca_certs = conn.ca_cert_dir = None  # they are loaded already

    def proxy_manager_for(self, proxy: str, **settings: t.Any) -> t.Any:
        known = proxy in self.proxy_manager
        manager = super().proxy_manager_for(proxy, **settings)
        if not known:
            _track(manager)
        return manager


def _track(manager: t.Any) -> None:
    manager.pool_classes_by_scheme = {
        scheme: type(
            pool.__name__,
            (pool,),
            {"ConnectionCls": type(pool.ConnectionCls.__name__, (_TrackedConnection, pool.ConnectionCls), {})},
        )
        for scheme, pool in manager.pool_classes_by_scheme.items()
    }


# --- Bodies ---


def _decoded(raw: t.Any, encoding: str | None, limit: int) -> Iterator[bytes]:
    """Yield a body as it arrives, decoded, at most C(limit) bytes; raises TransportError.

    At most one layer of gzip is undone, all that our requests accept: each layer can inflate a body a thousand times
    larger, and libraries decode a whole piece before anyone can count it.
    """
    codings = [coding.strip().lower() for coding in (encoding or "").split(",")]
    codings = [coding for coding in codings if coding not in ("", "identity")]
    if codings not in ([], ["gzip"], ["x-gzip"]):
        shown = printable(", ".join(codings), 80)
        raise TransportError(f"the response is encoded as {shown}, which was not requested", reached=True, lasting=True)
    size = 0
    pieces = raw.stream(_CHUNK, decode_content=False)
    for piece in _unzipped(pieces) if codings else pieces:
        size += len(piece)
        if size > limit:
            raise TransportError(f"the response is larger than {limit // 1024 // 1024} MB", reached=True, lasting=True)
        yield piece


def _unzipped(pieces: t.Iterable[bytes]) -> Iterator[bytes]:
    unzip = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    for piece in pieces:
        rest = piece
        while not unzip.eof:
            try:
                unzipped = unzip.decompress(rest, _CHUNK)
            except zlib.error:
                raise TransportError("the response cannot be decompressed", reached=True) from None
            yield unzipped
            rest = unzip.unconsumed_tail
            if not rest and len(unzipped) < _CHUNK:
                break
    if not unzip.eof:
        raise TransportError("the compressed response is not complete", reached=True)


# --- Errors ---


def _leave_alone(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _proxy_title(proxy: str) -> str:
    """Return a proxy's address without its user and password, safe to show."""
    with suppress(ValueError):
        parts = urlsplit(proxy if "://" in proxy else f"//{proxy}")
        if parts.hostname:
            port = f":{parts.port}" if parts.port else ""
            scheme = f"{parts.scheme}://" if parts.scheme not in ("", "http") else ""
            return printable(f"{scheme}{parts.hostname}{port}", 100)
    return "of the environment"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and all its causes; the libraries wrap the real reason several times."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        current = waiting.pop(0)
        if isinstance(current, BaseException) and id(current) not in seen:
            seen.add(id(current))
            yield current
            waiting += [getattr(current, "reason", None), current.__cause__, current.__context__, *current.args]


def _system_reason(causes: list[BaseException]) -> str:
    for cause in reversed(causes):
        if isinstance(cause, OSError) and cause.strerror and type(cause).__module__ in ("builtins", "socket"):
            return f" ({cause.strerror})"
    return ""
