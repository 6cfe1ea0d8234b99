"""The modules under Mitogen, which runs them in an interpreter that stays, without AnsiballZ."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import ansible_mitogen  # type: ignore[import-untyped]  # it has no types
import pytest

from ansible_collections.compshare.cloud.tests.simulator.fixtures import MakeWorld
from ansible_collections.compshare.cloud.tests.unit.plugins.module_utils.in_process import instance_in
from tests.playbooks.runs import Run

pytestmark = pytest.mark.playbook

STRATEGIES = Path(ansible_mitogen.__file__).parent / "plugins/strategy"
INFO, IMAGE, API = (f"compshare.cloud.compshare_{name}" for name in ("instance_info", "image", "api"))


def checked(register: str, expression: str) -> dict[str, Any]:
    return {"ansible.builtin.assert": {"that": expression.format(register), "quiet": True}}


def test_modules_run(make_world: MakeWorld, tmp_path: Path) -> None:
    world = make_world(speed=300)
    tasks = [
        {INFO: {"states": ["Running"]}, "register": "listed"},
        checked("listed", "{}.instances | length > 0"),
        {INFO: {"include_secrets": True}, "register": "secret", "environment": {"SOME": "value"}},
        {**checked("secret", "({}.instances | selectattr('password') | list) != []"), "no_log": True},
        {IMAGE: {"name": "env-1", "instance_id": instance_in(world, "train-vm")}, "register": "created"},
        checked("created", "{}.image.status == 'Available'"),
        {API: {"action": "DescribeCompShareSupportZone"}, "register": "zones"},
        checked("zones", "{}.response.ZoneInfo | length > 0"),
        {INFO: {"public_key": world.public_key, "private_key": "wrong"}, "register": "refused", "ignore_errors": True},
        checked("refused", "{}.error.ret_code == 171"),
    ]
    run = Run(tmp_path, world, tasks, vars={"ansible_python_interpreter": sys.executable})
    ended = run.plain(ANSIBLE_STRATEGY_PLUGINS=str(STRATEGIES), ANSIBLE_STRATEGY="mitogen_linear")
    assert ended.returncode == 0, ended.stdout + ended.stderr
