"""What adaptive polling promises, held on a small corpus; the benchmark shows the same on a large one."""

from __future__ import annotations

import pytest

from ansible_collections.compshare.cloud.tests.benchmarks.polling.corpus import FAMILIES, UNFORESEEABLE
from ansible_collections.compshare.cloud.tests.benchmarks.polling.measure import (
    Figures,
    accurate_20_minutes,
    fifty_builds,
    measure_corpus,
    unmet_targets,
)

PER_FAMILY = 150


@pytest.fixture(scope="module")
def figures() -> Figures:
    return measure_corpus(PER_FAMILY)


def test_all_targets_are_met(figures: Figures) -> None:
    assert unmet_targets(figures, accurate_20_minutes(40), fifty_builds()) == []


def test_every_family_is_measured(figures: Figures) -> None:
    assert set(figures.families) == {*FAMILIES, *UNFORESEEABLE}
    assert all(family.builds == PER_FAMILY for family in figures.families.values())


def test_a_second_measurement_gives_the_same_figures(figures: Figures) -> None:
    assert measure_corpus(PER_FAMILY) == figures
