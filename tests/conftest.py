"""How many examples property tests try: `pytest --hypothesis-profile=NAME` chooses; otherwise it is short."""

from __future__ import annotations

import atexit
import os
import re
import shutil
import signal
import tempfile
from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes depends on what else the machine does, so none fails for being slow.
patience = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
# The same examples each time, so that a commit always passes or always fails; the nightly ones look for new faults.
settings.register_profile("short", patience, max_examples=200, derandomize=True)
settings.register_profile("nightly", patience, max_examples=10_000)
settings.load_profile("short")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell's background job ignores Control-C, and so would the playbooks that tests start and interrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)

# What processes share must not be shared with those of whoever runs the tests.
os.environ["XDG_RUNTIME_DIR"] = tempfile.mkdtemp(prefix="compshare-tests-")
atexit.register(shutil.rmtree, os.environ["XDG_RUNTIME_DIR"], ignore_errors=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep how many examples a property was tried with in the nightly profile."""
    report = yield
    statistics = getattr(item, "hypothesis_statistics", "")
    if call.when == "call" and report.passed and statistics and settings().max_examples >= 10_000:
        # Here, because only those who have the developers' tools run that profile.
        from tests.reliability.figures import FOLDER, write_record
        from tests.reliability.properties import figures_of

        tried = sum(map(int, re.findall(r"(\d+) passing", statistics)))
        write_record(FOLDER, "properties", item.nodeid, figures_of(item.nodeid, tried))
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say why each test was run once more: nothing else keeps that of a test which passes then."""
    for report in terminalreporter.stats.get("rerun", []):
        lines = re.findall(r"(?m)^E +(.*\S)", report.longreprtext) or report.longreprtext.split("\n")[-1:]
        terminalreporter.write_line(f"RERUN {report.nodeid} - {lines[0][:200]}")
