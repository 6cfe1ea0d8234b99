"""Secrets that a task requested: whoever registers the result has them, and no callback sees them."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.compshare.cloud.tests.simulator import World
from ansible_collections.compshare.cloud.tests.simulator.fixtures import MakeWorld

from ..runs import Run

pytestmark = pytest.mark.playbook

INFO = "compshare.cloud.compshare_instance_info"
API = "compshare.cloud.compshare_api"
#: A callback that writes down whatever ansible-core gives to callbacks.
EVERYTHING = '''
from __future__ import annotations

import os

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: everything
type: notification
short_description: Writes down what callbacks are given
description: Writes down what callbacks are given.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "everything"
    CALLBACK_NEEDS_ENABLED = True

    def v2_on_any(self, *args, **kwargs):
        with open(os.environ["EVERYTHING_SEEN"], "a") as seen:
            for each in (*args, *kwargs.values()):
                result = getattr(each, "result", None) or getattr(each, "_result", None)
                seen.write(f"{type(each).__name__}: {result!r}\\n")
'''


def read(module: str, **options: Any) -> dict[str, Any]:
    given = {"action": "DescribeCompShareInstance", "params": {"Limit": 10}} if module == API else {}
    return {module: {"include_secrets": True, **given}, **options}


def shown(folder: Path, world: World, tasks: list[dict[str, Any]], **environment: str) -> tuple[int, str]:
    """Run tasks; return the exit status, and all that anybody could see of them."""
    plugins = folder / "callbacks"
    plugins.mkdir()
    (plugins / "everything.py").write_text(EVERYTHING)
    seen = folder / "seen"
    run = Run(folder, world, tasks)
    run.command.append("-vvv")
    ended = run.plain(
        ANSIBLE_CALLBACK_PLUGINS=str(plugins),
        ANSIBLE_CALLBACKS_ENABLED="everything,ansible.builtin.tree,ansible.builtin.junit",
        ANSIBLE_CALLBACK_TREE_DIR=str(folder / "tree"),
        JUNIT_OUTPUT_DIR=str(folder / "junit"),
        EVERYTHING_SEEN=str(seen),
        **environment,
    )
    written = [path.read_text() for part in ("tree", "junit") for path in (folder / part).rglob("*") if path.is_file()]
    assert "Result" in seen.read_text()
    return ended.returncode, "\n".join([ended.stdout, ended.stderr, seen.read_text(), *written])


@pytest.mark.parametrize("module", [INFO, API])
@pytest.mark.parametrize(
    "keywords",
    [
        {},
        {"loop": [1, 2]},
        {"loop": [1, 2], "failed_when": True, "ignore_errors": True},
        {"failed_when": True, "ignore_errors": True},
        {"until": "(got.attempts | default(1)) > 1", "retries": 2, "delay": 0},
        {"loop": [1], "loop_control": {"label": "{{ got is defined }}", "extended": True}},
    ],
    ids=["plain", "loop", "failing loop", "failing", "until", "labelled loop"],
)
def test_no_callback_sees_them(make_world: MakeWorld, tmp_path: Path, module: str, keywords: dict[str, Any]) -> None:
    world = make_world(speed=1)
    encoded = next(iter(world.instances.all.values())).row["Password"]
    expected = encoded if module == API else base64.b64decode(encoded).decode()
    used = {"ansible.builtin.assert": {"that": f"{expected!r} in (got | string)", "quiet": True}, "no_log": True}
    status, seen = shown(tmp_path, world, [{**read(module), "register": "got", **keywords}, used])
    assert status == 0, seen
    assert expected not in seen
    assert encoded not in seen


@pytest.mark.parametrize("callback", ["ansible.builtin.minimal", "ansible.builtin.oneline"])
def test_no_callback_on_the_terminal_shows_them(make_world: MakeWorld, tmp_path: Path, callback: str) -> None:
    world = make_world(speed=1)
    password = base64.b64decode(next(iter(world.instances.all.values())).row["Password"]).decode()
    _status, seen = shown(tmp_path, world, [read(INFO, loop=[1, 2])], ANSIBLE_STDOUT_CALLBACK=callback)
    assert password not in seen


def test_items_without_secrets_are_shown(make_world: MakeWorld, tmp_path: Path) -> None:
    task = {INFO: {"include_secrets": "{{ item }}"}, "loop": [False]}
    status, seen = shown(tmp_path, make_world(speed=1), [task])
    assert status == 0
    assert "train-vm" in seen
