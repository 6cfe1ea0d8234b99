"""The totals that end `make test`: nothing that failed may be counted as anything else."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.compshare.cloud.tests.tools.results import (
    Totals,
    collected_in,
    judge_contexts,
    read_totals,
    write_results,
)

PYTEST = """<testsuites><testsuite name="pytest" tests="5">
<testcase name="passes"/>
<testcase name="fails"><failure message="assert 1 == 2">…</failure></testcase>
<testcase name="breaks"><error message="fixture not found">…</error></testcase>
<testcase name="is left out"><skipped message="no reason is good enough"/></testcase>
<testcase name="fails, and breaks at its end"><failure message="a"/><error message="b"/></testcase>
</testsuite></testsuites>"""

SANITY = """<testsuites><testsuite name="ansible-test"><testcase name="pslint">
<skipped>No tests applicable.</skipped></testcase></testsuite></testsuites>"""

SANITY_WITHOUT_PYTHON = """<testsuite name="ansible-test"><testcase name="import-python-3.14">
<skipped>Skipping sanity test "import" on Python 3.14 because it could not be found.</skipped></testcase></testsuite>"""


@pytest.mark.parametrize(
    ("report", "totals"),
    [
        (PYTEST, Totals(passed=1, failed=3, skipped=1)),
        (SANITY, Totals()),
        (SANITY_WITHOUT_PYTHON, Totals(skipped=1)),
    ],
)
def test_each_kind_of_result_is_counted_as_what_it_is(tmp_path: Path, report: str, totals: Totals) -> None:
    (tmp_path / "report.xml").write_text(report, encoding="utf-8")
    assert read_totals(tmp_path) == totals


def test_reports_in_all_folders_are_added_up(tmp_path: Path) -> None:
    write_results(tmp_path / "checks.xml", "lint", {"ruff": None, "mypy": "3 errors"})
    write_results(tmp_path / "units/run.xml", "units", {"run": None})
    assert read_totals(tmp_path) == Totals(passed=2, failed=1)


@pytest.mark.parametrize(
    ("reported", "exit_code", "counted"),
    [
        (Totals(passed=3), 0, Totals(passed=3)),
        (Totals(passed=3), 1, Totals(passed=3, failed=1)),
        (Totals(passed=3, failed=2), 1, Totals(passed=3, failed=2)),
        (Totals(), 0, Totals(failed=1)),
        (Totals(skipped=4), 0, Totals(failed=1, skipped=4)),
    ],
)
def test_a_run_that_says_nothing_has_failed(reported: Totals, exit_code: int, counted: Totals) -> None:
    assert reported.with_exit_code(exit_code) == counted


def test_the_line_of_totals() -> None:
    assert str(Totals(passed=1234, skipped=2)) == "1234 passed, 0 failed, 2 skipped"


COLLECTED = """Unit test modules with Python 3.11
tests/unit/plugins/modules/test_one.py::test_it
========================= 1 test collected in 0.05s ==========================
Unit test module_utils with Python 3.11
============== 2846/2850 tests collected (4 deselected) in 3.11s ===============
Unit test controller with Python 3.11
========================= no tests collected in 0.01s =========================
"""


def test_the_collected_tests_of_each_context_are_counted() -> None:
    assert collected_in(COLLECTED) == {"modules": 1, "module_utils": 2846, "controller": 0}
    assert collected_in("ERROR: something broke") == {}


@pytest.mark.parametrize(
    ("collected", "reported", "wrong"),
    [
        ({"controller": 2}, 2, None),
        ({"controller": 2}, 3, None),
        ({"controller": 3}, 2, "controller: 2 of 3 collected tests were run"),
        ({"controller": 2}, None, "controller: 0 of 2 collected tests were run"),
        ({"controller": 0}, 0, "controller: 0 of 0 collected tests were run"),
        ({}, 2, "controller: 2 of 0 collected tests were run"),
    ],
)
def test_a_context_must_have_run_what_was_collected(
    tmp_path: Path, collected: dict[str, int], reported: int | None, wrong: str | None
) -> None:
    if reported is not None:
        tests = {f"test {number}": None for number in range(reported)}
        write_results(tmp_path / "python3.11-controller-units.xml", "pytest", dict(tests))
    write_results(tmp_path / "python3.11-modules-units.xml", "pytest", {"another context's": None, "and more": None})
    assert judge_contexts(["controller"], collected, tmp_path) == {"controller": wrong}
