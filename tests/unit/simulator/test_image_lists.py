"""The image lists respond as recorded, quirks included."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.compshare.cloud.tests.simulator import World
from ansible_collections.compshare.cloud.tests.simulator.caller import Caller
from ansible_collections.compshare.cloud.tests.simulator.fixtures import MakeWorld

PLATFORM = "DescribeCompShareImages"
CUSTOM = "DescribeCompShareCustomImages"
COMMUNITY = "DescribeCommunityImages"
TYPES = ("System", "App", "Game", "Other")


def ids(rows: list[dict[str, Any]]) -> list[str]:
    return [row["CompShareImageId"] for row in rows]


def version_ids(groups: list[dict[str, Any]]) -> list[str]:
    return [row["CompShareImageId"] for group in groups for row in group["Data"]]


def test_platform_images_by_type_are_whole_and_unique(caller: Caller, world: World) -> None:
    found = [one for kind in TYPES for one in ids(caller.rows(PLATFORM, "ImageSet", ImageType=kind))]
    assert len(found) == len(set(found)) == 320
    assert set(found) == world.expected_ids("platform")


def test_without_a_type_every_type_is_paged_on_its_own(caller: Caller) -> None:
    response = caller.call(PLATFORM, Limit=5, Offset=5)
    assert [row["ImageType"] for row in response["ImageSet"]] == [kind for kind in TYPES for _unused in range(5)]
    assert response["TotalCount"] == 320


@pytest.mark.parametrize(("limit", "ret_code"), [(100, 0), (101, 230), (200, 230), (0, 230)])
def test_limit_is_at_most_100(caller: Caller, limit: int, ret_code: int) -> None:
    response = caller.call(PLATFORM, Limit=limit)
    assert response["RetCode"] == ret_code
    if ret_code:
        assert response["Message"] == "Params [Limit] not available"


def test_name_is_a_case_sensitive_substring(caller: Caller) -> None:
    lower, upper, none = (caller.call(PLATFORM, Name=name, Limit=100) for name in ("torch", "PyTorch", "PYTORCH"))
    assert all("torch" in row["Name"] for row in lower["ImageSet"])
    assert all("PyTorch" in row["Name"] for row in upper["ImageSet"])
    assert none["ImageSet"] is None
    assert none["TotalCount"] == 0
    assert lower["TotalCount"] != upper["TotalCount"]


def test_undeclared_parameters_have_no_effect(caller: Caller) -> None:
    assert caller.call(PLATFORM, GpuType="no-such-gpu", Bogus=1) == caller.call(PLATFORM)


def test_readme_comes_only_with_an_id(caller: Caller) -> None:
    row = caller.call(PLATFORM, Limit=1)["ImageSet"][0]
    assert "Readme" not in row
    assert caller.call(PLATFORM, CompShareImageId=row["CompShareImageId"])["ImageSet"][0]["Readme"]


def test_an_unknown_id_is_refused_on_the_platform_list(caller: Caller, world: World) -> None:
    for other in ("compshareImage-1nothere0000", "nonsense", next(iter(world.expected_ids("custom")))):
        response = caller.call(PLATFORM, CompShareImageId=other)
        assert (response["RetCode"], response["Message"]) == (230, "Params [CompShareImageId] not available")


def test_the_catalogue_has_what_clients_must_cope_with(caller: Caller) -> None:
    rows = caller.rows(PLATFORM, "ImageSet", ImageType="App")
    assert any("，" in tag for row in rows for tag in row["Tags"] or [])
    assert {row["Softwares"] is None for row in rows} == {True, False}
    assert {row["SupportedGpuTypes"] is None for row in rows} == {True, False}
    assert {row["Container"] for row in rows} == {"True", "False"}
    assert len({row["Name"] for row in rows}) < len(rows)


def test_the_custom_list_counts_its_page_only(caller: Caller, world: World) -> None:
    response = caller.call(CUSTOM, Limit=2)
    assert (response["TotalCount"], len(response["ImageSet"])) == (2, 2)
    rows = caller.rows(CUSTOM, "ImageSet")
    assert set(ids(rows)) == world.expected_ids("custom")
    assert {"Making", "Available", "UnAvailable", "Reviewing", "Offline"} == {row["Status"] for row in rows}


def test_lists_by_id_may_return_an_image_of_another_account(make_world: MakeWorld) -> None:
    world = make_world(rows={"foreign": [{"CompShareImageId": "compshareImage-1foreign", "Name": "not yours"}]})
    caller = Caller.of(world)
    assert caller.call(CUSTOM, CompShareImageId="compshareImage-1foreign")["ImageSet"][0]["Name"] == "not yours"
    assert caller.call(CUSTOM, CompShareImageId="compshareImage-1nothere")["ImageSet"] is None
    assert "compshareImage-1foreign" not in ids(caller.rows(CUSTOM, "ImageSet"))


def test_shared_images(caller: Caller, world: World) -> None:
    response = caller.call("DescribeCompShareSharingImages")
    assert set(ids(response["ImageSet"])) == world.expected_ids("shared")
    assert response["TotalCount"] == 3


def test_community_lists_are_groups_of_versions(caller: Caller, world: World) -> None:
    response = caller.call(COMMUNITY, Limit=10)
    assert response["AvailableTotalCount"] == len(response["CompshareImageGroup"]) == 10
    assert response["TotalCount"] > 40
    groups = caller.rows(COMMUNITY, "CompshareImageGroup")
    assert set(version_ids(groups)) == world.expected_ids("community")
    assert max(len(group["Data"]) for group in groups) > 1
    assert groups[0]["Data"][0]["Readme"]
    assert "Readme" not in caller.call(COMMUNITY, ExcludeReadme=True)["CompshareImageGroup"][0]["Data"][0]


def test_tag_and_sort_have_no_effect_on_community_lists(caller: Caller) -> None:
    plain = caller.call(COMMUNITY)
    assert caller.call(COMMUNITY, Tag=["LLM"]) == plain
    assert caller.call(COMMUNITY, SortCondition={"Field": "PubTime", "ASC": True}) == plain


def test_fuzzy_search_finds_the_whole_phrase(caller: Caller) -> None:
    assert caller.call(COMMUNITY, FuzzySearch="InfiniteTalk")["CompshareImageGroup"]
    assert caller.call(COMMUNITY, FuzzySearch="数字人 InfiniteTalk")["CompshareImageGroup"] is None


def test_a_bool_that_cannot_be_read_counts_as_absent(caller: Caller) -> None:
    everything = caller.call(COMMUNITY)["TotalCount"]
    assert caller.call(COMMUNITY, IsFree="yes")["TotalCount"] == everything
    assert caller.call(COMMUNITY, IsFree=False)["TotalCount"] < everything


def test_published_images_come_under_another_name_in_every_state(caller: Caller, world: World) -> None:
    response = caller.call("DescribeSelfCommunityImages")
    assert response["Action"] == "DescribeCommunityImagesResponse"
    assert set(version_ids(response["CompshareImageGroup"])) == world.expected_ids("published")
    statuses = {row["Status"] for group in response["CompshareImageGroup"] for row in group["Data"]}
    assert statuses == {"Available", "Reviewing", "Offline", "UnAvailable"}


def test_one_users_images_with_total_by_another_name(caller: Caller, world: World) -> None:
    owner = caller.call(COMMUNITY)["CompshareImageGroup"][0]["Data"][0]["Owner"]["AccountId"]
    response = caller.call("DescribeUserCommunityImages", TargetTopOrganizationId=owner, Limit=100)
    assert "TotalCount" not in response
    assert response["Total"] == len(response["CompshareImageGroup"])
    assert set(version_ids(response["CompshareImageGroup"])) == world.expected_ids("user", int(owner))
    missing = caller.call("DescribeUserCommunityImages")
    assert (missing["RetCode"], missing["Message"]) == (210, "Missing params [TargetTopOrganizationId]")


def test_the_list_of_favorites_is_not_served_but_groups_are_marked(caller: Caller, world: World) -> None:
    assert caller.call("DescribeFavoriteImages")["RetCode"] == 161
    marked = [group for group in caller.rows(COMMUNITY, "CompshareImageGroup") if group["IsFavorite"]]
    assert len(marked) == 2
    assert set(version_ids(marked)) == world.expected_ids("favorite")


def test_the_documented_list_of_favorites_can_be_switched_on(make_world: MakeWorld) -> None:
    world = make_world(dialect={"favorites_list": "served"})
    response = Caller.of(world).call("DescribeFavoriteImages")
    assert set(ids(response["ImageSet"])) == world.expected_ids("favorite")
    assert "TotalCount" not in response


def test_favorites_by_group(caller: Caller) -> None:
    group = next(one for one in caller.call(COMMUNITY)["CompshareImageGroup"] if not one["IsFavorite"])["GroupId"]
    for _unused in range(2):
        assert caller.call("CreateCompShareImageFavorite", GroupId=group)["RetCode"] == 0
    favorites = {one["GroupId"]: one["IsFavorite"] for one in caller.call(COMMUNITY)["CompshareImageGroup"]}
    assert favorites[group] is True
    assert caller.call("DeleteCompShareImageFavorite", GroupId=group)["RetCode"] == 0
    assert caller.call("DeleteCompShareImageFavorite", GroupId="nonsense")["RetCode"] == 230
    assert caller.call("CreateCompShareImageFavorite")["Message"] == "Missing params [GroupId]"


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ({"Region": "cn-bj2"}, None),
        ({"Region": "cn-moon"}, "Params [Region] not available"),
        ({"Zone": "cn-wlcb-99"}, "Params [Zone] not available"),
        ({"Region": "cn-sh2", "Zone": "cn-wlcb-01"}, "Params [Zone] not available"),
    ],
)
def test_region_and_zone_must_exist_and_fit(caller: Caller, place: dict[str, str], message: str | None) -> None:
    assert caller.call(PLATFORM, **place).get("Message") == message


def test_region_can_be_demanded(make_world: MakeWorld) -> None:
    caller = Caller.of(make_world(dialect={"list_region": "required"}))
    assert caller.call(PLATFORM)["Message"] == "Missing params [Region]"
    assert caller.call(PLATFORM, Region="cn-wlcb")["RetCode"] == 0


@pytest.mark.parametrize(
    ("total", "expected"),
    [
        ("right", {"TotalCount": 3}),
        ("as_total", {"Total": 3}),
        ("text", {"TotalCount": "3"}),
        ("page", {"TotalCount": 2}),
        ("wrong", {"TotalCount": 13}),
        ("low", {"TotalCount": 1}),
        ("zero", {"TotalCount": 0}),
        ("missing", {}),
        ("null", {"TotalCount": None}),
    ],
)
def test_totals_can_lie(make_world: MakeWorld, total: str, expected: dict[str, Any]) -> None:
    world = make_world(lists={"DescribeCompShareSharingImages": {"total": total}})
    response = Caller.of(world).call("DescribeCompShareSharingImages", Limit=2)
    assert {key: value for key, value in response.items() if "Total" in key} == expected


def test_pages_can_repeat_overlap_and_be_short(make_world: MakeWorld) -> None:
    def pages(rules: dict[str, Any]) -> tuple[list[str], list[str]]:
        caller = Caller.of(make_world(lists={"*": rules}))
        first, second = (
            ids(caller.call(PLATFORM, ImageType="App", Limit=50, Offset=offset)["ImageSet"]) for offset in (0, 50)
        )
        return first, second

    first, second = pages({"repeat_pages": True})
    assert first == second
    first, second = pages({"overlap": 10})
    assert first[-10:] == second[:10]
    assert len(pages({"max_rows": 30})[0]) == 30
    first, second = pages({"shuffle": True})
    assert set(first) & set(second)


def test_types_can_be_mixed_and_mean_the_same(make_world: MakeWorld) -> None:
    mixed = Caller.of(make_world(types="mixed")).rows(PLATFORM, "ImageSet", ImageType="App")
    plain = Caller.of(make_world()).rows(PLATFORM, "ImageSet", ImageType="App")
    assert ids(mixed) == ids(plain)
    assert {type(row["CreateTime"]) for row in mixed} == {int, str, float}
    assert [int(float(row["CreateTime"])) for row in mixed] == [row["CreateTime"] for row in plain]
    assert {"True", "true", True, False} & {row["AutoStart"] for row in mixed}


def test_hostile_rows_can_be_planted(make_world: MakeWorld) -> None:
    names = ["{{ 7*7 }}", "\x1b[31mred", "two\nlines", "x" * 10_000, "nul\x00", "\u202ertl"]
    rows = [
        {"Name": name, "ImageType": "App", "CompShareImageId": f"compshareImage-h{i}"} for i, name in enumerate(names)
    ]
    world = make_world(
        rows={"platform": rows, "custom": rows, "shared": rows}, replace=["platform", "custom", "shared"]
    )
    caller = Caller.of(world)
    for action in (PLATFORM, CUSTOM, "DescribeCompShareSharingImages"):
        assert {row["Name"] for row in caller.rows(action, "ImageSet")} >= set(names)
    assert world.expected_ids("platform") == {row["CompShareImageId"] for row in rows}


def test_groups_can_be_planted(make_world: MakeWorld) -> None:
    group = {
        "GroupId": "planted",
        "ImageName": "a {{ b }}",
        "IsFavorite": True,
        "OwnerId": 77,
        "Data": [{"VersionName": "v9.9", "Tags": ["x，y"]}, {"Name": "second"}],
    }
    caller = Caller.of(make_world(rows={"community": [group]}, replace=["community", "published"]))
    (shown,) = caller.call(COMMUNITY)["CompshareImageGroup"]
    assert (shown["GroupId"], shown["ImageName"], shown["IsFavorite"]) == ("planted", "a {{ b }}", True)
    assert [row["Name"] for row in shown["Data"]] == ["a {{ b }}", "second"]
    assert caller.call("DescribeUserCommunityImages", TargetTopOrganizationId=77)["Total"] == 1


def test_large_worlds_page_whole(make_world: MakeWorld) -> None:
    counts = {"platform": 50_000, "custom": 500, "community_groups": 300}
    world = make_world(counts=counts)
    caller = Caller.of(world)
    page = caller.call(PLATFORM, ImageType="App", Limit=100, Offset=30_000)
    assert len(page["ImageSet"]) == 100
    assert caller.call(PLATFORM, CompShareImageId=page["ImageSet"][7]["CompShareImageId"])["ImageSet"][0]["Name"]
    assert len(world.expected_ids("platform")) == 50_000
    assert len(set(ids(caller.rows(CUSTOM, "ImageSet")))) == 504


def test_same_seed_same_catalogue(make_world: MakeWorld) -> None:
    one, same, other = (Caller.of(make_world(seed=seed)).call(PLATFORM, Limit=100) for seed in (3, 3, 4))
    assert one == same
    assert not set(ids(one["ImageSet"])) & set(ids(other["ImageSet"]))


def test_keys_can_lack_permissions(make_world: MakeWorld) -> None:
    only = Caller.of(make_world(permissions={"allow": ["GetCompShareImage*"]}))
    assert only.call(CUSTOM)["RetCode"] == 299
    denied = Caller.of(make_world(permissions={"deny": [CUSTOM]}))
    assert denied.call(CUSTOM)["RetCode"] == 299
    assert denied.call(PLATFORM)["RetCode"] == 0


def test_projects_and_tokens(make_world: MakeWorld) -> None:
    caller = Caller.of(make_world(account={"projects": ["org-one"], "security_token": "sts"}))
    assert caller.call(PLATFORM)["RetCode"] == 174
    assert caller.call(PLATFORM, SecurityToken="sts", ProjectId="org-two")["RetCode"] == 292
    assert caller.call(PLATFORM, SecurityToken="sts", ProjectId="org-one")["RetCode"] == 0


def test_tags_have_categories(caller: Caller) -> None:
    response = caller.call("DescribeCompShareImageTags", Region="cn-wlcb")
    assert "LLM" in response["TagIndex"]
    assert set(response["TagIndex"]) == set(response["TagsMap"])
