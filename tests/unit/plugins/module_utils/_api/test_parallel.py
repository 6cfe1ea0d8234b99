from __future__ import annotations

import signal
import sys
import threading
import time

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.parallel import Crew, each_in_parallel


def test_jobs_run_at_the_same_time_and_hand_back_their_keys() -> None:
    both_run = threading.Barrier(2, timeout=10)
    crew: Crew[str, int] = Crew(2)
    with crew:
        crew.start("a", both_run.wait)
        crew.start("b", both_run.wait)
        assert {crew.next_result()[0], crew.next_result()[0]} == {"a", "b"}


def test_a_few_jobs_lie_ready_and_no_more_run_than_there_are_threads() -> None:
    running, most = 0, 0
    lock = threading.Lock()

    def job() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0)
        with lock:
            running -= 1

    crew: Crew[int, None] = Crew(2)
    with crew:
        at_first = crew.free
        for number in range(at_first):
            crew.start(number, job)
        assert (at_first > 2, crew.free) == (True, 0)
        assert {crew.next_result()[0] for _number in range(at_first)} == set(range(at_first))
        assert crew.free == at_first
    assert most <= 2


def test_a_job_that_lies_ready_is_not_begun_once_the_crew_has_ended() -> None:
    begun, may_end = threading.Event(), threading.Event()
    late: list[str] = []

    def first() -> None:
        begun.set()
        may_end.wait(10)

    before = set(threading.enumerate())
    crew: Crew[str, None] = Crew(1)
    with crew:
        crew.start("first", first)
        crew.start("second", lambda: late.append("second"))
        begun.wait(10)
        workers = set(threading.enumerate()) - before
    may_end.set()
    assert workers
    for worker in workers:
        worker.join(timeout=10)
    assert late == []


def test_what_a_job_raises_is_raised_where_its_result_is_taken() -> None:
    crew: Crew[str, float] = Crew(1)
    with crew:
        crew.start("a", lambda: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            crew.next_result()


def test_a_job_that_is_alone_runs_where_its_result_is_waited_for() -> None:
    crew: Crew[str, int] = Crew(2)
    with crew:
        for _time in range(2):
            crew.start("a", threading.get_ident)
            assert crew.next_result() == ("a", threading.get_ident())
        crew.start("a", lambda: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            crew.next_result()
    assert each_in_parallel(["a"], lambda _item: threading.get_ident(), 2) == [threading.get_ident()]


def test_threads_end_with_the_crew() -> None:
    before = set(threading.enumerate())
    crew: Crew[int, int] = Crew(3)
    with crew:
        for number in range(3):
            crew.start(number, lambda: 1)
        for _number in range(3):
            crew.next_result()
        workers = set(threading.enumerate()) - before
    for worker in workers:
        worker.join(timeout=10)
    assert workers and not any(worker.is_alive() for worker in workers)


def test_a_signal_that_comes_to_another_thread_ends_the_wait() -> None:
    ended = threading.Event()
    in_time: list[bool] = []

    def job() -> None:
        while "next" not in sys._current_frames()[threading.main_thread().ident or 0].f_code.co_name:
            time.sleep(0)
        signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)
        in_time.append(ended.wait(5))

    before = signal.signal(signal.SIGUSR1, signal.default_int_handler)
    try:
        with Crew(2) as crew:
            crew.start("a", job)
            crew.start("b", ended.wait)
            with pytest.raises(KeyboardInterrupt):
                crew.next_result()
    finally:
        ended.set()
        signal.signal(signal.SIGUSR1, before)
    assert in_time != [False], "the wait went on until the job had ended"


def test_work_in_parallel_keeps_the_order_and_raises() -> None:
    assert each_in_parallel(list(range(20)), lambda number: number * 2, 4) == list(range(0, 40, 2))
    assert each_in_parallel([], str, 4) == []
    with pytest.raises(ZeroDivisionError):
        each_in_parallel([1, 0], lambda number: 1 // number, 4)
