# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""One signed body, one POST, one response. Nothing above knows HTTP; nothing here knows the actions of the API."""

from __future__ import annotations

import os
import sys
import threading
import typing as t
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from .clock import Clock
from .errors import OptionError, printable
from .options import check_api_url

if t.TYPE_CHECKING:  # it imports requests, see Transport
    from .http_session import HttpSession

#: A response larger than this is not read to its end (bytes, decoded). A page of 100 images with their readmes is about
#: a megabyte.
BODY_LIMIT = 64 * 1024 * 1024


class HttpResponse(t.NamedTuple):
    """What came back: HTTP status, body, the API's request id, and the seconds of C(Retry-After)."""

    status: int
    body: bytes
    request_id: str | None
    retry_after: float | None
    location: str | None


class Transport:
    """A way to one API address whose connections stay open between requests; several threads may use it at once.

    Takes the address, whether and against which certificates those of the API are checked, how many requests may run at
    a time, and a clock. Raises OptionError if one of these cannot be used. The HTTP libraries are imported for the
    first request: 60 ms that a task whose options are wrong, or an inventory in the cache, does not pay.
    """

    def __init__(
        self, api_url: str, *, validate_certs: bool = True, ca_path: str | None = None, parallel: int = 4, clock: Clock
    ) -> None:
        self.url, self.host, self._loopback = check_api_url(api_url)
        if ca_path and not os.path.exists(os.path.expanduser(ca_path)):
            raise OptionError(f"There is no certificate file or folder at ca_path {printable(ca_path)}.")
        self._verify: bool | str = (os.path.expanduser(ca_path) if ca_path else True) if validate_certs else False
        self._parallel = parallel
        self._clock = clock
        self._session: HttpSession | None = None
        self._opening = threading.Lock()

    def post(self, body: Mapping[str, str] | bytes, timeout: float) -> HttpResponse:
        """Send C(body), a form or JSON, and return the response, whatever its status.

        It takes C(timeout) seconds at most, from the first byte to the last. Redirects are returned, not followed: they
        would carry the keys to another address. Raises TransportError, and OptionError if requests is missing or the
        certificates to trust cannot be used.
        """
        status, headers, content = self._open_session().post(body, timeout, BODY_LIMIT)
        return HttpResponse(
            status=status,
            body=content,
            request_id=_header_text(headers.get("X-UCLOUD-REQUEST-UUID")),
            retry_after=_seconds_until(headers.get("Retry-After"), self._clock.epoch()),
            location=_header_text(headers.get("Location")),
        )

    def close(self) -> None:
        """Close the connections that are kept open."""
        with self._opening:
            if self._session is not None:
                self._session.close()

    def _open_session(self) -> HttpSession:
        with self._opening:
            if self._session is None:
                self._session = _session_class()(
                    self.url,
                    self.host,
                    verify=self._verify,
                    # Loopback never goes through a proxy: the keys would leave this machine in plain text.
                    use_proxies=not self._loopback,
                    parallel=self._parallel,
                )
            return self._session


def _session_class() -> type[HttpSession]:
    from .http_session import REQUESTS_IMPORT_ERROR, HttpSession  # noqa: PLC0415 -- it imports requests, see Transport

    if REQUESTS_IMPORT_ERROR is not None:
        raise OptionError(
            f"The Python library requests is missing for {sys.executable}.",
            hint=f"Install it there: {sys.executable} -m pip install requests",
        ) from REQUESTS_IMPORT_ERROR
    return HttpSession


def _header_text(value: str | None) -> str | None:
    return printable(value) if value else None


def _seconds_until(retry_after: str | None, epoch: float) -> float | None:
    """Return the seconds from now of a Retry-After header, which holds seconds or a date."""
    if not retry_after:
        return None
    value = retry_after.strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - epoch)
    except (TypeError, ValueError, OverflowError):
        return None
