"""Runs of the role golden_image on instances that can be logged in to."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.compshare.cloud.tests.simulator import World
from ansible_collections.compshare.cloud.tests.unit.plugins.module_utils.in_process import images_named, writes
from tests.playbooks.runs import Run
from tests.playbooks.ssh_hosts import SshHosts, new_key

LEASE = 1800
#: A world whose machines are quick, and whose clock is the real one, so that a lease is as long in both.
QUICK: Mapping[str, Any] = {
    "speed": 1,
    "instances": {
        "ssh_listener": True,
        "ssh_after": 0.2,
        "create_seconds": 0.9,
        "stop_seconds": 0.3,
        "terminate_seconds": 0.3,
    },
    "builds": {"default": {"duration": 1.0}},
}
#: Seconds that a run may take on a busy machine.
LIMIT = 240


class RoleRun:
    """Runs of the role in a folder, each image of which has tasks in TASKS.yml."""

    def __init__(self, folder: Path, world: World) -> None:
        self.folder = folder
        self.world = world
        self.key, public_key = new_key(folder)
        self.hosts = SshHosts(world, self._new_folder("homes"), known_key=public_key)
        self._before = set(world.instances.all)
        self.output = ""
        self.group_vars({})

    def _new_folder(self, name: str) -> Path:
        folder = self.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def write(self, name: str, content: object) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False))

    def group_vars(self, variables: Mapping[str, Any]) -> None:
        given = {"ansible_ssh_private_key_file": str(self.key), **variables}
        self.write("group_vars/golden_image_builders.yml", given)

    def command(self, tasks: str, *options: str, play: Mapping[str, Any] | None = None, **variables: Any) -> Run:
        """A run of the role, with these variables besides those that every run has."""
        role_vars = {
            "golden_image_name": "team-base",
            "golden_image_base": "Ubuntu 22.04",
            "golden_image_gpu_type": "4090",
            "golden_image_tasks": tasks,
            "golden_image_use_password": False,
            "golden_image_python_interpreter": sys.executable,
            "golden_image_login_timeout": 30,
            **variables,
        }
        role = {"ansible.builtin.include_role": {"name": "compshare.cloud.golden_image"}, "vars": role_vars}
        after = {"ansible.builtin.debug": {"msg": "AFTER {{ golden_image_result.image.name }}"}}
        run = Run(self.folder, self.world, [role, after], **(play or {}))
        run.command += options
        # A ControlMaster would outlive the run, and tests of one machine must not share any.
        run.environment |= {
            "ANSIBLE_SSH_ARGS": "-o ControlMaster=no",
            "ANSIBLE_PIPELINING": "true",
            "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
        }
        return run

    def run(self, tasks: str, *options: str, play: Mapping[str, Any] | None = None, **variables: Any) -> int:
        """Run it; return the exit status."""
        return self.finish(self.command(tasks, *options, play=play, **variables))

    def finish(self, run: Run, **environment: str) -> int:
        ended = subprocess.run(
            run.command,
            env={**run.environment, **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=LIMIT,
            stdin=subprocess.DEVNULL,
            cwd=self.folder,
        )
        self.output = ended.stdout + ended.stderr
        return ended.returncode

    @property
    def words(self) -> str:
        """The output with all white space as single spaces, since messages are wrapped."""
        return re.sub(r"\s+", " ", self.output)

    def builders(self) -> list[str]:
        """The states of the instances that the runs have created and that still exist."""
        with self.world.lock:
            self.world.clock.settle()
            return [one.state for key, one in self.world.instances.all.items() if key not in self._before]

    def images(self) -> list[str]:
        return [str(row["Name"]) for row in images_named(self.world, "team-")]

    def created(self) -> int:
        return writes(self.world).count("CreateCompShareInstance")

    def left(self, image: str, name: str = "left") -> str:
        """What the tasks of an image have left on its builder."""
        return (self.hosts.home(f"{image}-builder-") / name).read_text().strip()
