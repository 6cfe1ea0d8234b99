"""Image builds: how they are begun, how they run on the world's clock, and the progress call."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .catalogue import Row, custom_row
from .dice import Dice
from .errors import ApiError, unavailable
from .image_store import OwnImage
from .params import Params
from .places import DEFAULT_ZONE, ZONE_BY_NAME, check_place
from .progress import MODELS, report
from .registry import Response, action
from .scenario import BuildPlan, ScenarioError, load

if TYPE_CHECKING:
    from .world import World

FIRST_SECONDS = 10
_PLAN_NAMES = frozenset(one.name for one in dataclasses.fields(BuildPlan))
_TRACE_NAMES = frozenset({"image_id", "started_ago", "container", "zone", "size_mb", "row"})


@dataclass
class Build:
    """One build: when it began and how it goes. ``worked`` seconds of ``duration`` are done at a moment.

    ``let_go``: gives the source back, once; further calls do nothing.
    """

    image: OwnImage
    plan: BuildPlan
    started: float
    duration: float
    let_go: Callable[[], None]

    @property
    def lasts(self) -> float:
        """Seconds until it ends, well or not."""
        return self.duration if self.plan.fails_at is None else self.duration * self.plan.fails_at

    def reported_at(self, moment: float, dice: Dice, speed: float) -> dict[str, Any]:
        """What the progress call returns; durations in the seconds of a client whose clock the world outruns."""
        worked = min(moment - self.started, self.lasts)
        pace = speed or 1.0
        return report(self.plan.model, worked / pace, self.duration / pace, self.plan.bias, dice)


def begin_build(
    world: World,
    image: OwnImage,
    plan: BuildPlan,
    *,
    duration: float,
    started_ago: float = 0.0,
    size_mb: int = 0,
    on_end: Callable[[], None] = lambda: None,
) -> Build:
    """Put an image that is being built into the world; its row changes when the build ends."""
    now = world.clock.now()
    started = now - started_ago
    image.row.update(Status="Making", Size=0, CreateTime=int(started), UpdateTime=int(started))
    image.visible_at = started + plan.visible_after
    build = Build(image, plan, started, plan.duration or duration, on_end)
    world.images.own[image.identifier] = image
    world.builds[image.identifier] = build

    def end() -> None:
        moment = int(world.clock.now())
        if image.row["Status"] not in ("Making", "Syncing"):
            return
        if plan.fails_at is None:
            image.row.update(Status="Available", Size=size_mb, UpdateTime=moment)
        else:
            image.row.update(Status="UnAvailable", FailedReason=plan.failed_reason, UpdateTime=moment)

    world.clock.after(build.lasts - started_ago + plan.status_lag, end)
    world.clock.after(build.lasts - started_ago, on_end)
    return build


def break_builds(world: World, instance_id: str) -> None:
    """Let the builds fail whose source is gone."""
    for image_id in [image for image, source in world.sources.items() if source == instance_id]:
        build = world.builds[image_id]
        build.image.row.update(Status="UnAvailable", FailedReason="The source instance is gone")
        build.let_go()


def next_plan(world: World, name: str) -> BuildPlan:
    """The plan of the build that is about to begin: one for this name, the next without a name, or the default."""
    rules = world.scenario.builds
    for plan in rules.plans:
        if plan.name in (None, name):
            rules.plans.remove(plan)
            return plan
    plan = dataclasses.replace(rules.default)
    if plan.fails_at is None and rules.failure_share and world.dice().chance(rules.failure_share):
        plan.fails_at = 0.1 + 0.8 * world.dice().share()
    return plan


def plant_build(world: World, trace: Mapping[str, Any]) -> str:
    """Begin a build that no request began; returns the image's id.

    :param trace: the fields of a BuildPlan, and ``image_id``, ``started_ago`` (seconds; negative begins later),
        ``container``, ``zone``, ``size_mb`` and ``row`` (further fields of the image's row).
    :raises ScenarioError: for other fields, or a model that does not exist.
    """
    unknown = sorted(set(trace) - _PLAN_NAMES - _TRACE_NAMES)
    if unknown:
        raise ScenarioError(f"a build trace has no {', '.join(unknown)}")
    plan = load(BuildPlan, {key: trace[key] for key in _PLAN_NAMES & set(trace)}, "trace")
    if plan.model not in MODELS:
        raise ScenarioError(f"there is no progress model {plan.model!r}; there are {', '.join(MODELS)}")
    account = world.scenario.account
    zone = ZONE_BY_NAME[str(trace.get("zone", DEFAULT_ZONE.name))]
    identifier = str(trace.get("image_id") or world.images.new_id())
    row: Row = custom_row(
        identifier,
        plan.name or f"build-{identifier[-6:]}",
        zone,
        container=bool(trace.get("container")),
        owner=(account.id, account.name),
    )
    image = OwnImage({**row, **trace.get("row", {})})
    started_ago = float(trace.get("started_ago", 0))
    begin_build(world, image, plan, duration=600.0, started_ago=started_ago, size_mb=int(trace.get("size_mb", 40960)))
    return identifier


@action("GetCompShareImageCreateProgress", required=("Region", "Zone", "CompShareImageId"), reads=True)
def image_create_progress(world: World, params: Params) -> Response:
    """Process and two durations, never a status. Container images are refused, as the vendor's own clients expect."""
    _unused, zone = check_place(world, params)
    dialect = world.dialect
    identifier = params.required("CompShareImageId")
    image = world.images.own.get(identifier)
    if image is None or not world.is_visible(image):
        if dialect.is_("progress_platform", "100") and world.images.platform.find(identifier) is not None:
            return _in_types(world, report("accurate", 600.0, 600.0, 1.0, world.dice()))
        if dialect.is_("progress_unknown", "8039"):
            raise ApiError(8039, "The resource is not found or already released")
        raise unavailable("CompShareImageId")
    if image.row["Zone"] != zone:
        raise unavailable("Zone")
    if image.is_container and not dialect.is_("progress_container", "served"):
        code = int(dialect["progress_container"])
        raise ApiError(code, "The progress of a container image is not available")
    if image.row["Status"] != "Making" and dialect.is_("progress_end", "refused"):
        raise unavailable("CompShareImageId")
    build = world.builds.get(image.identifier)
    if build is None:
        return _in_types(world, report("accurate", 600.0, 600.0, 1.0, world.dice()))
    if world.clock.now() - build.started < FIRST_SECONDS and dialect.is_("progress_start", "null"):
        return {"Process": None, "TotalDuration": None, "RemainingDuration": None}
    return _in_types(world, build.reported_at(world.clock.now(), world.dice(), world.clock.speed))


def _in_types(world: World, reported: dict[str, Any]) -> Response:
    """The durations as text, where the dialect has them so."""
    if world.dialect.is_("progress_types", "numbers"):
        return reported
    return {name: str(value) if name != "Process" and value is not None else value for name, value in reported.items()}
