"""The examples run from the installed artifact, with the command that stands in their first lines."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.docs.pages import ROOT
from tests.docs.reader import Reader

EXAMPLES = sorted(path.name for path in ROOT.glob("examples/*.yml"))
# What a reader has in the place of the dots.
OWN_IDS = {
    "uhost-...": ["uhost-1testvm00001", "uhost-1testvm00002"],
    "compshareImage-...": ["compshareImage-1bbbbbbbbbb1", "compshareImage-1bbbbbbbbbb2"],
}


def command_of(example: Path) -> str:
    """The command in the example's first comment, with ids of the reader's own."""
    head = example.read_text(encoding="utf-8").partition("- name:")[0]
    found = re.findall(r"(?m)^#   (ansible-playbook .*)$", head)
    assert found, f"{example.name} does not say how it is run"
    command = str(found[0])
    for dots, ids in OWN_IDS.items():
        for own_id in ids:
            command = command.replace(dots, own_id, 1)
    assert "..." not in command, command
    return command


@pytest.mark.slow
@pytest.mark.parametrize("name", EXAMPLES)
def test_example_runs_twice_and_changes_once(
    name: str, collection: Path, installed: Path, make_reader: Callable[..., Reader]
) -> None:
    reader = make_reader(installed)
    reader.run("export COMPSHARE_PUBLIC_KEY=your-public-key COMPSHARE_PRIVATE_KEY=your-private-key")
    reader.run(f"cd {collection}")
    command = command_of(collection / "examples" / name)
    for run in ("first", "second"):
        code, printed = reader.run(command)
        assert code == 0, f"$ {command}\n{printed}"
        if run == "second":
            assert re.search(r"changed=0 ", printed), f"a second run changes something:\n{printed}"
