"""The grouped lists of community images, favorites, and tags."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import catalogue_words as words
from .catalogue import Row
from .errors import ApiError, unavailable
from .image_lists import listed_place
from .paging import cut, page_bounds, total_fields
from .params import Params
from .registry import Response, action

if TYPE_CHECKING:
    from .world import World

ONLINE = frozenset({"Available"})
PUBLIC = frozenset({"Available", "Offline"})
EVERY = frozenset({"Available", "Offline", "Reviewing", "UnAvailable", "Rejected", "Making"})


@action("DescribeCommunityImages", reads=True)
def community_images(world: World, params: Params) -> Response:
    """Every group. Tag and SortCondition have no effect in a form (recorded), so they have none here."""
    return _grouped(world, params, "DescribeCommunityImages", PUBLIC, lambda group: True)


@action("DescribeSelfCommunityImages", responds_as="DescribeCommunityImagesResponse", reads=True)
def self_community_images(world: World, params: Params) -> Response:
    """What the account published, in every state; the response bears another action's name (documented)."""
    mine = world.scenario.account.id
    return _grouped(world, params, "DescribeSelfCommunityImages", EVERY, lambda group: bool(group["_owner"] == mine))


@action("DescribeUserCommunityImages", required=("TargetTopOrganizationId",), reads=True)
def user_community_images(world: World, params: Params) -> Response:
    """What one account published and has online."""
    owner = params.required_integer("TargetTopOrganizationId")
    return _grouped(world, params, "DescribeUserCommunityImages", ONLINE, lambda group: bool(group["_owner"] == owner))


def _grouped(
    world: World, params: Params, name: str, statuses: frozenset[str], belongs: Callable[[dict[str, Any]], bool]
) -> Response:
    listed_place(world, params)
    rules = world.scenario.list_rules(name)
    bounds = page_bounds(params, rules)
    filters = world.dialect.is_("community_filters", "honoured")
    test = _row_test(params) if filters else (lambda row: True)
    requested_group = params.text("GroupId") if filters else None
    found: list[tuple[dict[str, Any], list[Row]]] = []
    for group in world.images.groups.values():
        if belongs(group) and requested_group in (None, group["GroupId"]):
            rows = [row for row in group["_rows"] if row["Status"] in statuses and test(row)]
            if rows:
                found.append((group, rows))
    if params.came_as_json and world.dialect.is_("community_tags", "honoured"):
        found = _tagged_and_sorted(found, params)
    with_readme = not params.boolean("ExcludeReadme")
    shape = world.dialect["community_shape" if name == "DescribeCommunityImages" else "published_shape"]
    versions = sum(len(rows) for _unused, rows in found)
    total = versions if shape == "ImageSet" or world.dialect.is_("group_total", "versions") else len(found)
    if shape == "ImageSet":
        flat = [_flat_version(group, row, with_readme) for group, rows in found for row in rows]
        page = cut(world, flat, bounds, rules)
        return {**total_fields(total, len(page), rules, world.dice), "ImageSet": page or None}
    groups = cut(world, found, bounds, rules)
    return {
        **total_fields(total, len(groups), rules, world.dice),
        # Recorded: this one counts the groups on the page.
        "AvailableTotalCount": len(groups),
        shape: [_group(world, group, rows, with_readme) for group, rows in groups] or None,
    }


def _tagged_and_sorted(
    found: list[tuple[dict[str, Any], list[Row]]], params: Params
) -> list[tuple[dict[str, Any], list[Row]]]:
    """What Tag (all of them) and SortCondition leave of the groups."""
    tags, field = set(params.texts("Tag")), params.text("SortCondition.Field")
    kept = [(group, [row for row in rows if tags <= set(row["Tags"] or [])]) for group, rows in found]
    kept = [(group, rows) for group, rows in kept if rows]
    if field is not None:
        down = not params.boolean("SortCondition.ASC")
        kept.sort(key=lambda one: max(float(row.get(field) or 0) for row in one[1]), reverse=down)
    return kept


