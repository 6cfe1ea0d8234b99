"""The inventory as ansible-inventory and ansible-playbook use it: several files, and files that fail."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.compshare.cloud.tests.simulator import World
from ansible_collections.compshare.cloud.tests.simulator.fixtures import MakeWorld
from tests.playbooks.runs import Run

pytestmark = pytest.mark.playbook


def source(folder: Path, name: str, world: World, **options: Any) -> Path:
    keys = {"api_url": world.url, "public_key": world.public_key, "private_key": world.private_key}
    path = folder / f"{name}.compshare.yml"
    path.write_text(yaml.safe_dump({"plugin": "compshare.cloud.compshare", **keys, **options}))
    return path


def listed(
    folder: Path, world: World, *sources: Path, extra: str = "{}", **environment: str
) -> subprocess.CompletedProcess[str]:
    run = Run(folder, world, [])
    named = [argument for path in sources for argument in ("--inventory", str(path))]
    run.command = [sys.executable, "-m", "ansible.cli.inventory", *named, "--list", "--extra-vars", extra]
    return run.plain(**environment)


def plain(value: Any) -> str:
    """Return a text of the output, which marks texts as untrusted from ansible-core 2.19 on."""
    text: str = value["__ansible_unsafe"] if isinstance(value, dict) else value
    return text


def test_two_accounts_are_one_inventory(make_world: MakeWorld, tmp_path: Path) -> None:
    first, second = make_world(speed=1), make_world(speed=1)
    for instance in second.instances.all.values():
        instance.row["UHostId"] = f"second-{instance.row['UHostId']}"
    ended = listed(tmp_path, first, source(tmp_path, "first", first), source(tmp_path, "second", second))
    hosts = json.loads(ended.stdout)["_meta"]["hostvars"]
    assert len(hosts) == 16
    assert plain(hosts["train-vm"]["compshare_id"]).startswith("uhost-")
    (added,) = (name for name in hosts if name.startswith("train-vm_"))
    assert plain(hosts[added]["compshare_id"]).startswith("second-")
    for name in ("train-vm", added):
        assert hosts[name]["ansible_host"] == hosts[name]["compshare_public_ip"]


def test_extra_variables_reach_options_filters_and_names(make_world: MakeWorld, tmp_path: Path) -> None:
    world = make_world(speed=1)
    path = source(
        tmp_path,
        "team",
        world,
        use_extra_vars=True,
        regions=["{{ desired_region }}"],
        filters=["compshare_name is search(desired_name)"],
        hostnames=["{{ team }}-{{ compshare_name }}"],
    )
    extra = json.dumps({"desired_region": "cn-bj2", "desired_name": "batch", "team": "vision"})
    assert list(json.loads(listed(tmp_path, world, path, extra=extra).stdout)["_meta"]["hostvars"]) == [
        "vision-batch-pod"
    ]


@pytest.mark.parametrize(
    ("options", "environment"),
    [
        ({}, {"COMPSHARE_VALIDATE_CERTS": "flase"}),
        ({"validate_certs": "yess"}, {}),
        ({"state": ["Running"]}, {}),
        ({"zones": ["cn-wlcb-1"]}, {}),
    ],
    ids=["environment", "certificates", "option", "zone"],
)
def test_a_file_with_a_mistake_can_end_the_run(
    make_world: MakeWorld, tmp_path: Path, options: dict[str, Any], environment: dict[str, str]
) -> None:
    world = make_world(speed=1)
    path = source(tmp_path, "team", world, **options)
    passed_over = listed(tmp_path, world, path, **environment)
    assert passed_over.returncode == 0
    assert json.loads(passed_over.stdout)["_meta"]["hostvars"] == {}
    assert "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED" in "".join(passed_over.stderr.split())
    red = listed(tmp_path, world, path, ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED="true", **environment)
    assert red.returncode != 0


def test_a_damaged_cache_costs_no_host(make_world: MakeWorld, tmp_path: Path) -> None:
    world = make_world(speed=1)
    cache = tmp_path / "cache"
    options = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(cache)}
    path = source(tmp_path, "team", world, **options)
    for content in (None, "", '{"instances": ['):
        for file in cache.iterdir() if content is not None else ():
            file.write_text(content or "")
        ended = listed(tmp_path, world, path)
        assert len(json.loads(ended.stdout)["_meta"]["hostvars"]) == 8, ended.stderr
        assert ("read again" in " ".join(ended.stderr.split())) is (content is not None)
