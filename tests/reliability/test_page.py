"""docs/reliability.md: written from figures, and in the form that tests/reliability/page.py gives it today."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.reliability.figures import SECTIONS, read_records, write_record
from tests.reliability.page import (
    FAULT_HEADER,
    FUZZING_HEADER,
    OPERATION_HEADER,
    PAGE,
    PROPERTY_HEADER,
    PROSE,
    frame,
    matrix,
    render,
    table,
)


def finding(**reported: Any) -> dict[str, Any]:
    usual = {"position": "first call", "lasting": "once", "result": "right", "requests": 2, "state": "as before"}
    return {**usual, "seconds": 1.5, "message": "", **reported}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with figures for every section."""
    found = [finding(), finding(lasting="from then on", result="error", requests=1700, state="in between")]
    for fault in ("HTTP 500", "HTTP 502"):
        figures: dict[str, Any] = {"operation": "compshare_image: create", "fault": fault, "findings": found}
        write_record(tmp_path, "faults", f"compshare_image: create, {fault}", figures)
    for case in "ab":
        figures = {"property": "No row is lost", "tests": "tests/x.py", "examples": 1500}
        write_record(tmp_path, "properties", f"tests/x.py::test_no_row_is_lost[{case}]", figures)
    write_record(tmp_path, "fuzzing", "tags", {"seconds": 60, "inputs": 1_234_567, "failures": 0})
    write_record(tmp_path, "secrets", "a | in a name", {"secrets": 3, "found": 0})
    write_record(tmp_path, "hostile-text", "shown as yaml", {"texts": 3, "evaluated": 0})
    write_record(tmp_path, "load", "200 hosts", {"seconds": 12.34, "all right": True})
    write_record(tmp_path, "load", "2,000 tasks", {"seconds": 5.0, "all right": True})
    write_record(tmp_path, "interrupts", "SIGINT in a wait", {"said": True})
    return tmp_path


def test_figures_become_tables(folder: Path) -> None:
    page = render(folder)
    for line in (
        "4 cases of 1 operations and 2 faults: 2 right results, 2 clear errors, 0 short lists.",
        "| compshare_image: create | 4 | 2 | 2 | 0 | 1.5 | 1,700 | 0 | 0 | 2 |",
        "| HTTP 500 | 2 | 1 | 1 | 0 |",
        "| No row is lost | `tests/x.py` | 2 | 3,000 |",
        "3,000 examples of 1 properties; none broke one.",
        "| `tags` | 60 | 1,234,567 | 0 |",
        "| a \\| in a name | 3 | 0 |",
        "| 200 hosts | 12.3 | yes |",
    ):
        assert f"\n{line}\n" in page, line


def test_every_case_is_in_the_matrix(folder: Path) -> None:
    page = matrix(folder)
    assert "\n## compshare_image: create\n" in page
    for fault in ("HTTP 500", "HTTP 502"):
        assert f"\n| {fault} | right, 2; error, 1700, in between |  |  |  |\n" in page


def test_figures_of_the_same_thing_are_replaced(folder: Path) -> None:
    write_record(folder, "fuzzing", "tags", {"seconds": 60, "inputs": 5, "failures": 0})
    assert [record.figures["inputs"] for record in read_records(folder, "fuzzing")] == [5]
    with pytest.raises(ValueError, match="no section"):
        write_record(folder, "other", "x", {"a": 1})


def test_a_section_without_figures_keeps_those_that_it_had(folder: Path, tmp_path: Path) -> None:
    page = render(folder)
    nothing = tmp_path / "nothing"
    assert render(nothing, page) == page
    write_record(nothing, "fuzzing", "tags", {"seconds": 60, "inputs": 5, "failures": 0})
    assert render(nothing, page) == page.replace("1,234,567", "5")
    assert "Run on" not in render(tmp_path / "nowhere")


def test_the_page_has_the_form_that_its_maker_gives_it(folder: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert frame(page) == frame(render(folder)), "python -m tests.reliability.page writes its words anew"
    for header in (OPERATION_HEADER, FAULT_HEADER, PROPERTY_HEADER, FUZZING_HEADER):
        assert table(header, []).splitlines()[0] in page


@pytest.mark.parametrize("section", SECTIONS)
def test_a_section_has_figures(section: str) -> None:
    heading = PROSE[section].partition("\n")[0]
    chapter = PAGE.read_text(encoding="utf-8").partition(f"\n{heading}\n")[2].partition("\n## ")[0]
    assert "\nRun on 2" in chapter
    assert len([line for line in chapter.splitlines() if line.startswith("| ")]) > 2
