"""What a world is like: the settings of a scenario file, each with its default.

A scenario is a mapping (a YAML or JSON file, or a Python dictionary) with the field names of :class:`Scenario`.
A name that does not exist is an error, so that a typo cannot turn a test into one of something else.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from .dialect import Dialect, DialectError

T = TypeVar("T")


class ScenarioError(ValueError):
    """A scenario that cannot be used; the text says which setting and why."""


@dataclass
class Counts:
    """How many of each there are, built-in rows and planted rows aside."""

    platform: int = 320
    custom: int = 6
    shared: int = 3
    community_groups: int = 40
    published: int = 4
    favorites: int = 2
    instances: int = 8


@dataclass
class ListRules:
    """How one list pages.

    ``total``: what TotalCount says: ``right``, ``as_total`` (right, but called Total), ``text`` (right, as a string),
    ``page`` (rows on this page), ``wrong`` (too many), ``low`` (too few), ``zero``, ``random``, ``missing``, ``null``.
    ``repeat_pages``: Offset is ignored. ``max_rows``: serve at most so many rows, whatever Limit says.
    ``overlap``: later pages start so many rows too early. ``shuffle``: another order at every call.
    """

    total: str = "right"
    repeat_pages: bool = False
    max_rows: int | None = None
    overlap: int = 0
    shuffle: bool = False

    TOTALS = ("right", "as_total", "text", "page", "wrong", "low", "zero", "random", "missing", "null")

    def __post_init__(self) -> None:
        if self.total not in self.TOTALS:
            raise ScenarioError(f"total must be one of {', '.join(self.TOTALS)}, not {self.total!r}")


OWN_IMAGES = "DescribeCompShareCustomImages"
# What was recorded of single lists: a total that goes by another name.
LIST_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "DescribeUserCommunityImages": {"total": "as_total"},
}


@dataclass
class BuildPlan:
    """How one build goes. Durations and delays are seconds of the world's time.

    ``duration``: None is by the size of the disk. ``fails_at``: the share of the duration after which it fails, or
    None. ``model``: how progress is reported (``MODELS`` of progress.py); ``bias``: the factor of the estimate.
    ``visible_after``: so long is the new image in no list and unknown to the progress call. ``status_lag``: so long
    after the end the row still says Making.
    """

    name: str | None = None
    duration: float | None = None
    fails_at: float | None = None
    failed_reason: str = "Disk snapshot failed"
    model: str = "accurate"
    bias: float = 1.0
    visible_after: float = 0.0
    status_lag: float = 0.0


@dataclass
class BuildRules:
    """How builds go when no plan says otherwise.

    ``seconds_per_100gb``: the vendor speaks of 15 minutes. ``failure_share``: of all builds, by seed.
    ``plans``: used one after the other by the next builds; a plan with a ``name`` waits for the image of that name.
    """

    seconds_per_100gb: float = 900.0
    failure_share: float = 0.0
    default: BuildPlan = field(default_factory=BuildPlan)
    plans: list[BuildPlan] = field(default_factory=list)
    delete_seconds: float = 3.0
    copy_seconds: float = 300.0


@dataclass
class PublishRules:
    """Reviews of published images: how long they take, and what they find (``available`` or ``rejected``)."""

    review_seconds: float = 600.0
    outcome: str = "available"
    rejected_reason: str = "Readme is missing"


@dataclass
class InstanceRules:
    """How instances behave. Seconds are the world's time.

    ``stock``: ``{zone: {gpu type: number}}`` over the built-in stock. ``quota``: instances an account may have.
    ``fail_installs``: how many of the next creations end in "Install Fail". ``ssh_listener``: SshLoginCommand points to
    127.0.0.1 and a port that greets like an SSH server ``ssh_after`` seconds after the instance is Running.
    ``visible_after``: so long is a new instance in no list. ``lock_seconds``: so long refuses an instance a further
    operation with 226609 after one has begun, even when it is done. ``reinstall_ends``: the state after reinstalling.
    ``release_days``: a stopped postpaid instance is deleted at noon so many days later. ``usage``: what the monitor
    shows of an instance, by id or name: ``{train-vm: {gpu: 0}}``, in per cent; also ``cpu``, ``memory``,
    ``vram`` and ``disk``.
    """

    create_seconds: float = 120.0
    start_seconds: float = 40.0
    stop_seconds: float = 20.0
    reboot_seconds: float = 60.0
    reinstall_seconds: float = 90.0
    reinstall_ends: str = "Running"
    resize_seconds: float = 15.0
    terminate_seconds: float = 5.0
    attach_seconds: float = 6.0
    detach_seconds: float = 6.0
    ports_seconds: float = 20.0
    release_days: int = 7
    usage: dict[str, dict[str, float]] = field(default_factory=dict)
    visible_after: float = 0.0
    lock_seconds: float = 0.0
    quota: int = 5000
    fail_installs: int = 0
    stock: dict[str, dict[str, int]] = field(default_factory=dict)
    price_factor: float = 1.0
    ssh_listener: bool = False
    ssh_after: float = 5.0


@dataclass
class LimitRules:
    """How many requests of the key are served: a token bucket.

    ``rate``: requests a second in the long run; None is no limit. ``burst``: requests at once after a rest.
    ``ret_code``: the RetCode of a refused request; ``status``: an HTTP status instead, with ``retry_after`` as
    its Retry-After (``exact``: the seconds until the next request is served, rounded up; None: no header).
    ``clock``: ``real`` seconds, or those of the ``world``.
    """

    rate: float | None = None
    burst: int = 20
    ret_code: int = 153
    status: int | None = None
    retry_after: Any = None
    clock: str = "real"

    def __post_init__(self) -> None:
        if self.rate is not None and not self.rate > 0:
            raise ScenarioError(f"limit.rate must be more than 0, not {self.rate!r}")
        if self.burst < 1:
            raise ScenarioError(f"limit.burst must be 1 or more, not {self.burst!r}")
        if self.clock not in ("real", "world"):
            raise ScenarioError(f"limit.clock must be real or world, not {self.clock!r}")


@dataclass
class Permissions:
    """Which actions the key may call, as shell patterns; anything else is refused with 299."""

    allow: list[str] = field(default_factory=lambda: ["*"])
    deny: list[str] = field(default_factory=list)


@dataclass
class Rows:
    """Rows planted beside the built-in ones, in the API's own field names.

    ``foreign`` images belong to another account: a list by id may still return them.
    """

    platform: list[dict[str, Any]] = field(default_factory=list)
    custom: list[dict[str, Any]] = field(default_factory=list)
    shared: list[dict[str, Any]] = field(default_factory=list)
    foreign: list[dict[str, Any]] = field(default_factory=list)
    community: list[dict[str, Any]] = field(default_factory=list)
    published: list[dict[str, Any]] = field(default_factory=list)
    instances: list[dict[str, Any]] = field(default_factory=list)
    disks: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Account:
    id: int = 50000001
    name: str = "someone"
    projects: list[str] = field(default_factory=lambda: ["org-default1", "org-second01"])
    balance: float = 1000.0
    security_groups: list[str] = field(default_factory=lambda: ["firewall-default1"])
    invalid_accounts: list[int] = field(default_factory=lambda: [99999999])
    security_token: str | None = None


@dataclass
class Scenario:
    """One world. ``replace`` names the kinds of :class:`Rows` whose built-in rows are omitted.

    ``speed``: world seconds in a real second; 0 is a clock moved by hand. ``start``: the world's first moment, epoch
    seconds; None is the real time. ``types``: ``plain``, or ``mixed`` for numbers as strings, "True" and "False", and
    null where a list stands. ``dialect``: how questions are answered that the API's sources leave open, see dialect.py:
    ``recorded``, ``documented``, or a mapping of switches to answers.
    ``traces``: builds that are under way when the world begins, or start later (see builds.py).
    """

    seed: int = 1
    speed: float = 1.0
    start: float | None = None
    latency_ms: float = 0.0
    types: str = "plain"
    dialect: str | dict[str, str] | None = None
    account: Account = field(default_factory=Account)
    counts: Counts = field(default_factory=Counts)
    lists: dict[str, dict[str, Any]] = field(default_factory=dict)
    rows: Rows = field(default_factory=Rows)
    replace: list[str] = field(default_factory=list)
    builds: BuildRules = field(default_factory=BuildRules)
    traces: list[dict[str, Any]] = field(default_factory=list)
    publish: PublishRules = field(default_factory=PublishRules)
    instances: InstanceRules = field(default_factory=InstanceRules)
    permissions: Permissions = field(default_factory=Permissions)
    limit: LimitRules = field(default_factory=LimitRules)
    faults: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.types not in ("plain", "mixed"):
            raise ScenarioError(f"types must be plain or mixed, not {self.types!r}")
        try:
            Dialect(self.dialect)
        except DialectError as error:
            raise ScenarioError(f"dialect: {error}") from None
        for action in self.lists:
            self.list_rules(action)

    @classmethod
    def read(cls, source: Scenario | Mapping[str, Any] | str | Path | None) -> Scenario:
        """A scenario from itself, a mapping, the path of a YAML or JSON file, or None for all defaults."""
        if isinstance(source, Scenario):
            return source
        if isinstance(source, (str, Path)):
            source = _read_file(Path(source))
        return load(cls, source or {}, "scenario")

    def list_rules(self, action: str) -> ListRules:
        """The paging rules of one list: its own settings over those of ``*`` over what was recorded of it."""
        default = LIST_DEFAULTS.get(action, {})
        if action == OWN_IMAGES and Dialect(self.dialect).is_("own_total", "page"):
            default = {"total": "page"}
        merged = {**default, **self.lists.get("*", {}), **self.lists.get(action, {})}
        return load(ListRules, merged, f"lists.{action}")


def _read_file(path: Path) -> Mapping[str, Any]:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".json":
        content = json.loads(text)
    else:
        import yaml  # only here: it takes longer to load than a world takes to create

        content = yaml.safe_load(text)
    if not isinstance(content, dict):
        raise ScenarioError(f"{path} must hold a mapping")
    return content


def load(kind: type[T], values: Mapping[str, Any], where: str) -> T:
    """Create a settings class from a mapping; nested settings may be mappings, too.

    :raises ScenarioError: for a name that does not exist or a value that is not a mapping where one belongs.
    """
    if isinstance(values, kind):
        return values
    if not isinstance(values, Mapping):
        raise ScenarioError(f"{where} must be a mapping, not {type(values).__name__}")
    known = {one.name: one for one in dataclasses.fields(kind)}  # type: ignore[arg-type]  # T is always a dataclass
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise ScenarioError(f"{where} has no setting {', '.join(map(repr, unknown))}; there are {', '.join(known)}")
    arguments: dict[str, Any] = {}
    for name, value in values.items():
        nested = _NESTED.get(str(known[name].type))
        if nested is not None:
            arguments[name] = load(nested, value, f"{where}.{name}")
        elif known[name].type == "list[BuildPlan]":
            arguments[name] = [load(BuildPlan, plan, f"{where}.{name}") for plan in value]
        else:
            arguments[name] = value
    return kind(**arguments)


_NESTED: dict[str, type[Any]] = {
    one.__name__: one
    for one in (Account, BuildPlan, BuildRules, Counts, InstanceRules, LimitRules, Permissions, PublishRules, Rows)
}
