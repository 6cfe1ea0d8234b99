"""Fixtures for all unit tests: the simulator, and worlds of it."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

_numbers = itertools.count()


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    # Here and not in pyproject.toml, which ansible-test does not read.
    config.addinivalue_line("markers", "slow: takes seconds; left out of `make check`")
    # The simulator's fixtures; not by ``pytest_plugins``, which comes before collections can be imported.
    config.pluginmanager.import_plugin("ansible_collections.compshare.cloud.tests.simulator.fixtures")


@pytest.fixture(scope="session")
def _runtime_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runtime")


@pytest.fixture(autouse=True)
def _runtime_folder(_runtime_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test know of the refusals and lists of another, or of those of whoever runs the tests."""
    folder = _runtime_root / str(next(_numbers))
    folder.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
