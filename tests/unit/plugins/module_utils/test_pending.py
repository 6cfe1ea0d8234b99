"""One order at a time on one machine, and the record that a task leaves that dies while it orders."""

from __future__ import annotations

import errno
import json
import os
import re
import tempfile
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.client import Client, Scope
from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import (
    CompShareError,
    OptionError,
    RefusedError,
    TransportError,
    WaitError,
)
from ansible_collections.compshare.cloud.plugins.module_utils._pending import order_lock
from ansible_collections.compshare.cloud.plugins.module_utils._waiting import SHOWN_WITHIN

from .fakes import FakeClock, client_of, refusal, success


@pytest.fixture
def folder(state_folder: Path) -> Path:
    return state_folder / "compshare-cloud"


def a_client(scope: Scope | None = None) -> tuple[Client, FakeClock]:
    client, _transport, clock = client_of([], scope=scope)
    return client, clock


def is_free(name: str, scope: Scope | None = None, kind: str = "instance") -> bool:
    client, clock = a_client(scope)
    try:
        with order_lock(client, kind, name, deadline=clock.now()):
            return True
    except WaitError:
        return False


def test_a_second_task_waits_until_its_time_is_up() -> None:
    client, clock = a_client()
    with (
        order_lock(client, "instance", "train-vm", deadline=clock.now()),
        pytest.raises(WaitError, match="Another task on this machine is creating the instance 'train-vm'") as caught,
        order_lock(client, "instance", "train-vm", deadline=clock.now() + 10),
    ):
        pytest.fail("two hold it")
    assert caught.value.retryable and sum(clock.slept) == pytest.approx(10)


def test_a_lock_is_for_one_object_in_one_account(folder: Path) -> None:
    client, clock = a_client()
    with order_lock(client, "instance", "train-vm", deadline=clock.now()):
        assert not is_free("train-vm")
        assert is_free("eval-vm")
        assert is_free("train-vm", kind="disk")
        assert is_free("train-vm", Scope(project_id="org-other"))
        assert [oct(file.stat().st_mode & 0o777) for file in (folder, *folder.iterdir())] == ["0o700", "0o600"]
    assert is_free("train-vm")
    assert list(folder.iterdir()) == []


def test_an_error_lets_go() -> None:
    client, clock = a_client()
    with pytest.raises(ZeroDivisionError), order_lock(client, "instance", "train-vm", deadline=clock.now()):
        raise ZeroDivisionError
    assert is_free("train-vm")


# --- The record ---


def order_and_die(connection: Connection) -> None:
    client, clock = a_client()
    with order_lock(client, "instance", "train-vm", deadline=clock.now()) as order:
        order.record()
        connection.send("ordered")
        connection.recv()
        os._exit(1)


def test_a_process_that_dies_leaves_its_record_and_no_lock(folder: Path) -> None:
    here, there = get_context("fork").Pipe()
    process = get_context("fork").Process(target=order_and_die, args=(there,))
    process.start()
    assert here.recv() == "ordered"
    assert not is_free("train-vm")
    here.send("die")
    process.join()
    client, clock = a_client()
    with order_lock(client, "instance", "train-vm", deadline=clock.now()) as order:
        assert order.sent_at == clock.epoch()
        (path,) = folder.iterdir()
        record = json.loads(path.read_text("ascii"))
        assert (record["kind"], record["name"], record["time"]) == ("instance", "train-vm", clock.epoch())
        assert set(record) == {"kind", "name", "account", "time"}
        assert client.credentials.public_key not in path.read_text("ascii")


def leave_a_record(name: str = "train-vm") -> float:
    """Order something and come to no end, at the time at which every fake clock begins; return that time."""
    client, clock = a_client()
    with order_lock(client, "instance", name, deadline=clock.now()) as order:
        order.record()
    return clock.epoch()


@pytest.mark.parametrize("appears_after", [0, 40, 100, 140, SHOWN_WITHIN - 1])
def test_what_was_ordered_before_is_waited_for(folder: Path, appears_after: float) -> None:
    began = leave_a_record()
    client, clock = a_client()
    with order_lock(client, "instance", "train-vm", deadline=clock.now() + 900) as order:
        assert order.wait_until_shown(lambda: clock.epoch() >= began + appears_after, deadline=clock.now() + 900)
    assert clock.epoch() - began <= SHOWN_WITHIN
    assert list(folder.iterdir()) == []


