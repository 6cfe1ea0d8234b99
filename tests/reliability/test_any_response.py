"""Whatever the API responds, and whatever options a user gives: a result, or one clear error."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.compshare.cloud.tests.reliability.operations import OPERATIONS, Operation
from ansible_collections.compshare.cloud.tests.reliability.properties import Tally, examples_for
from ansible_collections.compshare.cloud.tests.reliability.public_runs import FreeClock, Outcome, run_module
from ansible_collections.compshare.cloud.tests.reliability.untrusted import (
    PLUGINS,
    ScriptedTransport,
    any_responses,
    documented_options,
    drawn_by,
)
from ansible_collections.compshare.cloud.tests.simulator.scenario import Scenario
from ansible_collections.compshare.cloud.tests.simulator.world import World

KEYS: dict[str, Any] = {"public_key": "public-key-0001", "private_key": "private-key-0001", "api_retries": 1}
MODULES = sorted(path.stem for path in (PLUGINS / "modules").glob("compshare_*.py"))
#: Seconds on the test's clock; no wait in these tests is longer.
SHORT_WAIT = 90.0


def check(outcome: Outcome) -> None:
    """A run ends with a result that JSON can hold, or with a sentence; with nothing else, and in time."""
    assert outcome.seconds <= 20 * SHORT_WAIT
    assert "Traceback" not in outcome.printed
    assert KEYS["private_key"] not in outcome.printed
    json.dumps(outcome.result, allow_nan=True).encode()
    if outcome.failed:
        assert len(outcome.message) > 20
        assert not any(ord(character) < 32 for character in outcome.message)


def options_of(operation: Operation, folder: Path) -> dict[str, Any]:
    world = World(Scenario.read(operation.settings()), find_url=lambda: "http://127.0.0.1:1")
    operation.prepare(world)
    options = {**operation.options_in(world), **KEYS}
    if operation.waits:
        options["wait_timeout"] = SHORT_WAIT
    return options


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.title)
def test_any_response_is_a_result_or_an_error(operation: Operation, tmp_path: Path, tally: Tally) -> None:
    options = options_of(operation, tmp_path)

    @examples_for(len(OPERATIONS))
    @given(any_responses)
    def run(responses: list[Any]) -> None:
        tally.count()
        transport = ScriptedTransport(responses)
        check(operation.run(options, clock=FreeClock(), folder=tmp_path, transport=transport))

    run()


@pytest.mark.parametrize("module", MODULES)
def test_any_options_are_used_or_refused(module: str, tally: Tally) -> None:
    documented = documented_options(module)

    @examples_for(len(MODULES))
    @given(drawn_by(lambda source: source.options(documented), sane=True), any_responses, st.booleans())
    def run(options: dict[str, Any], responses: list[Any], check_mode: bool) -> None:
        tally.count()
        if "wait_timeout" in documented:
            options["wait_timeout"] = min(options.get("wait_timeout", SHORT_WAIT), SHORT_WAIT)
        transport = ScriptedTransport(responses)
        check(run_module(module, {**KEYS, **options}, clock=FreeClock(), transport=transport, check_mode=check_mode))

    run()
