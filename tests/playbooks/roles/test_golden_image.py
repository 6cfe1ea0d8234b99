"""The role golden_image over SSH, and the accidents of its users: what is on which builder, and what is left behind."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.compshare.cloud.tests.simulator.fixtures import MakeWorld
from ansible_collections.compshare.cloud.tests.unit.plugins.module_utils.in_process import writes
from tests.playbooks.runs import ROOT, Run
from tests.playbooks.ssh_hosts import ARMED, LOSE

from .builders import LEASE, LIMIT, QUICK, RoleRun

pytestmark = pytest.mark.playbook

LEAVE = [{"name": "Leave a trace", "ansible.builtin.raw": "echo {{ what | default('prepared') }} >> ~/left"}]
#: A role with a handler, each of which leaves a trace.
APP = {
    "roles/app/tasks/main.yml": [{"ansible.builtin.raw": "echo task >> ~/left", "notify": "App changed"}],
    "roles/app/handlers/main.yml": [{"name": "App changed", "ansible.builtin.raw": "echo handler >> ~/left"}],
}


@pytest.fixture
def role(make_world: MakeWorld, tmp_path: Path) -> Iterator[RoleRun]:
    run = RoleRun(tmp_path, make_world(**QUICK))
    with run.hosts:
        yield run


def write_app(role: RoleRun) -> None:
    for path, content in APP.items():
        role.write(path, content)


# --- Where the tasks run ---


@pytest.mark.parametrize("strategy", ["linear", "free"])
def test_the_tasks_of_each_host_run_on_its_own_builder(role: RoleRun, strategy: str) -> None:
    """add_host runs for the first host of a play only, and other builders' tasks ran on the controller."""
    role.write("hosts.ini", "[images]\ntorch\nvllm\ncomfy\n")
    role.write("prepare.yml", [{**LEAVE[0], "vars": {"what": "{{ inventory_hostname }}"}}])
    python = {"ansible_python_interpreter": sys.executable}
    play = {"hosts": "images", "connection": "local", "strategy": strategy, "vars": python}
    name = "team-{{ inventory_hostname }}"
    assert role.run("prepare.yml", "-i", "hosts.ini", play=play, golden_image_name=name) == 0, role.output
    assert sorted(role.images()) == ["team-comfy", "team-torch", "team-vllm"]
    for host in ("torch", "vllm", "comfy"):
        assert role.left(f"team-{host}") == host
    assert not (Path.home() / "left").exists()
    assert role.builders() == []


def test_a_builder_that_is_no_host_costs_nothing(role: RoleRun) -> None:
    """Whatever keeps a builder out of the inventory: its tasks would run on the controller."""
    role.write("prepare.yml", LEAVE)
    copied = role.folder / "collections/ansible_collections/compshare/cloud"
    for name in ("meta", "plugins", "roles"):
        shutil.copytree(ROOT / name, copied / name)
    action = copied / "plugins/action/add_instance_host.py"
    added = 'name, groups, variables = (arguments[key] for key in ("name", "groups", "variables"))'
    action.write_text(action.read_text().replace(added, "return result"))
    assert added not in action.read_text()
    run = role.command("prepare.yml")
    assert role.finish(run, ANSIBLE_COLLECTIONS_PATH=str(role.folder / "collections")) == 2
    assert "its tasks would run elsewhere. Nothing was created." in role.words
    assert role.created() == 0


def test_variables_of_the_group_are_used(role: RoleRun) -> None:
    """A jump host, a user, an interpreter and any argument of ssh stand in group_vars/golden_image_builders.yml."""
    role.group_vars(
        {
            "ansible_user": "from_group",
            "ansible_ssh_extra_args": "-o SendEnv=FROM_EXTRA",
            "ansible_ssh_common_args": "-o SendEnv=FROM_COMMON",
            "ansible_ssh_executable": "{{ playbook_dir }}/my ssh",
            "ansible_host_key_checking": False,
        }
    )
    # What all hosts have is not meant for a builder.
    role.write("group_vars/all.yml", {"ansible_user": "from_all", "ansible_python_interpreter": "/none"})
    role.write("my ssh", '#!/bin/sh\nprintf "%s\\n" "$*" >> "${0%/*}/calls"\nexec ssh "$@"\n')
    (role.folder / "my ssh").chmod(0o755)
    role.write("prepare.yml", LEAVE)
    assert role.run("prepare.yml") == 0, role.output
    calls = (role.folder / "calls").read_text().splitlines()
    for expected in ('User="from_group"', "SendEnv=FROM_EXTRA", "SendEnv=FROM_COMMON", "StrictHostKeyChecking=no"):
        assert all(expected in call for call in calls), expected
    assert not any("UserKnownHostsFile" in call for call in calls)
    assert role.images() == ["team-base"]


