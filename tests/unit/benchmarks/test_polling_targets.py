"""What adaptive polling promises, held on the corpus of the benchmark; and the page that shows it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

import ansible_collections.compshare.cloud as collection
from ansible_collections.compshare.cloud.tests.benchmarks.polling.corpus import FAMILIES, UNPREDICTABLE, corpus
from ansible_collections.compshare.cloud.tests.benchmarks.polling.measure import BUILDS, Findings, Row, measure
from ansible_collections.compshare.cloud.tests.benchmarks.polling.picture import picture
from ansible_collections.compshare.cloud.tests.benchmarks.polling.report import Report, page, table
from ansible_collections.compshare.cloud.tests.benchmarks.polling.simulated import ours_waits, vendor_waits
from ansible_collections.compshare.cloud.tests.simulator import Simulator

pytestmark = pytest.mark.slow

DOCS = Path(next(iter(collection.__path__))) / "docs"


@pytest.fixture(scope="module")
def findings() -> Findings:
    return measure()


def test_all_targets_are_met(findings: Findings) -> None:
    assert findings.unmet == []


def test_every_family_is_measured(findings: Findings) -> None:
    figures = findings.figures
    assert set(figures.families) == {*FAMILIES, *UNPREDICTABLE}
    assert all(family.builds == BUILDS for family in figures.families.values())
    assert figures.whole.builds == BUILDS * len(FAMILIES) >= 1000


def test_the_corpus_is_the_same_each_time_and_spans_ten_seconds_to_two_hours() -> None:
    lengths = [trace.length for trace in corpus(BUILDS)]
    assert lengths == [trace.length for trace in corpus(BUILDS)]
    assert 10 <= min(lengths) < 11
    assert 6500 < max(lengths) <= 7200


def test_a_missed_target_is_named(findings: Findings) -> None:
    slow = Row(requests=15.0, lag_mean=findings.twenty_minutes.lag_mean, lag_p95=4.5, lag_max=5.0)
    assert replace(findings, twenty_minutes=slow).unmet == [
        "20 minutes, accurate: at most 14 requests",
        "20 minutes, accurate: 95 % of lags at most 4 s",
    ]


def test_the_page_and_the_picture_show_these_figures(findings: Findings, simulator: Simulator) -> None:
    pytest.importorskip("compshare_cli", reason="compshare-cli is not installed")
    report = Report(findings, vendor_waits(simulator), ours_waits(simulator))
    assert page(report) == (DOCS / "polling.md").read_text(encoding="utf-8"), "run the benchmark with --write"
    drawn = picture(findings.figures)
    assert drawn == (DOCS / "polling.svg").read_text(encoding="utf-8"), "run the benchmark with --write"
    assert len(table(findings.figures).splitlines()) == len(FAMILIES) + len(UNPREDICTABLE) + 2


def test_the_picture_is_sound(findings: Findings) -> None:
    # The text is our own.
    root = ElementTree.fromstring(picture(findings.figures))  # noqa: S314
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert set(findings.figures.families) <= set(texts)
