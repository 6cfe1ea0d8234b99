"""The limit of requests: a token bucket for each key, as gateways have them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from .fault_rules import FaultRule
from .scenario import LimitRules


class Limit:
    """Decides which requests of one key are refused as too many.

    :param world_now: the world's clock, for rules that follow it.
    """

    def __init__(self, rules: LimitRules, world_now: Callable[[], float]) -> None:
        self._world_now = world_now
        self.set(rules)

    def set(self, rules: LimitRules) -> None:
        """Put other rules in force, with a full bucket, and count from 0."""
        self._rules = rules
        self._now = self._world_now if rules.clock == "world" else time.monotonic
        self._tokens = float(rules.burst)
        self._filled = self._now()
        self.served = 0
        self.refused = 0

    def refusal(self) -> FaultRule | None:
        """The response to a request that is one too many; None for one that may be served, which takes a token."""
        rules = self._rules
        if rules.rate is None:
            return None
        now = self._now()
        self._tokens = min(float(rules.burst), self._tokens + (now - self._filled) * rules.rate)
        self._filled = now
        if self._tokens >= 1:
            self._tokens -= 1
            self.served += 1
            return None
        self.refused += 1
        if rules.status is None:
            return FaultRule(kind="ret_code", code=rules.ret_code, message="Request rate limit exceeded")
        exact = math.ceil((1 - self._tokens) / rules.rate)
        retry_after = exact if rules.retry_after == "exact" else rules.retry_after
        return FaultRule(kind="http", status=rules.status, retry_after=retry_after)

    def state(self) -> dict[str, float | None]:
        return {
            "rate": self._rules.rate,
            "burst": self._rules.burst,
            "served": self.served,
            "refused": self.refused,
        }
