"""Faults on demand: which request gets which. README.md holds the table of kinds; server.py carries them out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from .dice import Dice
from .scenario import ScenarioError, load

# For each kind: does the action take effect, unless the rule says otherwise?
KINDS: Mapping[str, bool] = {
    "reset_before": False,
    "reset_after": True,
    "close_before": False,
    "close_after": True,
    "refuse": False,
    "slow": True,
    "drip": True,
    "drip_head": True,
    "continue": True,
    "trailers": True,
    "layers": True,
    "http": False,
    "html": False,
    "truncated": True,
    "cut_off": True,
    "empty": True,
    "json_list": True,
    "no_ret_code": True,
    "null_list": True,
    "string_list": True,
    "huge": True,
    "redirect": False,
    "ret_code": False,
    "raw": False,
}


@dataclass
class FaultRule:
    """One fault, and the requests that it strikes.

    Which: ``action`` (a shell pattern), ``where`` (parameters that must have these values), and of the matching
    requests those that ``after``, ``nth`` (a number or a list, from 1), ``every`` and ``share`` select, at most
    ``count`` times. Nothing selected means all. What: ``kind``, ``effect`` (is the action carried out?) and the options
    of the kind: ``seconds``, ``clock`` (real, world), ``late`` (the effect comes after the delay), ``status``,
    ``retry_after``, ``body``, ``headers``, ``location``, ``code``, ``message``, ``size`` (bytes).
    """

    kind: str
    action: str = "*"
    where: dict[str, Any] = field(default_factory=dict)
    nth: Any = None
    every: int | None = None
    after: int = 0
    count: int | None = None
    share: float | None = None
    effect: bool | None = None
    seconds: float = 1.0
    clock: str = "real"
    late: bool = False
    status: int | None = None
    retry_after: Any = None
    body: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    location: str = "http://127.0.0.2:9/stolen"
    code: int = 8441
    message: str = ""
    size: int = 32 * 1024 * 1024

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ScenarioError(f"there is no fault {self.kind!r}; there are {', '.join(KINDS)}")
        if self.nth is not None:
            self.nth = [self.nth] if isinstance(self.nth, int) else list(self.nth)

    @property
    def takes_effect(self) -> bool:
        return KINDS[self.kind] if self.effect is None else self.effect


@dataclass
class _Armed:
    rule: FaultRule
    seen: int = 0
    struck: int = 0

    def strikes(self, action: str, params: Mapping[str, str], dice: Dice) -> bool:
        rule = self.rule
        if not fnmatchcase(action, rule.action):
            return False
        if any(params.get(name) != str(value) for name, value in rule.where.items()):
            return False
        self.seen += 1
        position = self.seen - rule.after
        if position < 1 or (rule.count is not None and self.struck >= rule.count):
            return False
        if rule.nth is not None and position not in rule.nth:
            return False
        if rule.every is not None and position % rule.every:
            return False
        if rule.share is not None and not dice.chance(rule.share):
            return False
        self.struck += 1
        return True


class FaultBook:
    """The armed faults of a world. Of several that match a request, the first strikes; each keeps its own count."""

    def __init__(self, seed: int) -> None:
        self._armed: list[_Armed] = []
        self._dice = Dice(seed, 0xFA17)

    def add(self, rules: Iterable[Mapping[str, Any]]) -> None:
        self._armed += [_Armed(load(FaultRule, rule, "fault")) for rule in rules]

    def clear(self) -> None:
        self._armed.clear()

    def strike(self, action: str, params: Mapping[str, str]) -> FaultRule | None:
        """The fault that this request gets, if any; counts the request."""
        struck = [armed.rule for armed in self._armed if armed.strikes(action, params, self._dice)]
        return struck[0] if struck else None

    def state(self) -> list[dict[str, Any]]:
        return [
            {"kind": armed.rule.kind, "action": armed.rule.action, "seen": armed.seen, "struck": armed.struck}
            for armed in self._armed
        ]
