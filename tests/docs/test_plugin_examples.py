"""Every example in the documentation of a plugin runs."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.docs.pages import ROOT
from tests.docs.reader import PageError, Reader

# Examples are tasks, but those of an inventory are inventory files.
# Nobody can log in to the simulator's instances; tests/playbooks/roles has SSH servers.
NOT_RUN = {"compshare_instance_access"}
PLUGINS = [*ROOT.glob("plugins/modules/*.py"), *ROOT.glob("plugins/lookup/*.py")]
TASKS = sorted(path for path in PLUGINS if path.stem not in NOT_RUN)
INVENTORIES = sorted(ROOT.glob("plugins/inventory/*.py"))
# What examples leave open for their readers to fill in.
READERS_OWN = {
    "instance_id": "uhost-1testvm00001",
    "image_id": "compshareImage-1ccccccccc01",
    "next_image_id": "compshareImage-1ccccccccc02",
    "new_password": "made-up-0001",
}
STOPPED = {"instance_id": "uhost-1testvm00002"}
VARIABLES = {"compshare_api": READERS_OWN | STOPPED}


def examples_of(plugin: Path) -> str:
    """The EXAMPLES of a plugin, as they stand in its file."""
    for node in ast.parse(plugin.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "EXAMPLES":
            return str(ast.literal_eval(node.value))
    raise AssertionError(f"{plugin.name} has no EXAMPLES")


@pytest.fixture
def reader(make_reader: Callable[..., Reader], installed: Path) -> Reader:
    """A reader who has set keys and a region, as the quick start says."""
    one = make_reader(installed)
    one.run("export COMPSHARE_PUBLIC_KEY=your-public-key COMPSHARE_PRIVATE_KEY=your-private-key")
    one.run("export COMPSHARE_REGION=cn-wlcb")
    return one


@pytest.mark.slow
@pytest.mark.parametrize("plugin", TASKS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_tasks_run(plugin: Path, reader: Reader) -> None:
    tasks = yaml.safe_load(examples_of(plugin))
    (reader.folder / "README.md").write_text("How to use the image.\n")
    (reader.folder / "prepare.yml").write_text("- ansible.builtin.ping:\n")
    variables = VARIABLES.get(plugin.stem, READERS_OWN)
    play = {"name": "Examples", "hosts": "localhost", "gather_facts": False, "vars": variables, "tasks": tasks}
    reader.run_tasks([play], plugin.stem)


@pytest.mark.slow
@pytest.mark.parametrize("plugin", INVENTORIES, ids=lambda path: path.stem)
def test_inventories_have_hosts(plugin: Path, reader: Reader) -> None:
    # What the examples take for granted.
    reader.run("mkdir -p ~/keys && printf your-public-key > ~/keys/compshare.pub && export TEAM_KEY=your-private-key")
    documents = [text for text in examples_of(plugin).split("\n---\n") if text.strip()]
    assert documents
    for number, text in enumerate(documents):
        source = reader.folder / f"{number}.{plugin.stem}.yml"
        source.write_text(text, encoding="utf-8")
        code, printed = reader.run(f"ansible-inventory -i {source.name} --list --export")
        if code != 0 or "_meta" not in printed:
            raise PageError(f"example {number} of {plugin.stem} ended with {code} and printed:\n{printed}")
        assert "uhost-" in printed, f"example {number} finds no host"
