"""Hosts that need the same list read it once, in this run and in the next; --flush-cache reads it anew, once."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.compshare.cloud.tests.simulator.fixtures import MakeWorld

from .runs import Run

pytestmark = pytest.mark.playbook
HOSTS = {f"host{number}": {"ansible_connection": "local"} for number in range(6)}
LOOKUP = "{{ lookup('compshare.cloud.compshare_image', 'cuda128_torch291_py312', most_recent=true, field='id') }}"


def test_hosts_read_a_list_once(tmp_path: Path, make_world: MakeWorld) -> None:
    world = make_world()
    run = Run(tmp_path, world, [{"ansible.builtin.debug": {"msg": LOOKUP}}], hosts="all").inventory(HOSTS)

    def requests(*options: str) -> int:
        before = len(world.requests())
        run.command += options
        done = run.plain(XDG_RUNTIME_DIR=str(tmp_path), ANSIBLE_FORKS="3")
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.count("failed=0") == len(HOSTS)
        return len(world.requests()) - before

    one_reading = requests()
    pages = [(entry["params"]["ImageType"], entry["params"]["Offset"]) for entry in world.requests()]
    assert len(set(pages)) == len(pages) == one_reading
    assert requests() == 0
    assert requests("--flush-cache") == one_reading


@pytest.mark.parametrize("writable", [True, False])
def test_tasks_find_the_bytecode_of_shared_files(tmp_path: Path, make_world: MakeWorld, writable: bool) -> None:
    """ansible-core itself keeps that of plugins only."""
    kept = tmp_path / "kept"
    if not writable:
        kept.write_text("a file, so that no folder can be created in its place")
    run = Run(tmp_path, make_world(), [{"ansible.builtin.debug": {"msg": LOOKUP}}])
    done = run.plain(XDG_RUNTIME_DIR=str(tmp_path), PYTHONDONTWRITEBYTECODE="", PYTHONPYCACHEPREFIX=str(kept))
    assert done.returncode == 0, done.stdout + done.stderr
    assert len([*kept.rglob("list_cache.*.pyc")]) == (1 if writable else 0)
