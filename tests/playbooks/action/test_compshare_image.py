"""compshare_image as a user gets it: ansible-playbook as a process, against the simulator."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.compshare.cloud.tests.simulator.fixtures import MakeWorld
from ansible_collections.compshare.cloud.tests.unit.plugins.module_utils.in_process import instance_in
from tests.playbooks.runs import Run

pytestmark = pytest.mark.playbook


def test_the_lines_of_a_build_and_none_without_one(make_world: MakeWorld, tmp_path: Path) -> None:
    world = make_world(speed=300)
    task = {
        "name": "Create",
        "compshare.cloud.compshare_image": {"name": "env-1", "instance_id": instance_in(world, "train-vm")},
    }
    first = Run(tmp_path, world, [task]).plain()
    assert first.returncode == 0, first.stdout
    lines = [line for line in first.stderr.splitlines() if line.startswith("[localhost] env-1: ")]
    assert "available after" in lines[-1]
    second = Run(tmp_path, world, [task]).plain()
    assert second.returncode == 0 and "changed=0" in second.stdout
    assert "env-1" not in second.stderr


def test_nothing_is_shown_unless_it_is_configured(make_world: MakeWorld, tmp_path: Path) -> None:
    world = make_world(speed=300)
    options = {"name": "env-1", "instance_id": instance_in(world, "train-vm"), "show_progress": False}
    ended = Run(tmp_path, world, [{"name": "Create", "compshare.cloud.compshare_image": options}]).plain()
    assert ended.returncode == 0, ended.stdout
    assert "env-1" not in ended.stderr


def test_in_the_background(make_world: MakeWorld, tmp_path: Path) -> None:
    world = make_world(speed=300)
    options = {"name": "env-1", "instance_id": instance_in(world, "train-vm")}
    ended = Run(
        tmp_path,
        world,
        [
            {"name": "Create", "compshare.cloud.compshare_image": options, "async": 60, "poll": 0, "register": "begun"},
            {
                "name": "Wait",
                "ansible.builtin.async_status": {"jid": "{{ begun.ansible_job_id }}"},
                "register": "created",
                "until": "created is finished",
                "retries": 60,
                "delay": 1,
            },
            {"name": "Check", "ansible.builtin.assert": {"that": "created.image.status == 'Available'"}},
        ],
    ).plain()
    assert ended.returncode == 0, ended.stdout
