"""Fixtures for all unit tests: the simulator, and worlds of it."""

from __future__ import annotations

from pathlib import Path

import pytest

# The marks of the tests that ansible-test is to run; without this file it runs all.
SELECTION = Path(__file__).with_name("selection.txt")


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    # Here and not in pyproject.toml, which ansible-test does not read.
    config.addinivalue_line("markers", "slow: takes seconds; not part of `make check`")
    # ansible-test hands neither options nor variables on, so tests/tools/ansible_test.py writes down what it selects.
    if SELECTION.exists():
        config.option.markexpr = SELECTION.read_text(encoding="utf-8")
    # The simulator's fixtures; not by ``pytest_plugins``, which comes before collections can be imported.
    config.pluginmanager.import_plugin("ansible_collections.compshare.cloud.tests.simulator.fixtures")


@pytest.fixture(scope="session")
def _runtime_folders() -> list[Path]:
    return []


@pytest.fixture(autouse=True)
def _runtime_folder(
    _runtime_folders: list[Path], tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Let no test know of the refusals and lists of another, or of those of whoever runs the tests."""
    # A folder for each of thousands of tests takes seconds to create and to delete; most leave theirs empty.
    if not _runtime_folders or any(_runtime_folders[-1].iterdir()):
        _runtime_folders.append(tmp_path_factory.mktemp("runtime"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(_runtime_folders[-1]))
