"""Every public module and plugin with every fault of the simulator, wherever it may strike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

import pytest

from ansible_collections.compshare.cloud.tests.reliability.conftest import RecordFigures
from ansible_collections.compshare.cloud.tests.reliability.fault_matrix import Bench
from ansible_collections.compshare.cloud.tests.reliability.faults import FAULTS, Fault, kinds_omitted
from ansible_collections.compshare.cloud.tests.reliability.operations import OPERATIONS, Operation
from ansible_collections.compshare.cloud.tests.simulator.server import Simulator
from tests.tools.trees import ROOT

#: The short form takes one of so many pairs of operation and fault, and of each one case.
THINNING = 5


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "fault" not in metafunc.fixturenames:
        return
    all_of_it = metafunc.config.getoption("--long")
    pairs = [
        pytest.param(operation, fault, None if all_of_it else row + column, id=f"{operation.title}-{fault.title}")
        for row, operation in enumerate(OPERATIONS)
        for column, fault in enumerate(FAULTS)
        if (all_of_it or (2 * row + column) % THINNING == 0) and fault.title not in operation.expected
    ]
    metafunc.parametrize(("operation", "fault", "chosen"), pairs)


@pytest.fixture(scope="session")
def bench(simulator: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    yield Bench(simulator, tmp_path_factory.mktemp("matrix"))
    assert simulator.crashes == []


def test_a_fault_gives_the_right_result_or_one_clear_error(
    bench: Bench, operation: Operation, fault: Fault, chosen: int | None, record_figures: RecordFigures
) -> None:
    cases = [case for case in bench.cases(operation) if case.fault is fault]
    if chosen is not None:
        cases = [cases[chosen % len(cases)]]
    findings = []
    for case in cases:
        try:
            findings.append(bench.judge(case))
        except AssertionError as error:
            error.add_note(case.title)
            raise
    figures = {"operation": operation.title, "fault": fault.title, "findings": [asdict(one) for one in findings]}
    record_figures("faults", f"{operation.title}, {fault.title}", figures)


def test_every_kind_of_fault_is_in_the_matrix() -> None:
    assert kinds_omitted() == set()


#: Modules that are not in the matrix, each with the reason.
NO_REQUESTS = {
    "add_instance_host": "adds what another module returned to the inventory",
    "check_tasks": "reads a file",
}


def test_every_module_and_plugin_is_in_the_matrix() -> None:
    modules = {path.stem for path in (ROOT / "plugins/modules").glob("*.py")}
    others = {path.stem for kind in ("lookup", "inventory") for path in (ROOT / "plugins" / kind).glob("*.py")}
    assert len(others) == 2
    assert {operation.plugin for operation in OPERATIONS} == modules - NO_REQUESTS.keys() | {"lookup", "inventory"}


@pytest.mark.parametrize("module", NO_REQUESTS)
def test_modules_that_are_not_in_the_matrix_have_no_client(module: str) -> None:
    text = (ROOT / f"plugins/modules/{module}.py").read_text(encoding="utf-8")
    assert "run_module" not in text and "_api" not in text