def test_a_password_is_given_and_used_without_being_shown(role: RoleRun) -> None:
    role.write("prepare.yml", LEAVE)
    role.hosts.forget_known_key()
    assert role.run("prepare.yml", "-vvvv", golden_image_use_password=True) == 0, role.output
    assert role.left("team-base") == "prepared"
    [builder] = role.world.released.values()
    assert role.hosts.hosts[builder.identifier].password not in role.output


# --- Slips in the tasks ---

TASK = {"name": "A plain task", "ansible.builtin.raw": "echo plain"}
SLIPS: dict[str, tuple[object, str]] = {
    "invalid YAML": ('- name: x\n  ansible.builtin.raw: echo "one\n   two: three\n', r"cannot be run"),
    "an unknown module": ([{"community.nothing.module": {}}], r"couldn't resolve module/action"),
    "an unknown keyword": ([{**TASK, "whenn": True}], r"whenn"),
    "a whole playbook": ([{"hosts": "all", "tasks": [TASK]}], r"cannot be run"),
    "no list": ({"name": "x"}, r"must contain a list of tasks"),
    "an empty file": ("", r"has no tasks"),
    "a missing file": (None, r"cannot be run"),
    "an import of a missing file": ([{"ansible.builtin.import_tasks": "none.yml"}], r"none\.yml"),
    "an include of a missing file": ([{"ansible.builtin.include_tasks": "none.yml"}], r"includes none\.yml"),
    "an include of a file with a slip": ([{"ansible.builtin.include_tasks": "slip.yml"}], r"whenn"),
    "a role that does not exist": ([{"ansible.builtin.include_role": {"name": "none"}}], r"none"),
    "a role with a slip": ([{"ansible.builtin.include_role": {"name": "slip"}}], r"whenn"),
    "an imported role with a slip": ([{"ansible.builtin.import_role": {"name": "slip"}}], r"whenn"),
    "a slip in a rescue": ([{"block": [TASK], "rescue": [{"block": [{**TASK, "whenn": 1}]}]}], r"whenn"),
    "the end of the host": ([{"ansible.builtin.meta": "end_host"}], r"'meta: end_host'"),
    "the end of the batch": ([{"ansible.builtin.meta": "end_batch"}], r"'meta: end_batch'"),
    "the end of the play": ([{"block": [{"meta": "end_play", "when": "x"}]}], r"'meta: end_play'"),
    "the end of the role": ([{"ansible.builtin.meta": "end_role"}], r"end_role"),
    "the end of the play in a role": ([{"ansible.builtin.include_role": {"name": "ends"}}], r"'meta: end_play'"),
}


def write_slips(role: RoleRun) -> None:
    for number, (content, _says) in enumerate(SLIPS.values()):
        if content is not None:
            role.write(f"slip{number}.yml", content)
    role.write("slip.yml", [{**TASK, "whenn": True}])
    role.write("roles/slip/tasks/main.yml", [{**TASK, "whenn": True}])
    role.write("roles/ends/tasks/main.yml", [{"ansible.builtin.meta": "end_play"}])


def test_slips_in_the_tasks_are_found(role: RoleRun) -> None:
    write_slips(role)
    check = {
        "compshare.cloud.check_tasks": {"path": "slip{{ item }}.yml"},
        "loop": list(range(len(SLIPS))),
        "register": "checked",
        "ignore_errors": True,
    }
    copy = {"content": "{{ checked.results | to_json }}", "dest": "{{ playbook_dir }}/checked"}
    Run(role.folder, role.world, [check, {"ansible.builtin.copy": copy}]).plain()
    checked = json.loads((role.folder / "checked").read_text())
    for (slip, (_content, says)), result in zip(SLIPS.items(), checked, strict=True):
        assert result["failed"], slip
        assert re.search(says, re.sub(r"\s+", " ", result["msg"])), (slip, result["msg"])


