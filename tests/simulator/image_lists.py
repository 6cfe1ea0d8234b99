"""The flat lists: platform images, the account's own, and those shared with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .catalogue import Row
from .errors import missing, unavailable
from .paging import check_end, cut, page_bounds, shuffled_page, total_fields
from .params import Params
from .places import ZONE_BY_NAME, check_place, is_in
from .registry import Response, action
from .scenario import OWN_IMAGES

if TYPE_CHECKING:
    from .world import World


def listed_place(world: World, params: Params) -> tuple[str | None, str | None]:
    """Region and Zone of a list request. The documentation demands Region, the API did without it when recorded."""
    if world.dialect.is_("list_region", "required") and params.text("Region") is None:
        raise missing("Region")
    return check_place(world, params)


@action("DescribeCompShareImages", reads=True)
def platform_images(world: World, params: Params) -> Response:
    """Without ImageType every type is paged on its own: Offset and Limit count in each (recorded)."""
    listed_place(world, params)
    platform = world.images.platform
    rules = world.scenario.list_rules("DescribeCompShareImages")
    bounds = page_bounds(params, rules)
    identifier = params.text("CompShareImageId")
    if identifier is not None:
        row = platform.find(identifier)
        if row is None:
            raise unavailable("CompShareImageId")
        return _flat([{"Readme": f"# {row['Name']}\n", **row}], 1, world, "DescribeCompShareImages")
    image_type = params.text("ImageType")
    if image_type is not None and image_type not in platform.types:
        if world.dialect.is_("unknown_image_type", "empty"):
            return _flat([], 0, world, "DescribeCompShareImages")
        raise unavailable("ImageType")
    test = _platform_test(world, params)
    rows: list[Row] = []
    total = longest = 0
    for kind in platform.types if image_type is None else (image_type,):
        if test is None and not rules.shuffle:
            count = platform.count(kind)
            end = min(count, bounds[0] + bounds[1])
            rows += [platform.row(kind, place) for place in range(bounds[0], end)]
        else:
            found = platform.matching(kind, test or (lambda row: True))
            count = len(found)
            rows += shuffled_page(found, bounds, rules, world.dice)
        total += count
        longest = max(longest, count)
    check_end(world, bounds, longest)
    return _flat([without_readme(row) for row in rows], total, world, "DescribeCompShareImages")


def _platform_test(world: World, params: Params) -> Callable[[Row], bool] | None:
    """Name is a case-sensitive substring (recorded); Author and Tag compare whole values."""
    name, author, tag = params.text("Name"), params.text("Author"), params.text("Tag")
    zone = ZONE_BY_NAME.get(params.text("Zone") or "") if world.dialect.is_("platform_zone", "filtered") else None
    if name is None and author is None and tag is None and zone is None:
        return None

    def test(row: Row) -> bool:
        return (
            (name is None or name in row["Name"])
            and (author is None or author == row["Author"])
            and (tag is None or tag in (row["Tags"] or []))
            and (zone is None or row["ImageType"] not in zone.unsupported_types)
        )

    return test


@action("DescribeCompShareCustomImages", reads=True)
def custom_images(world: World, params: Params) -> Response:
    """The account's images in every state. By id, it may respond with an image that is not the account's."""
    rows = [image.row for image in world.images.own.values() if world.is_visible(image)]
    return _account_list(world, params, OWN_IMAGES, rows)


@action("DescribeCompShareSharingImages", reads=True)
def sharing_images(world: World, params: Params) -> Response:
    return _account_list(world, params, "DescribeCompShareSharingImages", world.images.shared)


def _account_list(world: World, params: Params, name: str, rows: list[Row]) -> Response:
    region, zone = listed_place(world, params)
    rules = world.scenario.list_rules(name)
    bounds = page_bounds(params, rules)
    identifier = params.text("CompShareImageId")
    if identifier is not None:
        found = [row for row in rows if row["CompShareImageId"] == identifier]
        foreign = world.images.foreign.get(identifier)
        if not found and foreign is not None:
            found = [foreign]
        return _flat(found, len(found), world, name)
    if world.dialect.is_("own_place", "filtered"):
        rows = [row for row in rows if is_in(row["Zone"], region, zone)]
    page = cut(world, rows, bounds, rules)
    return _flat([without_readme(row) for row in page], len(rows), world, name)


def without_readme(row: Row) -> Row:
    """Flat lists leave Readme out unless one id is requested."""
    return {key: value for key, value in row.items() if key != "Readme"}


def _flat(rows: list[Row], total: int, world: World, name: str) -> dict[str, Any]:
    """An empty list is null (recorded)."""
    return {**total_fields(total, len(rows), world.scenario.list_rules(name), world.dice), "ImageSet": rows or None}
