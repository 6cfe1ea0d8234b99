"""The totals that end `make test`: nothing that failed may be counted as anything else."""

from __future__ import annotations

import re
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
    short_reason,
)

PYTEST = """<testsuites><testsuite name="pytest" tests="5">
<testcase name="passes"/>
<testcase name="fails"><failure message="assert 1 == 2">…</failure></testcase>
<testcase name="breaks"><error message="fixture not found">…</error></testcase>
<testcase name="is omitted"><skipped message="no reason is good enough"/></testcase>
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


def test_what_xml_cannot_hold_is_omitted(tmp_path: Path) -> None:
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
RERUN tests/playbooks/test_a.py::test_b - assert 5 <= 4
RERUN tests/playbooks/test_a.py::test_b - assert 5 <= 4
WARNING: Retrying test target "compshare_image" with maximum verbosity.
"""
    assert retried_in(log) == ["compshare_image", "tests/playbooks/test_a.py::test_b - assert 5 <= 4"]


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
        write_results(results_folder("core-2.22") / "units/run.xml", "units", {"test_c": said, "test_d": "no"})
    assert finish(list(steps)) == int(broken)
    first, *failed, totals = capsys.readouterr().out.splitlines()
    assert first == "Passed or failed only when it was run again: unit: test_d"
    names = ["FAILED units::test_c (core-2.22)", "FAILED units::test_d (core-2.22)"]
    reasons = ["units::test_c:", "    line 18", "    line 19", "    line 20", "units::test_d:", "    no"]
    assert failed == (names + reasons if broken else [])
    assert totals == f"4 passed, {2 * broken} failed, 0 skipped"


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("def test_a():\n>   assert a == 2\nE   assert 1 == 2\nE    +  where 1 = a\n\ntest_a.py:3: AssertionError",
         ["assert 1 == 2", "+  where 1 = a"]),
        ("E   AssertionError:\nE     PLAY [Try]\nE     fatal: [one]: FAILED! =>\nE       changed: 0",
         ["fatal: [one]: FAILED! =>"]),
        ("E   ValueError: " + 200 * "x", ["ValueError: " + 138 * "x" + "…"]),
        ("one\n\ntwo\nthree\nended with 1\n", ["two", "three", "ended with 1"]),
        ("", []),
    ],
)  # fmt: skip
def test_the_reason_of_a_failure_is_short(said: str, reason: list[str]) -> None:
    assert short_reason(said) == reason


def test_many_failures_fit_into_what_services_keep(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (results_folder("unit")).mkdir(parents=True)
    (results_folder("unit") / "output.log").touch()
    said = "".join(f"E   Error: {number} {200 * 'x '}\n" for number in range(9))
    write_results(results_folder("unit") / "pytest.xml", "tests", {f"test_{number}": said for number in range(40)})
    finish(["unit"])
    printed = capsys.readouterr().out
    assert len(re.findall(r"(?m)^FAILED tests::test_\d+ \(unit\)$", printed)) == 40
    assert printed.count("tests::test_0") == 2
    assert len(printed) < 10_000


def test_a_failed_test_is_named_as_pytest_takes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_a.py").touch()
    write_results(tmp_path / "report.xml", "tests.test_a", {"test_b": "no"})
    assert read_failures(tmp_path) == {"tests/test_a.py::test_b": "no"}


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
        "FAILED make::test-matrix CORES=2.16 (commands)",
        "make::test-matrix CORES=2.16:",
        "    ended before any step failed",
        "0 passed, 1 failed, 0 skipped",
    ]