def _flat_version(group: dict[str, Any], row: Row, with_readme: bool) -> Row:
    """A version in a list without groups."""
    return {**_version(row, with_readme), "GroupId": group["GroupId"], "Name": row["Name"] or group["ImageName"]}


def _row_test(params: Params) -> Callable[[Row], bool]:
    """The documented filters. FuzzySearch finds the whole phrase in name or author, not its words (recorded)."""
    identifier, name, author = params.text("CompShareImageId"), params.text("Name"), params.text("Author")
    phrase = params.text("FuzzySearch")
    free, official, auto_start = params.boolean("IsFree"), params.boolean("IsOfficial"), params.boolean("IfAutoStart")

    def test(row: Row) -> bool:
        return (
            identifier in (None, row["CompShareImageId"])
            and (name is None or name in row["Name"])
            and author in (None, row["Author"])
            and (phrase is None or phrase in row["Name"] or phrase in row["Author"])
            and (free is None or free == (not float(row["Price"] or 0)))
            and (official is None or official == (row["AuthInfo"] == 1))
            and (auto_start is None or auto_start == bool(row["AutoStart"]))
        )

    return test


def _group(world: World, group: dict[str, Any], rows: list[Row], with_readme: bool) -> dict[str, Any]:
    shown = {key: value for key, value in group.items() if not key.startswith("_")}
    online = any(row["Status"] == "Available" for row in group["_rows"])
    return {
        **shown,
        "CreatedCount": sum(int(row["CreatedCount"]) for row in rows),
        "FavoritesCount": sum(int(row["FavoritesCount"]) for row in rows),
        "ImageUseTime": sum(int(row["ImageUseTime"]) for row in rows),
        "IsFavorite": group["GroupId"] in world.images.favorites,
        "Status": "Available" if online else "UnAvailable",
        **group.get("_extra", {}),
        "Data": [_version(row, with_readme) for row in rows],
    }


def _version(row: Row, with_readme: bool) -> Row:
    hidden = () if with_readme else ("Readme",)
    return {**{key: value for key, value in row.items() if key not in hidden}, "ImageType": "Community"}


@action("DescribeFavoriteImages", reads=True)
def favorite_images(world: World, params: Params) -> Response:
    """Documented, but refused with 161 when recorded; a setting of the scenario makes it work. No TotalCount."""
    if world.dialect.is_("favorites_list", "161"):
        raise ApiError(161, "Action DescribeFavoriteImages does not exist")
    listed_place(world, params)
    rules = world.scenario.list_rules("DescribeFavoriteImages")
    bounds = page_bounds(params, rules)
    rows = [
        _version(row, with_readme=False)
        for group, row in world.images.versions()
        if group["GroupId"] in world.images.favorites and row["Status"] in ONLINE
    ]
    page = cut(world, rows, bounds, rules)
    return {"ImageSet": page or None}


@action("CreateCompShareImageFavorite", required=("GroupId",))
def create_favorite(world: World, params: Params) -> Response:
    group = _known_group(world, params)
    if group in world.images.favorites and world.dialect.is_("favorite_again", "8436"):
        raise ApiError(8436, "The image is a favorite already")
    world.images.favorites.add(group)
    return {}


@action("DeleteCompShareImageFavorite", required=("GroupId",))
def delete_favorite(world: World, params: Params) -> Response:
    world.images.favorites.discard(_known_group(world, params))
    return {}


def _known_group(world: World, params: Params) -> str:
    identifier = params.required("GroupId")
    if identifier not in world.images.groups and world.dialect.is_("favorite_unknown", "230"):
        raise unavailable("GroupId")
    return identifier


@action("DescribeCompShareImageTags", reads=True)
def image_tags(world: World, params: Params) -> Response:
    listed_place(world, params)
    groups = {category: list(tags) for category, tags in words.TAG_GROUPS.items()}
    return {"Tags": [tag for tags in groups.values() for tag in tags], "TagsMap": groups, "TagIndex": list(groups)}
