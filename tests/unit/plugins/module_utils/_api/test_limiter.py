"""The limit that processes share: what it does, and that nothing that is wrong with its file ever stops a request."""

from __future__ import annotations

import os
import random
import resource
import signal
import tempfile
import time
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api import limiter as limiter_module
from ansible_collections.compshare.cloud.plugins.module_utils._api.clock import Clock
from ansible_collections.compshare.cloud.plugins.module_utils._api.limiter import (
    LONGEST_PAUSE,
    Limiter,
    pause_before,
)
from ansible_collections.compshare.cloud.plugins.module_utils._api.private_files import locked
from ansible_collections.compshare.cloud.plugins.module_utils._api.request_rate import LONGEST_RETRY_AFTER
from ansible_collections.compshare.cloud.tests.unit.plugins.module_utils.fakes import FakeClock
from ansible_collections.compshare.cloud.tests.unit.plugins.module_utils.simulated_fleet import (
    bucket,
    chance,
    run_fleet,
)

processes = get_context("fork")


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "limit.json")


def times_of(limiter: Limiter, clock: FakeClock, count: int) -> list[float]:
    """The moments at which one request after the other may be sent."""
    begin = clock.now()
    moments = []
    for _number in range(count):
        assert limiter.wait(None) is not None
        moments.append(clock.now() - begin)
    return moments


def test_pauses_grow_with_jitter_up_to_a_limit() -> None:
    rng = random.Random(1)
    for attempt, longest in enumerate([0.1, 0.4, 1.6, 6.4, 25.6, LONGEST_PAUSE, LONGEST_PAUSE], start=1):
        pauses = [pause_before(attempt, None, rng) for _unused in range(200)]
        assert longest / 2 <= min(pauses) < max(pauses) <= longest


def test_the_server_may_request_a_longer_pause_within_reason() -> None:
    rng = random.Random(1)
    assert pause_before(1, 7.0, rng) == 7.0
    assert pause_before(1, 100000.0, rng) == LONGEST_RETRY_AFTER


def test_nothing_waits_until_something_is_refused(path: str) -> None:
    clock = FakeClock()
    assert times_of(Limiter(clock, path), clock, 100) == [0] * 100


def test_limiters_share_what_they_learn(path: str) -> None:
    clock = FakeClock()
    first, second = Limiter(clock, path), Limiter(clock, path)
    for _number in range(8):
        turn = first.wait(None)
    assert turn is not None
    for _refusal in range(5):
        first.refused(turn, None)
    # 8 requests within the shortest time that is measured, 0.2 s: 40 a second, lowered to 14.4.
    moments = times_of(second, clock, 5)
    assert moments == pytest.approx([number / 14.4 for number in range(1, 6)], rel=0.05)


def test_a_wait_beyond_the_deadline_is_not_begun(path: str) -> None:
    clock = FakeClock()
    limiter = Limiter(clock, path, rate=0.1)
    assert limiter.wait(None) is not None
    before = clock.now()
    assert limiter.wait(before + 5) is None
    assert clock.now() == before
    assert limiter.wait(before + 50) is not None


def test_a_rate_set_by_hand_needs_no_file() -> None:
    clock = FakeClock()
    assert times_of(Limiter(clock, rate=2), clock, 3) == pytest.approx([0, 0.5, 1.0], abs=0.01)


def test_keys_addresses_and_users_have_files_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    said: list[str] = []
    for endpoint, key, rate in [("https://a", "k1", None), ("https://b", "k1", None), ("https://a", "k2", None)]:
        limiter = Limiter.of_key(Clock(), endpoint, key, rate, said.append)
        assert limiter.shared
        limiter.wait(None)
    files = list((tmp_path / "compshare").iterdir())
    assert len(files) == 3
    assert not [file for file in files if "k1" in file.name or "k1" in file.read_text()]
    assert said == []


