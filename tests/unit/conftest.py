"""Fixtures for all unit tests: the simulator, and worlds of it."""

from __future__ import annotations

import pytest


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    # Here and not in pyproject.toml, which ansible-test does not read.
    config.addinivalue_line("markers", "slow: takes seconds; left out of `make check`")
    # The simulator's fixtures; not by ``pytest_plugins``, which comes before collections can be imported.
    config.pluginmanager.import_plugin("ansible_collections.compshare.cloud.tests.simulator.fixtures")
