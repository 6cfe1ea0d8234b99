"""The example of the role, as a reader starts it: a first look, the work, a second run; and nothing of it is left."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest
import yaml

from ansible_collections.compshare.cloud.tests.simulator import World
from ansible_collections.compshare.cloud.tests.simulator.fixtures import MakeWorld
from ansible_collections.compshare.cloud.tests.unit.plugins.module_utils.in_process import images_named, writes
from tests.playbooks.runs import ROOT, changes, run_file

pytestmark = pytest.mark.playbook

EXAMPLE = ROOT / "examples/golden_image_role.yml"


def password_of(world: World) -> str:
    """The password that the role gave to the builder."""
    [builder] = world.released.values()
    return base64.b64decode(builder.row["Password"]).decode()


def test_from_a_base_image_to_an_image_with_nothing_left(make_world: MakeWorld, tmp_path: Path) -> None:
    world = make_world(speed=600)
    before = set(world.instances.all)
    status, output = run_file(tmp_path, world, EXAMPLE, "--check")
    assert (status, changes(output), writes(world)) == (0, 1, []), output
    assert re.search(r"A builder would be created in cn-\S+ for [\d.]+ CNY per hour", output)
    status, output = run_file(tmp_path, world, EXAMPLE, "-vvv")
    assert (status, changes(output)) == (0, 3), output
    [row] = images_named(world, "team-tools")
    assert row["Status"] == "Available"
    assert set(world.instances.all) == before
    assert re.search(
        r"It existed for [\d.]+\s+minutes\s+at\s+[\d.]+\s+CNY\s+per\s+hour:\s+about\s+[\d.]+\s+CNY", output
    )
    assert len(password_of(world)) > 20
    assert password_of(world) not in output
    done = writes(world)
    status, output = run_file(tmp_path, world, EXAMPLE)
    assert (status, changes(output), writes(world)) == (0, 0, done), output


def test_the_builder_goes_where_the_first_error_ends_the_play(make_world: MakeWorld, tmp_path: Path) -> None:
    world = make_world(speed=600)
    before = set(world.instances.all)
    (tmp_path / "broken.yml").write_text(yaml.safe_dump([{"ansible.builtin.fail": {"msg": "No package foo."}}]))
    [play] = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
    play["tasks"][0]["vars"]["golden_image_tasks"] = "broken.yml"
    playbook = tmp_path / "any_error.yml"
    playbook.write_text(yaml.safe_dump([{**play, "any_errors_fatal": True}]))
    status, output = run_file(tmp_path, world, playbook, "-vvv")
    assert status == 2, output
    assert "No package foo." in output
    assert "TerminateCompShareInstance" in writes(world)
    assert set(world.instances.all) == before
    assert images_named(world, "team-tools") == []
    assert password_of(world) not in output


def test_a_builder_that_cannot_be_installed_goes_too(make_world: MakeWorld, tmp_path: Path) -> None:
    world = make_world(speed=600, instances={"fail_installs": 1})
    before = set(world.instances.all)
    status, output = run_file(tmp_path, world, EXAMPLE)
    assert status == 2, output
    assert re.search(r"The\s+installation\s+of\s+team-tools-builder-\w+", output)
    assert set(world.instances.all) == before
    assert writes(world)[-1] == "TerminateCompShareInstance"
    assert re.search(r"CNY\s+per\s+hour:\s+about", output)
