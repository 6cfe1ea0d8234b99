"""Another image on an instance: by kind, in whichever state the API takes it, and back to how it was."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import OptionError
from ansible_collections.compshare.cloud.plugins.module_utils._instances.model import normalise_instance
from ansible_collections.compshare.cloud.plugins.module_utils._instances.reinstall import check_reinstall
from ansible_collections.compshare.cloud.plugins.module_utils._instances.spec import OrderedImage
from ansible_collections.compshare.cloud.tests.simulator.world import World

from ..api_faults import interrupt_at
from ..in_process import new_world, writes
from .samples import VM
from .tasks import failed, named, put, run, run_task

REINSTALL = "ReinstallCompShareInstance"
START, STOP = "StartCompShareInstance", "StopCompShareInstance"


@pytest.fixture
def world() -> World:
    return new_world()


@pytest.mark.parametrize(("before", "last"), [("Running", "StartCompShareInstance"), ("Stopped", REINSTALL)])
def test_a_reinstalled_instance_that_is_left_stopped(world: World, before: str, last: str) -> None:
    """Which state the API leaves it in is not documented, so the one it had decides."""
    world.scenario.instances.reinstall_ends = "Stopped"
    put(world, "train-vm", State=before, CompShareImageId="compshareImage-1old")
    done = run(world, name="train-vm", state="reinstalled", image="Ubuntu 24.04")
    assert done["instance"]["state"] == before and writes(world)[-1] == last


@pytest.mark.parametrize("before", ["Running", "Stopped"])
def test_a_reinstall_that_fails_leaves_nothing_stopped_that_ran(world: World, before: str) -> None:
    """It was stopped for that, and was left so."""
    put(world, "train-vm", State=before, CompShareImageId="compshareImage-1old")
    world.add_faults({"kind": "ret_code", "code": 230, "action": REINSTALL})
    error = failed(world, name="train-vm", state="reinstalled", image="Ubuntu 24.04")
    assert error.ret_code == 230 and named(world, "train-vm")[0]["State"] == before
    assert writes(world) == ([STOP, REINSTALL, START] if before == "Running" else [REINSTALL])
    assert ("had been stopped for that and was started again: train-vm" in str(error)) is (before == "Running")


def test_what_cannot_be_started_again_is_named(world: World) -> None:
    put(world, "train-vm", CompShareImageId="compshareImage-1old")
    world.add_faults(
        {"kind": "ret_code", "code": 230, "action": REINSTALL}, {"kind": "ret_code", "code": 226604, "action": START}
    )
    error = failed(world, name="train-vm", state="reinstalled", image="Ubuntu 24.04")
    assert error.ret_code == 230 and error.facts["instance"]["state"] == "Stopped"
    assert "It ran before, is stopped now, and could not be started again: train-vm" in str(error)
    assert "Start it with state=running." in str(error)


@pytest.mark.parametrize(
    ("name", "before", "dialect", "sent"),
    [
        # Seen in production: a container takes another container image while it runs, and a pod in most states.
        ("jupyter-4090", "Running", "by kind", [REINSTALL]),
        ("jupyter-4090", "Stopped", "by kind", [REINSTALL, START, REINSTALL, STOP]),
        ("comfy-pod", "Running", "by kind", [REINSTALL]),
        ("comfy-pod", "Stopped", "by kind", [REINSTALL, STOP]),
        ("train-vm", "Running", "by kind", [STOP, REINSTALL]),
        # Documented: only what is stopped.
        ("jupyter-4090", "Running", "stopped", [REINSTALL, STOP, REINSTALL]),
        ("jupyter-4090", "Stopped", "stopped", [REINSTALL, STOP]),
        ("comfy-pod", "Running", "stopped", [REINSTALL, STOP, REINSTALL]),
        ("train-vm", "Running", "stopped", [STOP, REINSTALL]),
    ],
)
def test_the_state_in_which_the_api_takes_an_image_depends_on_the_kind(
    name: str, before: str, dialect: str, sent: list[str]
) -> None:
    """Each was stopped for it, and a container that takes an image only while it runs could not be reinstalled."""
    images = [
        {
            "CompShareImageId": f"compshareImage-{zone.replace('-', '')}",
            "Name": "boxed",
            "Container": "True",
            "Zone": zone,
        }
        for zone in ("cn-wlcb-01", "cn-sh2-01")
    ]
    world = new_world(dialect={"reinstall_state": dialect}, rows={"custom": images}, instances={"ssh_after": 0})
    identity = put(world, name, State=before, CompShareImageId="compshareImage-1old")
    zone = world.instances.all[identity].row["Zone"]
    image = "Ubuntu 24.04" if name == "train-vm" else f"compshareImage-{zone.replace('-', '')}"
    done = run(world, instance_id=identity, state="reinstalled", image=image)
    assert done["instance"]["state"] == before and writes(world) == sent
    assert run(world, instance_id=identity, state="reinstalled", image=image)["changed"] is False


def test_an_image_that_is_refused_in_either_state_is_an_error(world: World) -> None:
    put(world, "jupyter-4090", CompShareImageId="compshareImage-1old")
    world.add_faults({"kind": "ret_code", "code": 8905, "action": REINSTALL})
    error = failed(world, name="jupyter-4090", state="reinstalled", image="compshareImage-1any")
    assert error.ret_code == 8905 and named(world, "jupyter-4090")[0]["State"] == "Running"
    assert writes(world) == [REINSTALL, STOP, REINSTALL, START]


@pytest.mark.parametrize(("dialect", "warned"), [("ignored", True), ("used", False)])
def test_a_password_that_the_reinstall_ignores_is_reported(dialect: str, warned: bool) -> None:
    """Seen in production: no backend reads it. Documented: it is set. The row shows which it was."""
    world = new_world(dialect={"reinstall_password": dialect})
    put(world, "train-vm", CompShareImageId="compshareImage-1old")
    options = {"name": "train-vm", "state": "reinstalled", "image": "Ubuntu 24.04", "password": "Better-1234"}
    _predicted, task = run_task(world, check_mode=True, **options)
    assert "may keep or generate another password" in task.warnings[0]
    done, task = run_task(world, **options)
    assert bool(task.warnings) is warned
    if warned:
        assert "kept or generated another password instead of the one in password" in task.warnings[0]
        assert "train-vm" in task.warnings[0] and "Better-1234" not in task.warnings[0]
    assert "Better-1234" not in repr(done)


@pytest.mark.parametrize("before", ["Running", "Stopped"])
def test_no_gpu_mode_is_left_for_an_image_and_entered_again(world: World, before: str) -> None:
    """The API refuses an image in no-GPU mode (226603), as seen in production."""
    put(world, "train-vm", State="Stopped", CompShareImageId="compshareImage-1old")
    run(world, name="train-vm", state="running", without_gpu="B")
    if before == "Stopped":
        run(world, name="train-vm", state="stopped")
    done, task = run_task(world, name="train-vm", state="reinstalled", image="Ubuntu 24.04")
    assert "is started with its GPU for that, which needs one in stock and is charged" in task.warnings[0]
    assert done["instance"]["state"] == before
    if before == "Running":
        assert done["instance"]["without_gpu"] is True and done["instance"]["cpu"] == 8


def test_an_interrupted_reinstall_reports_what_ran_before(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    put(world, "train-vm", CompShareImageId="compshareImage-1old")
    interrupt_at(monkeypatch, REINSTALL)
    error = failed(world, name="train-vm", state="reinstalled", image="Ubuntu 24.04")
    assert "Before this task ran: train-vm" in str(error) and "state=running" in str(error)


# --- What is checked before an instance is stopped for it ---

IMAGE: dict[str, Any] = {"name": "next", "size_mb": 50 * 1024, "container": False, "supported_gpu_types": []}


def check(image: dict[str, Any], **row: Any) -> None:
    check_reinstall(normalise_instance({**VM, **row}), OrderedImage("compshareImage-2", {**IMAGE, **image}))


@pytest.mark.parametrize(
    ("image", "row"),
    [
        ({}, {}),
        ({"size_mb": None}, {}),
        ({"supported_gpu_types": ["5090", "4090"]}, {}),
        ({"supported_gpu_types": ["4090"]}, {"GpuType": "4090_48G"}),
        ({"supported_gpu_types": ["5090"]}, {"GpuType": "hidden", "MachineType": "O"}),
        ({"supported_gpu_types": ["5090"]}, {"GpuType": None}),
        ({"size_mb": 10**9}, {"DiskSet": []}),
        ({"container": True}, {"UHostId": "cpod-1"}),
    ],
)
def test_an_image_that_may_fit_is_left_to_the_api(image: dict[str, Any], row: dict[str, Any]) -> None:
    check(image, **row)


@pytest.mark.parametrize(
    ("image", "row", "message"),
    [
        ({}, {"UHostId": "cpod-1"}, "a pod needs a container image"),
        ({"size_mb": 100 * 1024 + 1}, {}, "its system disk has 100 GB, and the image needs 101 GB"),
        ({"supported_gpu_types": ["5090", "H20"]}, {}, "it supports 5090, H20, and this is a 4090"),
        ({"supported_gpu_types": ["4090_48G"]}, {}, "it supports 4090_48G, and this is a 4090"),
    ],
)
def test_an_image_that_cannot_fit_is_refused(image: dict[str, Any], row: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        check(image, **row)


def test_an_id_is_left_to_the_api() -> None:
    check_reinstall(normalise_instance(VM), OrderedImage("compshareImage-2", None))
