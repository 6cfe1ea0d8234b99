"""The fault matrix: an operation, a fault and a position; what came of it, and whether that may be."""

from __future__ import annotations

import json
import socket
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.compshare.cloud.tests.reliability.faults import FAULTS, FIRST, POSITIONS, Fault, struck_request
from ansible_collections.compshare.cloud.tests.reliability.operations import (
    REQUEST_TIMEOUT,
    WAIT_TIMEOUT,
    Operation,
    state_of,
)
from ansible_collections.compshare.cloud.tests.reliability.public_runs import Outcome, WorldClock
from ansible_collections.compshare.cloud.tests.simulator.server import Simulator
from ansible_collections.compshare.cloud.tests.simulator.world import World

#: A fault strikes one request, or that one and all that follow.
ONCE, ON = "once", "from then on"
#: A list that the API, each time it is requested, ends early: null is how it sends an empty page, and what it counts
#: as the total is not to be relied on. No client could distinguish such a list from a shorter one.
RIGHT, ERROR, SHORT = "right", "error", "short list"
AS_DESIRED, AS_BEFORE, BETWEEN = "as desired", "as before", "in between"
#: The tries of a request end within so many times its time-out.
TRIES = 3
#: Throttling is waited out for so many seconds a request.
THROTTLE_TIMEOUT = 60.0
#: So many seconds more a task may look for what became of a change: 150 for an order, or a few reads that each wait out
#: throttling for a minute.
LOOKING = 240.0
#: Words with which an error reports what was done, or may have been, before it.
_TELLING = ("may have been done", "was accepted", "goes on meanwhile", "did not end within")


@dataclass(frozen=True)
class Case:
    """One cell of the matrix."""

    operation: Operation
    fault: Fault
    position: str
    lasting: str

    @property
    def title(self) -> str:
        return f"{self.operation.title}, {self.fault.title}, {self.position}, {self.lasting}"


@dataclass(frozen=True)
class Healthy:
    """A run without any fault: its value, the times of its requests, its writes, and the states around it."""

    value: Any
    moments: list[float]
    writes: Counter[str]
    before: dict[str, Any]
    after: dict[str, Any]


@dataclass(frozen=True)
class Finding:
    """What a case came to; ``requests`` is how many reached the API until the run ended, ``state`` the world then.

    ``seconds`` passed on the clock of the client.
    """

    position: str
    lasting: str
    result: str
    requests: int
    state: str
    seconds: float
    message: str


