"""Many hosts at once, many tasks in a row, and a wait for hours: nothing piles up, here or at the API."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.compshare.cloud.tests.simulator.fixtures import MakeWorld
from ansible_collections.compshare.cloud.tests.simulator.server import Simulator
from ansible_collections.compshare.cloud.tests.simulator.world import World

from .playbook_runs import LIMIT, Stage
from .process_gauge import Gauge, growth, read
from .public_runs import WorldClock, run_module

HOUR = 3600.0
#: So fast does the clock of the world run where many hosts wait.
SPEED = 60.0
FEW_IMAGES = {"platform": 12, "custom": 3, "shared": 0, "community_groups": 3, "published": 0, "favorites": 0}


def run(stage: Stage, command: Sequence[str]) -> tuple[str, Gauge]:
    """Run a playbook that must succeed; return its recap, and how its processes fared."""
    output = stage.written / "output"
    # Into a file: what many hosts say is more than a pipe holds.
    with (
        output.open("wb") as file,
        stage.start(command, stdout=file, stderr=subprocess.STDOUT) as process,
        Gauge(process.pid) as gauge,
    ):
        process.wait(timeout=LIMIT)
    text = output.read_text(encoding="utf-8", errors="replace")
    assert process.returncode == 0, text[-3000:]
    return text, gauge


def peak_per_second(requests: Sequence[Mapping[str, Any]]) -> int:
    """Return the most requests that came within any second."""
    times = [entry["real_time"] for entry in requests]
    first, most = 0, 0
    for last, moment in enumerate(times):
        while times[first] < moment - 1:
            first += 1
        most = max(most, last - first + 1)
    return most


def repeated(requests: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the polls of each build but the first."""
    known: set[str] = set()
    later = []
    for entry in requests:
        image_id = entry["params"]["CompShareImageId"]
        if image_id in known:
            later.append(entry)
        known.add(image_id)
    return later


@pytest.fixture
def connections_left(simulator: Simulator) -> Callable[[], int]:
    """Return how many connections that came since are open when the simulator has had time to see which are closed.

    Other tests share the simulator, and a client in their process may keep one.
    """
    runner = simulator.server._runner
    assert runner is not None and runner.server is not None
    server, before = runner.server, set(runner.server.connections)

    def count() -> int:
        ends = time.monotonic() + 5
        while set(server.connections) - before and time.monotonic() < ends:
            time.sleep(0.01)
        return len(set(server.connections) - before)

    return count