@pytest.mark.parametrize("slip", ["an unknown module", "the end of the play in a role"])
def test_a_slip_in_the_tasks_costs_nothing(role: RoleRun, slip: str) -> None:
    write_slips(role)
    assert role.run(f"slip{list(SLIPS).index(slip)}.yml") == 2, role.output
    assert re.search(SLIPS[slip][1], role.words), role.output
    assert writes(role.world) == []
    assert "AFTER" not in role.output


def test_right_tasks_of_every_shape_are_run(role: RoleRun) -> None:
    """What is checked beforehand must not be refused: files, roles, blocks and templates, nested ones, too."""
    write_app(role)
    role.write("more/nested.yml", [{"ansible.builtin.include_tasks": "deeper.yml"}])
    role.write("more/deeper.yml", [{"ansible.builtin.raw": "echo deeper >> ~/left"}])
    role.write("prepare/shapes.yml", [{"ansible.builtin.raw": "echo shapes >> ~/left"}])
    role.write(
        "prepare/prepare.yml",
        [
            {"ansible.builtin.import_tasks": "shapes.yml"},
            {"ansible.builtin.include_tasks": "../more/nested.yml"},
            {"ansible.builtin.include_tasks": "{{ file }}", "vars": {"file": "shapes.yml"}},
            {"ansible.builtin.include_role": {"name": "app"}},
            {"ansible.builtin.include_role": {"name": "{{ app }}"}, "vars": {"app": "app"}},
            {"block": [{"ansible.builtin.fail": {"msg": "x"}}], "rescue": [TASK], "always": [TASK]},
            {"ansible.builtin.meta": "flush_handlers"},
        ],
    )
    assert role.run("prepare/prepare.yml") == 0, role.output
    assert role.left("team-base").split() == ["shapes", "deeper", "shapes", "task", "task", "handler"]


# --- Handlers ---


@pytest.mark.parametrize("how", ["include_role", "import_role"])
def test_handlers_of_roles_run_on_the_builder_before_it_is_imaged(role: RoleRun, how: str) -> None:
    write_app(role)
    role.write("prepare.yml", [{f"ansible.builtin.{how}": {"name": "app"}}])
    assert role.run("prepare.yml") == 0, role.output
    assert role.left("team-base").split() == ["task", "handler"]
    assert not (Path.home() / "left").exists()
    assert role.images() == ["team-base"]


def test_a_handler_that_fails_gives_no_image_and_leaves_no_builder(role: RoleRun) -> None:
    write_app(role)
    role.write("roles/app/handlers/main.yml", [{"name": "App changed", "ansible.builtin.fail": {"msg": "No app."}}])
    role.write("prepare.yml", [{"ansible.builtin.include_role": {"name": "app"}}])
    assert role.run("prepare.yml") == 2, role.output
    assert "No app." in role.output
    assert (role.images(), role.builders()) == ([], [])


# --- Reboots and lost connections ---


def test_a_reboot_is_no_loss(role: RoleRun) -> None:
    reboot = {"reboot_timeout": 60, "connect_timeout": 2, "post_reboot_delay": 0}
    role.write("prepare.yml", [TASK, {"ansible.builtin.reboot": reboot}, *LEAVE])
    assert role.run("prepare.yml") == 0, role.output
    assert role.left("team-base") == "prepared"
    assert role.images() == ["team-base"]


@pytest.mark.parametrize("last", [False, True])
def test_a_connection_that_ssh_repairs_is_no_loss(role: RoleRun, last: bool) -> None:
    arm = {"ansible.builtin.raw": f"touch ~/{ARMED}"}
    role.write("prepare.yml", [arm, *LEAVE, *([] if last else [TASK])])
    run = role.command("prepare.yml")
    assert role.finish(run, ANSIBLE_SSH_RETRIES="2") == 0, role.output
    assert role.left("team-base") == "prepared"
    assert role.images() == ["team-base"]


