"""Starts without the GPU: what is refused before, what is said, and by which signs the mode is known."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import OptionError
from ansible_collections.compshare.cloud.tests.simulator.world import World

from ..in_process import new_world, writes
from .tasks import failed, put, run, run_task

START = "StartCompShareInstance"
ORDER: dict[str, Any] = {"name": "new-vm", "image": "Ubuntu 22.04", "gpu_type": "4090"}


@pytest.fixture
def world() -> World:
    return new_world()


def test_a_start_without_gpu(world: World) -> None:
    put(world, "train-vm", State="Stopped")
    done = run(world, name="train-vm", state="running", without_gpu="B")
    assert (done["instance"]["without_gpu"], done["instance"]["cpu"]) == (True, 8)
    sent = world.requests("StartCompShareInstance")[0]["params"]
    assert (sent["WithoutGpu"], sent["WithoutGpuSpec"]) == ("true", "B")
    assert run(world, name="train-vm", state="running", without_gpu="B")["changed"] is False
    error = failed(world, OptionError, name="jupyter-4090", state="running", without_gpu="A")
    assert "runs with its GPU" in str(error)
    put(world, "jupyter-4090", State="Stopped", SupportWithoutGpuStart=False)
    assert "cannot be started without" in str(failed(world, name="jupyter-4090", state="running", without_gpu="A"))
    assert "cannot be created without" in str(failed(world, **ORDER, state="running", without_gpu="A"))


def test_an_instance_that_runs_without_its_gpu_is_reported(world: World) -> None:
    put(world, "train-vm", State="Stopped")
    run(world, name="train-vm", state="running", without_gpu="A")
    done, task = run_task(world, name="train-vm", state="running")
    assert done["changed"] is False and "runs without its GPU" in task.warnings[0]


def test_a_gpu_that_starts_by_mistake_is_reported(world: World) -> None:
    identity = put(world, "train-vm", State="Stopped")
    world.clock.after(20, lambda: setattr(world.instances.all[identity], "without_gpu", None))
    error = failed(world, name="train-vm", state="running", without_gpu="A")
    assert "was to start without its GPU, but runs with it" in str(error)


@pytest.mark.parametrize(
    ("name", "fields", "spec", "message"),
    [
        ("comfy-pod", {}, "B", "is a pod, for which there is without_gpu=A only"),
        ("train-vm", {"ChargeType": "Month"}, "A", "charged as Month; without_gpu is for Postpay and Dynamic only"),
        ("train-vm", {"ChargeType": "Spot"}, "A", "charged as Spot"),
    ],
)
def test_what_the_api_would_refuse_is_refused_before(
    world: World, name: str, fields: dict[str, Any], spec: str, message: str
) -> None:
    put(world, name, State="Stopped", **fields)
    for check_mode in (True, False):
        error = failed(world, OptionError, name=name, state="running", without_gpu=spec, check_mode=check_mode)
        assert message in str(error)
    assert writes(world) == []


def test_an_account_has_one_instance_without_its_gpu_at_a_time(world: World) -> None:
    for name in ("train-vm", "jupyter-4090"):
        put(world, name, State="Stopped")
    run(world, name="train-vm", state="running", without_gpu="A")
    error = failed(world, OptionError, name="jupyter-4090", state="running", without_gpu="A")
    assert "at a time, and train-vm (" in str(error) and writes(world) == [START]
    run(world, name="train-vm", state="stopped")
    assert run(world, name="jupyter-4090", state="running", without_gpu="A")["changed"]


def test_that_the_way_back_needs_stock_is_said_before(world: World) -> None:
    put(world, "train-vm", State="Stopped")
    for check_mode in (True, False):
        done, task = run_task(world, name="train-vm", state="running", without_gpu="A", check_mode=check_mode)
        assert done["changed"] and "must have one in stock then" in task.warnings[0]
    done, task = run_task(world, name="train-vm", state="running", without_gpu="A")
    assert done["changed"] is False and task.warnings == []


@pytest.mark.parametrize("sign", ["WithoutGpuSpec", "MachineType", "SrcInstanceConfig"])
def test_the_mode_is_known_by_any_of_its_signs(sign: str) -> None:
    """Seen in production: WithoutGpuSpec alone. Documented: MachineType O. A client of the vendor: the third one."""
    world = new_world(dialect={"no_gpu_sign": sign})
    put(world, "train-vm", State="Stopped")
    assert run(world, name="train-vm", state="running", without_gpu="A")["instance"]["without_gpu"] is True
    stopped = run(world, name="train-vm", state="stopped")["instance"]
    assert stopped["without_gpu"] is True  # a stop does not leave the mode
    assert run(world, name="train-vm", state="running")["instance"]["without_gpu"] is False
