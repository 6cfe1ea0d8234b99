"""One task at a time, on one machine."""

from __future__ import annotations

import os
import tempfile
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.client import Client, Scope
from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import WaitError
from ansible_collections.compshare.cloud.plugins.module_utils._instances.name_lock import one_at_a_time
from ansible_collections.compshare.cloud.tests.unit.plugins.module_utils.fakes import FakeClock, client_of


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def a_client(scope: Scope | None = None) -> tuple[Client, FakeClock]:
    client, _transport, clock = client_of([], scope=scope)
    return client, clock


def is_free(name: str, scope: Scope | None = None) -> bool:
    client, clock = a_client(scope)
    try:
        with one_at_a_time(client, name, deadline=clock.now()):
            return True
    except WaitError:
        return False


def test_a_second_task_waits_until_its_time_is_up() -> None:
    client, clock = a_client()
    with (
        one_at_a_time(client, "train-vm", deadline=clock.now()),
        pytest.raises(WaitError, match="Another task on this machine is making the instance 'train-vm'") as caught,
        one_at_a_time(client, "train-vm", deadline=clock.now() + 10),
    ):
        pytest.fail("two hold it")
    assert caught.value.retryable and sum(clock.slept) == pytest.approx(10)


def test_a_lock_is_for_one_name_in_one_account(folder: Path) -> None:
    client, clock = a_client()
    with one_at_a_time(client, "train-vm", deadline=clock.now()):
        assert not is_free("train-vm")
        assert is_free("eval-vm")
        assert is_free("train-vm", Scope(project_id="org-other"))
        assert [oct(file.stat().st_mode & 0o777) for file in folder.iterdir()] == ["0o600"]
    assert is_free("train-vm")
    assert list(folder.iterdir()) == []


def test_an_error_lets_go() -> None:
    client, clock = a_client()
    with pytest.raises(ZeroDivisionError), one_at_a_time(client, "train-vm", deadline=clock.now()):
        raise ZeroDivisionError
    assert is_free("train-vm")


def hold_and_die(connection: Connection, folder: str) -> None:
    tempfile.tempdir = folder
    client, clock = a_client()
    with one_at_a_time(client, "train-vm", deadline=clock.now()):
        connection.send("held")
        connection.recv()
        os._exit(1)


def test_a_process_that_dies_leaves_nothing_held(folder: Path) -> None:
    here, there = get_context("fork").Pipe()
    process = get_context("fork").Process(target=hold_and_die, args=(there, str(folder)))
    process.start()
    assert here.recv() == "held"
    assert not is_free("train-vm")
    here.send("die")
    process.join()
    assert is_free("train-vm")


def test_somebody_elses_link_is_not_followed(folder: Path) -> None:
    client, clock = a_client()
    with one_at_a_time(client, "train-vm", deadline=clock.now()):
        (path,) = folder.iterdir()
    path.symlink_to(folder / "precious")
    assert is_free("train-vm")  # without a lock, rather than not at all
    assert not (folder / "precious").exists() and path.is_symlink()


def test_a_folder_that_takes_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    assert is_free("train-vm")
