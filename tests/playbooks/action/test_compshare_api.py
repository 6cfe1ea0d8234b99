"""compshare_api as a user gets it: secrets do not come to light, at whatever verbosity."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.compshare.cloud.tests.simulator.fixtures import MakeWorld
from ansible_collections.compshare.cloud.tests.unit.plugins.module_utils.in_process import instance_in
from tests.playbooks.runs import Run

pytestmark = pytest.mark.playbook

SECRET = base64.b64encode(b"An5ible-T3st").decode()


def call(action: str, **options: Any) -> dict[str, Any]:
    return {"name": "Call", "compshare.cloud.compshare_api": {"action": action, "region": "cn-wlcb", **options}}


@pytest.mark.parametrize("effect", [True, False])
def test_a_secret_parameter(make_world: MakeWorld, tmp_path: Path, effect: bool) -> None:
    world = make_world(speed=1)
    task = call(
        "ResetCompShareInstancePassword",
        zone="cn-wlcb-01",
        params={"UHostId": instance_in(world, "wyp-test" if effect else "train-vm")},
        secret_params={"Password": SECRET},
    )
    run = Run(tmp_path, world, [task])
    run.command.append("-vvvv")
    ended = run.plain()
    assert (ended.returncode == 0) is effect, ended.stdout
    assert SECRET not in ended.stdout + ended.stderr


def test_a_secret_in_the_response(make_world: MakeWorld, tmp_path: Path) -> None:
    world = make_world(speed=1)
    password = next(iter(world.instances.all.values())).row["Password"]
    shown = {**call("DescribeCompShareInstance", include_secrets=True), "register": "called"}
    passwords = "called.response.UHostSet | map(attribute='Password') | list"
    used = {"name": "Use", "ansible.builtin.assert": {"that": f"'{password}' in {passwords}", "quiet": True}}
    run = Run(tmp_path, world, [call("DescribeCompShareInstance"), shown])
    run.command.append("-vvvv")
    ended = run.plain()
    assert ended.returncode == 0, ended.stdout
    assert "DescribeCompShareInstanceResponse" in ended.stdout and "********" in ended.stdout
    assert password not in ended.stdout + ended.stderr
    assert Run(tmp_path, world, [shown, used]).plain().returncode == 0
