# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""The one way to the API: name an action, get its response or an error that says everything."""

from __future__ import annotations

import json
import random
import threading
import typing as t
from collections.abc import Mapping, Sequence

from . import signing
from .clock import Clock
from .credentials import Credentials, account_of
from .errors import (
    CompShareError,
    NoResponseError,
    OptionError,
    RefusedError,
    ResponseError,
    Retry,
    TransportError,
    printable,
)
from .limiter import Limiter, Throttling, pause_before, silent
from .list_cache import ListCache
from .options import DEFAULT_API_URL, DEFAULT_RETRIES, DEFAULT_THROTTLE_TIMEOUT, DEFAULT_TIMEOUT, check_numbers
from .pages import PAGE_SIZE, Listing, ListReader, Page, page_of, refuses_offset, rows_of, unique_rows
from .parallel import Crew
from .retcodes import MISSING_PARAMETER, RESOURCE_THROTTLED, describe
from .transport import HttpResponse, Transport
from .values import DEEPEST, is_too_deep, number, text

_T = t.TypeVar("_T")

#: Lists the zones that sell GPUs.
ZONES = "DescribeCompShareSupportZone"
#: Requests of one list that may run at the same time.
PARALLEL = 4
#: A call with all its tries ends within this many times the time-out of one request.
_BUDGET = 3.0


class Scope(t.NamedTuple):
    """Where the user's options point: region, zone, project; None where nothing was said."""

    region: str | None = None
    zone: str | None = None
    project_id: str | None = None