LOSSES: dict[str, list[dict[str, Any]]] = {
    "first": [{"ansible.builtin.raw": LOSE}, *LEAVE],
    "last": [*LEAVE, {"ansible.builtin.raw": LOSE}],
    "in a loop": [{"ansible.builtin.raw": "{{ item }}", "loop": ["true", LOSE, "true"]}],
    "in a block with a rescue": [{"block": [{"ansible.builtin.raw": LOSE}], "rescue": [TASK]}, *LEAVE],
}


@pytest.mark.parametrize("where", LOSSES)
def test_a_real_loss_gives_no_image_and_leaves_no_builder(role: RoleRun, where: str) -> None:
    role.write("prepare.yml", LOSSES[where])
    assert role.run("prepare.yml") == 2, role.output
    assert "lost the connection to the builder" in role.words
    assert (role.images(), role.builders()) == ([], [])
    if where == "first":
        assert not (role.hosts.home("team-base-builder-") / "left").exists()


def test_a_loss_in_a_handler_gives_no_image(role: RoleRun) -> None:
    write_app(role)
    role.write("roles/app/handlers/main.yml", [{"name": "App changed", "ansible.builtin.raw": LOSE}])
    role.write("prepare.yml", [{"ansible.builtin.include_role": {"name": "app"}}])
    assert role.run("prepare.yml") == 2, role.output
    assert (role.images(), role.builders()) == ([], [])


# --- What is left behind, one lease later ---

#: The default of golden_image_create_timeout, in seconds.
CREATE_TIMEOUT = 1200
#: Tasks that nobody can check before: the name of the file is a template.
LATE = [{"ansible.builtin.include_tasks": "{{ late }}", "vars": {"late": "late.yml"}}]
ACCIDENTS: dict[str, tuple[object, int]] = {
    "the end of the play": ([{"ansible.builtin.meta": "end_play"}], 0),
    "the end of the host": ([{"ansible.builtin.meta": "end_host"}], 0),
    "the end of the role": ([{"ansible.builtin.meta": "end_role"}], 2),
    "a slip in the tasks": ([{**TASK, "whenn": True}], 4),
}


def one_lease_later(role: RoleRun) -> str:
    """Let one lease pass after a run; return what the API shows of the only builder."""
    [builder] = [one for one in role.world.instances.all.values() if "-builder-" in one.row["Name"]]
    ahead = builder.row["SchedulerStopTime"] - role.world.clock.now()
    assert 0 < ahead <= LEASE
    assert builder.row["Remark"].startswith("compshare.cloud.golden_image builds team-base since 20")
    role.world.advance(LEASE + 60)
    return builder.state


@pytest.mark.parametrize("accident", ACCIDENTS)
def test_a_builder_left_behind_stops_within_one_lease(role: RoleRun, accident: str) -> None:
    late, status = ACCIDENTS[accident]
    role.write("prepare.yml", LATE)
    role.write("late.yml", late)
    assert role.run("prepare.yml") == status, role.output
    assert role.builders() == ["Running"]
    assert one_lease_later(role) == "Stopped"
    assert role.images() == []