def test_where_there_is_no_folder_it_is_said_and_each_process_is_on_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(blocked))
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    monkeypatch.setattr(tempfile, "tempdir", str(blocked))
    said: list[str] = []
    limiter = Limiter.of_key(Clock(), "https://a", "key", None, said.append)
    assert not limiter.shared
    assert limiter.wait(None) is not None
    [sentence] = said
    assert sentence.startswith("The limit of requests is not shared with other processes: ")


@pytest.mark.slow
@pytest.mark.parametrize("processes", [1, 10])
@pytest.mark.parametrize(("share", "least"), [(0.01, 25), (0.05, 25), (0.1, 10), (0.2, 1)])
def test_refusals_by_chance_are_distinguished_from_a_limit(
    path: str, share: float, least: float, processes: int
) -> None:
    # One process alone sends 40 requests a second.
    assert run_fleet(path, chance(share), processes, seconds=60).each_second > least


@pytest.mark.slow
@pytest.mark.parametrize("processes", [1, 50])
@pytest.mark.parametrize("says_when", [False, True], ids=["without a word", "with Retry-After"])
@pytest.mark.parametrize(
    ("rate", "burst", "used"), [(2, 5, 0.9), (10, 1, 0.7), (10, 5, 0.85), (10, 20, 0.9), (10, 50, 0.9), (30, 5, 0.8)]
)
def test_a_limit_is_used_up_and_rarely_crossed(
    path: str, rate: float, burst: float, used: float, says_when: bool, processes: int
) -> None:
    run = run_fleet(path, bucket(rate, burst, says_when=says_when), processes, seconds=150)
    assert run.each_second > used * rate
    assert run.refused < 0.2


def test_one_refusal_with_retry_after_costs_little_more_than_the_pause(path: str) -> None:
    empty = bucket(10, 5, says_when=True)
    for _request in range(5):
        assert empty(0.0) is None
    run = run_fleet(path, empty, 1, requests=20)
    assert run.requests == 21
    assert run.ended < 12


@pytest.mark.slow
@pytest.mark.parametrize("processes", [1, 10, 200])
def test_a_limit_without_a_burst_is_used_up_too(path: str, processes: int) -> None:
    run = run_fleet(path, bucket(10, 1), processes, seconds=200)
    assert run.each_second > 8
    assert run.refused < 0.2


@pytest.mark.parametrize("latency", [0.025, 0.1])
@pytest.mark.parametrize(
    ("requests", "processes", "rate", "burst"), [(100, 50, 10, 20), (200, 200, 10, 20), (53, 4, 20, 20)]
)
def test_a_fleet_takes_little_longer_than_the_limit_alone(
    path: str, requests: int, processes: int, rate: float, burst: float, latency: float
) -> None:
    run = run_fleet(path, bucket(rate, burst), processes, requests=requests, latency=latency)
    assert run.requests <= 1.3 * requests
    assert run.ended < 1.75 * (requests - burst) / rate


def garbage(path: str) -> None:
    Path(path).write_bytes(os.urandom(2000))


def as_link(path: str) -> None:
    os.symlink("/etc/hostname", path)


def as_folder(path: str) -> None:
    os.mkdir(path)


@pytest.mark.parametrize(("prepare", "shared"), [(garbage, True), (as_link, False), (as_folder, False)])
def test_whatever_stands_in_the_place_of_the_file_requests_are_sent(
    path: str, prepare: Callable[[str], None], shared: bool
) -> None:
    prepare(path)
    said: list[str] = []
    clock = FakeClock()
    limiter = Limiter(clock, path, debug=said.append)
    turn = limiter.wait(None)
    assert turn is not None
    limiter.refused(turn, None)
    assert limiter.wait(None, 1) is not None
    assert (limiter.shared, len(said)) == (shared, 0 if shared else 1)


