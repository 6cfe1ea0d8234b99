"""The built-in community groups, and the groups that the account itself has published."""

from __future__ import annotations

from typing import Any

from . import catalogue_words as words
from .catalogue import COMMUNITY, DAY, ID_PREFIX, NEWEST, PUBLISHED, Row, custom_row, image_row, softwares
from .dice import Dice, IdMaker
from .places import DEFAULT_ZONE

_GROUP_DIGITS = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"


def group_row(group_id: str, name: str, rows: list[Row], owner_id: int, weight: int = 0) -> dict[str, Any]:
    """A group of versions; ``owner_id`` is the simulator's own note and never leaves it."""
    return {
        "GroupId": group_id,
        "ImageName": name,
        "ImageDesc": f"{name} 社区镜像",
        "RecommendCount": weight,
        "_owner": owner_id,
        "_rows": rows,
    }


def group_id(dice: Dice, index: int) -> str:
    """Group ids come in three shapes (recorded): twelve characters, a UUID, or like an image id."""
    if index % 10 == 8:
        digits = "".join(dice.pick("0123456789abcdef") for _unused in range(32))
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
    if index % 10 == 9:
        return ID_PREFIX + "g" + "".join(dice.pick("0123456789abcdefghijklmnopqrstuvwxyz") for _unused in range(11))
    return "".join(dice.pick(_GROUP_DIGITS) for _unused in range(12))


def community_groups(seed: int, count: int) -> list[dict[str, Any]]:
    """Groups of other people, in the list's natural order: by recommendation weight."""
    ids = IdMaker(ID_PREFIX, seed, COMMUNITY)
    groups = []
    for index in range(count):
        dice = Dice(seed, COMMUNITY, index)
        heads = words.COMMUNITY_NAMES
        name = heads[index] if index < len(heads) else f"{dice.pick(heads)} {dice.pick(words.EDITIONS)} {index}"
        identifier = group_id(dice, index)
        author = dice.pick(words.AUTHORS[1:])
        owner_id = 60000000 + dice.below(12)
        category = dice.pick(tuple(words.TAG_GROUPS))
        rows = []
        for version in range(1 + dice.below(4) if index else 3):
            row = image_row(ids.id(index * 64 + version), name, "Community")
            _fill_version(row, dice, version, author, category)
            row.update(GroupId=identifier, Owner={"AccountId": str(owner_id), "AccountName": author})
            rows.append(row)
        if len(rows) > 2 and index % 4 == 1:
            rows[0]["Status"] = "Offline"
        groups.append(group_row(identifier, name, rows, owner_id, weight=max(0, 100 - 4 * index)))
    return groups


def _fill_version(row: Row, dice: Dice, version: int, author: str, category: str) -> None:
    tags = words.TAG_GROUPS[category]
    published = NEWEST - dice.below(300 * DAY)
    month_style = dice.chance(0.3)
    row.update(
        ImageOwnerAlias="Community",
        Author=author,
        AuthInfo=dice.pick((0, 0, 2)),
        Visibility=1,
        Price=dice.pick((0, 0, 0, 0.5, 0.2, 1.0)),
        Size=40960 + 1024 * dice.below(120),
        CreateTime=published - 7200,
        PubTime=published,
        UpdateTime=published,
        ImageUseTime=dice.below(60000),
        CreatedCount=dice.below(9000),
        AutoStart=dice.chance(0.5),
        Cover=f"https://cover.example.com/{row['CompShareImageId'][-8:]}.png",
        VersionName=f"v26.{dice.below(9) + 1:02}{dice.below(27) + 1:02}.{version}" if month_style else f"v1.{version}",
        VersionDesc="" if version == 0 else f"第 {version + 1} 版",
        Tags=[tags[0]] + ([dice.pick(tags[1:])] if dice.chance(0.5) else []),
        SupportedGpuTypes=["4090"] + (["5090"] if dice.chance(0.5) else []),
        Softwares=softwares(dice, "PyTorch", "2.7.1", ["ComfyUI"]) if dice.chance(0.6) else None,
        SoftwarePorts=[{"Software": "ComfyUI", "Port": 8188}] if dice.chance(0.5) else None,
        Description=f"{row['Name']} by {author or '匿名'}",
        Readme=f"# {row['Name']}\n\n启动后访问 8188 端口。\n",
    )
    row["ImageCharge"] = row["Price"] > 0


# One version each that is online, under review, withdrawn and rejected; further ones repeat the pattern.
_PUBLISHED = (
    (0, "v1.0", "Available", ""),
    (0, "v1.1", "Reviewing", ""),
    (1, "v1.0", "Offline", ""),
    (2, "v2.0", "UnAvailable", "Readme is missing"),
)


def published_groups(seed: int, count: int, account_id: int, account_name: str) -> list[dict[str, Any]]:
    """The account's own groups, with ``count`` versions in all. Their images are custom images of the account."""
    ids = IdMaker(ID_PREFIX, seed, PUBLISHED)
    groups: dict[int, dict[str, Any]] = {}
    for index in range(count):
        round_, place = divmod(index, len(_PUBLISHED))
        group, version, status, reason = _PUBLISHED[place]
        number = round_ * len(words.PUBLISHED_NAMES) + group
        head = words.PUBLISHED_NAMES[group]
        name = head if round_ == 0 else f"{head} {round_}"
        if number not in groups:
            identifier = group_id(Dice(seed, PUBLISHED, number), 0)
            groups[number] = group_row(identifier, name, [], account_id)
        row = custom_row(ids.id(index), name, DEFAULT_ZONE, container=True, owner=(account_id, account_name))
        row.update(
            Status=status,
            FailedReason=reason,
            VersionName=version,
            GroupId=groups[number]["GroupId"],
            Visibility=0 if status == "Offline" else 1,
            Size=40960 + 1024 * index,
            CreateTime=NEWEST - (40 + index) * DAY,
            PubTime=NEWEST - (30 + index) * DAY,
            Tags=["AIGC热门"],
            Readme=f"# {name}\n",
            Price=0.2 if group == 1 else 0,
            SoftwarePorts=[{"Software": "ComfyUI", "Port": 8188}],
        )
        groups[number]["_rows"].append(row)
    return list(groups.values())
