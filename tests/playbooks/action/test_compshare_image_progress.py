"""Live lines as a user gets them: ansible-playbook as a process, with and without a terminal, against the simulator."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.compshare.cloud.tests.simulator import World
from ansible_collections.compshare.cloud.tests.simulator.fixtures import MakeWorld
from tests.playbooks.runs import COLLECTIONS, ESCAPES, LIMIT, Run

pytestmark = pytest.mark.playbook

LENGTH = 4
B1, B2 = "compshareImage-b1", "compshareImage-b2"


def wait_task(image_id: str = B1, *, arguments: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
    given = {"image_id": image_id, "wait": True, "region": "cn-wlcb", **(arguments or {})}
    return {"name": "Wait", "compshare.cloud.compshare_image_progress": given, **options}


@pytest.fixture
def builds(make_world: MakeWorld) -> Callable[..., World]:
    """Create a world in real time with builds that begin now."""

    def make(*ids: str, **plan: Any) -> World:
        traces = [
            {"image_id": one, "name": f"env-{one[-2:]}", "duration": LENGTH, "model": "accurate", **plan} for one in ids
        ]
        return make_world(speed=1, traces=traces)

    return make


def lines_of(text: str, host: str = "localhost") -> list[str]:
    return [line for line in text.splitlines() if line.startswith(f"[{host}] ")]


def test_lines_appear_on_a_terminal_while_the_task_runs(tmp_path: Path, builds: Callable[..., World]) -> None:
    task = wait_task(arguments={"poll_interval": 1})
    shown = Run(tmp_path, builds(B1, duration=15), [task]).on_a_terminal()
    reported = [(at, line) for at, line in shown if line.startswith("[localhost] env-b1: ")]
    [task_ends] = [at for at, line in shown if line.startswith("ok: [localhost]")]
    assert len(reported) >= 5
    assert re.fullmatch(r"\[localhost\] env-b1: \d+\.\d %, about \d+ s left", reported[0][1])
    assert re.fullmatch(r"\[localhost\] env-b1: available after \d+ s \(\d+ requests\)", reported[-1][1])
    assert task_ends - reported[0][0] >= 3
    assert [at for at, _line in reported] == sorted(at for at, _line in reported)


def test_without_a_terminal_there_are_few_lines_and_none_on_standard_output(
    tmp_path: Path, builds: Callable[..., World]
) -> None:
    task = wait_task(arguments={"poll_interval": 1})
    done = Run(tmp_path, builds(B1, duration=12), [task]).plain()
    assert done.returncode == 0, done.stderr
    assert lines_of(done.stdout) == []
    reported = lines_of(done.stderr)
    assert 2 <= len(reported) <= 6
    assert "available after" in reported[-1]


def test_ansible_runner_hears_the_lines_as_they_come(tmp_path: Path, builds: Callable[..., World]) -> None:
    ansible_runner = pytest.importorskip("ansible_runner", reason="ansible-runner is not installed")
    run = Run(tmp_path, builds(B1, duration=15), [wait_task()])
    (tmp_path / "runner").mkdir()
    heard: list[tuple[float, str, str]] = []

    def hear(event: dict[str, Any]) -> None:
        # By the clock of the run: on a busy machine, what hears it lags behind.
        at = datetime.fromisoformat(event["created"]).timestamp()
        heard.append((at, event["event"], ESCAPES.sub("", event["stdout"])))

    result = ansible_runner.run(
        private_data_dir=str(tmp_path / "runner"),
        playbook=run.command[-1],
        envvars=run.environment,
        event_handler=hear,
        quiet=True,
    )
    assert result.status == "successful", heard
    reported = [(at, kind) for at, kind, text in heard if text.startswith("[localhost] env-b1: ")]
    [task_ends] = [at for at, kind, _text in heard if kind == "runner_on_ok"]
    assert {kind for _at, kind in reported} == {"verbose"}
    assert task_ends - reported[0][0] >= 3


@pytest.mark.parametrize("strategy", ["linear", "free"])
def test_two_hosts_at_once(tmp_path: Path, builds: Callable[..., World], strategy: str) -> None:
    ids = {"one": B1, "two": B2}
    hosts = {
        name: {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, "build": image_id}
        for name, image_id in ids.items()
    }
    task = wait_task("{{ build }}")
    done = Run(tmp_path, builds(B1, B2), [task], hosts="all", strategy=strategy).inventory(hosts).plain()
    assert done.returncode == 0, done.stdout
    for host, image_id in ids.items():
        assert f"[{host}] env-{image_id[-2:]}: available after" in done.stderr
    assert all(re.match(r"\[(one|two)\] env-b[12]: \S", line) for line in done.stderr.splitlines() if "env-" in line)


@pytest.mark.parametrize(
    "task",
    [
        wait_task(no_log=True),
        wait_task(arguments={"show_progress": False}),
        wait_task() | {"async": 60, "poll": 1},
    ],
    ids=["no_log", "show_progress", "async"],
)
def test_silence(tmp_path: Path, builds: Callable[..., World], task: dict[str, Any]) -> None:
    done = Run(tmp_path, builds(B1), [{**task, "register": "build"}, said("build.complete")]).plain()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "said: True" in done.stdout
    assert lines_of(done.stderr) == []
    assert "env-b1" not in done.stderr


def said(expression: str) -> dict[str, Any]:
    return {"ansible.builtin.debug": {"msg": "said: {{ " + expression + " }}"}}


def test_fire_and_forget(tmp_path: Path, builds: Callable[..., World]) -> None:
    tasks = [
        wait_task(register="job") | {"async": 60, "poll": 0},
        said("job.finished | bool"),
        {
            "ansible.builtin.async_status": {"jid": "{{ job.ansible_job_id }}"},
            "register": "status",
            "until": "status is finished",
            "retries": 20,
            "delay": 1,
        },
        said("status.builds[0].status"),
    ]
    done = Run(tmp_path, builds(B1), tasks).plain()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "said: False" in done.stdout
    assert "said: Available" in done.stdout


def test_text_from_the_api_cannot_steer_the_terminal(tmp_path: Path, builds: Callable[..., World]) -> None:
    name = "a\x1b[2Jb\x07c\r\u202ed"
    shown = Run(tmp_path, builds(B1, name=name), [wait_task()]).on_a_terminal()
    reported = [line for _at, line in shown if line.startswith("[localhost] a")]
    assert reported
    assert all(line.startswith(r"[localhost] ab\x07c\r\u202ed: ") for line in reported)


def test_a_failed_build_is_reported_and_fails_the_task(tmp_path: Path, builds: Callable[..., World]) -> None:
    world = builds(B1, fails_at=0.5, failed_reason="disk full")
    done = Run(tmp_path, world, [wait_task()]).plain()
    assert done.returncode == 2
    assert re.search(r"\[localhost\] env-b1: failed after \d s: disk full", done.stderr)
    assert "The image build failed: env-b1 (compshareImage-b1, disk full)" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_a_fixed_name_in_module_defaults_reaches_the_module(tmp_path: Path, builds: Callable[..., World]) -> None:
    task = {"compshare.cloud.compshare_image_progress": {"image_id": B1}, "register": "build"}
    defaults = {"group/compshare.cloud.compshare": {"region": "cn-wlcb", "show_progress": True}}
    play = Run(tmp_path, builds(B1), [task, said("build.builds[0].name")], module_defaults=defaults)
    done = play.plain(ANSIBLE_CHECK_MODE_MARKERS="true")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "said: env-b1" in done.stdout


def test_an_interrupt_ends_the_module_too(tmp_path: Path, builds: Callable[..., World]) -> None:
    run = Run(tmp_path, builds(B1, duration=600), [wait_task()])
    shown = run.on_a_terminal(interrupt_after="env-b1: ")
    assert any("User interrupted execution" in line for _at, line in shown)
    ends = time.monotonic() + 60
    while _processes_with(str(tmp_path / "tmp")):
        assert time.monotonic() < ends, "the module still runs"
        select.select([], [], [], 0.1)


def test_without_a_temporary_folder_there_are_no_lines(tmp_path: Path, builds: Callable[..., World]) -> None:
    world = builds(B1)
    update = {"compshare.cloud.compshare_image": {"image_id": B1, "description": "new", "region": "cn-wlcb"}}
    run = Run(tmp_path, world, [wait_task(), update])
    # No folder can be created below a device; a module that is piped into its Python needs none.
    ended = run.plain(ANSIBLE_PIPELINING="true", ANSIBLE_REMOTE_TEMP="/dev/null/none")
    assert ended.returncode == 0, ended.stdout
    assert "unreachable=0" in ended.stdout
    assert "[localhost]" not in ended.stderr


def _processes_with(text: str) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = entry.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:  # it has ended meanwhile
            continue
        if text in command:
            found.append(int(entry.parent.name))
    return found


def module_alone(folder: Path, world: World) -> subprocess.Popen[str]:
    """Start the module without its action plugin."""
    arguments = {"image_ids": [B1], "wait": True, "region": "cn-wlcb", "_ansible_remote_tmp": str(folder)}
    command = [sys.executable, "-m", "ansible_collections.compshare.cloud.plugins.modules.compshare_image_progress"]
    environment = {**os.environ, **world.environment(), "PYTHONPATH": str(COLLECTIONS)}
    pipe = subprocess.PIPE
    module = subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
    assert module.stdin is not None
    module.stdin.write(json.dumps({"ANSIBLE_MODULE_ARGS": arguments}))
    module.stdin.close()
    module.stdin = None
    return module


def test_without_its_action_plugin_the_module_does_the_same(tmp_path: Path, builds: Callable[..., World]) -> None:
    with module_alone(tmp_path, builds(B1)) as module:
        output, errors = module.communicate(timeout=LIMIT)
    result = json.loads(output)
    assert (result["complete"], result["changed"], result["builds"][0]["status"]) == (True, False, "Available")
    assert errors == ""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_the_module_by_itself_responds_to_a_signal_with_what_is_known(
    tmp_path: Path, builds: Callable[..., World], number: int
) -> None:
    world = builds(B1, duration=600)
    with module_alone(tmp_path, world) as module:
        # It reads the list first, for the zone; with the next request that response has been read.
        while not world.requests("GetCompShareImageCreateProgress"):
            assert module.poll() is None
            select.select([], [], [], 0.05)
        module.send_signal(number)
        output, _errors = module.communicate(timeout=LIMIT)
    result = json.loads(output)
    assert result["failed"] is True
    assert "had not ended when the wait was interrupted" in result["msg"]
    assert result["builds"][0]["status"] == "Making"
    assert result["error"]["retryable"] is True
