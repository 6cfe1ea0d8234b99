"""What a task costs that requests one page of a list, with our modules and with what else a playbook could use."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import yaml

from tests.tools.trees import ROOT, link_tree

from . import chart
from .frame import Goal, Samples, Section, table
from .processes import CLI, environment
from .worlds import REGION, Simulator, new_world, simulator

TASKS = 20
INSTANCES = 5
NOTHING, FEW, FEW_BY_URI, OURS, CHEAPEST, KEPT, READ, APART, URI, COMMAND = (
    "ansible.builtin.debug, without a request",
    "compshare_instance_info",
    "ansible.builtin.uri, for the instances",
    "compshare_image_info",
    "the cheapest action that sends the form",
    "a lookup whose list is kept",
    "a lookup that reads its list",
    "compshare_image_info in a process of its own",
    "ansible.builtin.uri with a signed form",
    "ansible.builtin.command with compshare-cli",
)


def section(tasks: int = TASKS) -> Section:
    """One play with as many tasks of each kind, in turn."""
    with simulator() as running:
        # Less than a hundred images of one type: one page, and one request.
        times = _measure(new_world(running, counts={"platform": 120, "instances": INSTANCES}), tasks)
    # The first of each kind loads what the others find loaded.
    samples = {name: Samples(tuple(values[1:])) for name, values in times.items()}
    ours = samples[OURS].median
    rows = [
        (
            name,
            f"{times[name][0] * 1000:.0f}",
            figures.show(0, 1000),
            f"{sum(figures.values):.1f}",
            f"{figures.median / ours:.1f}",
        )
        for name, figures in samples.items()
    ]
    return Section(
        "What a task costs",
        [
            f"One page of a list, without added latency: {tasks} tasks of each kind on localhost, in turn in one play, "
            "from the start of a task to the start of the next. The first task of each kind, which loads what the "
            f"others find loaded, stands apart. The page has {INSTANCES} instances or 78 images; a long result takes "
            "ansible-core time, too. The forms of uri and of the cheapest action are signed beforehand, and "
            "they return the rows as they come. A task with an environment runs its module in a process of its own.",
            "",
            *table(("", "the first, ms", "each further task, ms", f"all {tasks} of them, s", "times ours"), rows),
        ],
        [
            Goal("Instances, times uri", samples[FEW].median / samples[FEW_BY_URI].median, 1 / 10),
            Goal("Images, times uri", ours / samples[URI].median, 0.18),
            Goal("Images, times the cheapest action", ours / samples[CHEAPEST].median, 2),
            Goal("Images, times command with the vendor's CLI", ours / samples[COMMAND].median, 1 / 10),
        ],
        {
            "task-cost.svg": chart.bars(
                "One page of a list in a task",
                "ms",
                {name: 1000 * one.median for name, one in samples.items()},
                [FEW, OURS],
                0,
            )
        },
    )


def _measure(world: Simulator, tasks: int) -> dict[str, list[float]]:
    kinds = _tasks(world)
    play = {"hosts": "localhost", "gather_facts": False, "tasks": list(kinds.values()) * (tasks + 1)}
    with tempfile.TemporaryDirectory() as folder:
        playbook, times = Path(folder, "play.yml"), Path(folder, "times.json")
        playbook.write_text(yaml.safe_dump([play], sort_keys=False))
        variables = {
            "ANSIBLE_COLLECTIONS_PATH": str(link_tree()),
            "ANSIBLE_HOME": str(Path(folder, "home")),
            "ANSIBLE_REMOTE_TEMP": str(Path(folder, "tmp")),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "ANSIBLE_ACTION_PLUGINS": str(ROOT / "tests/benchmarks/action_plugins"),
            "ANSIBLE_CALLBACK_PLUGINS": str(ROOT / "tests/benchmarks/callback_plugins"),
            "ANSIBLE_CALLBACKS_ENABLED": "task_times",
            "TASK_TIMES": str(times),
            "COMPSHARE_REGION": REGION,
        }
        command = [sys.executable, "-m", "ansible.cli.playbook", str(playbook)]
        done = subprocess.run(
            command, cwd=folder, env={**environment(world), **variables}, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise RuntimeError(done.stdout + done.stderr)
        begun = json.loads(times.read_text())
    taken: dict[str, list[float]] = {name: [] for name in kinds}
    for (name, start), (_next, end) in pairwise(begun):
        taken[name].append(end - start)
    return taken


def _tasks(world: Simulator) -> dict[str, dict[str, Any]]:
    sys.path.insert(0, str(link_tree()))
    from ansible_collections.compshare.cloud.plugins.module_utils._api.signing import signed_fields

    images = {"Action": "DescribeCompShareImages", "Region": REGION, "ImageType": "App", "Limit": 100, "Offset": 0}
    instances = {"Action": "DescribeCompShareInstance", "Limit": 100, "Offset": 0}

    def form(page: dict[str, Any]) -> dict[str, Any]:
        return {"url": world.url, "body": urlencode(signed_fields(page, world.public_key, world.private_key))}

    as_form = {"method": "POST", "body_format": "form-urlencoded"}
    cli = [*CLI, "image", "list", "--type", "App", "--limit", "100", "--region", REGION]
    lookup = "lookup('compshare.cloud.compshare_image', image_type='App', wantlist=true, field='id'"
    bodies: dict[str, dict[str, Any]] = {
        NOTHING: {"ansible.builtin.debug": {"msg": "nothing"}},
        FEW: {"compshare.cloud.compshare_instance_info": {}},
        FEW_BY_URI: {"ansible.builtin.uri": {**form(instances), **as_form}},
        OURS: {"compshare.cloud.compshare_image_info": {"image_type": "App"}},
        CHEAPEST: {"cheapest": form(images)},
        KEPT: {"ansible.builtin.debug": {"msg": f"{{{{ {lookup}) }}}}"}},
        READ: {"ansible.builtin.debug": {"msg": f"{{{{ {lookup}, cache_timeout=0) }}}}"}},
        APART: {
            "compshare.cloud.compshare_image_info": {"image_type": "App"},
            "environment": {"LC_ALL": os.environ.get("LC_ALL", "C.UTF-8")},
        },
        URI: {"ansible.builtin.uri": {**form(images), **as_form}},
        COMMAND: {"ansible.builtin.command": {"argv": cli}},
    }
    return {name: {"name": name, "register": "page", **body} for name, body in bodies.items()}
