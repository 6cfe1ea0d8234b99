"""Fixtures for all unit tests: the simulator, and worlds of it."""

from __future__ import annotations

import pytest


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Load the simulator's fixtures; not by ``pytest_plugins``, which comes before collections can be imported."""
    config.pluginmanager.import_plugin("ansible_collections.compshare.cloud.tests.simulator.fixtures")
