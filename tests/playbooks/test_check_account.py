"""playbooks/check_account.yml: a report in a file, in either dialect, without a change to the account."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.compshare.cloud.tests.simulator.fixtures import MakeWorld

from .runs import PLAYBOOK_COMMAND, ROOT, Run

pytestmark = pytest.mark.playbook


@pytest.mark.parametrize(("dialect", "differs"), [("recorded", False), ("documented", True)])
def test_the_report_is_written_and_nothing_is_changed(
    tmp_path: Path, make_world: MakeWorld, dialect: str, differs: bool
) -> None:
    world = make_world(dialect=dialect)
    path = tmp_path / "check.md"
    run = Run(tmp_path, world, [])
    run.command = [*PLAYBOOK_COMMAND, str(ROOT / "playbooks/check_account.yml"), "-e", f"check_path={path}"]
    done = run.plain()
    assert done.returncode == 0, done.stdout + done.stderr
    report = path.read_text(encoding="utf-8")
    assert ("## Differs (0)" not in report) is differs
    assert "could not be seen. The report is" in done.stdout
    assert {entry["reads"] for entry in world.requests()} == {True}
    assert world.public_key not in report and world.private_key not in report


def test_the_command_uses_the_developers_own_keys(tmp_path: Path, make_world: MakeWorld) -> None:
    """Every other command of the Makefile hides them, so that no test can meet an account."""
    world = make_world()
    keys = {"public_key": world.public_key, "private_key": world.private_key}
    config = tmp_path / ".config/compshare/config.json"
    config.parent.mkdir(parents=True)
    config.write_text(json.dumps({"current_profile": "own", "profiles": {"own": keys}}))
    config.chmod(0o600)
    unset = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "COMPSHARE_"))}
    done = subprocess.run(
        ["make", f"VENV={Path(sys.executable).parents[1]}", "SETUP=skip", "check-account"],
        cwd=ROOT,
        env={**unset, "HOME": str(tmp_path), "COMPSHARE_API_URL": world.url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "could not be seen. The report is" in done.stdout
    assert len(world.requests()) > 10
