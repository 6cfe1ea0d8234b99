"""What a step's checks came to: written and read as JUnit XML, the one format that every test runner here can write."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

# ansible-test reports a sanity test that found nothing to look at as skipped. No test was left out.
NOTHING_TO_TEST = "No tests applicable."


class Totals(Counter[str]):
    """Numbers of test cases that passed, failed and were skipped."""

    def hide_a_failure(self, exit_code: int) -> bool:
        """Return whether a run failed without a word: it broke before it could report, or reported no test."""
        return not self["failed"] and (exit_code != 0 or not self["passed"])

    def __str__(self) -> str:
        return ", ".join(f"{self[outcome]} {outcome}" for outcome in ("passed", "failed", "skipped"))


def read_totals(*folders: Path, pattern: str = "*.xml") -> Totals:
    """Count the test cases in the JUnit files of folders and the folders in them."""
    return Totals(filter(None, (_outcome(case) for folder in folders for case in _cases_in(folder, pattern))))


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
        ran, expected = read_totals(folder, pattern=f"python*-{context}-units.xml").total(), collected.get(context, 0)
        missing = not expected or ran < expected
        failures[context] = f"{context}: {ran} of {expected} collected tests were run" if missing else None
    return failures


def read_failures(folder: Path) -> dict[str, str]:
    """Return every failed test in a folder's JUnit files, as pytest takes its name, with what was said of it."""
    failures = {}
    for case in _cases_in(folder):
        if _outcome(case) == "failed":
            module = f"{(case.classname or '').replace('.', '/')}.py"
            place = module if Path(module).is_file() else case.classname
            name = "::".join(filter(None, (place, case.name)))
            failures[name] = "\n".join(str(result.text or result.message) for result in case.result)
    return failures


def _cases_in(folder: Path, pattern: str = "*.xml") -> Iterable[TestCase]:
    """Yield the test cases in a folder's JUnit files; of one that was run again, the last run counts."""
    for path in sorted(folder.rglob(pattern)):
        root: JUnitXml | TestSuite = JUnitXml.fromfile(str(path))
        suites = [root] if isinstance(root, TestSuite) else list(root)
        yield from {(case.classname, case.name): case for suite in suites for case in suite}.values()


def _outcome(case: TestCase) -> str | None:
    """Return what counts for a case; None if nothing does."""
    if any(isinstance(result, (Failure, Error)) for result in case.result):
        return "failed"
    if any(isinstance(result, Skipped) for result in case.result):
        reasons = " ".join(f"{result.message} {result.text}" for result in case.result)
        return None if NOTHING_TO_TEST in reasons else "skipped"
    return "passed"


def write_results(path: Path, suite_name: str, failures: dict[str, str | None]) -> None:
    """Write one JUnit file of checks by name; ``failures`` has None for those that passed, else what went wrong."""
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
