"""The built-in catalogue: image rows from a seed and an index, one at a time, so that 50,000 of them cost nothing.

Row shapes follow what was recorded from the API: untidy names, compound tags, Softwares that is null or filled,
Container as "True" or "False", sizes in MB, times in epoch seconds, prices in CNY per hour.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from typing import Any

from . import catalogue_words as words
from .dice import Dice, IdMaker
from .places import DEFAULT_ZONE, ZONE_BY_NAME, Zone

Row = dict[str, Any]

ID_PREFIX = "compshareImage-"
PLATFORM_TYPES = ("System", "App", "Game", "Other")
_TYPE_SHARES = {"System": 20, "App": 65, "Game": 5, "Other": 10}
NEWEST = 1795132800  # 2026-11-20T00:00:00Z: no built-in row is younger
DAY = 86400

PLATFORM, CUSTOM, SHARED, COMMUNITY, PUBLISHED, PLANTED = range(1, 7)


def type_counts(total: int, types: Collection[str] = PLATFORM_TYPES) -> dict[str, int]:
    """How the platform images spread over the four types; App takes what rounding and types without images leave."""
    counts = {kind: total * share // 100 if kind in types else 0 for kind, share in _TYPE_SHARES.items()}
    counts["App"] += total - sum(counts.values())
    return counts


def image_row(identifier: str, name: str, image_type: str) -> Row:
    """A row with every field that lists show, and nothing remarkable in it."""
    return {
        "CompShareImageId": identifier,
        "Name": name,
        "ImageType": image_type,
        "Status": "Available",
        "FailedReason": "",
        "Container": "True",
        "ImageOwnerAlias": "Official",
        "Author": "",
        "AuthInfo": 0,
        "Visibility": 0,
        "Size": 30720,
        "CreateTime": NEWEST - 400 * DAY,
        "PubTime": 0,
        "UpdateTime": NEWEST - 400 * DAY,
        "Price": 0,
        "ImageUseTime": 0,
        "CreatedCount": 0,
        "FavoritesCount": 0,
        "AutoStart": False,
        "Description": "",
        "Cover": "",
        "Tags": None,
        "SupportedGpuTypes": None,
        "Softwares": None,
        "GroupId": "",
        "VersionName": "",
        "VersionDesc": "",
    }


def softwares(dice: Dice, framework: str = "", version: str = "", applications: list[str] | None = None) -> Row:
    cuda = dice.pick(words.CUDA)
    return {
        "Framework": framework,
        "FrameworkVersion": version,
        "FrameworkVersionIndex": int("".join(part for part in version.split(".") if part.isdecimal()) or 0),
        "CUDAVersion": cuda,
        "PythonVersion": dice.pick(words.PYTHON),
        "OsVersion": dice.pick(("Ubuntu 22.04", "Ubuntu 24.04")),
        "Applications": applications,
    }


class PlatformCatalogue:
    """Platform images by index; ``count`` of them, one type after the other."""

    def __init__(self, seed: int, count: int, types: Collection[str] = PLATFORM_TYPES) -> None:
        self._seed = seed
        self._ids = IdMaker(ID_PREFIX, seed, PLATFORM)
        self.counts = type_counts(count, types)
        self.count = count
        self._cached_row = lru_cache(maxsize=20_000)(self._make_row)

    def index_of(self, identifier: str) -> int | None:
        index = self._ids.index(identifier)
        return index if index is not None and index < self.count else None

    def first_of(self, image_type: str) -> int:
        """The index of the first row of a type."""
        first = 0
        for kind in PLATFORM_TYPES:
            if kind == image_type:
                break
            first += self.counts[kind]
        return first

    def identifier(self, index: int) -> str:
        return self._ids.id(index)

    def row(self, index: int) -> Row:
        """The row at an index; rows are shared, so nobody may change one."""
        return self._cached_row(index)

    def _make_row(self, index: int) -> Row:
        image_type, place = self._place(index)
        dice = Dice(self._seed, PLATFORM, index)
        row = image_row(self._ids.id(index), "", image_type)
        fill = {"System": _fill_system, "App": _fill_app, "Game": _fill_game, "Other": _fill_other}[image_type]
        fill(row, place, dice)
        age = dice.below(700 * DAY)
        row.update(
            Author=row["Author"] or dice.pick(("官方", "", "UCloud")),
            AuthInfo=1,
            Visibility=1,
            CreateTime=NEWEST - age,
            UpdateTime=NEWEST - age + dice.below(max(1, age)),
            PubTime=NEWEST - age + 100,
            CreatedCount=dice.below(20000),
            ImageUseTime=dice.below(100000),
        )
        return row

    def _place(self, index: int) -> tuple[str, int]:
        for kind in PLATFORM_TYPES:
            if index < self.counts[kind]:
                return kind, index
            index -= self.counts[kind]
        raise IndexError(index)


def _fill_system(row: Row, place: int, dice: Dice) -> None:
    if place < len(words.SYSTEM_HEAD):
        row["Name"] = words.SYSTEM_HEAD[place]
    else:
        row["Name"] = f"{dice.pick(words.SYSTEMS)} {dice.pick(words.SYSTEM_KINDS)} r{place}"
    row["Container"] = "True" if "基础镜像" in row["Name"] else "False"
    row["Size"] = 20480.0 if place % 2 else 20480
    row["Description"] = "" if place % 3 else f"{row['Name']} 官方系统镜像"


def _fill_app(row: Row, place: int, dice: Dice) -> None:
    framework, versions, short = dice.pick(words.FRAMEWORKS)
    version = dice.pick(versions)
    filled = softwares(dice, framework, version, [dice.pick(words.APPLICATIONS)] if dice.chance(0.3) else None)
    python, cuda = filled["PythonVersion"], filled["CUDAVersion"]
    if place < len(words.APP_HEAD):
        row["Name"], framework, version, cuda = words.APP_HEAD[place]
        filled = softwares(dice, framework, version)
        filled["CUDAVersion"] = cuda
        filled["PythonVersion"] = f"3.{row['Name'][-2:]}" if "_py3" in row["Name"] else "3.11"
    elif place % 3 == 0:
        row["Name"] = f"cuda{cuda}_{short}{version}_py{python}".replace(".", "") + f"_{place}"
    elif place % 3 == 1:
        row["Name"] = f"{framework} {version} (CUDA {cuda}, Python {python}) #{place}"
    else:
        row["Name"] = f"{framework} {version} {dice.pick(('深度学习环境', '训练镜像', '推理镜像'))} {place}"
    row["Container"] = "False" if row["Name"] in ("RAGFlow", "Dify", "Isaac Sim") else "True"
    row["Softwares"] = filled if place == 0 or dice.chance(0.7) else None
    row["Tags"] = list(words.PLATFORM_TAGS[0]) if place == 0 else list(dice.pick(words.PLATFORM_TAGS)) or None
    row["SupportedGpuTypes"] = _gpu_types(dice) if place == 0 or dice.chance(0.8) else None
    row["Size"] = 15360 + 1024 * dice.below(60)
    row["Description"] = "" if dice.chance(0.5) else f"{framework} {version}, CUDA {cuda}. 开箱即用。".strip()


def _fill_game(row: Row, place: int, dice: Dice) -> None:
    head = words.GAME_HEAD
    row["Name"] = head[place] if place < len(head) else f"{dice.pick(words.GAMES)} {place}"
    row.update(Container="False", Size=81920 + 1024 * dice.below(80), SupportedGpuTypes=["4090", "5090"])


def _fill_other(row: Row, place: int, dice: Dice) -> None:
    head = words.OTHER_HEAD
    row["Name"] = head[place] if place < len(head) else f"{dice.pick(words.OTHERS)} {place}"
    row.update(Size=40960 + 1024 * dice.below(40), Tags=["科学计算"] if dice.chance(0.5) else None)


def _gpu_types(dice: Dice) -> list[str]:
    return [kind for kind in words.GPU_TYPES if kind in ("4090", "5090") or dice.chance(0.4)]


def custom_rows(seed: int, count: int, account_id: int, account_name: str) -> list[Row]:
    """The account's own images. The fourth of the first few failed to build; one more is added in Making by builds."""
    ids = IdMaker(ID_PREFIX, seed, CUSTOM)
    rows = []
    for index in range(count):
        dice = Dice(seed, CUSTOM, index)
        heads = words.CUSTOM_NAMES
        name = heads[index] if index < len(heads) else f"{heads[index % len(heads)]}-{index}"
        zone = DEFAULT_ZONE if index < 2 else ZONE_BY_NAME[dice.pick(("cn-wlcb-01", "cn-sh2-02"))]
        row = custom_row(ids.id(index), name, zone, container=index % 3 == 2, owner=(account_id, account_name))
        row.update(CreateTime=NEWEST - dice.below(300 * DAY), Size=20480 + 1024 * dice.below(100), SourceGpuType="4090")
        row["UpdateTime"] = row["CreateTime"] + 1200
        if index == 3:
            row.update(Status="UnAvailable", FailedReason="Disk snapshot failed", Size=0)
        rows.append(row)
    return rows


