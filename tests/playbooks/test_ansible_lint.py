"""ansible-lint checks the options of every module, also of those that have an action plugin."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.playbooks.runs import COLLECTIONS, LIMIT, ROOT

pytestmark = pytest.mark.playbook

MODULES = sorted(path.stem for path in (ROOT / "plugins/modules").glob("compshare_*.py"))


def checked(folder: Path, tasks: list[dict[str, Any]]) -> list[str]:
    """Return the titles of the tasks whose options ansible-lint refuses."""
    play = [{"name": "Use modules", "hosts": "localhost", "gather_facts": False, "tasks": tasks}]
    (folder / "play.yml").write_text("---\n" + yaml.safe_dump(play, sort_keys=False))
    # Settings of its own: it would find those of a clone that the folder is in, and these leave such folders out.
    (folder / ".ansible-lint").write_text("---\nskip_list: []\n")
    programs = Path(sys.executable).parent
    linted = subprocess.run(
        [
            str(programs / "ansible-lint"),
            "--offline",
            "--config-file",
            ".ansible-lint",
            "--format",
            "json",
            "--nocolor",
            "play.yml",
        ],
        cwd=folder,
        env={
            **os.environ,
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            "ANSIBLE_HOME": str(folder / "home"),
            # A module that ran would fail there.
            "COMPSHARE_API_URL": "http://127.0.0.1:1",
            "COMPSHARE_PUBLIC_KEY": "public",
            "COMPSHARE_PRIVATE_KEY": "private",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT,
    )
    found = [each for each in json.loads(linted.stdout) if each["check_name"].startswith("args")]
    return [each["content"]["body"].removeprefix("Task/Handler: ") for each in found]


def test_a_misspelt_option_is_found_in_every_module(tmp_path: Path) -> None:
    wrong = [{"name": f"Use {name}", f"compshare.cloud.{name}": {"regoin": "cn-wlcb"}} for name in MODULES]
    right: list[dict[str, Any]] = [
        {"name": "List images", "compshare.cloud.compshare_image_info": {"source": "custom"}},
        {"name": "Stop", "compshare.cloud.compshare_instance": {"name": "train-vm", "state": "stopped"}},
    ]
    assert checked(tmp_path, wrong + right) == [f"Use {name}" for name in MODULES]
