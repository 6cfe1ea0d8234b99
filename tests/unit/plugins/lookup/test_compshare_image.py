from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.constants import config
from ansible.errors import AnsibleError
from ansible.plugins.loader import fragment_loader, lookup_loader
from ansible.utils.display import Display
from ansible.utils.plugin_docs import add_fragments

from ansible_collections.compshare.cloud.plugins.module_utils._api.client import Client
from ansible_collections.compshare.cloud.plugins.module_utils._api.clock import Clock
from ansible_collections.compshare.cloud.plugins.module_utils._images import model
from ansible_collections.compshare.cloud.plugins.module_utils._images.model import IMAGE_KEYS
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


def test_the_options_are_those_of_the_documentation() -> None:
    plugin = lookup_loader.get("compshare.cloud.compshare_image")
    source = sys.modules[type(plugin).__module__]
    documentation = yaml.safe_load(source.DOCUMENTATION)
    add_fragments(documentation, source.__file__, fragment_loader=fragment_loader, is_module=False)
    documented = {
        name: {key: value for key, value in option.items() if not key.startswith(("description", "version_added"))}
        for name, option in documentation["options"].items()
    }
    documented["private_key"]["secret"] = True  # which the documentation says from ansible-core 2.22 on
    assert config.get_configuration_definitions("lookup", plugin._load_name) == documented


def look_up(world: World, *terms: str, **options: Any) -> list[Any]:
    keys = {"api_url": world.url, "public_key": world.public_key, "private_key": world.private_key}
    plugin = lookup_loader.get("compshare.cloud.compshare_image")
    found: list[Any] = plugin.run(list(terms), {}, **{**keys, **options})
    return found


def test_an_id_or_an_exact_name_finds_its_image(torch_world: World) -> None:
    found = look_up(torch_world, "compshareImage-a", "{{ 7*7 }}")
    assert [image["id"] for image in found] == ["compshareImage-a", "compshareImage-c"]


def test_several_images_of_a_name_are_an_error_unless_the_newest_is_requested(torch_world: World) -> None:
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


def test_a_profile_that_is_given_goes_before_keys_of_the_environment(
    torch_world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "config.json"
    keys = {"public_key": torch_world.public_key, "private_key": torch_world.private_key}
    path.write_text(json.dumps({"profiles": {"prod": keys}}), encoding="utf-8")
    path.chmod(0o600)
    monkeypatch.setenv("COMPSHARE_CONFIG_FILE", str(path))
    monkeypatch.setenv("COMPSHARE_PUBLIC_KEY", "of-another-account")
    monkeypatch.setenv("COMPSHARE_PRIVATE_KEY", "private")
    without_keys = {"public_key": None, "private_key": None}
    assert look_up(torch_world, "compshareImage-a", **without_keys, profile="prod", field="name") == ["torch"]
    with pytest.raises(AnsibleError, match="no profile 'prd', which the option profile names"):
        look_up(torch_world, "compshareImage-a", **without_keys, profile="prd")
    with pytest.raises(AnsibleError, match=r"The key …ount from the environment was used against"):
        look_up(torch_world, "compshareImage-a", **without_keys)


def test_the_name_of_the_module_works_here_too(torch_world: World) -> None:
    assert look_up(torch_world, name="torch", field="id") == ["compshareImage-a", "compshareImage-b"]
    assert look_up(torch_world, name="Torch") == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"serch": "torch"}, "no option 'serch' .did you mean 'search'.*The options are: api_"),
        ({"gpu": "4090"}, "no option 'gpu' .did you mean 'gpu_type'"),
        ({"fild": "id"}, "no option 'fild' .did you mean 'field'"),
        ({"_terms": "torch"}, "no option '_terms'"),
        ({"validate_certs": "flase"}, "validate_certs must be true or false, not 'flase'"),
        ({"most_recent": "yess"}, "most_recent must be true or false, not 'yess'"),
        ({"free": "maybe"}, "free must be true or false, not 'maybe'"),
        ({"limit": "ten"}, "limit must be a whole number, not 'ten'"),
        ({"region": "cn-wlbc"}, "There is no region 'cn-wlbc'.*cn-wlcb"),
        ({"zone": "cn-wlcb-1"}, "There is no zone 'cn-wlcb-1'.*cn-wlcb-01"),
    ],
)
def test_what_does_not_exist_is_refused_by_name(torch_world: World, options: dict[str, Any], message: str) -> None:
    with pytest.raises(AnsibleError, match=message):
        look_up(torch_world, **options)