class Client:
    """Signs, sends, tries again where that is safe, and checks what comes back. May be used by several threads.

    C(timeout) is in seconds for one request, C(retries) how often a failed one is retried at most,
    C(throttle_timeout) for how many seconds a throttled one is. C(limiter) gives each request leave to be sent;
    C(after_write) is called after each write, whatever came of it.
    """

    def __init__(
        self,
        transport: Transport,
        credentials: Credentials,
        *,
        scope: Scope | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        retries: int = DEFAULT_RETRIES,
        throttle_timeout: float = DEFAULT_THROTTLE_TIMEOUT,
        limiter: Limiter | None = None,
        after_write: t.Callable[[], None] | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.scope = scope or Scope()
        self.clock = clock or Clock()
        self.endpoint = transport.url.rstrip("/")
        self.credentials = credentials
        self._transport = transport
        self._timeout = timeout
        self._retries = retries
        self._throttle_timeout = throttle_timeout
        self._limiter = limiter or Limiter(self.clock)
        self._after_write = after_write
        self._rng = random.Random()
        self._sent = 0
        self._counting = threading.Lock()
        self._writes = 0
        self._unknown_write: str | None = None

    @property
    def requests_sent(self) -> int:
        """Return how many requests were sent so far, every try counted."""
        return self._sent

    @classmethod
    def from_options(
        cls, options: Mapping[str, t.Any], clock: Clock | None = None, debug: t.Callable[[str], None] = silent
    ) -> Client:
        """Return a client for the connection options that every module and plugin has; raises OptionError.

        C(debug) takes a sentence for those who look for the cause of pauses.
        """
        check_numbers(options)
        clock = clock or Clock()
        endpoint, credentials = account_of(options)
        validate_certs = options.get("validate_certs")
        transport = Transport(
            options.get("api_url") or DEFAULT_API_URL,
            validate_certs=True if validate_certs is None else validate_certs,
            ca_path=options.get("ca_path"),
            parallel=PARALLEL,
            clock=clock,
        )
        scope = Scope(*(options.get(name) or None for name in ("region", "zone", "project_id")))
        return cls(
            transport,
            credentials,
            scope=scope,
            timeout=_given(options, "api_timeout", DEFAULT_TIMEOUT),
            retries=_given(options, "api_retries", DEFAULT_RETRIES),
            throttle_timeout=_given(options, "api_throttle_timeout", DEFAULT_THROTTLE_TIMEOUT),
            limiter=Limiter.of_key(clock, endpoint, credentials.public_key, options.get("api_rate"), debug),
            after_write=ListCache(clock, endpoint, credentials.public_key).outdate,
            clock=clock,
        )

    def call(
        self,
        action: str,
        params: Mapping[str, t.Any] | None = None,
        *,
        write: bool = False,
        deadline: float | None = None,
        body_format: str = "form",
        before_try: t.Callable[[], None] | None = None,
    ) -> dict[str, t.Any]:
        """Return the response to C(action), which has RetCode 0.

        Takes parameters as nested dictionaries and lists; None is omitted at any depth. A write is retried only if
        nothing can have happened. C(deadline) (a value of C(clock.now())) bounds the tries and their pauses.
        C(body_format) is C(json) for the few actions that cannot read a form. C(before_try) is called before each try
        of a write.
        Raises RefusedError, NoResponseError, ResponseError; C(outcome_unknown) of these shows whether a write may have
        taken effect.
        """
        if not write:
            return self._request_until(action, params, dict, deadline=deadline, body_format=body_format)
        self._writes += 1
        self._unknown_write = _title(action, params or {})
        try:
            response = self._request_until(
                action, params, dict, write=True, deadline=deadline, body_format=body_format, before_try=before_try
            )
        except CompShareError:
            self._unknown_write = None
            raise
        finally:
            if self._after_write is not None:
                self._after_write()
        self._unknown_write = None
        return response

    def interrupted(self, *, hint: str | None = None, facts: dict[str, t.Any] | None = None) -> CompShareError:
        """Return the error for an interrupted task (KeyboardInterrupt), which says what may have been done."""
        usual_hint = "Run the task again."
        if self._unknown_write:
            usual_hint = "Check whether it was done before you run the task again."
            story = f"The task was interrupted. {self._unknown_write} had been sent without a response; it may be done."
        elif self._writes:
            story = "The task was interrupted."
        else:
            story = "The task was interrupted before it changed anything."
        return CompShareError(story, hint=hint or usual_hint, retryable=True, facts=facts)

    def read_all(self, listings: Sequence[Listing], *, deadline: float | None = None) -> list[list[dict[str, t.Any]]]:
        """Return the rows of each listing, whole, each id once; several pages are requested at the same time.

        Where the API demands a region and a listing names none, the lists of all regions are read and put together.
        C(deadline) (a value of C(clock.now())) bounds the tries of each page and their pauses. Raises ListError or the
        error of a page that could not be had: never a part of a list.
        """
        try:
            return self._read_whole(listings, deadline)
        except RefusedError as error:
            if not demands_region(error) or all(listing.params.get("Region") for listing in listings):
                raise
            regions = self._regions()
            if not regions:
                raise
        spread = [listing.in_regions(regions) for listing in listings]
        lists = iter(self._read_whole([one for each in spread for one in each], deadline))
        return [unique_rows(listing, [next(lists) for _one in each]) for listing, each in zip(listings, spread)]

    def _regions(self) -> list[str]:
        """Return the regions of the zones that the API lists."""
        rows = rows_of(ZONES, self.call(ZONES), "ZoneInfo")
        return list(dict.fromkeys(region for region in (text(row.get("Region")) for row in rows) if region))

    def _read_whole(self, listings: Sequence[Listing], deadline: float | None) -> list[list[dict[str, t.Any]]]:
        readers = [ListReader(listing) for listing in listings]
        crew: Crew[tuple[ListReader, int], Page] = Crew(PARALLEL)
        with crew:
            while not all(reader.whole for reader in readers):
                # The shortest rest first: one at a time, its last pages are requested while the longest has plenty.
                for reader in sorted(readers, key=ListReader.pages_to_come):
                    for offset in reader.next_offsets(crew.free):
                        crew.start((reader, offset), self._page_job(reader.listing, offset, reader.page_size, deadline))
                (reader, offset), page = crew.next_result()
                reader.accept(offset, page)
        return [reader.rows() for reader in readers]

    def _page_job(self, listing: Listing, offset: int, limit: int, deadline: float | None) -> t.Callable[[], Page]:
        return lambda: self.read_page(listing, offset, limit=limit, deadline=deadline)

    def read_page(
        self, listing: Listing, offset: int, *, limit: int = PAGE_SIZE, deadline: float | None = None
    ) -> Page:
        """Return one page of a list; an empty one with its C(refusal) if the API refuses the offset."""
        params = {**listing.params, "Limit": limit, "Offset": offset}
        try:
            return self._request_until(listing.action, params, lambda page: page_of(listing, page), deadline=deadline)
        except RefusedError as error:
            if not offset or not refuses_offset(error):
                raise
            return Page([], None, refusal=error)

    def _request_until(
        self,
        action: str,
        params: Mapping[str, t.Any] | None,
        parse: t.Callable[[dict[str, t.Any]], _T],
        *,
        write: bool = False,
        deadline: float | None = None,
        body_format: str = "form",
        before_try: t.Callable[[], None] | None = None,
    ) -> _T:
        body = self._signed(action, params or {}, body_format)
        ends = self.clock.now() + self._timeout * _BUDGET
        failures, throttling, of_key = 0, Throttling(self.clock, self._throttle_timeout), True
        while True:
            queued = self.clock.now()
            leave = self._limiter.wait(throttling.ends(deadline), throttling.refusals, of_key=of_key)
            if leave is None:
                raise throttling.given_up() or _not_sent(action)
            # What others use up of the limit does not count for the tries of this request.
            ends += self.clock.now() - queued
            latest = ends if deadline is None else min(ends, deadline)
            if before_try is not None:
                before_try()
            try:
                return self._exchange(action, body, parse, min(self._timeout, max(1.0, latest - self.clock.now())))
            except CompShareError as error:
                if not error.allows_retry(write=write):
                    raise
                if error.retry is Retry.THROTTLE:
                    throttling.refused(error)
                    of_key = error.ret_code != RESOURCE_THROTTLED
                    if of_key:
                        self._limiter.refused(leave, error.retry_after)
                    continue
                failures += 1
                pause = pause_before(failures, error.retry_after, self._rng)
                if failures > self._retries or self.clock.now() + pause >= latest:
                    error.tries = failures
                    raise
                self.clock.sleep(pause)

    def _signed(self, action: str, params: Mapping[str, t.Any], body_format: str) -> dict[str, str] | bytes:
        fields: dict[str, t.Any] = {"Action": action}
        if self.scope.project_id:
            fields["ProjectId"] = self.scope.project_id
        try:
            fields.update(signing.without_none(params))
            if body_format == "json":
                return signing.signed_json(fields, self.credentials.public_key, self.credentials.private_key)
            return signing.signed_fields(fields, self.credentials.public_key, self.credentials.private_key)
        except UnicodeEncodeError:
            raise OptionError(f"A parameter of {action} holds text that is not valid Unicode.", action=action) from None
        except RecursionError:
            raise OptionError(f"The parameters of {action} are nested too deeply.", action=action) from None

    def _exchange(
        self,
        action: str,
        body: Mapping[str, str] | bytes,
        parse: t.Callable[[dict[str, t.Any]], _T],
        timeout: float,
    ) -> _T:
        with self._counting:
            self._sent += 1
        try:
            response = self._transport.post(body, timeout)
        except TransportError as fault:
            raise NoResponseError(
                f"{action} got no response from {self.endpoint}: {fault}."
                + ("" if fault.reached else " Nothing was sent."),
                action=action,
                outcome_unknown=fault.reached,
                hint=fault.hint or _NETWORK_HINT,
                retry=Retry.NEVER if fault.lasting else Retry.READ,
            ) from fault
        envelope = self._envelope(action, response)
        ret_code = number(envelope.get("RetCode"))
        if not isinstance(ret_code, int):
            raise self._unreadable(action, response, "a response without a RetCode")
        if ret_code != 0:
            raise self._refusal(action, ret_code, envelope.get("Message"), response.request_id)
        try:
            return parse(envelope)
        except ResponseError as error:
            error.request_id = response.request_id
            raise

    def _envelope(self, action: str, response: HttpResponse) -> dict[str, t.Any]:
        """Return the JSON object of a response, or raise the error that its HTTP status and body amount to."""
        if 300 <= response.status < 400:
            raise NoResponseError(
                f"{self.endpoint} redirects {action} to {response.location or 'another address'}, "
                "which was not followed: the request would carry the key there.",
                action=action,
                outcome_unknown=False,
                hint="Set api_url to the final address.",
                request_id=response.request_id,
            )
        if response.status == 429 or response.status >= 500:
            throttled = response.status == 429
            raise NoResponseError(
                f"{action} returned HTTP status {response.status} from {self.endpoint}.",
                action=action,
                outcome_unknown=not throttled,
                request_id=response.request_id,
                hint=describe(153).hint if throttled else "The API has a temporary failure; run the task again later.",
                retry=Retry.THROTTLE if throttled else Retry.READ,
                retry_after=response.retry_after,
            )
        try:
            envelope = json.loads(response.body)
        except (ValueError, RecursionError):
            raise self._unreadable(action, response, "something that is not JSON") from None
        if not isinstance(envelope, dict):
            raise self._unreadable(action, response, "JSON that is not an object")
        # Whatever goes through the response later may recurse: it never meets more than this.
        if response.body.count(b"[") + response.body.count(b"{") > DEEPEST and is_too_deep(envelope):
            raise self._unreadable(action, response, f"JSON that is nested more than {DEEPEST} levels deep")
        # JSON may hold half of a character pair, which no file and no terminal can take.
        return _valid_unicode(envelope) if b"\\ud" in response.body or b"\\uD" in response.body else envelope

    def _unreadable(self, action: str, response: HttpResponse, what: str) -> ResponseError:
        beginning = printable(response.body[:160].decode("utf-8", "replace"), 120)
        return ResponseError(
            f"{action} returned {what} (HTTP status {response.status}, {len(response.body)} bytes"
            + (f", beginning {beginning!r})." if beginning else ")."),
            action=action,
            request_id=response.request_id,
            hint=f"Check that {self.endpoint} is the CompShare API and that no proxy responds in its place.",
            retry=Retry.READ,
        )

    def _refusal(self, action: str, ret_code: int, message: object, request_id: str | None) -> RefusedError:
        entry = describe(ret_code)
        api_message = message if isinstance(message, str) and message else None
        details = [f"RetCode {ret_code}"]
        if api_message:
            details.append(f'"{printable(api_message)}"')
        if request_id:
            details.append(f"request {request_id}")
        return RefusedError(
            f"{action} was refused: {entry.meaning} ({', '.join(details)}).",
            action=action,
            ret_code=ret_code,
            api_message=api_message,
            request_id=request_id,
            hint=self._hint(action, ret_code, entry.hint),
            retry=entry.retry,
            outcome_unknown=entry.retry is Retry.READ,
        )

    def _hint(self, action: str, ret_code: int, hint: str | None) -> str | None:
        key = f"The key {self.credentials.public_key_hint} from {self.credentials.origin}"
        if ret_code in (171, 172, 294):
            return f"{key} was used against {self.endpoint}. {hint}"
        if ret_code == 299:
            return f"{key} is not permitted to call {action}. {hint}"
        return hint


def demands_region(error: RefusedError) -> bool:
    """Return whether a refusal says that the request needs a region."""
    return error.ret_code == MISSING_PARAMETER and error.names_parameter("Region")


#: Parameters that name the object of a request.
_SUBJECTS = ("Name", "CompShareImageId", "UHostId", "GroupId")


def _title(action: str, params: Mapping[str, t.Any]) -> str:
    subject = next((params[name] for name in _SUBJECTS if params.get(name)), None)
    return action if subject is None else f"{action} for {printable(str(subject), 80)!r}"


_NETWORK_HINT = "Check the network, the proxy variables and api_url, then run the task again."


def _not_sent(action: str) -> NoResponseError:
    return NoResponseError(
        f"{action} was not sent: the API limits requests, and other tasks wait for longer than the time that is left.",
        action=action,
        outcome_unknown=False,
        hint=describe(153).hint,
        retry=Retry.THROTTLE,
    )


def _given(options: Mapping[str, t.Any], name: str, default: _T) -> _T:
    value: _T | None = options.get(name)
    return default if value is None else value


def _valid_unicode(value: t.Any) -> t.Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8") if not _encodes(value) else value
    if isinstance(value, dict):
        return {_valid_unicode(key): _valid_unicode(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_valid_unicode(item) for item in value]
    return value


def _encodes(value: str) -> bool:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
