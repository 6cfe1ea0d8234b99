from __future__ import annotations

import gc
import multiprocessing
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.compshare.cloud.plugins.plugin_utils._garbage import uncollected


def collections() -> int:
    return sum(generation["collections"] for generation in gc.get_stats())


def grow(fails: bool = False) -> dict[str, Any]:
    """Create much during the body; return what was collected meanwhile and soon after it, and what came of that."""
    kept: list[Any] = []
    frozen, before = gc.get_freeze_count(), collections()  # Python 3.12 freezes some objects when it starts
    try:
        with uncollected():
            kept += [[] for _number in range(10_000)]
            during = collections() - before
            if fails:
                raise ValueError
    except ValueError:
        pass
    frozen, before = gc.get_freeze_count() - frozen, collections()
    kept += [[] for _number in range(100)]
    return {"during": during, "after": collections() - before, "frozen": frozen, "enabled": gc.isenabled()}


def in_a_fork(function: Callable[..., Any], *args: Any) -> Any:
    context = multiprocessing.get_context("fork")
    mine, theirs = context.Pipe()
    process = context.Process(target=lambda: theirs.send(function(*args)))
    process.start()
    process.join(30)
    assert mine.poll()
    return mine.recv()


@pytest.mark.parametrize("fails", [False, True])
def test_a_process_of_a_task_collects_nothing(fails: bool) -> None:
    found = in_a_fork(grow, fails)
    assert found.pop("frozen") > 10_000
    assert found == {"during": 0, "after": 0, "enabled": True}


def test_it_still_collects_what_becomes_garbage_later() -> None:
    def later() -> int:
        grow()
        one: list[Any] = []
        one.append(one)
        del one
        return gc.collect()

    assert in_a_fork(later) > 0


def test_where_collecting_is_off_it_stays_so() -> None:
    def off() -> dict[str, Any]:
        gc.disable()
        return grow()

    assert in_a_fork(off) == {"during": 0, "after": 0, "frozen": 0, "enabled": False}


def test_a_process_that_goes_on_collects_as_usual() -> None:
    found = grow()
    assert found["during"] > 0
    assert (found["frozen"], found["enabled"]) == (0, True)
