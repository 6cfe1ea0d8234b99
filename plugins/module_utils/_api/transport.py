# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""One signed form, one POST, one answer. Nothing above this file knows HTTP; nothing in it knows the API's actions."""

from __future__ import annotations

import http.cookiejar
import ipaddress
import os
import ssl
import sys
import threading
import typing as t
from collections.abc import Iterable, Mapping
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

try:
    import requests
    import urllib3

    REQUESTS_IMPORT_ERROR: ImportError | None = None
except ImportError as import_error:
    REQUESTS_IMPORT_ERROR = import_error
    _HTTPAdapter: t.Any = object
else:
    _HTTPAdapter = requests.adapters.HTTPAdapter

from .clock import Clock
from .errors import OptionError
from .values import printable
from .version import VERSION

#: An answer larger than this is not read to its end (bytes, after decompression). A page of 100 images with their
#: readmes is about a megabyte.
BODY_LIMIT = 64 * 1024 * 1024
_CHUNK = 256 * 1024
_CONNECT_TIMEOUT = 10.0


class HttpAnswer(t.NamedTuple):
    """What came back: HTTP status, body, the API's request id, and the seconds that C(Retry-After) asks for."""

    status: int
    body: bytes
    request_id: str | None
    retry_after: float | None
    location: str | None


class TransportError(Exception):
    """No whole answer came. C(str()) says why, in words that may follow a comma.

    C(reached) tells whether the API may have seen the request; C(lasting) that asking again cannot help.
    """

    def __init__(self, reason: str, *, reached: bool, lasting: bool = False) -> None:
        super().__init__(reason)
        self.reached = reached
        self.lasting = lasting


class Transport:
    """A connection to one API address, kept open between requests; several threads may use it at once.

    Takes the address, whether and against which bundle certificates are checked, how many requests may run at a time,
    and a clock. Raises OptionError when one of these cannot be used.
    """

    def __init__(
        self, api_url: str, *, validate_certs: bool = True, ca_path: str | None = None, parallel: int = 4, clock: Clock
    ) -> None:
        if REQUESTS_IMPORT_ERROR is not None:
            raise OptionError(
                f"The Python library requests is missing for {sys.executable}.",
                hint=f"Install it there: {sys.executable} -m pip install requests",
            ) from REQUESTS_IMPORT_ERROR
        self.url, self.host, loopback = check_api_url(api_url)
        if ca_path and not os.path.exists(os.path.expanduser(ca_path)):
            raise OptionError(f"There is no certificate file or folder at ca_path {printable(ca_path)}.")
        if not validate_certs:
            # The user asked for it; a warning for each connection would only hide other output.
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        self._clock = clock
        self._session = _session()
        # Loopback never goes through a proxy: the keys would leave this machine in plain text.
        self._session.trust_env = not loopback
        verify: bool | str = (os.path.expanduser(ca_path) if ca_path else True) if validate_certs else False
        self._settings: dict[str, t.Any] = dict(
            self._session.merge_environment_settings(self.url, {}, True, verify, None), allow_redirects=False
        )
        encrypted = self.url.startswith("https:")
        trust = _trust(self._settings["verify"]) if encrypted and self._settings["verify"] else None
        self._session.mount(self.url, _Adapter(trust, pool_connections=1, pool_maxsize=parallel))
        self._closing = threading.Lock()

    def post(self, body: Mapping[str, str] | bytes, timeout: float) -> HttpAnswer:
        """Send a form, or JSON given as bytes; return the answer, whatever its status, within about C(timeout) seconds.

        Redirects are returned, not followed: they would carry the keys to another address. Raises TransportError.
        """
        ends = self._clock.now() + timeout
        kind = {"Content-Type": "application/json"} if isinstance(body, bytes) else {}
        request = self._session.prepare_request(requests.Request("POST", self.url, data=body, headers=kind))
        try:
            with self._session.send(
                request, timeout=(min(timeout, _CONNECT_TIMEOUT), timeout), **self._settings
            ) as response:
                received = self._read_body(response, ends, timeout)
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise _fault(error, self.host, timeout) from error
        headers = response.headers
        return HttpAnswer(
            status=response.status_code,
            body=received,
            request_id=_header_text(headers.get("X-UCLOUD-REQUEST-UUID")),
            retry_after=_seconds_until(headers.get("Retry-After"), self._clock.epoch()),
            location=_header_text(headers.get("Location")),
        )

    def _read_body(self, response: requests.Response, ends: float, timeout: float) -> bytes:
        chunks: list[bytes] = []
        size = 0
        for chunk in _arriving(response.raw):
            size += len(chunk)
            if size > BODY_LIMIT:
                raise TransportError(
                    f"the answer is larger than {BODY_LIMIT // 1024 // 1024} MB", reached=True, lasting=True
                )
            if self._clock.now() > ends:
                raise TransportError(f"the answer was not complete after {timeout:g} s", reached=True)
            chunks.append(chunk)
        return b"".join(chunks)

    def close(self) -> None:
        """Close the connections that are kept open."""
        with self._closing:
            self._session.close()


def _arriving(raw: t.Any) -> t.Iterator[bytes]:
    """Yield a body in pieces as they come: a time-out counts for each piece, so the caller must see every one."""
    if not hasattr(raw, "read1"):  # urllib3 before 2.1 hands out whole chunks only
        yield from raw.stream(_CHUNK, decode_content=True)
        return
    while True:
        piece = raw.read1(_CHUNK, decode_content=True)
        if not piece:
            break
        yield piece
    # Not every Python closes an answer that was read so; only a closed one gives its connection back.
    raw.drain_conn()


