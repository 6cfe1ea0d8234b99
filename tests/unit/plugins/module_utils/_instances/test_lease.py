"""The scheduled stop of an instance moves on while a process runs, and stops the instance when it has ended."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import CompShareError, OptionError
from ansible_collections.compshare.cloud.plugins.module_utils._instances import lease
from ansible_collections.compshare.cloud.plugins.module_utils._instances.lease import is_running, keep_lease
from ansible_collections.compshare.cloud.tests.simulator.world import World

from ..in_process import WorldClock, instance_in, new_world, task_in, writes

LEASE = 1800
HOUR = 3600


def running(world: World) -> Any:
    return world.instances.all[instance_in(world, "train-vm")]


def keep(world: World, monkeypatch: pytest.MonkeyPatch, *, held_for: float, **options: Any) -> dict[str, Any]:
    """Keep the lease of train-vm for a process that ends after so many seconds."""
    ends = world.clock.now() + held_for
    monkeypatch.setattr(lease, "is_running", lambda _process: world.clock.now() < ends)
    given = {"instance_id": running(world).identifier, "process": 1, **options}
    return keep_lease(task_in(world, "compshare_instance_lease", given))


@pytest.mark.parametrize("held_for", [0, 100, HOUR, 5 * HOUR])
def test_the_instance_runs_until_one_lease_after_the_end(held_for: float, monkeypatch: pytest.MonkeyPatch) -> None:
    world = new_world()
    result = keep(world, monkeypatch, held_for=held_for)
    ended = world.clock.now()
    assert (result["ended"], result["changed"]) == ("process", True)
    # It looks every five seconds, so it may be that late each time.
    assert held_for / (LEASE / 3 + 6) <= result["renewals"] <= 1 + held_for / (LEASE / 3)
    assert running(world).state == "Running"
    assert running(world).row["SchedulerStopTime"] <= ended + LEASE + 1
    world.advance(LEASE + 60)
    assert running(world).state == "Stopped"


def test_the_stop_is_never_further_away_and_never_comes_while_the_process_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    world = new_world()
    stops: list[float] = []
    sleep = WorldClock.sleep

    def look(clock: WorldClock, seconds: float) -> None:
        sleep(clock, seconds)
        assert running(world).state == "Running"
        if running(world).row["SchedulerStopTime"]:
            stops.append(running(world).row["SchedulerStopTime"] - world.clock.now())

    monkeypatch.setattr(WorldClock, "sleep", look)
    keep(world, monkeypatch, held_for=3 * HOUR)
    assert max(stops) <= LEASE + 1
    assert min(stops) >= LEASE / 2


@pytest.mark.parametrize("code", [226609, 8905, 171])
def test_refusals_are_retried_until_the_lease_is_over(code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    world = new_world()
    world.add_faults({"kind": "ret_code", "code": code, "action": "UpdateCompShareStopScheduler", "nth": [2, 3, 4, 5]})
    keep(world, monkeypatch, held_for=2 * HOUR)
    assert running(world).state == "Running"


def test_it_waits_while_an_image_is_being_built(monkeypatch: pytest.MonkeyPatch) -> None:
    world = new_world()
    running(world).row["State"] = "ImageMaking"
    world.clock.after(1000, lambda: running(world).row.update(State="Running"))
    result = keep(world, monkeypatch, held_for=1200)
    assert result["renewals"] == 1


@pytest.mark.parametrize("state", ["Stopped", "Install Fail"])
def test_it_ends_with_the_instance(state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    world = new_world()
    world.clock.after(HOUR, lambda: running(world).row.update(State=state))
    began = world.clock.now()
    assert keep(world, monkeypatch, held_for=100 * HOUR)["ended"] == "instance"
    assert world.clock.now() < began + 2 * HOUR


def test_a_removed_instance_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    world = new_world()
    identifier = running(world).identifier
    world.clock.after(HOUR, lambda: world.instances.all.pop(identifier))
    assert keep(world, monkeypatch, held_for=100 * HOUR)["ended"] == "instance"


def test_an_unknown_instance_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    world = new_world()
    with pytest.raises(OptionError, match="There is no instance uhost-none"):
        keep(world, monkeypatch, held_for=HOUR, instance_id="uhost-none")


def test_a_spot_instance_has_no_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    world = new_world()
    running(world).row["IsSpot"] = True
    with pytest.raises(OptionError, match="is a spot instance"):
        keep(world, monkeypatch, held_for=HOUR)


def test_a_stop_that_was_never_set_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    world = new_world()
    world.add_faults({"kind": "ret_code", "code": 299, "action": "UpdateCompShareStopScheduler"})
    with pytest.raises(CompShareError, match="299"):
        keep(world, monkeypatch, held_for=100)


@pytest.mark.parametrize("text", ["5m", "never", "2026-11-22T20:00:00Z", "soon", ""])
def test_only_durations_of_ten_minutes_or_more_are_leases(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    world = new_world()
    with pytest.raises(OptionError):
        keep(world, monkeypatch, held_for=100, lease=text)
    assert writes(world) == []


@pytest.mark.parametrize("process", [None, 0, -1])
def test_a_process_is_a_number_above_zero(process: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OptionError, match="process must be"):
        keep(new_world(), monkeypatch, held_for=100, process=process)


def test_check_mode_changes_nothing() -> None:
    world = new_world()
    options = {"instance_id": running(world).identifier, "process": os.getpid()}
    assert keep_lease(task_in(world, "compshare_instance_lease", options, check_mode=True))["changed"]
    assert writes(world) == []


def test_no_process_has_a_number_beyond_any() -> None:
    assert not is_running(10**30)


def test_processes_are_distinguished_from_those_that_have_ended() -> None:
    assert is_running(os.getpid())
    assert is_running(1)
    with subprocess.Popen([sys.executable, "-c", ""], stdin=subprocess.DEVNULL) as ended:
        # Until somebody waits for it, it is still in the table of processes.
        os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
        assert not is_running(ended.pid)
    assert not is_running(ended.pid)