def test_a_file_that_is_lost_under_those_who_wait_holds_nobody(path: str) -> None:
    clock = FakeClock()
    limiter = Limiter(clock, path)
    for _number in range(40):
        turn = limiter.wait(None)
    assert turn is not None
    limiter.refused(turn, 1.0)

    class Losing(FakeClock):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            if os.path.exists(path):
                os.unlink(path)

    assert Limiter(Losing(), path).wait(None) is not None


def fill_the_disk(path: str, results: Any) -> None:
    """Send a request where no file may become larger than nothing, as on a full disk."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    said: list[str] = []
    limiter = Limiter(Clock(), path, debug=said.append)
    results.put((limiter.wait(None), limiter.shared, said))


def test_a_full_disk_turns_sharing_off(path: str) -> None:
    results = processes.SimpleQueue()
    process = processes.Process(target=fill_the_disk, args=(path, results))
    process.start()
    turn, shared, said = results.get()
    process.join()
    assert (turn, shared) == (0, False)
    assert "File too large" in said[0]


def hold(path: str, held: Any) -> None:
    with locked(path, Clock(), 1.0):
        held.put(True)
        time.sleep(60)


def holder_of(path: str) -> int:
    held = processes.SimpleQueue()
    process = processes.Process(target=hold, args=(path, held), daemon=True)
    process.start()
    assert held.get()
    assert process.pid is not None
    return process.pid


def test_a_killed_process_leaves_no_lock(path: str) -> None:
    holder = holder_of(path)
    os.kill(holder, signal.SIGKILL)
    os.waitpid(holder, 0)
    limiter = Limiter(Clock(), path)
    assert limiter.wait(None) == 0
    assert limiter.shared


def test_a_lock_that_a_stopped_process_holds_is_given_up(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limiter_module, "_LOCK_PATIENCE", 0.05)
    holder = holder_of(path)
    os.kill(holder, signal.SIGSTOP)
    try:
        limiter = Limiter(Clock(), path)
        assert limiter.wait(None) == 0
        assert not limiter.shared
    finally:
        os.kill(holder, signal.SIGKILL)
        os.waitpid(holder, 0)


def send(path: str, results: Any, count: int) -> None:
    limiter = Limiter(Clock(), path, rate=200)
    for _number in range(count):
        limiter.wait(None)
        results.put(time.time())


def test_processes_wake_one_after_the_other(path: str) -> None:
    results = processes.SimpleQueue()
    workers = [processes.Process(target=send, args=(path, results, 10)) for _number in range(6)]
    for worker in workers:
        worker.start()
    moments = sorted(results.get() for _number in range(60))
    for worker in workers:
        worker.join()
    # 60 requests at 200 a second: never many at once, however many processes there are.
    assert moments[-1] - moments[0] >= 59 / 200 * 0.9
    assert max(sum(one <= later <= one + 0.05 for later in moments) for one in moments) <= 0.05 * 200 + 6


def use_as_nobody(environment: dict[str, str], results: Any) -> None:
    os.setgid(65534)
    os.setuid(65534)
    os.environ.update(environment)
    said: list[str] = []
    limiter = Limiter.of_key(Clock(), "https://a", "key", None, said.append)
    results.put((limiter.wait(None), limiter.shared, said))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_two_users_never_meet(monkeypatch: pytest.MonkeyPatch) -> None:
    # Not tmp_path, which other users cannot enter.
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)  # noqa: S103  # two users share it, as they share /tmp
        monkeypatch.setattr(tempfile, "tempdir", folder)
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        ours = Limiter.of_key(Clock(), "https://a", "key", None, print)
        turn = ours.wait(None)
        assert turn is not None
        ours.refused(turn, 60.0)
        results = processes.SimpleQueue()
        other = processes.Process(target=use_as_nobody, args=({"XDG_RUNTIME_DIR": folder}, results))
        other.start()
        # With the same environment, the other user takes the next place, and knows nothing of the refusal.
        assert results.get() == (0, True, [])
        other.join()
        assert sorted(os.listdir(folder)) == ["compshare", "compshare-65534"]
