"""Fixtures: the simulator, the figures of long runs, and the choice between the short form and the long one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.reliability.figures import FOLDER, write_record
from tests.reliability.properties import Tally, figures_of

RecordFigures = Callable[[str, str, Mapping[str, Any]], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="all of it; otherwise a part that takes a minute")


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "long: takes minutes; needs --long")
    # Not by ``pytest_plugins``, which comes before collections can be imported.
    config.pluginmanager.import_plugin("ansible_collections.compshare.cloud.tests.simulator.fixtures")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--long"):
        omitted = [item for item in items if item.get_closest_marker("long")]
        config.hook.pytest_deselected(items=omitted)
        items[:] = [item for item in items if item not in omitted]


@pytest.fixture(scope="session")
def whole(request: pytest.FixtureRequest) -> bool:
    """Whether this is the long form."""
    return bool(request.config.getoption("--long"))


@pytest.fixture(scope="session")
def record_figures(whole: bool, tmp_path_factory: pytest.TempPathFactory) -> RecordFigures:
    """Keep what a test showed, as ``record_figures(section, what, figures)``: a row of docs/reliability.md.

    Only figures of the long form are kept.
    """
    folder: Path = FOLDER if whole else tmp_path_factory.mktemp("figures")

    def record(section: str, what: str, figures: Mapping[str, Any]) -> None:
        write_record(folder, section, what, figures)

    return record


@pytest.fixture
def tally(request: pytest.FixtureRequest, record_figures: RecordFigures) -> Iterator[Tally]:
    """Count the examples of a property; they are among the figures."""
    counted = Tally()
    yield counted
    test = request.node.nodeid
    record_figures("properties", test, figures_of(test, counted.examples))
