"""Many hosts and many processes against an API that limits requests: failures, requests and costs."""

from __future__ import annotations

import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.tools.trees import link_tree

from .earlier import COMMIT, earlier_collection
from .frame import Goal, Samples, Section, measured_in_turn, table
from .processes import environment
from .worlds import LATENCY_MS, REGION, Simulator, log_of, new_world, simulator

LIMIT = {"rate": 10, "burst": 20}
IMAGE = "cuda128_torch291_py312"
LOOKUP, INSTANCES, BUILDS = "a lookup", "compshare_instance_info", "compshare_image"
NOTHING, NO_LOOKUP = "a lookup of ansible-core (env)", "no lookup"
ONE_REQUEST = "a lookup that only imports requests and sends one request"
#: Hosts and forks of each run of the table.
SIZES = ((20, 1), (100, 10), (100, 50), (200, 200))
BUILD_SIZE = (40, 40)
#: Rounds in which the lookup is compared with that of before.
ROUNDS = 3
#: The same, to see that it works.
QUICK = (((20, 10),), (5, 5), 1)
#: Seconds of the world in a real one while images are built, and of a build.
_SPEED, _BUILD = 20, 300
_RECAP = re.compile(r"^h\d+ +: .*unreachable=(\d+) +failed=(\d+)", re.MULTILINE)


@dataclass(frozen=True)
class Run:
    """How a play over many hosts fared."""

    hosts: int
    forks: int
    failed: int
    requests: int
    refused: int
    seconds: float
    cpu: float
    output: str


def tasks_of(kind: str) -> list[dict[str, Any]]:
    """The tasks that each host runs."""
    if kind == LOOKUP:
        return [
            {"ansible.builtin.debug": {"msg": f"{{{{ lookup('compshare.cloud.compshare_image', '{IMAGE}').id }}}}"}}
        ]
    if kind == NOTHING:
        return [{"ansible.builtin.debug": {"msg": "{{ lookup('ansible.builtin.env', 'HOME') }}"}}]
    if kind == NO_LOOKUP:
        return [{"ansible.builtin.debug": {"msg": "nothing"}}]
    if kind == ONE_REQUEST:
        return [{"ansible.builtin.debug": {"msg": "{{ lookup('one_request') }}"}}]
    if kind == INSTANCES:
        return [{"compshare.cloud.compshare_instance_info": {}}]
    build = {"name": "{{ inventory_hostname }}", "instance_id": "uhost-{{ inventory_hostname }}", "wait_timeout": 900}
    return [{"compshare.cloud.compshare_image": build}]


def scenario_of(kind: str, hosts: int) -> dict[str, Any]:
    """The account that they run against."""
    if kind != BUILDS:
        return {"latency_ms": LATENCY_MS}
    rows = [{"UHostId": f"uhost-h{number:03}", "Name": f"h{number}", "State": "Stopped"} for number in range(hosts)]
    return {
        "speed": _SPEED,
        "latency_ms": LATENCY_MS,
        "rows": {"instances": rows},
        "replace": ["instances"],
        "counts": {"custom": 0},
        "builds": {"default": {"duration": _BUILD}},
    }


def play(
    world: Simulator,
    kind: str,
    hosts: int,
    forks: int,
    variables: Mapping[str, str] | None = None,
    python: str = sys.executable,
) -> Run:
    """Run one play over many hosts, with a home of its own; takes further variables of the environment."""
    local = {"ansible_connection": "local", "ansible_python_interpreter": python}
    names: dict[str, dict[str, Any]] = {f"h{number:03}": {} for number in range(hosts)}
    with tempfile.TemporaryDirectory() as folder:
        inventory, playbook, runtime = (Path(folder, name) for name in ("hosts.yml", "play.yml", "run"))
        inventory.write_text(yaml.safe_dump({"all": {"hosts": names, "vars": local}}))
        playbook.write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "tasks": tasks_of(kind)}]))
        runtime.mkdir(mode=0o700)
        env = {
            **environment(world),
            "ANSIBLE_COLLECTIONS_PATH": str(link_tree()),
            "ANSIBLE_HOME": str(Path(folder, "home")),
            "ANSIBLE_REMOTE_TEMP": str(Path(folder, "tmp")),
            "COMPSHARE_REGION": REGION,
            "COMPSHARE_ZONE": f"{REGION}-01",
            "XDG_RUNTIME_DIR": str(runtime),
            **(variables or {}),
        }
        command = [python, "-m", "ansible.cli.playbook", "-i", str(inventory), "--forks", str(forks), str(playbook)]
        before, began = _cpu(), time.perf_counter()
        done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
        seconds, cpu = time.perf_counter() - began, _cpu() - before
    recap = _RECAP.findall(done.stdout)
    if len(recap) != hosts:
        raise RuntimeError(done.stdout[-3000:] + done.stderr[-3000:])
    log = log_of(world)
    refused = sum(entry["fault"] == "limit" for entry in log)
    failed = sum(counts != ("0", "0") for counts in recap)
    return Run(hosts, forks, failed, len(log), refused, seconds, cpu, done.stdout + done.stderr)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def limited(
    running: Simulator, kind: str, hosts: int, forks: int, limit: Mapping[str, float] | None = None, **settings: Any
) -> Run:
    """Run one play against an account of its own whose requests are limited."""
    world = new_world(running, limit=limit or LIMIT, **scenario_of(kind, hosts))
    return play(world, kind, hosts, forks, **settings)