def test_many_hosts_wait_at_the_same_time(
    tmp_path: Path, make_world: MakeWorld, connections_left: Callable[[], int], whole: bool, record_figures: Any
) -> None:
    hosts, forks, seconds, spread = (200, 50, 40, 20) if whole else (8, 4, 8, 2)
    # Forks take hosts in their order, so each lot of hosts waits for as long as the one before. The builds of a lot end
    # within so many seconds, as those of twenty minutes on a clock that is so much faster.
    traces = [
        {
            "image_id": f"compshareImage-b{number:03}",
            "name": f"b{number}",
            "duration": SPEED * (seconds * (1 + number // forks) + spread * (number % forks) / forks),
        }
        for number in range(hosts)
    ]
    world = make_world(speed=SPEED, traces=traces, counts=FEW_IMAGES)
    stage = Stage(tmp_path)
    stage.environment.update(world.environment())
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    inventory = stage.write(
        "hosts.yml",
        {"all": {"hosts": {f"h{number:03}": {"number": f"{number:03}"} for number in range(hosts)}, "vars": local}},
    )
    wait = {"image_id": "compshareImage-b{{ number }}", "wait": True, "wait_timeout": 600, "region": "cn-wlcb"}
    tasks = [
        {"name": "Wait", "compshare.cloud.compshare_image_progress": wait, "register": "build"},
        {
            "name": "It is there",
            "ansible.builtin.assert": {"that": ["build.complete", "build.progress == 100"], "quiet": True},
        },
    ]
    text, gauge = run(stage, stage.playbook_command(tasks, "-i", str(inventory), "--forks", str(forks), hosts="all"))
    assert text.count("ok=2 ") == hosts, text[-3000:]
    requests = world.requests()
    assert {entry["ret_code"] for entry in requests} == {0}
    # Ansible begins as many tasks at once as there are forks. Each first polls the progress and reads the list of
    # images, which has three pages here. That is not for us to spread; what follows is.
    begin = peak_per_second(requests)
    assert begin <= 6 * forks
    polls = peak_per_second(repeated(world.requests("GetCompShareImageCreateProgress")))
    assert polls <= forks / 2
    assert connections_left() == 0
    record_figures(
        "load",
        f"{hosts} hosts wait for a build each, {forks} forks",
        {
            "tasks": hosts,
            "failed": 0,
            "requests": len(requests),
            "requests for each build": round(len(requests) / hosts, 1),
            "peak requests per second, when all begin": begin,
            "peak polls per second, later": polls,
            "controller's memory at most (MB)": round(max(reading.memory_mb for reading in gauge.own)),
            "connections left": connections_left(),
        },
    )


LIST = {"compshare.cloud.compshare_image_info": {"source": "platform", "limit": 1}}
NOTHING = {"ansible.builtin.debug": {"msg": "nothing"}}


def in_a_row(folder: Path, world: World, tasks: Sequence[Mapping[str, Any]]) -> Gauge:
    stage = Stage(folder)
    stage.environment.update(world.environment(), ANSIBLE_DISPLAY_OK_HOSTS="false")
    return run(stage, stage.playbook_command(tasks))[1]


def test_many_tasks_in_a_row(
    tmp_path: Path, make_world: MakeWorld, connections_left: Callable[[], int], whole: bool, record_figures: Any
) -> None:
    count = 2000 if whole else 60
    world = make_world(counts=FEW_IMAGES)
    ours = growth(in_a_row(tmp_path / "ours", world, [LIST] * count).own)
    assert len(world.requests("DescribeCompShareImages")) >= count
    # Ansible itself keeps something of every task.
    plain = growth(in_a_row(tmp_path / "plain", world, [NOTHING] * count).own)
    assert ours.files <= plain.files + 2
    assert ours.threads <= plain.threads + 1
    assert ours.memory_mb <= plain.memory_mb + 10
    assert connections_left() == 0
    record(record_figures, f"{count} tasks in a row", count, world, ours, plain.memory_mb)


def test_a_task_with_a_long_loop(
    tmp_path: Path, make_world: MakeWorld, connections_left: Callable[[], int], whole: bool, record_figures: Any
) -> None:
    """All items of a loop run in one process, and a module that reads runs in it, too."""
    count = 1000 if whole else 60
    world = make_world(counts=FEW_IMAGES)
    loop = {"loop": f"{{{{ range({count}) | list }}}}", "loop_control": {"label": "{{ item }}"}, "no_log": True}
    gauge = in_a_row(tmp_path / "ours", world, [{**LIST, **loop}])
    worker = max(gauge.children.values(), key=len)
    grown = growth(worker)
    # Threads of one item, and the files that they have open, may still be ending when those of the next begin. If they
    # never ended, there would be at least one for each item between the first readings and the last.
    assert max(reading.threads for reading in worker) <= 20
    assert grown.files <= 4 + grown.threads
    # The results of all items are kept until the task ends, about 20 kB each.
    assert grown.memory_mb <= 10 + 0.05 * count
    assert connections_left() == 0
    record(record_figures, f"a loop of {count} items in one task", count, world, grown, 0.0)


def record(record_figures: Any, what: str, count: int, world: World, grown: Any, usual: float) -> None:
    figures = {
        "tasks": count,
        "failed": 0,
        "requests": len(world.requests()),
        "peak requests per second": peak_per_second(world.requests()),
        "memory grown (MB)": round(grown.memory_mb, 1),
        "of it with tasks that do nothing (MB)": round(usual, 1),
        "open files more": grown.files,
        "threads more": grown.threads,
    }
    record_figures("load", what, figures)


@pytest.mark.parametrize("model", ["accurate", "stuck_at_99", "no_estimate"])
def test_a_wait_for_four_hours(make_world: MakeWorld, simulator: Simulator, model: str, record_figures: Any) -> None:
    trace = {"image_id": "compshareImage-long", "name": "long", "duration": 4 * HOUR, "model": model}
    world = make_world(traces=[trace], counts=FEW_IMAGES)
    options = {**world_options(world), "image_id": "compshareImage-long", "wait": True, "wait_timeout": 5 * HOUR}
    run_module("compshare_image_progress", {**options, "wait": False}, clock=WorldClock(world))
    before, threads = read(), threading.active_count()
    requests_before = len(world.requests())
    tracemalloc.start()
    try:
        outcome = run_module("compshare_image_progress", options, clock=WorldClock(world))
        kept, _peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert not outcome.failed, outcome.message
    assert outcome.result["complete"]
    late = outcome.result["elapsed"] - 4 * HOUR
    assert 0 <= late <= 60
    requests = len(world.requests()) - requests_before
    # Twice a minute at most, and some more near the end.
    assert requests <= 4 * 120 * 2
    assert threading.active_count() <= threads
    assert read().files <= before.files + 2
    record_figures(
        "load",
        f"a wait for 4 hours, progress {model}",
        {
            "requests": requests,
            "noticed after (s)": round(late, 1),
            "threads more": max(0, threading.active_count() - threads),
            "open files more": max(0, read().files - before.files),
            "memory kept, with the simulator's log (MB)": round(kept / 1e6, 1),
        },
    )


def world_options(world: World) -> dict[str, Any]:
    return {
        "api_url": world.url,
        "public_key": world.public_key,
        "private_key": world.private_key,
        "region": "cn-wlcb",
        "zone": "cn-wlcb-01",
    }
