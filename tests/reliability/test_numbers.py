"""Numbers of a user that cannot be meant: refused by name, in every module and plugin, before anything is sent."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.options import NUMBERS
from ansible_collections.compshare.cloud.tests.reliability.operations import OPERATIONS, Operation
from ansible_collections.compshare.cloud.tests.reliability.public_runs import FreeClock
from ansible_collections.compshare.cloud.tests.reliability.untrusted import ScriptedTransport, documented_options
from ansible_collections.compshare.cloud.tests.simulator.scenario import Scenario
from ansible_collections.compshare.cloud.tests.simulator.world import World

CONNECTION = ("api_timeout", "api_retries", "api_throttle_timeout", "api_rate")
#: One operation of each module and plugin.
ONE_OF_EACH = tuple({operation.plugin: operation for operation in OPERATIONS}.values())


def numbers_of(operation: Operation) -> list[str]:
    """The options of an operation's module or plugin that are times, rates or numbers of requests."""
    own = [] if operation.plugin in ("lookup", "inventory") else list(documented_options(operation.plugin))
    return [*CONNECTION, *(name for name in own if name in NUMBERS)]


CASES = [
    pytest.param(operation, name, value, id=f"{operation.plugin}-{name}-{value}")
    for operation in ONE_OF_EACH
    for name in numbers_of(operation)
    for value in ((-1, 10**12) if name == "api_retries" else (math.nan, math.inf, -1, -0.001, 1e12))
] + [
    pytest.param(operation, name, 0, id=f"{operation.plugin}-{name}-0")
    for operation in ONE_OF_EACH
    for name in numbers_of(operation)
    if NUMBERS[name].least > 0
]


@pytest.mark.parametrize(("operation", "name", "value"), CASES)
def test_a_number_that_cannot_be_meant_is_refused_by_name(
    operation: Operation, name: str, value: Any, tmp_path: Path
) -> None:
    world = World(Scenario.read(operation.settings()), find_url=lambda: "http://127.0.0.1:1")
    operation.prepare(world)
    transport = ScriptedTransport([{"RetCode": 0}])
    options = {**operation.options_in(world), name: value}
    outcome = operation.run(options, clock=FreeClock(), folder=tmp_path, transport=transport)
    assert outcome.failed
    assert name in outcome.message
    assert "Traceback" not in outcome.printed
    assert not transport.requests
