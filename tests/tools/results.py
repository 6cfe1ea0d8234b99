"""What a step's checks came to: written and read as JUnit XML, the one format that every test runner here can write."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

# ansible-test reports a sanity test that found nothing to look at as skipped. No test was omitted.
NOTHING_TO_TEST = "No tests applicable."


@dataclass(frozen=True)
class Totals:
    """Numbers of test cases."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    @property
    def number(self) -> int:
        """How many test cases there are in all."""
        return self.passed + self.failed + self.skipped

    def __add__(self, other: Totals) -> Totals:
        return Totals(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)

    def hide_a_failure(self, exit_code: int) -> bool:
        """Return whether a run failed without a word: it broke before it could report, or reported no test."""
        return self.failed == 0 and (exit_code != 0 or self.passed == 0)

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def read_totals(folder: Path) -> Totals:
    """Add up every JUnit file in a folder and the folders in it."""
    return sum((_read_file(path) for path in sorted(folder.rglob("*.xml"))), Totals())


def collected_in(output: str) -> dict[str, int]:
    """Return how many unit tests pytest collected in each context, from the output of `units --collect-only`."""
    headings = re.split(r"(?m)^Unit test (\w+) with Python [\d.]+$", output)
    found = {}
    for context, text in zip(headings[1::2], headings[2::2], strict=True):
        counts = re.findall(r"(?m)^=* ?(\d+)(?:/\d+)? tests? collected", text)
        found[context] = int(counts[-1]) if counts else 0
    return found


def judge_contexts(contexts: Sequence[str], collected: Mapping[str, int], folder: Path) -> dict[str, str | None]:
    """Return what is wrong with the reports of the contexts of unit tests: one entry each, None where it is right."""
    failures: dict[str, str | None] = {}
    for context in contexts:
        reports = sorted(folder.glob(f"python*-{context}-units.xml"))
        ran = sum((_read_file(report) for report in reports), Totals()).number
        expected = collected.get(context, 0)
        missing = not expected or ran < expected
        failures[context] = f"{context}: {ran} of {expected} collected tests were run" if missing else None
    return failures


def read_failures(folder: Path) -> dict[str, str]:
    """Return every failed test in a folder's JUnit files, as pytest takes its name, with what was said of it."""
    failures = {}
    for path in sorted(folder.rglob("*.xml")):
        for case in filter(lambda case: _judge(case).failed, _cases_in(path)):
            module = f"{(case.classname or '').replace('.', '/')}.py"
            place = module if Path(module).is_file() else case.classname
            name = "::".join(filter(None, (place, case.name)))
            failures[name] = "\n".join(str(result.text or result.message) for result in case.result)
    return failures


def _cases_in(path: Path) -> Iterable[TestCase]:
    """Return the test cases of a JUnit file; of one that was run again, the last run counts."""
    root: JUnitXml | TestSuite = JUnitXml.fromfile(str(path))
    suites = [root] if isinstance(root, TestSuite) else list(root)
    return {(case.classname, case.name): case for suite in suites for case in suite}.values()


def _read_file(path: Path) -> Totals:
    return sum(map(_judge, _cases_in(path)), Totals())


def _judge(case: TestCase) -> Totals:
    kinds = {type(result) for result in case.result}
    if kinds & {Failure, Error}:
        return Totals(failed=1)
    if Skipped in kinds:
        reasons = " ".join(f"{result.message} {result.text}" for result in case.result)
        return Totals() if NOTHING_TO_TEST in reasons else Totals(skipped=1)
    return Totals(passed=1)


def write_results(path: Path, suite_name: str, failures: dict[str, str | None]) -> None:
    """Write one JUnit file.

    ``failures`` has one entry for each check, by its name: None where it passed, else what went wrong.
    """
    suite = TestSuite(suite_name)
    for name, failure in failures.items():
        case = TestCase(name, classname=suite_name)
        if failure is not None:
            # XML has no place for the escapes that programs write.
            case.result = [Failure(re.sub(r"\x1b\[[\d;]*m|[^\t\n\x20-\ud7ff\ue000-\ufffd]", "", failure))]
        suite.add_testcase(case)
    report = JUnitXml()
    report.add_testsuite(suite)
    path.parent.mkdir(parents=True, exist_ok=True)
    report.write(str(path))
