# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What can go wrong, as exceptions that carry everything a user needs to know, in text that is safe to show."""

from __future__ import annotations

import typing as t
import unicodedata


class Retry:
    """Whether a request that got a RetCode may be retried: one of the objects below.

    An enumeration would take a quarter of a millisecond to create, in each process with a lookup.
    """

    #: The same request gets the same response.
    NEVER: t.ClassVar[Retry]
    #: Reads are retried; a write may have taken effect, so it is not.
    READ: t.ClassVar[Retry]
    #: Throttled: nothing happened, so reads and writes are retried after a pause.
    THROTTLE: t.ClassVar[Retry]
    #: Refused as busy: nothing happened. Reads never see it; a write may wait for the end.
    BUSY: t.ClassVar[Retry]

    def __init__(self, value: str) -> None:
        self.value = value


Retry.NEVER, Retry.READ, Retry.THROTTLE, Retry.BUSY = map(Retry, ("never", "read", "throttle", "busy"))


def printable(value: str, limit: int = 200) -> str:
    """Return text that is safe in a message: control and direction characters escaped, length limited.

    For untrusted text that a terminal may show.
    """
    shown = value if len(value) <= limit else value[: limit - 1] + "…"
    return shown if shown.isprintable() else "".join(_printable_character(character) for character in shown)


def _printable_character(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Zs" or not category.startswith(("C", "Z")):
        return character
    return character.encode("unicode_escape").decode("ascii")


class CompShareError(Exception):
    """Base of every error of this collection; C(str(error)) is the whole message for the user.

    Takes the summary (one sentence: what was requested, what happened), the action, the API's RetCode, message and
    request id, a hint (one sentence: what to do), whether the same request may be retried (and after how many
    seconds at least), whether the same task may succeed when it is run again unchanged (by default: if the request may
    be retried), and facts: result keys with the state of whatever was touched.
    """

    #: The request may have taken effect although no valid response came. Decides what may follow a failed write.
    outcome_unknown = False

    def __init__(
        self,
        summary: str,
        *,
        action: str | None = None,
        ret_code: int | None = None,
        api_message: str | None = None,
        request_id: str | None = None,
        hint: str | None = None,
        retry: Retry = Retry.NEVER,
        retry_after: float | None = None,
        retryable: bool | None = None,
        facts: dict[str, t.Any] | None = None,
    ) -> None:
        super().__init__(summary)
        self.summary = summary
        self.action = action
        self.ret_code = ret_code
        self.api_message = api_message
        self.request_id = request_id
        self.hint = hint
        self.retry = retry
        self.retry_after = retry_after
        self.retryable = retry is not Retry.NEVER if retryable is None else retryable
        #: How often the request was sent before this error was given up on.
        self.tries = 1
        self.facts: dict[str, t.Any] = facts or {}

    def __str__(self) -> str:
        text = printable(self._story, limit=8000)
        return f"{text} {self.hint}" if self.hint else text

    def allows_retry(self, *, write: bool) -> bool:
        """Return whether the same request may be retried.

        A write only if nothing can have happened: the API was too busy to look at it, or was never reached.
        """
        return self.retry is Retry.THROTTLE or (self.retry is Retry.READ and not (write and self.outcome_unknown))

    @property
    def _story(self) -> str:
        return f"{self.summary} It was tried {self.tries} times." if self.tries > 1 else self.summary

    def add_sentence(self, sentence: str) -> None:
        """Say something more behind what the summary says, before the hint."""
        self.summary, self.tries = f"{self._story} {sentence}", 1

    def as_result(self) -> dict[str, t.Any]:
        """Return the C(error) key of a failed result: action, ret_code, message, request_id, hint, retryable."""
        return {
            "action": self.action,
            "ret_code": self.ret_code,
            "message": self.api_message if self.api_message is not None else self.summary,
            "request_id": self.request_id,
            "hint": self.hint,
            "retryable": self.retryable,
        }


class TransportError(Exception):
    """No whole response came. C(str()) says why, in words that may follow a colon.

    C(reached): the API may have seen the request; C(lasting): another try cannot help; C(hint): what to do.
    """

    def __init__(self, reason: str, *, reached: bool, lasting: bool = False, hint: str | None = None) -> None:
        super().__init__(reason)
        self.reached = reached
        self.lasting = lasting
        self.hint = hint


class OptionError(CompShareError):
    """An option, a combination of options, or the credentials cannot be used. Nothing was sent."""


class NoResponseError(CompShareError):
    """The network failed, time ran out, or the HTTP status says that the API did not take the request."""

    def __init__(self, summary: str, *, outcome_unknown: bool, **kwargs: t.Any) -> None:
        super().__init__(summary, **kwargs)
        self.outcome_unknown = outcome_unknown


class ResponseError(CompShareError):
    """A response is not what this API sends, or contradicts itself."""

    outcome_unknown = True


class RefusedError(CompShareError):
    """The API returned a RetCode other than 0."""

    def __init__(self, summary: str, *, ret_code: int, outcome_unknown: bool = False, **kwargs: t.Any) -> None:
        super().__init__(summary, ret_code=ret_code, **kwargs)
        self.ret_code: int = ret_code
        self.outcome_unknown = outcome_unknown

    def names_parameter(self, name: str) -> bool:
        """Return whether the API's message blames the parameter C(name), as in C(Params [Zone] not available)."""
        return f"[{name}]" in (self.api_message or "")


class ListError(CompShareError):
    """A list cannot be read whole, so none of it is returned."""


class WaitError(CompShareError):
    """Something that was waited for failed, or did not end in time."""
