from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleError
from ansible.plugins.loader import lookup_loader

from ansible_collections.compshare.cloud.tests.simulator.fixtures import MakeWorld
from ansible_collections.compshare.cloud.tests.simulator.world import World

ROWS = [
    {"CompShareImageId": "compshareImage-a", "Name": "torch", "ImageType": "App", "CreateTime": 1_700_000_000},
    {"CompShareImageId": "compshareImage-b", "Name": "torch", "ImageType": "App", "CreateTime": 1_710_000_000},
    {"CompShareImageId": "compshareImage-c", "Name": "{{ 7*7 }}", "ImageType": "System"},
]


@pytest.fixture
def torch_world(make_world: MakeWorld) -> World:
    rows = [{**row, "PubTime": 0} for row in ROWS]
    return make_world(rows={"platform": rows}, replace=["platform"])


def look_up(world: World, *terms: str, **options: Any) -> list[Any]:
    keys = {"api_url": world.url, "public_key": world.public_key, "private_key": world.private_key}
    plugin = lookup_loader.get("compshare.cloud.compshare_image")
    found: list[Any] = plugin.run(list(terms), {}, **{**keys, **options})
    return found


def test_an_id_or_an_exact_name_finds_its_image(torch_world: World) -> None:
    found = look_up(torch_world, "compshareImage-a", "{{ 7*7 }}")
    assert [image["id"] for image in found] == ["compshareImage-a", "compshareImage-c"]


def test_several_images_of_a_name_are_an_error_unless_the_newest_is_wanted(torch_world: World) -> None:
    with pytest.raises(AnsibleError, match=r"2 images are named 'torch'.*most_recent"):
        look_up(torch_world, "torch")
    assert look_up(torch_world, "torch", most_recent=True, field="id") == ["compshareImage-b"]


def test_a_name_that_no_image_has_is_an_error_or_the_default(torch_world: World) -> None:
    with pytest.raises(
        AnsibleError, match=r"No image is named 'Torch' in the platform list \(3 images\)\. Near: 'torch'"
    ):
        look_up(torch_world, "Torch")
    assert look_up(torch_world, "Torch", "compshareImage-c", default=None, field="name") == [None, "{{ 7*7 }}"]


def test_without_a_name_every_image_comes(torch_world: World) -> None:
    assert look_up(torch_world, field="name") == ["torch", "torch", "{{ 7*7 }}"]
    assert len(look_up(torch_world, image_type="App", limit=1)) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"field": "nmae"}, "no field 'nmae'.*It has: id, name"),
        ({"limit": 1}, "limit cannot be used"),
        ({"source": "custom", "image_type": "App"}, "image_type is not known to source=custom"),
        ({"private_key": "wrong"}, "RetCode 171"),
    ],
)
def test_what_cannot_work_is_one_clear_error(torch_world: World, options: dict[str, Any], message: str) -> None:
    with pytest.raises(AnsibleError, match=message) as caught:
        look_up(torch_world, "compshareImage-a", **options)
    assert caught.value.__cause__ is None
    assert "private" not in str(caught.value).replace("private key belongs", "")


def test_options_come_from_the_environment(torch_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in torch_world.environment().items():
        monkeypatch.setenv(name, value)
    plugin = lookup_loader.get("compshare.cloud.compshare_image")
    assert plugin.run(["compshareImage-a"], {}, field="name") == ["torch"]


def test_favourites_come_with_a_warning_where_the_api_does_not_list_them(
    make_world: MakeWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    assert look_up(make_world(), source="favorite")
    assert "DescribeFavoriteImages" in " ".join(capsys.readouterr().err.split())