@contextlib.contextmanager
def killed_in_its_tasks(role: RoleRun, **variables: Any) -> Iterator[None]:
    """A run whose tasks go on during the C(with) block, and which is killed at its end."""
    role.write("wait.yml", [{"ansible.builtin.raw": "touch ~/begun; sleep 60"}])
    run = role.command("wait.yml", **variables)
    with subprocess.Popen(
        run.command, env=run.environment, cwd=role.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as killed:
        wait_until(lambda: any((home / "begun").exists() for home in (role.folder / "homes").iterdir()))
        yield
        killed.send_signal(signal.SIGKILL)


@pytest.mark.parametrize("charge_type", ["Postpay", "Spot"])
def test_the_next_run_removes_the_builder_of_a_run_that_was_killed(
    role: RoleRun, state_folder: Path, charge_type: str
) -> None:
    role.write("prepare.yml", LEAVE)
    with killed_in_its_tasks(role, golden_image_charge_type=charge_type):
        assert role.run("prepare.yml", golden_image_name="team-next") == 0, role.output
        assert role.builders() == ["Running"]
    # A run that has nothing to create does it, too.
    assert role.run("prepare.yml", golden_image_name="team-next") == 0, role.output
    assert re.search(r"is Running and costs [\d.]+ CNY per hour, .* Its run has ended, so it is removed", role.words)
    assert (role.builders(), role.images(), role.created()) == ([], ["team-next"], 2)
    [note] = (state_folder / "compshare-cloud/builders").iterdir()
    assert note.name.startswith("team-base-builder-")  # for an hour; a run that ends well leaves none


def test_a_run_on_another_machine_leaves_the_builder_to_its_lease(role: RoleRun, tmp_path: Path) -> None:
    role.write("prepare.yml", LEAVE)
    with killed_in_its_tasks(role):
        pass
    elsewhere = {"XDG_STATE_HOME": str(tmp_path / "elsewhere")}
    assert role.finish(role.command("prepare.yml", golden_image_name="team-next"), **elsewhere) == 0, role.output
    assert re.search(r"of the image team-base is Running and costs [\d.]+ CNY per hour, about [\d.]+ CNY", role.words)
    assert "A run may be using it; its lease ends at 20" in role.words
    assert role.builders() == ["Running"]
    assert one_lease_later(role) == "Stopped"
    assert role.finish(role.command("prepare.yml", golden_image_name="team-next"), **elsewhere) == 0, role.output
    assert re.search(r"is Stopped and costs [\d.]+ CNY per hour, .* Its lease is over, so it is removed", role.words)
    assert role.builders() == []
    assert role.images() == ["team-next"]


@pytest.mark.parametrize("where", ["on the same machine", "elsewhere"])
def test_a_builder_that_was_being_ordered_when_the_run_was_killed(
    make_world: MakeWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """It has no scheduled stop; on the same machine the next run removes it, elsewhere a later one."""
    held = {"kind": "slow", "action": "CreateCompShareInstance", "seconds": 600, "nth": 1}
    role = RoleRun(tmp_path, make_world(**QUICK, faults=[held]))
    role.write("prepare.yml", LEAVE)
    run = role.command("prepare.yml")
    with (
        role.hosts,
        subprocess.Popen(
            run.command,
            env=run.environment,
            cwd=role.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as killed,
    ):
        wait_until(lambda: bool(role.world.requests("CreateCompShareInstance")))
        os.killpg(killed.pid, signal.SIGKILL)
        killed.wait(LIMIT)
        if where == "elsewhere":
            monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "elsewhere"))
            assert role.run("prepare.yml") == 0, role.output
            assert re.search(r"of the image team-base is \w+ and costs [\d.]+ CNY .* A run may be using it", role.words)
            assert (role.builders(), role.images(), role.created()) == (["Running"], ["team-base"], 2)
            [builder] = [one for one in role.world.instances.all.values() if "-builder-" in one.row["Name"]]
            builder.row["CreateTime"] -= CREATE_TIMEOUT + LEASE + 60
        assert role.run("prepare.yml") == 0, role.output
        reason = "Its lease is over" if where == "elsewhere" else "Its run has ended"
        assert f"{reason}, so it is removed" in role.words
        assert (role.builders(), role.images(), role.created()) == ([], ["team-base"], 2)


def left_behind(number: int, hours: float, **fields: Any) -> dict[str, Any]:
    """The row of a builder that was created some hours ago."""
    created = int(time.time() - hours * 3600)
    since = datetime.fromtimestamp(created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "UHostId": f"uhost-left{number}",
        "Name": f"left{number}",
        "Remark": f"compshare.cloud.golden_image builds team-x since {since}",
        "ChargeType": "Postpay",
        "CreateTime": created,
        **fields,
    }


def test_only_builders_whose_lease_is_over_are_removed(make_world: MakeWorld, tmp_path: Path) -> None:
    now = int(time.time())
    rows = {
        "stopped": left_behind(1, 3, State="Stopped", StopTime=now - 3600),
        "past its stop": left_behind(2, 3, SchedulerStopTime=now - 60),
        "never given a stop": left_behind(3, 3),
        "failed": left_behind(4, 3, State="Install Fail"),
        "in use": left_behind(5, 3, SchedulerStopTime=now + 600),
        "new": left_behind(6, 0.5),
        "being imaged": left_behind(7, 3, State="ImageMaking"),
        "spot": left_behind(8, 3, ChargeType="Spot", IsSpot=True),
        "of somebody else": left_behind(9, 3, Remark="builds team-x since 2026-01-01T00:00:00Z"),
    }
    world = make_world(**QUICK, rows={"instances": list(rows.values())}, counts={"instances": 0})
    role = RoleRun(tmp_path, world)
    role.write("prepare.yml", LEAVE)
    assert role.run("prepare.yml", golden_image_name="golden-ubuntu-22.04") == 0, role.output
    kept = {name for name, row in rows.items() if row["UHostId"] in world.instances.all}
    assert kept == {"in use", "new", "being imaged", "spot", "of somebody else"}
    assert role.words.count("Its lease is over, so it is removed") == 4
    assert re.search(r"left1 \(uhost-left1\) of the image team-x is Stopped and costs [\d.]+ CNY per hour", role.words)
    assert "A spot instance has no lease. Remove it with state=absent if no run uses it." in role.words


def note_run(state_folder: Path, number: int, **changes: str) -> Path:
    """Write the file of a run that has this test's process for its playbook, with some parts of it changed."""
    fields = Path(f"/proc/{os.getpid()}/stat").read_text().rpartition(") ")[2].split()
    run = {
        "boot": Path("/proc/sys/kernel/random/boot_id").read_text().strip(),
        "namespace": Path("/proc/self/ns/pid").readlink().name,
        "process": str(os.getpid()),
        "start": fields[19],
        "time": str(int(time.time())),
    }
    path = state_folder / "compshare-cloud/builders" / f"left{number}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(" ".join({**run, **changes}.values()))
    return path


def test_a_run_has_ended_only_if_its_process_has_for_certain(
    make_world: MakeWorld, tmp_path: Path, state_folder: Path
) -> None:
    runs: dict[str, dict[str, str]] = {
        "another process has its id": {"start": "1"},
        "no process has its id": {"process": "99999999"},
        "it goes on": {},
        "another boot, or machine": {"process": "99999999", "boot": "another"},
        "another container": {"process": "99999999", "namespace": "pid:[1]"},
        "not a process": {"process": "99999999", "start": ""},
        "the builder is being imaged": {"process": "99999999"},
    }
    ahead = int(time.time()) + 600
    rows = [left_behind(number, 1, SchedulerStopTime=ahead) for number in range(len(runs))]
    rows[-1]["State"] = "ImageMaking"
    for number, changes in enumerate(runs.values()):
        note_run(state_folder, number, **changes)
    old = note_run(state_folder, 100, process="99999999", time=str(int(time.time()) - 4000))
    new = note_run(state_folder, 101, process="99999999")
    world = make_world(**QUICK, rows={"instances": rows}, counts={"instances": 0})
    role = RoleRun(tmp_path, world)
    role.write("prepare.yml", LEAVE)
    assert role.run("prepare.yml", golden_image_name="golden-ubuntu-22.04") == 0, role.output
    removed = [name for name, row in zip(runs, rows, strict=True) if row["UHostId"] not in world.instances.all]
    assert removed == ["another process has its id", "no process has its id"]
    # The list may not show the builder of a run that has just ended yet.
    assert (old.exists(), new.exists()) == (False, True)


def test_become_of_the_play_is_for_the_tasks_only(role: RoleRun) -> None:
    """The role's own tasks need the keys of the user's environment, which sudo does not pass on."""
    role.hosts.programs["sudo"] = (
        '#!/bin/sh\nwhile [ "$1" != /bin/sh ]; do shift; done\nexport BECAME=root\nexec "$@"\n'
    )
    role.write("bin/sudo", "#!/bin/sh\nexit 99\n")
    (role.folder / "bin/sudo").chmod(0o755)
    role.write("prepare.yml", [{"ansible.builtin.raw": "echo $BECAME > ~/left"}])
    run = role.command("prepare.yml", play={"become": True})
    assert role.finish(run, PATH=f"{role.folder}/bin:{run.environment['PATH']}") == 0, role.output
    assert role.left("team-base") == "root"


def wait_until(condition: Callable[[], bool]) -> None:
    ends = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.2)
