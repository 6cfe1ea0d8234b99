"""The workflows of GitHub run every leg of the matrix, and no action that somebody could exchange."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from ansible_collections.compshare.cloud.tests.tools import matrix

WORKFLOWS = sorted((Path(__file__).parents[3] / ".github/workflows").glob("*.yml"))


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_by_commit(workflow: Path) -> None:
    used = re.findall(r"uses: (.*)", workflow.read_text(encoding="utf-8"))
    assert used
    foreign = [action for action in used if not action.startswith("./")]
    assert [action for action in foreign if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v[\d.]+", action)] == []


def test_every_core_is_tested() -> None:
    [test] = [path for path in WORKFLOWS if path.name == "test.yml"]
    legs = yaml.safe_load(test.read_text(encoding="utf-8"))["jobs"]["matrix"]["strategy"]["matrix"]["core"]
    assert legs == [*matrix.LEGS]


@pytest.mark.parametrize("pins", ["demo", "dev", "eda", "oldest-http"])
def test_every_pin_has_a_hash(pins: str) -> None:
    text = (Path(__file__).parents[3] / f"requirements/{pins}.txt").read_text(encoding="utf-8")
    assert len(re.findall(r"(?m)^[\w.-]+==", text)) > 3
    assert re.findall(r"(?m)^[\w.-]+==.*[^\\]$", text) == []