def custom_row(identifier: str, name: str, zone: Zone, *, container: bool, owner: tuple[int, str]) -> Row:
    """An image of an account, private, in the zone where it physically is."""
    row = image_row(identifier, name, "Custom")
    row.update(
        Container=str(container),
        ImageOwnerAlias="Community",
        Author=owner[1],
        IsOfficial=False,
        Owner={"AccountId": str(owner[0]), "AccountName": owner[1]},
        Zone=zone.name,
        ImageSupportZone=[{"Zone": zone.name, "ZoneId": zone.zone_id}],
        SourceGpuType="",
        Readme="",
    )
    return row


def shared_rows(seed: int, count: int) -> list[Row]:
    """Images that other accounts share with this one."""
    ids = IdMaker(ID_PREFIX, seed, SHARED)
    rows = []
    for index in range(count):
        dice = Dice(seed, SHARED, index)
        heads = words.SHARED_NAMES
        name = heads[index] if index < len(heads) else f"{heads[index % len(heads)]}-{index}"
        owner = (60000000 + index % 7, dice.pick(("夜航船", "Lin Qiao", "算力实验室")))
        row = custom_row(ids.id(index), name, DEFAULT_ZONE, container=index % 2 == 0, owner=owner)
        row.update(CreateTime=NEWEST - dice.below(300 * DAY), Size=20480 + 1024 * dice.below(100))
        rows.append(row)
    return rows
