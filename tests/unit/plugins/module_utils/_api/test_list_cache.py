"""Lists that stay for some seconds: who reads, who waits, what makes a list outdated, and what may be in the way."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.clock import Clock
from ansible_collections.compshare.cloud.plugins.module_utils._api.list_cache import PATIENCE, ListCache
from ansible_collections.compshare.cloud.plugins.module_utils._api.private_files import open_private, try_to_lock
from ansible_collections.compshare.cloud.tests.unit.plugins.module_utils.fakes import FakeClock

processes = get_context("fork")
NAME = ("platform", "cn-wlcb", None)
ROWS = [{"id": "compshareImage-1", "name": "环境", "price": None, "tags": ["a"], "size_mb": 1.5, "free": True}]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return tmp_path / "compshare"


class Reader:
    """Reads a list, and counts how often."""

    def __init__(self, rows: Any = None) -> None:
        self.rows = ROWS if rows is None else rows
        self.times = 0

    def __call__(self) -> Any:
        self.times += 1
        return self.rows


def cache(clock: Clock, timeout: float = 30, key: str = "key", **options: Any) -> ListCache:
    return ListCache(clock, "https://a", key, timeout, **options)


def test_a_list_is_read_once_while_it_is_young(folder: Path) -> None:
    clock, read = FakeClock(), Reader()
    for _process in range(3):
        assert cache(clock).get(NAME, read) == ROWS
    clock.sleep(29.9)
    assert cache(clock).get(NAME, read) == ROWS
    assert read.times == 1
    clock.sleep(0.2)
    assert cache(clock).get(NAME, read) == ROWS
    assert read.times == 2


def test_an_empty_list_is_a_list(folder: Path) -> None:
    clock, read = FakeClock(), Reader([])
    assert [cache(clock).get(NAME, read) for _time in range(2)] == [[], []]
    assert read.times == 1


def test_zero_is_no_cache(folder: Path) -> None:
    read = Reader()
    for _process in range(2):
        cache(FakeClock(), 0).get(NAME, read)
    assert read.times == 2
    assert not folder.exists()


def test_lists_and_accounts_are_kept_apart(folder: Path) -> None:
    clock, read = FakeClock(), Reader()
    cache(clock).get(NAME, read)
    cache(clock).get(("platform", "cn-sh2", None), read)
    cache(clock, key="other").get(NAME, read)
    ListCache(clock, "https://b", "key", 30).get(NAME, read)
    assert read.times == 4


def test_the_files_are_for_their_user_and_name_no_key(folder: Path) -> None:
    cache(FakeClock(), key="public-key-0001").get(NAME, Reader())
    files = list(folder.iterdir())
    assert len(files) == 2
    assert {oct(file.stat().st_mode & 0o777) for file in files} == {"0o600"}
    assert not [file for file in files if "public-key" in file.name or "public-key" in file.read_text("utf-8")]


def test_a_write_makes_the_lists_of_its_key_outdated(folder: Path) -> None:
    clock, read = FakeClock(), Reader()
    for key in ("key", "other"):
        cache(clock, key=key).get(NAME, read)
    clock.sleep(1)
    cache(clock).outdate()
    clock.sleep(1)
    for key in ("key", "other"):
        cache(clock, key=key).get(NAME, read)
    assert read.times == 3


def test_a_list_that_was_being_read_during_a_write_is_not_kept(folder: Path) -> None:
    clock, read = FakeClock(), Reader()

    def read_slowly() -> Any:
        clock.sleep(1)
        cache(clock).outdate()
        return ["before the write"]

    assert cache(clock).get(NAME, read_slowly) == ["before the write"]
    clock.sleep(1)
    assert cache(clock).get(NAME, read) == ROWS
    assert cache(clock).get(NAME, read) == ROWS
    assert read.times == 1


def test_lists_from_before_a_moment_are_outdated(folder: Path) -> None:
    clock, read = FakeClock(), Reader()
    cache(clock).get(NAME, read)
    clock.sleep(1)
    begun = clock.epoch()
    clock.sleep(1)
    for _lookup in range(2):
        cache(clock, not_before=begun).get(NAME, read)
    assert read.times == 2


def test_a_clock_that_was_set_back_makes_lists_outdated(folder: Path) -> None:
    clock, read = FakeClock(), Reader()
    cache(clock).get(NAME, read)
    clock.time -= 100
    cache(clock).get(NAME, read)
    assert read.times == 2


@pytest.mark.parametrize("content", [b"", b"garbage", b"1790001000.0\n[", b"nan\n[]", b"inf\n[]", b"[" * 10000])
def test_garbage_is_read_anew(folder: Path, content: bytes) -> None:
    clock, read = FakeClock(), Reader()
    cache(clock).get(NAME, read)
    [stored] = [file for file in folder.iterdir() if file.suffix != ".lock"]
    stored.write_bytes(content)
    assert cache(clock).get(NAME, read) == ROWS
    assert read.times == 2


def test_a_failure_is_not_kept(folder: Path) -> None:
    def fail() -> Any:
        raise ValueError("the API failed")

    clock, read = FakeClock(), Reader()
    with pytest.raises(ValueError, match="the API failed"):
        cache(clock).get(NAME, fail)
    assert cache(clock).get(NAME, read) == ROWS


def test_where_nothing_can_be_stored_each_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    for variable in ("XDG_RUNTIME_DIR", "XDG_CACHE_HOME"):
        monkeypatch.setenv(variable, str(blocked))
    monkeypatch.setattr(tempfile, "tempdir", str(blocked))
    clock, read = FakeClock(), Reader()
    for _process in range(2):
        assert cache(clock).get(NAME, read) == ROWS
    cache(clock).outdate()
    assert read.times == 2


def test_a_disk_that_is_full_leaves_no_part_of_a_list(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, read = FakeClock(), Reader()

    def full(*_names: str) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        assert cache(clock).get(NAME, read) == ROWS
    assert [file for file in folder.iterdir() if file.suffix != ".lock"] == []
    assert cache(clock).get(NAME, read) == ROWS
    assert read.times == 2


def test_leftovers_are_removed(folder: Path) -> None:
    clock = FakeClock()
    folder.mkdir(mode=0o700)
    old, lock, other = folder / "list-old.123", folder / "list-old.lock", folder / "limit-1.json"
    for file in (old, lock, other):
        file.write_text("")
        os.utime(file, (clock.epoch() - 3600, clock.epoch() - 3600))
    cache(clock).get(NAME, Reader())
    assert (old.exists(), lock.exists(), other.exists()) == (False, False, True)
    clock.sleep(3600)
    cache(clock).get(NAME, Reader())
    assert len(list(folder.glob("*.lock"))) == 1, "a lock in use is no leftover"


def test_what_is_built_from_lists_is_as_old_as_the_oldest(folder: Path) -> None:
    clock, read = FakeClock(), Reader()

    def result() -> Any:
        lists = cache(clock)
        return lists.get("result", lambda: [lists.get(name, read) for name in ("one", "two")])

    cache(clock).get("one", read)
    clock.sleep(20)
    assert result() == [ROWS, ROWS]
    assert read.times == 2
    clock.sleep(9)
    assert result() == [ROWS, ROWS]
    assert read.times == 2
    clock.sleep(2)
    assert result() == [ROWS, ROWS]
    assert read.times == 3, "the second list is still young"


def test_what_is_built_from_an_outdated_list_is_outdated(folder: Path) -> None:
    clock, read = FakeClock(), Reader()
    lists = cache(clock)
    lists.get("result", lambda: lists.get("one", read))
    clock.sleep(1)
    cache(clock).outdate()
    clock.sleep(1)
    lists.get("result", lambda: lists.get("one", read))
    assert read.times == 2


def test_who_reads_for_too_long_is_not_waited_for(folder: Path) -> None:
    clock, read = FakeClock(), Reader()
    cache(clock).get(NAME, read)
    [lock] = folder.glob("*.lock")
    holder = open_private(str(lock))
    assert try_to_lock(holder)
    clock.sleep(31)
    begin = clock.now()
    assert cache(clock).get(NAME, read) == ROWS
    assert read.times == 2
    assert PATIENCE <= clock.now() - begin < PATIENCE + 1
    os.close(holder)


def look_up(log: str, seconds: float) -> None:
    def read() -> Any:
        with open(log, "a", encoding="utf-8") as file:
            file.write("read\n")
        time.sleep(seconds)
        return ROWS

    assert cache(Clock()).get(NAME, read) == ROWS


def test_processes_that_need_a_list_at_the_same_time_read_it_once(folder: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    workers = [processes.Process(target=look_up, args=(str(log), 0.3)) for _number in range(12)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 12
    assert log.read_text() == "read\n"


def test_a_process_killed_while_it_reads_holds_nobody(folder: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    reader = processes.Process(target=look_up, args=(str(log), 60.0))
    reader.start()
    while not (log.exists() and log.read_text()):
        time.sleep(0.01)
    assert reader.pid is not None
    os.kill(reader.pid, signal.SIGKILL)
    reader.join()
    begin = time.monotonic()
    look_up(str(log), 0.0)
    assert time.monotonic() - begin < 5
    assert log.read_text() == "read\nread\n"
