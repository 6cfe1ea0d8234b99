from __future__ import annotations

import threading

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.parallel import Crew


def test_jobs_run_at_the_same_time_and_hand_back_their_keys() -> None:
    both_run = threading.Barrier(2, timeout=10)
    crew: Crew[str, int] = Crew(2)
    with crew:
        crew.start("a", both_run.wait)
        crew.start("b", both_run.wait)
        assert crew.free == 0
        assert {crew.next_result()[0], crew.next_result()[0]} == {"a", "b"}
        assert crew.free == 2


def test_what_a_job_raises_is_raised_where_its_result_is_taken() -> None:
    crew: Crew[str, float] = Crew(1)
    with crew:
        crew.start("a", lambda: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            crew.next_result()


def test_threads_end_with_the_crew() -> None:
    before = threading.active_count()
    crew: Crew[int, int] = Crew(3)
    with crew:
        for number in range(3):
            crew.start(number, lambda: 1)
        for _number in range(3):
            crew.next_result()
        workers = [thread for thread in threading.enumerate() if thread.daemon]
    for worker in workers:
        worker.join(timeout=10)
    assert threading.active_count() <= before
