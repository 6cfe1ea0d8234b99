"""The images of one world: who has which, and where an id leads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from .catalogue import (
    ID_PREFIX,
    NEWEST,
    PLANTED,
    PLATFORM_TYPES,
    PlatformCatalogue,
    Row,
    custom_row,
    custom_rows,
    image_row,
    shared_rows,
)
from .catalogue_groups import community_groups, group_row, published_groups
from .catalogue_words import CUSTOM_NAMES
from .dialect import Dialect
from .dice import IdMaker
from .places import DEFAULT_ZONE, ZONE_BY_NAME
from .scenario import Scenario


@dataclass
class OwnImage:
    """An image of the account: its row as lists show it, and what lists do not show.

    ``visible_at``: epoch seconds before which no list or call knows it. ``shared_with``: account ids.
    ``leaving``: deleted, but still listed. ``reviews``: how often it was offered for review.
    ``copy_of``: the id of the image that it is a copy of.
    """

    row: Row
    visible_at: float = 0.0
    shared_with: list[int] = field(default_factory=list)
    leaving: bool = False
    from_community: bool = False
    reviews: int = 0
    copy_of: str | None = None

    @property
    def identifier(self) -> str:
        return str(self.row["CompShareImageId"])

    @property
    def is_container(self) -> bool:
        return self.row.get("Container") == "True"

    @property
    def is_published(self) -> bool:
        """A version of a community group that has not been withdrawn."""
        return bool(self.row.get("GroupId")) and self.row["Status"] in ("Available", "Reviewing")


class PlatformImages:
    """Built-in rows, created on request, and planted rows, which stand first in their type."""

    def __init__(self, scenario: Scenario, planted: Iterable[Row]) -> None:
        count = 0 if "platform" in scenario.replace else scenario.counts.platform
        two = Dialect(scenario.dialect).is_("image_types", "two")
        types = ("System", "App") if two else PLATFORM_TYPES
        self._catalogue = PlatformCatalogue(scenario.seed, count, types)
        self._planted: dict[str, list[Row]] = {kind: [] for kind in PLATFORM_TYPES}
        for row in planted:
            self._planted.setdefault(str(row.get("ImageType")), []).append(row)
        self.types = tuple(self._planted)
        self._by_id = {row["CompShareImageId"]: row for rows in self._planted.values() for row in rows}

    def count(self, image_type: str) -> int:
        return len(self._planted[image_type]) + self._catalogue.counts.get(image_type, 0)

    def row(self, image_type: str, place: int) -> Row:
        """The row at a place within its type."""
        planted = self._planted[image_type]
        if place < len(planted):
            return planted[place]
        return self._catalogue.row(self._catalogue.first_of(image_type) + place - len(planted))

    def find(self, identifier: str) -> Row | None:
        index = self._catalogue.index_of(identifier)
        return self._catalogue.row(index) if index is not None else self._by_id.get(identifier)

    def identifiers(self) -> list[str]:
        return [*self._by_id, *(self._catalogue.identifier(index) for index in range(self._catalogue.count))]

    @cached_property
    def _all(self) -> dict[str, list[Row]]:
        return {kind: [self.row(kind, place) for place in range(self.count(kind))] for kind in self.types}

    def matching(self, image_type: str, test: Callable[[Row], bool]) -> list[Row]:
        return [row for row in self._all[image_type] if test(row)]


class ImageStore:
    """Every image a world knows, created when first looked at."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._ids = IdMaker(ID_PREFIX, scenario.seed, PLANTED)
        self._created = 0

    def new_id(self) -> str:
        self._created += 1
        return self._ids.id(self._created)

    @cached_property
    def platform(self) -> PlatformImages:
        return PlatformImages(self._scenario, [self._complete_platform(row) for row in self._scenario.rows.platform])

    @cached_property
    def own(self) -> dict[str, OwnImage]:
        """The account's images by id, published ones among them."""
        scenario, account = self._scenario, self._scenario.account
        built_in: list[Row] = []
        if "custom" not in scenario.replace:
            # The last of the usual handful is being built: the world adds it as a build.
            count = scenario.counts.custom - (scenario.counts.custom >= len(CUSTOM_NAMES))
            built_in = custom_rows(scenario.seed, count, account.id, account.name)
        planted = [self._complete_custom(row, account.id, account.name) for row in scenario.rows.custom]
        published = [row for group in self._published for row in group["_rows"]]
        return {row["CompShareImageId"]: OwnImage(row) for row in (*planted, *built_in, *published)}

    @cached_property
    def shared(self) -> list[Row]:
        scenario = self._scenario
        rows = [self._complete_custom(row, 60000001, "someone else") for row in scenario.rows.shared]
        return rows + ([] if "shared" in scenario.replace else shared_rows(scenario.seed, scenario.counts.shared))

    @cached_property
    def foreign(self) -> dict[str, Row]:
        rows = (self._complete_custom(row, 60000002, "somebody else") for row in self._scenario.rows.foreign)
        return {row["CompShareImageId"]: row for row in rows}

    @cached_property
    def groups(self) -> dict[str, dict[str, Any]]:
        """Community groups by id, the account's own among them, in the list's natural order."""
        scenario = self._scenario
        groups = [self._complete_group(one, 60000003) for one in scenario.rows.community]
        if "community" not in scenario.replace:
            groups += community_groups(scenario.seed, scenario.counts.community_groups)
        return {group["GroupId"]: group for group in (*groups, *self._published)}

    @cached_property
    def _published(self) -> list[dict[str, Any]]:
        """The account's own groups as the world begins."""
        scenario, account = self._scenario, self._scenario.account
        groups = [self._complete_group(one, account.id) for one in scenario.rows.published]
        if "published" not in scenario.replace:
            groups += published_groups(scenario.seed, scenario.counts.published, account.id, account.name)
        return groups

    @cached_property
    def favorites(self) -> set[str]:
        """The ids of favorite groups: the scenario marks some with IsFavorite, then built-in ones follow."""
        planted = [one["GroupId"] for one in self.groups.values() if one.get("_favorite")]
        others = [one["GroupId"] for one in self.groups.values() if one["_owner"] != self._scenario.account.id]
        most = self._scenario.counts.favorites if "community" not in self._scenario.replace else 0
        return {*planted, *[one for one in others[1:] if one not in planted][:most]}

    def versions(self) -> Iterator[tuple[dict[str, Any], Row]]:
        """Every version of every community group, with its group."""
        for group in self.groups.values():
            for row in group["_rows"]:
                yield group, row

    def find_anywhere(self, identifier: str) -> Row | None:
        """The row of an id in whatever list: what a new instance may be created from."""
        own = self.own.get(identifier)
        if own is not None:
            return own.row
        platform = self.platform.find(identifier)
        if platform is not None:
            return platform
        for row in self.shared:
            if row["CompShareImageId"] == identifier:
                return row
        return next((row for _unused, row in self.versions() if row["CompShareImageId"] == identifier), None)

    def _complete_platform(self, row: Row) -> Row:
        return {**image_row(self.new_id(), "planted", "System"), "AuthInfo": 1, "Visibility": 1, **row}

    def _complete_custom(self, row: Row, owner_id: int, owner_name: str) -> Row:
        zone = ZONE_BY_NAME.get(str(row.get("Zone")), DEFAULT_ZONE)
        base = custom_row(self.new_id(), "planted", zone, container=False, owner=(owner_id, owner_name))
        return {**base, "CreateTime": NEWEST, **row}

    def _complete_group(self, planted: dict[str, Any], owner_id: int) -> dict[str, Any]:
        """A planted group: its fields as in the API's response, ``Data`` for its versions."""
        name = str(planted.get("ImageName", "planted group"))
        identifier = str(planted.get("GroupId") or f"grp{self.new_id()[-9:]}")
        owner_id = int(planted.get("OwnerId", owner_id))
        mine = owner_id == self._scenario.account.id
        rows = []
        for version in planted.get("Data") or [{}]:
            if mine:
                base = self._complete_custom({"Container": "True"}, owner_id, self._scenario.account.name)
            else:
                base = image_row(self.new_id(), name, "Community")
            rows.append({**base, "Name": name, "GroupId": identifier, "VersionName": "v1.0", "Readme": "", **version})
        group = group_row(identifier, name, rows, owner_id, int(planted.get("RecommendCount", 0)))
        hidden = ("Data", "IsFavorite", "OwnerId", "GroupId", "ImageName")
        group["_extra"] = {key: value for key, value in planted.items() if key not in hidden}
        group["_favorite"] = bool(planted.get("IsFavorite"))
        return group
