"""Fixtures for tests of playbooks: the simulator, and worlds of it."""

from __future__ import annotations

import pytest


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "playbook: runs ansible-playbook as a process, for up to a minute")
    # Not by ``pytest_plugins``, which comes before collections can be imported.
    config.pluginmanager.import_plugin("ansible_collections.compshare.cloud.tests.simulator.fixtures")
