"""What an action raises to refuse a request: one RetCode and its message."""

from __future__ import annotations


class ApiError(Exception):
    """A refusal: HTTP 200 with this RetCode."""

    def __init__(self, ret_code: int, message: str) -> None:
        super().__init__(f"{ret_code}: {message}")
        self.ret_code = ret_code
        self.message = message


def missing(parameter: str) -> ApiError:
    """A required parameter was not sent."""
    return ApiError(210, f"Missing params [{parameter}]")


def unavailable(parameter: str) -> ApiError:
    """A parameter's value is not accepted, or names nothing that this account can see there."""
    return ApiError(230, f"Params [{parameter}] not available")
