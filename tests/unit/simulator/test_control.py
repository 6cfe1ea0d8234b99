"""Worlds, clocks, states and the command line: what tests and runbooks steer the simulator with."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import requests

from ansible_collections.compshare.cloud.tests.simulator import ScenarioError, Simulator, World
from ansible_collections.compshare.cloud.tests.simulator.caller import Caller
from ansible_collections.compshare.cloud.tests.simulator.fixtures import MakeWorld

REPOSITORY = Path(__file__).parents[3]
SHARED = "DescribeCompShareSharingImages"


def control(method: str, simulator: Simulator, path: str, **arguments: Any) -> requests.Response:
    return requests.request(method, f"{simulator.url}/_simulator/{path}", timeout=10, **arguments)


def test_worlds_are_created_read_and_dropped_over_http(simulator: Simulator) -> None:
    created = control("POST", simulator, "worlds", json={"speed": 0, "counts": {"shared": 5}}).json()
    assert created["url"] == simulator.url
    caller = Caller(created["url"], created["public_key"], created["private_key"])
    assert caller.call(SHARED)["TotalCount"] == 5
    key = {"public_key": created["public_key"]}
    text = control("GET", simulator, "state", params=key).text
    assert created["private_key"] not in text
    state = json.loads(text)
    assert [entry["action"] for entry in state["requests"]] == [SHARED]
    assert state["images"]
    ids = control("GET", simulator, "ids", params={**key, "source": "shared"}).json()["ids"]
    assert set(ids) == {row["CompShareImageId"] for row in caller.call(SHARED)["ImageSet"]}
    assert control("DELETE", simulator, "worlds", params=key).status_code == 200
    assert caller.call(SHARED)["RetCode"] == 172


def test_faults_and_the_clock_are_steered_over_http(simulator: Simulator, make_world: MakeWorld) -> None:
    world = make_world(start=1_795_000_000)
    key = {"public_key": world.public_key}
    moved = control("POST", simulator, "clock", json={**key, "advance": 100}).json()
    assert moved == {"time": 1_795_000_100, "speed": 0}
    assert control("POST", simulator, "clock", json={**key, "speed": 60}).json()["speed"] == 60
    rule = {"kind": "ret_code", "code": 153, "count": 1}
    control("POST", simulator, "faults", json={**key, "faults": [rule]}).raise_for_status()
    caller = Caller.of(world)
    assert [caller.call(SHARED)["RetCode"] for _unused in range(2)] == [153, 0]
    control("POST", simulator, "faults", json={**key, "faults": [{"kind": "html"}]})
    control("DELETE", simulator, "faults", params=key)
    assert caller.call(SHARED)["RetCode"] == 0
    log = control("GET", simulator, "requests", params={**key, "action": SHARED}).json()["requests"]
    assert [entry["ret_code"] for entry in log] == [153, 0, 0]


@pytest.mark.parametrize(
    ("path", "body", "text"),
    [
        ("worlds", {"sped": 1}, "no setting 'sped'"),
        ("worlds", {"counts": {"platforms": 1}}, "scenario.counts has no setting 'platforms'"),
        ("worlds", {"lists": {"*": {"total": "odd"}}}, "total must be one of"),
        ("faults", {"faults": [{"kind": "earthquake"}]}, "no fault 'earthquake'"),
        ("clock", {"public_key": "nobody"}, "no world 'nobody'"),
        ("builds", {"model": "psychic"}, "no progress model 'psychic'"),
        ("builds", {"nmae": "x"}, "has no nmae"),
    ],
)
def test_wrong_control_requests_say_what_is_wrong(
    simulator: Simulator, path: str, body: dict[str, Any], text: str
) -> None:
    response = control("POST", simulator, path, json=body)
    assert response.status_code == 400
    assert text in response.json()["error"]


def test_a_scenario_can_be_a_file(tmp_path: Path) -> None:
    for name, text in (("a.yml", "counts: {shared: 7}\n"), ("a.json", '{"counts": {"shared": 7}}')):
        file = tmp_path / name
        file.write_text(text, encoding="utf-8")
        with Simulator(file, speed=0) as simulator:
            assert Caller.of(simulator.world).call(SHARED)["TotalCount"] == 7
    (tmp_path / "list.yml").write_text("[1]", encoding="utf-8")
    with pytest.raises(ScenarioError, match="must hold a mapping"):
        Simulator(tmp_path / "list.yml")


def test_the_log_hides_secrets(caller: Caller, world: World) -> None:
    caller.call(SHARED, Password="hunter2", SecurityToken="token")
    assert world.requests()[0]["params"] == {"Password": "***", "SecurityToken": "***"}


@pytest.mark.slow
def test_many_threads_share_a_world(world: World) -> None:
    found: list[int] = []

    def read() -> None:
        caller = Caller.of(world)
        found.append(sum(caller.call("DescribeCompShareImages", Limit=100)["RetCode"] == 0 for _unused in range(10)))

    threads = [threading.Thread(target=read) for _unused in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [10] * 8
    assert [entry["number"] for entry in world.requests()] == list(range(1, 81))


@pytest.mark.slow
@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("tls", [False, True])
def test_the_command_runs_until_it_is_stopped(stop: signal.Signals, tls: bool) -> None:
    command = [sys.executable, "-m", "tests.simulator", "--port", "0", "--speed", "60", "--latency-ms", "1"]
    command += ["--tls", "self-signed"] if tls else []
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        caller = Caller(ready["url"], ready["public_key"], ready["private_key"])
        if tls:
            assert ready["url"].startswith("https://127.0.0.1:")
            caller.session.verify = ready["ca_path"]
        assert caller.call(SHARED)["RetCode"] == 0
        process.send_signal(stop)
        output, errors = process.communicate(timeout=20)
    assert (process.returncode, output, errors) == (0, "", "")


def test_the_command_says_why_it_cannot_start(tmp_path: Path) -> None:
    file = tmp_path / "scenario.yml"
    file.write_text("sped: 60\n", encoding="utf-8")
    command = [sys.executable, "-m", "tests.simulator", "--scenario", str(file)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=20)
    assert done.returncode == 1
    assert "The simulator cannot start: scenario has no setting 'sped'" in done.stderr


def test_a_port_in_use_ends_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        command = [sys.executable, "-m", "tests.simulator", "--port", str(other.getsockname()[1])]
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=20)
    assert done.returncode == 1
    assert "address already in use" in done.stderr and "make simulator PORT=8766" in done.stderr


@pytest.mark.slow
def test_the_command_ends_with_what_it_runs() -> None:
    code = "import os; print(os.environ['COMPSHARE_API_URL']); raise SystemExit(3)"
    command = [sys.executable, "-m", "tests.simulator", "--", sys.executable, "-c", code]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=20)
    assert done.returncode == 3
    where, url = done.stdout.splitlines()
    assert where.startswith(f"CompShare simulator at {url}, ")


@pytest.mark.parametrize("over_http", [True, False])
def test_the_port_can_be_closed_for_a_while(over_http: bool) -> None:
    with Simulator(speed=0) as simulator:
        caller = Caller.of(simulator.world)
        assert caller.call(SHARED)["RetCode"] == 0
        if over_http:
            control("POST", simulator, "refuse", json={"seconds": 30}).raise_for_status()
        else:
            simulator.refuse(30)
        # The first request after it may still meet the old connection as it closes.
        for _unused in range(3):
            with pytest.raises(requests.ConnectionError):
                caller.call(SHARED)
    assert simulator.crashes == []


def test_a_worlds_environment_points_the_collection_at_it(world: World) -> None:
    variables = world.environment()
    url, public_key, private_key = (variables[f"COMPSHARE_{name}"] for name in ("API_URL", "PUBLIC_KEY", "PRIVATE_KEY"))
    caller = Caller(url, public_key, private_key)
    assert caller.call(SHARED)["RetCode"] == 0


def test_request_ids_in_the_log_are_those_of_the_responses(caller: Caller, world: World) -> None:
    response = caller.post(SHARED)
    assert world.requests()[0]["request_id"] == response.headers["X-UCLOUD-REQUEST-UUID"]
