"""The examples run from the installed artifact, with the command that stands in their first lines."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.docs.pages import ROOT
from tests.docs.reader import Reader

FOLDER = ROOT / "examples"
FILES = sorted(path for path in FOLDER.rglob("*") if path.is_file())
# What a reader has in the place of the dots.
OWN_IDS = {
    "uhost-...": ["uhost-1testvm00001", "uhost-1testvm00002"],
    "compshareImage-...": ["compshareImage-1bbbbbbbbbb1", "compshareImage-1bbbbbbbbbb2"],
}


def is_playbook(file: Path) -> bool:
    plays = yaml.safe_load(file.read_text(encoding="utf-8")) if file.suffix in (".yml", ".yaml") else None
    return isinstance(plays, list) and any(
        "hosts" in play or "ansible.builtin.import_playbook" in play for play in plays
    )


PLAYBOOKS = [str(file.relative_to(FOLDER)) for file in FILES if is_playbook(file)]


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


@pytest.fixture
def reader_of(collection: Path, installed: Path, make_reader: Callable[..., Reader]) -> Callable[[str | None], Reader]:
    """Create a reader with keys, in the folder of the installed collection; takes the scenario of the account."""

    def make(scenario: str | None) -> Reader:
        reader = make_reader(installed, scenario)
        reader.run("export COMPSHARE_PUBLIC_KEY=your-public-key COMPSHARE_PRIVATE_KEY=your-private-key")
        reader.run(f"cd {collection}")
        return reader

    return make


def recap_of(reader: Reader, command: str) -> str:
    """Run a playbook that must end well, and return what it says of localhost at the end."""
    code, printed = reader.run(command)
    recap = re.findall(r"(?m)^localhost +: (ok=.*)$", printed)
    assert code == 0, f"$ {command}\n{printed}"
    assert recap, f"$ {command}\n{printed}"
    return str(recap[-1])


@pytest.mark.slow
@pytest.mark.parametrize("name", PLAYBOOKS)
def test_example_runs_twice_and_changes_once(name: str, reader_of: Callable[[str | None], Reader]) -> None:
    reader = reader_of("scenario.yml")
    command = command_of(FOLDER / name)
    recap_of(reader, command)
    assert "changed=0 " in recap_of(reader, command), "a second run changes something"


@pytest.mark.slow
@pytest.mark.parametrize("name", PLAYBOOKS)
def test_example_runs_on_the_simulator_as_it_stands(name: str, reader_of: Callable[[str | None], Reader]) -> None:
    recap_of(reader_of(None), f"ansible-playbook examples/{name}")


def test_every_file_is_run() -> None:
    """What is not a playbook itself is used by the command of one."""
    assert len(PLAYBOOKS) >= 7
    commands = "\n".join(command_of(FOLDER / name) for name in PLAYBOOKS)
    others = [str(file.relative_to(ROOT)) for file in FILES if str(file.relative_to(FOLDER)) not in PLAYBOOKS]
    assert [name for name in others if name not in commands] == []
