"""What a lookup and an action import, in a process of their own: each forked worker pays for what it imports itself."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from ansible.release import __version__

import ansible_collections.compshare.cloud as collection
from ansible_collections.compshare.cloud.tests.simulator.world import World

COLLECTIONS = Path(next(iter(collection.__path__))).parents[2]
LOAD = """
import json, sys
import ansible.cli.playbook
from ansible.plugins import loader
getattr(loader, "init_plugin_loader", lambda _paths: None)([sys.argv[1]])
kind, terms, options = json.loads(sys.argv[2])
plugin = getattr(loader, f"{kind}_loader").get("compshare.cloud.compshare_image" + ("_info" * (kind == "action")),
    **({"class_only": True} if kind == "action" else {}))
if terms:
    plugin.run(terms, {}, **options)
print(json.dumps(sorted(name for name in sys.modules if name in ("requests", "ansible_collections.ansible.builtin"))))
"""


def imported(kind: str, terms: list[str] | None = None, **options: Any) -> list[str]:
    command = [sys.executable, "-c", LOAD, str(COLLECTIONS), json.dumps([kind, terms, options])]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    names: list[str] = json.loads(done.stdout.splitlines()[-1])
    return names


def test_a_lookup_whose_list_is_kept_imports_no_http_library(world: World) -> None:
    keys = {"api_url": world.url, "public_key": world.public_key, "private_key": world.private_key}
    image_id = next(iter(world.expected_ids("platform")))
    assert "requests" in imported("lookup", [image_id], **keys)
    sent = len(world.requests())
    kept = imported("lookup", [image_id], **keys)
    assert "requests" not in kept
    # Older releases of ansible-core load their own routing for any lookup.
    assert kept == [] or __version__ < "2.19"
    assert len(world.requests()) == sent


def test_an_action_imports_the_http_library_before_tasks_fork() -> None:
    assert "requests" in imported("action")
