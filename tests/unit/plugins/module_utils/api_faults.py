"""Faults that a request may meet."""

from __future__ import annotations

from typing import Any

#: Answers from which nothing can be told.
UNREADABLE: list[dict[str, Any]] = [
    {"kind": "html"},
    {"kind": "truncated"},
    {"kind": "cut_off"},
    {"kind": "empty"},
    {"kind": "json_list"},
    {"kind": "no_ret_code"},
]
#: Faults of a request that changes something, of which the client cannot tell whether the action was carried out.
UNKNOWN: list[dict[str, Any]] = [
    {"kind": "reset_before"},
    {"kind": "close_before"},
    {"kind": "slow", "seconds": 90},
    {"kind": "slow", "seconds": 65, "late": True},
    {"kind": "http", "status": 500},
    {"kind": "http", "status": 502},
    {"kind": "http", "status": 503, "retry_after": 1},
    {"kind": "http", "status": 504},
    *UNREADABLE,
    {"kind": "ret_code", "code": 110},
    {"kind": "ret_code", "code": 130},
    {"kind": "ret_code", "code": 150},
    {"kind": "ret_code", "code": 8438},
]
#: Faults of such a request that say that nothing was done, and are over after a while.
PASSING: list[dict[str, Any]] = [
    {"kind": "refuse", "count": 2},
    {"kind": "http", "status": 429, "count": 2},
    {"kind": "http", "status": 429, "retry_after": 7, "count": 1},
    {"kind": "ret_code", "code": 153, "count": 2},
    {"kind": "ret_code", "code": 8441, "count": 2},
    {"kind": "ret_code", "code": 226619, "count": 2},
    {"kind": "ret_code", "code": 226609, "count": 4},
    {"kind": "ret_code", "code": 8964, "count": 4},
    {"kind": "ret_code", "code": 8903, "count": 4},
]


def fault_name(fault: dict[str, Any]) -> str:
    return "-".join(str(value) for value in fault.values())
