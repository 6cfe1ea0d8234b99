"""The example as a reader starts it: a first look, the work, a second run, and what it prompts for on an account."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.compshare.cloud.tests.simulator.fixtures import MakeWorld
from ansible_collections.compshare.cloud.tests.unit.plugins.module_utils.in_process import images_named, writes
from tests.playbooks.runs import changes, run_example

pytestmark = pytest.mark.playbook

EXAMPLE = "golden_image"


def test_from_an_instance_to_a_shared_image(make_world: MakeWorld, tmp_path: Path) -> None:
    world = make_world(speed=600)
    status, output = run_example(tmp_path, world, EXAMPLE, "--check", "--diff")
    assert (status, changes(output), writes(world)) == (0, 2, []), output
    assert "known when it is created" in output
    status, output = run_example(tmp_path, world, EXAMPLE)
    assert (status, changes(output)) == (0, 2), output
    [row] = images_named(world, "golden-image")
    assert row["Status"] == "Available" and row["CompShareImageId"] in output
    assert "SHARED WITH 50000002" in output
    for options in ([], ["--check"]):
        status, output = run_example(tmp_path, world, EXAMPLE, *options)
        assert (status, changes(output)) == (0, 0), output
    assert writes(world) == ["CreateCompShareCustomImage", "ModifyCompShareImageShareAccount"]


def test_on_an_account_it_needs_the_instance(make_world: MakeWorld, tmp_path: Path) -> None:
    world = make_world(speed=600)
    status, output = run_example(tmp_path, world, EXAMPLE, "-e", '{"on_simulator": false}')
    assert status == 2 and "Name one: -e instance_id=uhost-..." in output, output
    assert writes(world) == []


def test_an_instance_of_ones_choice(make_world: MakeWorld, tmp_path: Path) -> None:
    world = make_world(speed=600)
    instance = next(one.identifier for one in world.instances.all.values() if one.row["Name"] == "jupyter-4090")
    chosen = ("-e", f"instance_id={instance}", "-e", '{"share_with": []}', "-e", "image_name=mine")
    status, output = run_example(tmp_path, world, EXAMPLE, *chosen)
    assert status == 0 and "SHARED WITH nobody" in output, output
    [row] = images_named(world, "mine")
    assert row["Container"] == "True"