class Bench:
    """Runs cases on one simulator; keeps the healthy run of each operation."""

    def __init__(self, simulator: Simulator, folder: Path) -> None:
        self._simulator = simulator
        self._folder = folder
        self.healthy = cache(self._healthy)

    def world_of(self, operation: Operation) -> World:
        world = self._simulator.new_world(operation.settings())
        operation.prepare(world)
        return world

    def run(
        self, operation: Operation, world: World, options: Mapping[str, Any], fault: Fault | None = None
    ) -> Outcome:
        """Do an operation with these options, and those that a fault needs."""
        with tempfile.TemporaryDirectory(dir=self._folder) as folder:
            clock = WorldClock(world, fault.stretch if fault else 0.0)
            options = {**options, **(fault.options if fault else {})}
            return operation.run(options, clock=clock, folder=Path(folder))

    def _healthy(self, operation: Operation) -> Healthy:
        world = self.world_of(operation)
        before = state_of(world)
        outcome = self.run(operation, world, operation.options_in(world))
        assert not outcome.failed, f"{operation.title} fails without any fault: {outcome.message}"
        moments = [entry["time"] for entry in world.requests()]
        self._simulator.drop_world(world)
        return Healthy(operation.value(outcome.result), moments, _writes_in(world), before, state_of(world))

    def cases(self, operation: Operation) -> Iterator[Case]:
        """Return the cases of an operation; a position that it does not have is omitted."""
        moments = self.healthy(operation).moments
        for fault in FAULTS:
            for position in POSITIONS:
                if struck_request(position, moments) is not None:
                    yield from (Case(operation, fault, position, lasting) for lasting in (ONCE, ON))

    def judge(self, case: Case) -> Finding:
        """Run a case; raises AssertionError where something came of it that must not be."""
        operation, healthy = case.operation, self.healthy(case.operation)
        world = self.world_of(operation)
        try:
            struck = struck_request(case.position, healthy.moments)
            assert struck is not None
            when = {"nth": struck} if case.lasting == ONCE else {"after": struck - 1}
            world.add_faults({**case.fault.rule, **when})
            options = operation.options_in(world)
            state_of(world)  # instances are created when they are first looked at
            outcome = self.run(operation, world, options, case.fault)
            finding = self._finding(case, outcome, world)
            self._check(case, outcome, finding, world, options)
            world.clear_faults()
            if outcome.failed:
                self._check_second_run(case, world, options, outcome)
            return finding
        finally:
            self._simulator.drop_world(world)

    def _finding(self, case: Case, outcome: Outcome, world: World) -> Finding:
        healthy, state = self.healthy(case.operation), state_of(world)
        where = AS_BEFORE if state == healthy.before else AS_DESIRED if state == healthy.after else BETWEEN
        return Finding(
            position=case.position,
            lasting=case.lasting,
            result=ERROR if outcome.failed else SHORT if self._is_short(case, outcome) else RIGHT,
            requests=len(world.requests()),
            state=where,
            seconds=round(outcome.seconds, 1),
            message=outcome.message,
        )

    def _is_short(self, case: Case, outcome: Outcome) -> bool:
        """Return whether a list has a part of the rows that it has without the fault, where that is all it can have."""
        operation = case.operation
        if not case.fault.ends_lists or case.lasting != ON or case.position == FIRST or operation.writes:
            return False
        found, expected = operation.value(outcome.result), self.healthy(operation).value
        return _names_in(found) < _names_in(expected)

    def _check(self, case: Case, outcome: Outcome, finding: Finding, world: World, options: Mapping[str, Any]) -> None:
        operation, healthy = case.operation, self.healthy(case.operation)
        _check_time(case, outcome)
        assert world.private_key not in outcome.printed + outcome.message
        assert "Traceback" not in outcome.printed + outcome.message
        if not operation.may_repeat:
            twice = _writes_in(world) - healthy.writes - Counter(operation.undoes)
            assert not twice, f"done more often than in a good run: {dict(twice)}"
        if outcome.failed:
            _check_error(case, outcome)
            if operation.writes and finding.state != AS_BEFORE:
                self._check_reported(case, outcome, options)
        elif finding.result == RIGHT:
            value = operation.value(outcome.result)
            assert value == healthy.value, f"succeeded with another result: {value} instead of {healthy.value}"
            state = state_of(world)
            wrong = {key: (state[key], healthy.after[key]) for key in state if state[key] != healthy.after[key]}
            assert not wrong, f"succeeded, but the world is not in the desired state: {wrong}"

    def _check_reported(self, case: Case, outcome: Outcome, options: Mapping[str, Any]) -> None:
        """An error after something was changed says that something was or may be, and names it."""
        reported = outcome.changed or any(words in outcome.message for words in _TELLING)
        assert reported, f"changed something and does not say so: {outcome.message}"
        shown = json.dumps({key: value for key, value in outcome.result.items() if key != "invocation"})
        assert options[case.operation.touched] in shown, f"does not say what it was about: {shown}"

    def _check_second_run(self, case: Case, world: World, options: Mapping[str, Any], first: Outcome) -> None:
        """The same task, run again when the fault is gone, finishes the work; a third run has nothing to do."""
        operation, healthy = case.operation, self.healthy(case.operation)
        self._wait_until_open()
        second = self.run(operation, world, options)
        assert not second.failed, f"run again, it fails: {second.message}"
        if operation.remedy and all(f"{name}={value}" in first.message for name, value in operation.remedy.items()):
            remedied = self.run(operation, world, {**options, **operation.remedy})
            assert not remedied.failed, f"what the error advised fails: {remedied.message}"
        state = state_of(world)
        wrong = {key: (state[key], healthy.after[key]) for key in state if state[key] != healthy.after[key]}
        assert not wrong, f"run again, it leaves another state: {wrong}"
        if operation.writes and operation.repeats:
            assert not self.run(operation, world, options).changed, "the third run changes something"

    def _wait_until_open(self) -> None:
        """Return when the simulator takes connections: a fault may have closed its port for a moment."""
        address = urlsplit(self._simulator.url)
        while True:
            try:
                with socket.create_connection((address.hostname, address.port), timeout=5):
                    return
            except ConnectionRefusedError:
                continue


def _names_in(value: Any) -> set[str]:
    """Return what a list names: the ids of images or instances, or the hosts of an inventory."""
    return set(value["hosts"]) if isinstance(value, dict) else {str(item) for item in value}


def _writes_in(world: World) -> Counter[str]:
    """Return which actions that change something the world has carried out, and how often."""
    return Counter(entry["action"] for entry in world.requests() if entry["carried_out"] and not entry["reads"])


def _check_time(case: Case, outcome: Outcome) -> None:
    """The time budget, on the clock of the client: what may be waited for, some looking, and the tries of a request."""
    timeout = case.fault.options.get("api_timeout", REQUEST_TIMEOUT)
    limit = 2 * TRIES * timeout + (LOOKING if case.operation.writes else 0.0)
    limit += WAIT_TIMEOUT if case.operation.waits else 0.0
    if case.fault.throttles:
        # A task may go on without what was refused, or look at what there is after its error, and is throttled again.
        limit += 2 * THROTTLE_TIMEOUT
    assert outcome.seconds <= limit, f"took {outcome.seconds:.0f} s, longer than {limit:.0f} s"


def _check_error(case: Case, outcome: Outcome) -> None:
    assert len(outcome.message) > 20
    assert "\n" not in outcome.message
    if case.operation.plugin not in ("lookup", "inventory"):
        error = outcome.result["error"]
        assert error["message"]
        assert error["hint"] or error["ret_code"] == 424242
        assert set(error) == {"action", "ret_code", "message", "request_id", "hint", "retryable"}