def _compared(running: Simulator, hosts: int, forks: int, rounds: int) -> dict[str, dict[str, Samples]]:
    """The lookup of before, that of today, and one of ansible-core, which is the least that a play of lookups takes."""

    def figures(kind: str, variables: Mapping[str, str]) -> dict[str, float]:
        run = limited(running, kind, hosts, forks, variables=variables)
        return {"cpu": run.cpu, "failed": run.failed, "requests": run.requests}

    with earlier_collection() as earlier:
        return measured_in_turn(
            {
                f"{LOOKUP}, as of {COMMIT}": lambda: figures(LOOKUP, earlier),
                LOOKUP: lambda: figures(LOOKUP, {}),
                NOTHING: lambda: figures(NOTHING, {}),
            },
            rounds,
            warm_up=False,
        )


def section(
    sizes: tuple[tuple[int, int], ...] = SIZES, build_size: tuple[int, int] = BUILD_SIZE, rounds: int = ROUNDS
) -> Section:
    """Lookups, lists of instances and builds by many processes, with a limit for all of them."""
    with simulator() as running:
        runs = [(kind, limited(running, kind, *size)) for size in sizes for kind in (LOOKUP, INSTANCES)]
        runs.append((BUILDS, limited(running, BUILDS, *build_size)))
        compared_size = max(size for size in sizes if size[0] <= 100)
        compared = _compared(running, *compared_size, rounds)
    rows = [
        (
            f"{kind}, {run.hosts} hosts",
            run.forks,
            run.failed,
            run.requests,
            run.refused,
            f"{run.seconds:.1f}",
            f"{run.cpu:.1f}",
        )
        for kind, run in runs
    ]
    lookup, instances = (
        max((run for each, run in runs if each == kind and run.hosts <= 100), key=lambda run: (run.hosts, run.forks))
        for kind in (LOOKUP, INSTANCES)
    )
    before, now, _least = (one["cpu"].median for one in compared.values())
    return Section(
        "Many hosts against a limit of requests",
        [
            "Plays over many hosts while the API limits requests: it serves {rate} a second to a key, and {burst} at"
            " once.".format(**LIMIT),
            f"It refuses the rest with RetCode 153, and each response is {LATENCY_MS} ms late. Each host runs one task;"
            " forks is the number of processes. At the beginning, the collection does not know the limit.",
            f"Each build takes {_BUILD / _SPEED:.0f} s.",
            "",
            *table(("", "forks", "failed", "requests", "of them refused", "seconds", "CPU seconds"), rows),
            "",
            "The lookup over {} hosts with {} forks, side by side with that of commit {}, in which no process knew"
            " of another, and with a lookup of ansible-core. Each was run {} times.".format(
                *compared_size, COMMIT, rounds
            ),
            "",
            *table(
                ("", "CPU seconds", "failed", "requests"),
                (
                    (name, one["cpu"].show(1), one["failed"].show(0), one["requests"].show(0))
                    for name, one in compared.items()
                ),
            ),
        ],
        [
            Goal("Tasks that failed", sum(run.failed for _kind, run in runs), 0),
            Goal(f"Requests of {lookup.hosts} lookups", lookup.requests, 0.6 * lookup.hosts),
            Goal(f"Requests of {instances.hosts} lists of instances", instances.requests, 1.3 * instances.hosts),
            Goal("CPU seconds of the lookup, as a share of those of before", now / before, 0.2),
            Goal("Refused requests, the largest share", max(run.refused / run.requests for _kind, run in runs), 0.2),
        ],
    )