def test_what_never_appears_is_given_up_after_the_time_that_the_list_has(folder: Path) -> None:
    leave_a_record()
    client, clock = a_client()
    clock.time += 50
    with order_lock(client, "instance", "train-vm", deadline=clock.now() + 900) as order:
        assert not order.wait_until_shown(lambda: False)
        assert sum(clock.slept) == pytest.approx(SHOWN_WITHIN - 50)
        assert not order.wait_until_shown(lambda: True)  # nothing is pending any more
    assert list(folder.iterdir()) == []


def test_an_old_record_is_no_reason_to_wait_but_to_look_twice() -> None:
    leave_a_record()
    client, clock = a_client()
    clock.time += 10_000
    looks: list[float] = []
    with order_lock(client, "instance", "train-vm", deadline=clock.now() + 900) as order:
        assert not order.wait_until_shown(lambda: bool(looks.append(clock.now())))
    assert looks == [11_000.0, 11_005.0]


def test_time_may_be_up_before_the_list_must_show_it(folder: Path) -> None:
    leave_a_record()
    for _run in range(2):
        client, clock = a_client()
        with (
            order_lock(client, "instance", "train-vm", deadline=clock.now() + 20) as order,
            pytest.raises(WaitError, match="An earlier run ordered the instance 'train-vm'") as caught,
        ):
            order.wait_until_shown(lambda: False, deadline=clock.now() + 20)
        assert sum(clock.slept) == pytest.approx(20) and caught.value.retryable
        assert "it must by 14:32:30 UTC" in str(caught.value)
        assert len(list(folder.iterdir())) == 1


def test_a_list_that_cannot_be_read_at_the_end_is_an_error_and_the_record_stays(folder: Path) -> None:
    leave_a_record()
    client, clock = a_client()

    def look() -> bool:
        raise CompShareError("no list")

    with (
        order_lock(client, "instance", "train-vm", deadline=clock.now()) as order,
        pytest.raises(CompShareError, match="no list"),
    ):
        order.wait_until_shown(look)
    assert sum(clock.slept) == pytest.approx(SHOWN_WITHIN)
    assert len(list(folder.iterdir())) == 1


def test_one_response_without_it_at_the_end_is_no_proof() -> None:
    leave_a_record()
    client, clock = a_client()
    began = clock.now()

    def look() -> bool:
        if clock.now() < began + SHOWN_WITHIN:
            raise OptionError("unreadable")
        return clock.now() > began + SHOWN_WITHIN

    with order_lock(client, "instance", "train-vm", deadline=clock.now()) as order:
        assert order.wait_until_shown(look)


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"time": "soon"}', b"\xff\xfe"])
def test_a_record_that_cannot_be_read_counts_as_new(folder: Path, content: bytes) -> None:
    leave_a_record()
    (path,) = folder.iterdir()
    path.write_bytes(content)
    client, clock = a_client()
    with order_lock(client, "instance", "train-vm", deadline=clock.now()) as order:
        assert order.sent_at == clock.epoch()


def test_a_record_from_the_future_is_waited_out_once(folder: Path) -> None:
    leave_a_record()
    client, clock = a_client()
    clock.time -= 5000
    with order_lock(client, "instance", "train-vm", deadline=clock.now()) as order:
        assert not order.wait_until_shown(lambda: False)
    assert sum(clock.slept) == pytest.approx(SHOWN_WITHIN)


# --- Where there can be no file ---


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for temporary files, and a home in which nothing can be written."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", "/dev/null/state")
    return tmp_path


def test_a_home_that_takes_no_file_is_replaced_by_the_folder_for_temporary_files(temporary: Path) -> None:
    leave_a_record()
    (folder,) = temporary.iterdir()
    assert folder.name == f"compshare-cloud-{os.getuid()}" and folder.stat().st_mode & 0o777 == 0o700
    client, clock = a_client()
    with order_lock(client, "instance", "train-vm", deadline=clock.now()) as order:
        assert order.sent_at is not None


