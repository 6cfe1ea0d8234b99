"""The faults of the matrix: every kind that the simulator knows, and the positions at which each strikes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.compshare.cloud.tests.simulator.fault_rules import KINDS


@dataclass(frozen=True)
class Fault:
    """A fault as users would name it, and the simulator's rule for it without the position.

    ``options`` are connection options that the run needs for it, for example a short time-out for a slow response, and
    ``stretch`` is how many seconds pass for the client in a real second of a request. ``ends_lists`` means that the
    fault is what the API sends behind the last row of a list.
    """

    title: str
    rule: Mapping[str, Any]
    options: Mapping[str, Any] = field(default_factory=dict)
    stretch: float = 0.0
    ends_lists: bool = False

    @property
    def throttles(self) -> bool:
        """Whether the fault is the API's way to slow its callers down."""
        return self.rule.get("status") == 429 or self.rule.get("code") in (153, 8441, 226619)


def _slow(title: str, rule: Mapping[str, Any]) -> Fault:
    """Return a fault that takes real time: a fifth of a second is the 30 seconds that a request may take."""
    return Fault(title, rule, {"api_timeout": 30.0, "api_retries": 2}, stretch=150.0)


#: The names of lists in responses.
LISTS = (
    "ImageSet",
    "CompshareImageGroup",
    "AccountSet",
    "UHostSet",
    "ZoneInfo",
    "ProjectSet",
    "AvailableInstanceTypes",
    "Specs",
    "PriceDetails",
)

FAULTS: Sequence[Fault] = (
    Fault("connection reset before the request is read", {"kind": "reset_before"}),
    Fault("connection reset after the action", {"kind": "reset_after"}),
    Fault("connection closed before the request is read", {"kind": "close_before"}),
    Fault("connection closed after the action", {"kind": "close_after"}),
    Fault("connection refused", {"kind": "refuse", "seconds": 0.05}),
    _slow("no response in time, action done", {"kind": "slow", "seconds": 0.4}),
    _slow("no response in time, action done later", {"kind": "slow", "seconds": 0.4, "late": True}),
    _slow("response in pieces, too slow", {"kind": "drip", "seconds": 2.0}),
    _slow("a header that drips, action done", {"kind": "drip_head", "seconds": 2.0}),
    _slow("100 Continue again and again, action done", {"kind": "continue", "seconds": 2.0}),
    _slow("trailers without end, action done", {"kind": "trailers", "seconds": 2.0}),
    Fault("response compressed twice", {"kind": "layers"}),
    Fault(
        "JSON of 900 levels",
        {"kind": "raw", "effect": True, "body": '{"RetCode": 0, "Deep": ' + "[" * 900 + "]" * 900 + "}"},
    ),
    Fault("response in pieces, in time", {"kind": "drip", "seconds": 0.02}),
    Fault("HTTP 404", {"kind": "http", "status": 404}),
    Fault("HTTP 429", {"kind": "http", "status": 429}),
    Fault("HTTP 429, Retry-After 3", {"kind": "http", "status": 429, "retry_after": 3}),
    Fault("HTTP 500", {"kind": "http", "status": 500}),
    Fault("HTTP 502", {"kind": "http", "status": 502}),
    Fault("HTTP 503, Retry-After 2", {"kind": "http", "status": 503, "retry_after": 2}),
    Fault("HTTP 504, action done", {"kind": "http", "status": 504, "effect": True}),
    Fault("redirect to another host", {"kind": "redirect"}),
    Fault("a page of HTML", {"kind": "html"}),
    Fault("JSON that stops in the middle", {"kind": "truncated"}),
    Fault("body shorter than announced", {"kind": "cut_off"}),
    Fault("empty body", {"kind": "empty"}),
    Fault("a list around the response", {"kind": "json_list"}),
    Fault("no RetCode in the response", {"kind": "no_ret_code"}),
    Fault("null where a list stands", {"kind": "null_list"}, ends_lists=True),
    Fault("text where a list stands", {"kind": "string_list"}),
    Fault(
        "numbers where rows stand",
        {"kind": "raw", "effect": True, "body": json.dumps({"RetCode": 0, **{key: [1] for key in LISTS}})},
    ),
    Fault("a response of 8 MB more", {"kind": "huge", "size": 8 * 1024 * 1024}),
    Fault("RetCode 110, nothing done", {"kind": "ret_code", "code": 110}),
    Fault("RetCode 110, action done", {"kind": "ret_code", "code": 110, "effect": True}),
    Fault("RetCode 130", {"kind": "ret_code", "code": 130}),
    Fault("RetCode 150", {"kind": "ret_code", "code": 150}),
    Fault("RetCode 153", {"kind": "ret_code", "code": 153}),
    Fault("RetCode 171", {"kind": "ret_code", "code": 171}),
    Fault("RetCode 230", {"kind": "ret_code", "code": 230, "message": "Params [Region] not available"}),
    Fault("RetCode 299", {"kind": "ret_code", "code": 299}),
    Fault("RetCode 8441", {"kind": "ret_code", "code": 8441}),
    Fault("RetCode 226609", {"kind": "ret_code", "code": 226609}),
    Fault("RetCode 226619", {"kind": "ret_code", "code": 226619}),
    Fault("RetCode 424242, which nobody documents", {"kind": "ret_code", "code": 424242}),
)

#: Which of the requests that the run makes without a fault is struck; None strikes no single one.
FIRST, MIDDLE, LAST, WAITING = "first call", "middle call", "last call", "during the wait"
POSITIONS = (FIRST, MIDDLE, LAST, WAITING)


def kinds_omitted() -> set[str]:
    """Return the kinds of faults that the simulator knows and the matrix does not use."""
    return set(KINDS) - {str(fault.rule["kind"]) for fault in FAULTS}


def struck_request(position: str, moments: Sequence[float]) -> int | None:
    """Return which request a position means, from 1; None where the run has no such request.

    ``moments`` are the times of the requests of a run without a fault. The wait begins with the first request for which
    the clock was moved.
    """
    count = len(moments)
    if position == FIRST:
        return 1
    if position == MIDDLE:
        return (count + 1) // 2 if count > 2 else None
    if position == LAST:
        return count if count > 1 else None
    later = [index for index, moment in enumerate(moments, 1) if moment > moments[0]]
    return later[0] if later and later[0] < count else None
