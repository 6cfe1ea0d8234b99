"""The totals that end `make test`: nothing that failed may be counted as anything else."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.compshare.cloud.tests.tools.results import (
    Totals,
    collected_in,
    judge_contexts,
    read_failures,
    read_totals,
    write_results,
)
from ansible_collections.compshare.cloud.tests.tools.run_steps import (
    finish,
    report,
    results_folder,
    retried_in,
)

PYTEST = """<testsuites><testsuite name="pytest" tests="5">
<testcase name="passes"/>
<testcase name="fails"><failure message="assert 1 == 2">…</failure></testcase>
<testcase name="breaks"><error message="fixture not found">…</error></testcase>
<testcase name="is left out"><skipped message="no reason is good enough"/></testcase>
<testcase name="fails, and breaks at its end"><failure message="a"/><error message="b"/></testcase>
</testsuite></testsuites>"""

RUN_AGAIN = """<testsuites><testsuite name="pytest"><testcase classname="tests" name="fails once"/>
<testcase classname="tests" name="fails once"/><testcase classname="tests" name="fails twice"/>
<testcase classname="tests" name="fails twice"><failure message="a"/></testcase></testsuite></testsuites>"""

SANITY = """<testsuites><testsuite name="ansible-test"><testcase name="pslint">
<skipped>No tests applicable.</skipped></testcase></testsuite></testsuites>"""

SANITY_WITHOUT_PYTHON = """<testsuite name="ansible-test"><testcase name="import-python-3.14">
<skipped>Skipping sanity test "import" on Python 3.14 because it could not be found.</skipped></testcase></testsuite>"""


@pytest.mark.parametrize(
    ("report", "totals"),
    [
        (PYTEST, Totals(passed=1, failed=3, skipped=1)),
        (RUN_AGAIN, Totals(passed=1, failed=1)),
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
    ("reported", "exit_code", "hidden"),
    [
        (Totals(passed=3), 0, False),
        (Totals(passed=3), 1, True),
        (Totals(passed=3, failed=2), 1, False),
        (Totals(), 0, True),
        (Totals(skipped=4), 0, True),
    ],
)
def test_a_run_that_says_nothing_has_failed(reported: Totals, exit_code: int, hidden: bool) -> None:
    assert reported.hide_a_failure(exit_code) is hidden


def test_what_xml_cannot_hold_is_left_out(tmp_path: Path) -> None:
    write_results(tmp_path / "checks.xml", "lint", {"colours": "\x1b[31mred\x1b[0m \x00\x08镜像"})
    assert read_failures(tmp_path) == {"lint::colours": "red 镜像"}


def test_failures_are_named_with_what_was_said(tmp_path: Path) -> None:
    (tmp_path / "report.xml").write_text(PYTEST, encoding="utf-8")
    write_results(tmp_path / "checks.xml", "lint", {"ruff": None, "mypy": "3 errors"})
    assert read_failures(tmp_path) == {
        "lint::mypy": "3 errors",
        "fails": "…",
        "breaks": "…",
        "fails, and breaks at its end": "a\nb",
    }


def test_what_was_run_again_is_named() -> None:
    log = """..R.
RERUN tests/playbooks/test_a.py::test_b
RERUN tests/playbooks/test_a.py::test_b
WARNING: Retrying test target "compshare_image" with maximum verbosity.
"""
    assert retried_in(log) == ["compshare_image", "tests/playbooks/test_a.py::test_b"]


@pytest.mark.parametrize("broken", [False, True])
def test_the_end_of_a_run_names_what_failed_and_what_was_run_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], broken: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    steps = {"unit": "RERUN test_d\n", "core-2.22": ""}
    for step, log in steps.items():
        write_results(results_folder(step) / "pytest.xml", "pytest", {"test_a": None, "test_b": None})
        (results_folder(step) / "output.log").write_text(log)
    if broken:
        said = "\n".join(f"line {number}" for number in range(1, 21))
        write_results(results_folder("core-2.22") / "units/run.xml", "units", {"test_c": said})
    assert finish(list(steps)) == int(broken)
    first, *failed, totals = capsys.readouterr().out.splitlines()
    assert first == "Passed or failed only when it was run again: unit: test_d"
    wanted = ["FAILED core-2.22: units::test_c", *(f"    line {number}" for number in range(6, 21))]
    assert failed == (wanted if broken else [])
    assert totals == f"4 passed, {int(broken)} failed, 0 skipped"


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


def test_a_command_that_breaks_before_its_steps_has_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert report(["test-matrix CORES=2.16"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "FAILED commands: make::test-matrix CORES=2.16",
        "    ended before any step failed",
        "0 passed, 1 failed, 0 skipped",
    ]