@pytest.mark.parametrize("what", ["link", "file"])
def test_what_another_user_may_have_put_there_is_not_used(temporary: Path, what: str) -> None:
    trap = temporary / f"compshare-cloud-{os.getuid()}"
    (temporary / "precious").mkdir()
    if what == "link":
        trap.symlink_to(temporary / "precious")
    else:
        trap.write_text("")
    warnings: list[str] = []
    client, clock = a_client()
    with order_lock(client, "instance", "train-vm", deadline=clock.now(), warn=warnings.append) as order:
        order.record()
        assert not order.wait_until_shown(lambda: False)
    assert list((temporary / "precious").iterdir()) == []
    assert "it may be ordered twice" in warnings[0] and len(warnings) == 1


def test_a_folder_that_others_could_write_to_is_closed(folder: Path) -> None:
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    leave_a_record()
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_link_in_the_place_of_a_record_is_not_followed(folder: Path) -> None:
    client, clock = a_client()
    with order_lock(client, "instance", "train-vm", deadline=clock.now()):
        (path,) = folder.iterdir()
    path.symlink_to(folder / "precious")
    assert is_free("train-vm")  # without a lock, rather than not at all
    assert not (folder / "precious").exists() and path.is_symlink()


def test_a_full_disk_is_an_error_before_anything_is_ordered(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_file: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    client, clock = a_client()
    with (
        order_lock(client, "instance", "train-vm", deadline=clock.now()) as order,
        pytest.raises(OptionError, match="cannot be recorded on disk: No space left on device"),
    ):
        order.record()


LOST = TransportError("the connection broke", reached=True)


@pytest.mark.parametrize("after", [0, 100, None])
def test_the_list_decides_on_an_order_without_a_response(folder: Path, after: float | None) -> None:
    client, transport, clock = client_of([LOST])
    began = clock.now()

    def seen() -> bool:
        return after is not None and clock.now() - began >= after

    with order_lock(client, "instance", "train-vm", deadline=clock.now()) as pending:
        if after is None:
            said = "Whether it was created is not known: none of this name has appeared in the 150 s since."
            with pytest.raises(CompShareError, match=re.escape(said)) as caught:
                pending.send("Create", {}, seen, deadline=clock.now() + 10, doubt="Whether it was created is not known")
            assert caught.value.action == "Create" and caught.value.retryable
            assert "it looks for the instance before it creates one" in str(caught.value)
        else:
            applied = pending.send("Create", {}, seen, deadline=clock.now() + 10, doubt="?")
            assert applied.response is None and applied.lost is not None and applied.done
        assert pending.sent_at is None
    transport.assert_all_used()
    assert list(folder.iterdir()) == []


def test_an_order_without_a_response_stays_recorded_while_the_list_cannot_be_read(folder: Path) -> None:
    responses = iter([LOST])
    client, _transport, clock = client_of(lambda _fields: next(responses, refusal(299)))
    with order_lock(client, "disk", "data", deadline=clock.now()) as pending:
        with pytest.raises(CompShareError, match="The list of disks could not be read: DescribeX was refused"):
            pending.send("Create", {}, lambda: bool(client.call("DescribeX")), deadline=2000, doubt="?")
        assert pending.sent_at is not None
    assert len(list(folder.iterdir())) == 1


def test_an_order_that_is_refused_or_no_longer_needed_leaves_no_record(folder: Path) -> None:
    client, _transport, clock = client_of([refusal(299), refusal(8903), success()])
    with order_lock(client, "instance", "train-vm", deadline=clock.now()) as pending:
        with pytest.raises(RefusedError):
            pending.send("Create", {}, lambda: False, deadline=5000, doubt="?")
        assert pending.sent_at is None
        busy = pending.send("Create", {}, lambda: True, deadline=5000, doubt="?")
        assert busy.response is None and busy.lost is None and pending.sent_at is None
        assert pending.send("Create", {}, lambda: True, deadline=5000, doubt="?").response is not None
        assert pending.sent_at is not None
    assert len(list(folder.iterdir())) == 1