def check_api_url(api_url: str) -> tuple[str, str, bool]:
    """Return (address to post to, host name, whether it is this machine); raise OptionError for what is refused."""
    try:
        parts = urlsplit(api_url.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise OptionError(f"api_url {printable(api_url)!r} is not a web address.") from None
    if parts.scheme not in ("https", "http") or not host:
        raise OptionError(
            f"api_url {printable(api_url)!r} is not a web address.", hint="Write it like https://api.compshare.cn."
        )
    if parts.username or parts.password or parts.query or parts.fragment:
        raise OptionError("api_url must not hold a user, a password, a query or a fragment.")
    loopback = _is_loopback(host)
    if parts.scheme == "http" and not loopback:
        raise OptionError(
            f"api_url {printable(api_url)!r} is plain HTTP, which would show every request to the network.",
            hint="Write https://; plain http:// is accepted for this machine (127.0.0.1, localhost) only.",
        )
    host_text = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host_text}{f':{port}' if port else ''}{parts.path or '/'}", host, loopback


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class _Adapter(_HTTPAdapter):  # type: ignore[misc]  # where requests is missing, there is no class to derive from
    """Loads the trusted certificates once, not for every connection: they are many, and it takes 15 ms a time.

    A connection through a proxy loads them by itself, as it may need them for the proxy too.
    """

    def __init__(self, trust: ssl.SSLContext | None, **settings: t.Any) -> None:
        self._trust = trust
        super().__init__(**settings)

    def init_poolmanager(self, *args: t.Any, **settings: t.Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._trust, **settings)

    def cert_verify(self, conn: t.Any, url: str, verify: bool | str, cert: t.Any) -> None:
        super().cert_verify(conn, url, verify, cert)
        if self._trust is not None and conn.proxy is None:
            conn.ca_certs = conn.ca_cert_dir = None


def _trust(verify: bool | str) -> ssl.SSLContext:
    """Return TLS settings that trust a certificate file or folder, or for C(True) what requests trusts."""
    path = requests.adapters.DEFAULT_CA_BUNDLE_PATH if verify is True else str(verify)
    context: ssl.SSLContext = urllib3.util.ssl_.create_urllib3_context()
    try:
        context.load_verify_locations(**{"capath" if os.path.isdir(path) else "cafile": path})
    except OSError as error:  # ssl.SSLError is one
        raise OptionError(
            f"The certificates in {printable(path)} cannot be used.",
            hint="ca_path, or the environment variable REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE, must name a file in PEM"
            " format, or a folder of such files.",
        ) from error
    context.set_alpn_protocols(["http/1.1"])
    context.set_alpn_protocols = _keep_alpn_protocols  # type: ignore[method-assign]  # what the function says
    return context


def _keep_alpn_protocols(alpn_protocols: Iterable[str]) -> None:
    """Do nothing: urllib3 sets them anew for each connection, which OpenSSL forbids while another thread opens one."""


def _session() -> requests.Session:
    session = requests.Session()
    session.headers.update({"User-Agent": f"ansible-compshare/{VERSION}", "Accept": "application/json"})
    # Without this, requests would add a password from a .netrc file.
    session.auth = _leave_alone
    session.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=()))
    return session


def _leave_alone(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _header_text(value: str | None) -> str | None:
    return printable(value) if value else None


def _seconds_until(retry_after: str | None, epoch: float) -> float | None:
    """Return what a Retry-After header asks for, in seconds from now: it holds seconds or a date."""
    if not retry_after:
        return None
    value = retry_after.strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - epoch)
    except (TypeError, ValueError, OverflowError):
        return None


def _causes(error: BaseException) -> t.Iterator[BaseException]:
    """Yield an error and all it was made from; the libraries wrap the real reason several times."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        current = waiting.pop(0)
        if isinstance(current, BaseException) and id(current) not in seen:
            seen.add(id(current))
            yield current
            waiting += [getattr(current, "reason", None), current.__cause__, current.__context__, *current.args]


def _fault(error: Exception, host: str, timeout: float) -> TransportError:
    """Return what an error of the HTTP library means, in our own words: the library's may quote a proxy's password."""
    causes = list(_causes(error))
    reached = not any(
        isinstance(cause, (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError))
        for cause in causes
    )
    for cause in causes:
        message = getattr(cause, "verify_message", None)
        if message:
            reason = f"the certificate of {host} is not valid: {printable(str(message))}"
            return TransportError(reason, reached=False, lasting=True)
    if isinstance(error, requests.exceptions.ProxyError):
        return TransportError("the proxy cannot be used", reached=False)
    if not reached:
        return TransportError(f"{host} cannot be reached{_system_reason(causes)}", reached=False)
    if isinstance(error, requests.exceptions.SSLError):
        return TransportError(f"TLS with {host} failed", reached=True)
    if any(isinstance(cause, (requests.exceptions.Timeout, TimeoutError)) for cause in causes):
        return TransportError(f"no answer came within {timeout:g} s", reached=True)
    return TransportError(f"the connection broke{_system_reason(causes)}", reached=True)


def _system_reason(causes: list[BaseException]) -> str:
    for cause in reversed(causes):
        if isinstance(cause, OSError) and cause.strerror and type(cause).__module__ in ("builtins", "socket"):
            return f" ({cause.strerror})"
    return ""
