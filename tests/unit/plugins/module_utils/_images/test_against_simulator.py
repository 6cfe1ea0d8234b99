"""The lists as the simulator serves them: whole, whatever the API does to them, or an error."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.client import Client
from ansible_collections.compshare.cloud.plugins.module_utils._api.clock import Clock
from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import CompShareError, NoResponseError
from ansible_collections.compshare.cloud.plugins.module_utils._images.query import Found, ImageQuery, find_images
from ansible_collections.compshare.cloud.plugins.module_utils._images.sources import SOURCES
from ansible_collections.compshare.cloud.tests.simulator.fixtures import MakeWorld
from ansible_collections.compshare.cloud.tests.simulator.world import World

from ..api_faults import UNREADABLE

pytestmark = pytest.mark.slow

BIG = {"platform": 10_000, "custom": 500, "community_groups": 300, "shared": 120, "published": 110, "favorites": 105}
FAULTS: list[dict[str, Any]] = [
    {"kind": "reset_before"},
    {"kind": "reset_after"},
    {"kind": "close_before"},
    {"kind": "close_after"},
    {"kind": "slow", "seconds": 1.5},
    {"kind": "http", "status": 429, "retry_after": 3},
    {"kind": "http", "status": 429},
    {"kind": "http", "status": 502},
    {"kind": "http", "status": 503, "retry_after": 2},
    {"kind": "http", "status": 404},
    *UNREADABLE,
    {"kind": "null_list"},
    {"kind": "string_list"},
    {"kind": "redirect"},
    {"kind": "ret_code", "code": 110},
    {"kind": "ret_code", "code": 153},
    {"kind": "ret_code", "code": 171},
    {"kind": "ret_code", "code": 230, "message": "Params [Region] not available"},
    {"kind": "ret_code", "code": 299},
    {"kind": "ret_code", "code": 8441},
    {"kind": "ret_code", "code": 424242},
    {"kind": "raw", "body": '{"RetCode": 0, "ImageSet": [1, 2]}'},
]
WHEN: dict[str, dict[str, Any]] = {
    "first": {"nth": 1},
    "second": {"nth": 2},
    "every third": {"every": 3},
    "all": {},
}
# Every fault strikes every list at its second request and at all; a flat and a grouped list at the others, too.
STRIKES = [
    (source, when)
    for source in SOURCES
    for when in WHEN
    if when in ("second", "all") or source in ("shared", "community")
]
FEW = {"platform": 230, "custom": 130, "shared": 130, "community_groups": 110, "published": 105}


class HastyClock(Clock):
    """A clock that goes on by itself and that sleeping moves, too, so that no pause takes any time."""

    def __init__(self) -> None:
        self._slept = 0.0
        self._lock = threading.Lock()

    def now(self) -> float:
        return super().now() + self._slept

    def epoch(self) -> float:
        return super().epoch() + self._slept

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self._slept += max(0.0, seconds)


def client_of(world: World, **options: Any) -> Client:
    keys = {"api_url": world.url, "public_key": world.public_key, "private_key": world.private_key}
    return Client.from_options({**keys, "region": "cn-wlcb", "api_timeout": 30.0, **options}, HastyClock())


def find(world: World, source: str, api_timeout: float = 30.0, **desired: Any) -> Found:
    user_id = other_publisher(world) if source == "user" else None
    return find_images(client_of(world, api_timeout=api_timeout), ImageQuery(source, user_id=user_id, **desired))


def other_publisher(world: World) -> int:
    """Return an account that has published something to the community."""
    publishers = dict.fromkeys(group["_owner"] for group in world.images.groups.values())
    own = world.scenario.account.id
    return next(publisher for publisher in publishers if publisher != own and world.expected_ids("user", publisher))


def expected(world: World, source: str) -> list[str]:
    return sorted(world.expected_ids(source, other_publisher(world) if source == "user" else None))


def ids(found: Found) -> list[str]:
    return sorted(image["id"] for image in found.images)


@pytest.fixture(scope="module")
def big_worlds(simulator: Any) -> dict[str, World]:
    return {
        kind: simulator.new_world({"speed": 0, "counts": BIG, **settings})
        for kind, settings in {
            "plain": {},
            "mixed": {"types": "mixed"},
            "total wrong": {"lists": {"*": {"total": "wrong"}}},
            "total too low": {"lists": {"*": {"total": "low"}}, "dialect": {"favorites_list": "served"}},
            "total missing": {"lists": {"*": {"total": "missing"}}, "types": "mixed"},
            "total random": {"lists": {"*": {"total": "random"}}},
            "total text": {"lists": {"*": {"total": "text"}}},
            "short pages": {"lists": {"*": {"max_rows": 50}}},
        }.items()
    }


@pytest.mark.slow
@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(
    "kind",
    ["plain", "mixed", "total wrong", "total too low", "total missing", "total random", "total text", "short pages"],
)
def test_every_image_is_found_and_none_twice(big_worlds: dict[str, World], source: str, kind: str) -> None:
    world = big_worlds[kind]
    found = find(world, source)
    assert ids(found) == expected(world, source)
    assert found.total == len(found.images) > 1


@pytest.mark.parametrize("source", SOURCES)
def test_an_account_without_anything_has_empty_lists(make_world: MakeWorld, source: str) -> None:
    nothing = dict.fromkeys(("platform", "custom", "shared", "community_groups", "published", "favorites"), 0)
    world = make_world(counts=nothing)
    assert find_images(client_of(world), ImageQuery(source, user_id=5 if source == "user" else None)).images == []


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: "-".join(str(value) for value in fault.values())[:40])
@pytest.mark.parametrize(("source", "when"), STRIKES)
def test_a_fault_gives_the_whole_list_or_an_error(
    make_world: MakeWorld, source: str, fault: dict[str, Any], when: str
) -> None:
    # A slow response takes real time, so it comes once.
    strikes = {"nth": 1} if fault["kind"] == "slow" else WHEN[when]
    world = make_world(counts=FEW, faults=[{**fault, **strikes, "action": "Describe*"}])
    try:
        found = find(world, source, api_timeout=1.0 if fault["kind"] == "slow" else 30.0)
    except CompShareError as error:
        result = error.as_result()
        assert result["action"].startswith("Describe")
        assert result["message"]
        assert result["hint"] or result["ret_code"] == 424242
        if fault["kind"] == "ret_code":
            assert result["ret_code"] == fault["code"]
            assert result["request_id"]
    else:
        assert ids(found) == expected(world, source)


@pytest.mark.parametrize("source", SOURCES)
def test_a_list_that_repeats_its_pages_is_an_error(make_world: MakeWorld, source: str) -> None:
    counts = {
        "platform": 900,
        "custom": 250,
        "shared": 130,
        "community_groups": 150,
        "published": 120,
        "favorites": 101,
    }
    world = make_world(counts=counts, lists={"*": {"repeat_pages": True}}, dialect={"favorites_list": "served"})
    if len(world.expected_ids(source, other_publisher(world) if source == "user" else None)) > 100:
        with pytest.raises(CompShareError, match="none of it is returned"):
            find(world, source)
    else:
        assert ids(find(world, source)) == expected(world, source)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("response", ["empty", "refused"])
def test_lists_that_end_with_a_full_page(make_world: MakeWorld, source: str, response: str) -> None:
    """Recorded of other APIs of the vendor: an Offset at the end of a list may be refused."""
    for count in (10, 20, 30, 50, 100, 200):
        counts = {"platform": count, **dict.fromkeys(("custom", "shared", "published", "favorites"), count)}
        world = make_world(
            counts={**counts, "community_groups": max(count, 20)},
            dialect={"offset_past_end": response, "favorites_list": "served"},
        )
        assert ids(find(world, source)) == expected(world, source)


def test_a_list_in_another_order_at_every_call_is_whole_or_an_error(make_world: MakeWorld) -> None:
    world = make_world(counts={"custom": 250}, lists={"*": {"shuffle": True, "total": "right"}})
    assert ids(find(world, "custom")) == expected(world, "custom")


def test_the_name_is_exact_although_the_api_matches_parts(make_world: MakeWorld) -> None:
    names = ["PyTorch", "PyTorch 2", "pytorch", "x PyTorch"]
    world = make_world(rows={"platform": [{"Name": name, "ImageType": "App"} for name in names]}, replace=["platform"])
    assert [image["name"] for image in find(world, "platform", name="PyTorch").images] == ["PyTorch"]


def test_the_readme_of_a_platform_image_is_requested_by_its_id(make_world: MakeWorld) -> None:
    world = make_world(rows={"platform": [{"Name": "with readme", "ImageType": "App", "Readme": "# Read me"}]})
    found = find(world, "platform", name="with readme", include_readme=True)
    assert found.images[0]["readme"] == "# Read me"
    assert find(world, "community", include_readme=True).images[0]["readme"]


def test_a_key_of_somebody_else_is_an_error(make_world: MakeWorld) -> None:
    world = make_world()
    with pytest.raises(CompShareError, match="RetCode 171"):
        find_images(client_of(world, private_key="another"), ImageQuery())
    with pytest.raises(CompShareError, match="RetCode 172"):
        find_images(client_of(world, public_key="another"), ImageQuery())


@pytest.mark.parametrize("source", ["platform", "custom", "community"])
def test_lists_that_demand_a_region_are_read_in_all_regions(make_world: MakeWorld, source: str) -> None:
    """Documented; in production they need none."""
    rows = {"custom": [{"Name": "there", "Zone": "cn-sh2-02"}]}
    world = make_world(dialect={"list_region": "required", "own_place": "filtered"}, rows=rows)
    found = find_images(client_of(world, region=None), ImageQuery(source=source)).images
    assert {image["id"] for image in found} == world.expected_ids(source)
    assert len(found) == len({image["id"] for image in found})


def test_a_server_that_is_gone_is_an_error_in_time(make_world: MakeWorld) -> None:
    world = make_world()
    with pytest.raises(NoResponseError, match="cannot be reached"):
        find_images(client_of(world, api_url="http://127.0.0.1:1"), ImageQuery())


HOSTILE = [
    "{{ 7*7 }}",
    "{% for x in range(3) %}x{% endfor %}",
    "\x1b[31mred",
    "two\nlines",
    "x" * 10_000,
    "\u202eabc",
    "a\x00b",
]


def test_text_comes_through_as_it_is(make_world: MakeWorld) -> None:
    rows = [{"Name": name, "Description": name, "ImageType": "App"} for name in HOSTILE]
    world = make_world(rows={"platform": rows}, replace=["platform"])
    images = find(world, "platform").images
    assert sorted(image["name"] for image in images) == sorted(HOSTILE)
    assert json.loads(json.dumps(images)) == images