def test_values_that_nobody_knows_are_warned_about(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    def warned(**options: Any) -> str:
        assert look_up(world, **options) == []
        return " ".join(capsys.readouterr().err.split())

    assert "has the status 'Avail'. There are: Available, Making," in warned(status="Avail")
    assert "has the gpu_type 'RTX4090'. There are:" in warned(gpu_type="RTX4090")
    assert "WARNING" not in warned(status="unavailable", source="shared")


def test_default_may_be_empty(torch_world: World) -> None:
    assert look_up(torch_world, "nobody", default="") == [""]
    assert look_up(torch_world, "nobody", default=False) == [False]


@pytest.mark.parametrize(("value", "checked"), [("", True), ("true", True), (None, True), ("no", False)])
def test_certificates_are_checked_unless_the_user_says_no(
    torch_world: World, monkeypatch: pytest.MonkeyPatch, value: Any, checked: bool
) -> None:
    warnings: list[str] = []
    monkeypatch.setattr(Display, "warning", lambda _self, message, **_kwargs: warnings.append(message))
    look_up(torch_world, validate_certs=value)
    monkeypatch.setenv("COMPSHARE_VALIDATE_CERTS", value or "")
    look_up(torch_world)
    assert len(warnings) == (0 if checked else 2)
    assert all("validate_certs is false" in warning for warning in warnings)


def test_a_misspelt_variable_of_the_environment_is_refused(torch_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMPSHARE_VALIDATE_CERTS", "flase")
    with pytest.raises(AnsibleError, match="COMPSHARE_VALIDATE_CERTS"):
        look_up(torch_world)


def test_favorites_come_with_a_warning_where_the_api_does_not_list_them(
    make_world: MakeWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    assert look_up(make_world(), source="favorite")
    assert "DescribeFavoriteImages" in " ".join(capsys.readouterr().err.split())


def test_a_list_is_read_once_until_something_is_changed(torch_world: World) -> None:
    for _host in range(3):
        assert look_up(torch_world, "compshareImage-a", field="name") == ["torch"]
    requests = len(torch_world.requests())
    assert requests == 4, "one for each type of image"
    look_up(torch_world, "compshareImage-a", region="cn-sh2")
    assert len(torch_world.requests()) == 2 * requests
    keys = {"api_url": torch_world.url, "public_key": torch_world.public_key, "private_key": torch_world.private_key}
    Client.from_options(keys).call(
        "CreateCompShareImageFavorite", {"GroupId": next(iter(torch_world.images.groups))}, write=True
    )
    look_up(torch_world, "compshareImage-a")
    assert len(torch_world.requests()) == 3 * requests + 1


@pytest.mark.parametrize("types", ["plain", "mixed"])
@pytest.mark.parametrize("source", ["platform", "custom", "shared", "published", "favorite", "community"])
def test_what_comes_from_the_cache_is_what_the_api_said(make_world: MakeWorld, source: str, types: str) -> None:
    world = make_world(types=types, seed=3)
    first = look_up(world, source=source)
    sent = len(world.requests())
    assert first
    assert look_up(world, source=source) == first
    assert len(world.requests()) == sent


def test_only_the_images_that_are_returned_are_read_whole(torch_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    whole: list[Any] = []
    normalise_image = model.normalise_image

    def noted(row: Any, **settings: Any) -> Any:
        whole.append(row["CompShareImageId"])
        return normalise_image(row, **settings)

    monkeypatch.setattr(model, "normalise_image", noted)
    [image] = look_up(torch_world, "compshareImage-a")
    assert image.__class__ is dict
    assert tuple(image)[: len(IMAGE_KEYS)] == IMAGE_KEYS
    assert whole == ["compshareImage-a"]
    assert look_up(torch_world, "torch", most_recent=True, field="status") == ["Available"]
    assert "compshareImage-c" not in whole


def test_only_the_readmes_that_are_returned_are_requested(torch_world: World) -> None:
    options: dict[str, Any] = {"include_readme": True, "cache_timeout": 0}
    terms = ("compshareImage-a", "{{ 7*7 }}", "compshareImage-a")
    assert len(look_up(torch_world, *terms, **options)) == 3
    assert len(torch_world.requests()) == 4 + 2
    assert all("readme" in image for image in look_up(torch_world, **options))
    assert len(torch_world.requests()) == 4 + 2 + 4 + 3


def test_a_result_is_as_old_as_its_list(torch_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def names(*terms: str) -> list[Any]:
        return look_up(torch_world, *terms, field="name", cache_timeout=30)

    now = time.time()
    monkeypatch.setattr(Clock, "epoch", lambda _self: now)
    assert names("compshareImage-a") == ["torch"]
    now += 29
    assert names("compshareImage-c") == ["{{ 7*7 }}"]
    assert len(torch_world.requests()) == 4
    now += 2
    assert names("compshareImage-c") == ["{{ 7*7 }}"]
    assert len(torch_world.requests()) == 8


def test_a_default_is_never_kept(torch_world: World) -> None:
    for default in ("one", "two", None, ["three"]):
        assert look_up(torch_world, "nobody", "compshareImage-a", default=default, field="name") == [default, "torch"]
    with pytest.raises(AnsibleError, match="No image is named 'nobody'"):
        look_up(torch_world, "nobody", "compshareImage-a", field="name")
    assert len(torch_world.requests()) == 4


def test_each_lookup_gives_its_warnings(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    warnings: list[str] = []
    monkeypatch.setattr(Display, "warning", lambda _self, message, **_kwargs: warnings.append(message))
    assert look_up(world, status="Avail") == []
    sent = len(world.requests())
    assert look_up(world, status="Avail") == []
    assert len(warnings) == 2
    assert warnings[0] == warnings[1]
    assert "has the status 'Avail'" in warnings[0]
    assert len(world.requests()) == sent


def test_a_zone_is_checked_once(torch_world: World) -> None:
    for _host in range(2):
        look_up(torch_world, "compshareImage-a", zone="cn-wlcb-01")
    assert len(torch_world.requests("DescribeCompShareSupportZone")) == 1
    for _host in range(2):
        with pytest.raises(AnsibleError, match="There is no zone 'cn-wlbc-01'"):
            look_up(torch_world, "compshareImage-a", zone="cn-wlbc-01")


def test_without_a_timeout_each_lookup_reads(torch_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    look_up(torch_world, "compshareImage-a", cache_timeout=0)
    monkeypatch.setenv("COMPSHARE_CACHE_TIMEOUT", "0")
    look_up(torch_world, "compshareImage-a")
    assert len(torch_world.requests()) == 8
    with pytest.raises(AnsibleError, match="cache_timeout must be 0 seconds or more"):
        look_up(torch_world, "compshareImage-a", cache_timeout=-1)
