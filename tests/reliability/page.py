"""``python -m tests.reliability.page``: write docs/reliability.md and the matrix of faults from a long run."""

from __future__ import annotations

import argparse
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.reliability.figures import FOLDER, SECTIONS, Record, read_records
from tests.tools.trees import ROOT

PAGE = ROOT / "docs/reliability.md"
MATRIX_PAGE = FOLDER / "matrix.md"
Finding = Mapping[str, Any]
Row = Sequence[object]

HEAD = """\
# Reliability

How the collection behaves under faults, with untrusted data, under load and when it is interrupted. `make test-long`
writes this page, and every figure in it comes from a run of the tests in `tests/reliability` and `tests/fuzz`; `make
test` runs a short form of them. They run against the simulator in `tests/simulator`, all on one machine and as one
user; no request reached the real API. The figures of each part are those of its last long run, at the date beside them:
tests that were added since are not counted in them.
"""
PROSE = {
    "faults": """\
## Faults

Every module, the lookup and the inventory meet every kind of fault that the simulator can inject: at the first
request of a task, at the middle one (of a list, a middle page), at the last one, and at one during a wait. Each fault
hits that request once, or that request and all later ones. In every case the task must end with the right result or
with one clear error, and in time: on the client's clock, within `wait_timeout` if it waits, otherwise within six
times `api_timeout`, plus 240 seconds if it changes something, plus `api_throttle_timeout` if it is throttled. No write
request may be carried out more often than without the fault. An error after a change must say what was or may have
been changed. The same task, run again without the fault, must then finish the work, and a third run must change
nothing.

One case is neither: the API sends null for an empty page, and its count of rows is unreliable. If it keeps sending
null for a later page, that list looks like a shorter one.

`make test-long` also writes what came of each case into `build/reliability/matrix.md`.
""",
    "properties": """\
## Properties

Properties that must hold for any input are tested with generated inputs: any JSON as a response, rows of any shape
and type, any text in names, any options, any nesting of parameters. No input may end in a traceback, no row may be
lost, and signatures must equal those of the vendor's SDK. If a property is tested for several modules or lists, the
examples of all cases count.
""",
    "fuzzing": """\
## Fuzzing

The parsers of untrusted text run in a fuzzer (atheris), which looks for inputs that reach new branches of the code. A
failure is an exception, or a broken promise, such as a host name that an SSH client would take for an option.
""",
    "secrets": """\
## Secrets

A run of everything, with unique keys and passwords, writes all that Ansible can write: output at `-vvvv`, a log,
diffs, files of callbacks, caches of facts and inventory, files of background jobs. Much of it fails on purpose. Each
secret, and the signature of each request, is then searched for in every byte written and on the command lines of all
processes: plain, in base64, and escaped for URLs, JSON and Python. Kept payloads show that the search finds them.
""",
    "hostile-text": """\
## Hostile text

Names, descriptions, tags and error messages hold templates, YAML tags, commands, escape sequences, direction and
control characters, and fields look like Ansible's own markers. They go wherever playbooks use results: variables,
facts, templates, lookups, loops, host variables, groups, live lines, caches. An evaluated expression, a created file,
or a raw control character on the terminal fails the test.
""",
    "load": """\
## Load

Many hosts wait for a build each, on a clock that runs 60 times faster, in as many processes as Ansible allows.
Thousands of tasks run one after the other, in one playbook and in one loop, compared with as many tasks that do
nothing. A wait lasts four hours on the client's clock. Nothing may fail; memory, open files and threads must not
grow; requests must not all be sent at once.
""",
    "interrupts": """\
## Interrupts

SIGINT and SIGTERM reach `ansible-playbook` while a task waits, while the response to a create is delayed after it
took effect, and while a page is delayed. The run must end in time and leave no process behind. Its error must name
what was or may have been changed, and a second run must finish the work without creating anything twice.
""",
}
MATRIX = """\
# Every fault in every operation

The result of each case, and how many requests had reached the API when the task ended. The first entry of a cell is
for a fault that occurs once, the second for one that stays. The error of an operation that changes something is
followed by the state that it left: unchanged, done, or in between. A position that an operation does not have is
empty.
"""
POSITIONS = ("first call", "middle call", "last call", "during the wait")
OPERATION_HEADER = (
    "Operation",
    "Cases",
    "Right result",
    "One clear error",
    "Short list",
    "Longest, s",
    "Most requests",
    "Left unchanged",
    "Left done",
    "Left in between",
)
FAULT_HEADER = ("Fault", "Cases", "Right result", "One clear error", "Short list")
PROPERTY_HEADER = ("Property", "Tests", "Cases", "Examples")
FUZZING_HEADER = ("Target", "Seconds", "Inputs", "Failures")
_RUN_ON = "Run on "
_STATES = {"as before": "unchanged", "as desired": "done", "in between": "in between"}


def table(header: Sequence[str], rows: Iterable[Row]) -> str:
    """Return a Markdown table; numbers stand to the right."""
    rows = list(rows)
    numbers = [all(isinstance(row[column], (int, float)) for row in rows) for column in range(len(header))]
    lines = [
        header,
        [("---:" if number else "---") for number in numbers],
        *([shown(cell) for cell in row] for row in rows),
    ]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def shown(value: object) -> str:
    """Return a figure as the page shows it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.1f}"
    return re.sub(r"\s+", " ", str(value)).replace("|", "\\|")


def render(folder: Path, before: str = "") -> str:
    """Return the page for the figures in a folder; a section without any keeps those that it had C(before)."""
    makers: dict[str, Callable[[list[Record]], list[str]]] = {
        "faults": _faults,
        "properties": _properties,
        "fuzzing": _fuzzing,
    }
    parts = [HEAD]
    for section in SECTIONS:
        parts.append(PROSE[section])
        records = read_records(folder, section)
        if records:
            parts += [_measured(records), *makers.get(section, _by_columns)(records)]
        else:
            parts += _figures_in(before, PROSE[section].partition("\n")[0])
    return "\n".join(parts)


def _measured(records: list[Record]) -> str:
    dates, cores, pythons = (
        " and ".join(sorted({getattr(record, name) for record in records}))
        for name in ("date", "ansible_core", "python")
    )
    return f"{_RUN_ON}{dates} with ansible-core {cores} on Python {pythons}.\n"


def _figures_in(page: str, heading: str) -> list[str]:
    """Return the figures of a section of a page, without its heading and what is said about it."""
    _before, _heading, chapter = page.partition(f"{heading}\n")
    at = chapter.find(f"\n{_RUN_ON}")
    return [] if at < 0 else [chapter[at:].partition("\n## ")[0].strip("\n") + "\n"]


def _faults(records: list[Record]) -> list[str]:
    by_fault: dict[str, list[Finding]] = defaultdict(list)
    for record in records:
        by_fault[record.figures["fault"]] += record.figures["findings"]
    operations = {
        name: [one for _fault, found in pairs for one in found]
        for name, pairs in _findings_by_operation(records).items()
    }
    everything = [one for found in operations.values() for one in found]
    totals = (
        f"{shown(len(everything))} cases of {len(operations)} operations and {len(by_fault)} faults: "
        f"{shown(_results(everything)['right'])} right results, {shown(_results(everything)['error'])} clear errors, "
        f"{shown(_results(everything)['short list'])} short lists.\n"
    )
    return [
        totals,
        table(OPERATION_HEADER, (_operation_row(name, found) for name, found in sorted(operations.items()))),
        table(FAULT_HEADER, (_fault_row(name, found) for name, found in sorted(by_fault.items()))),
    ]


def matrix(folder: Path) -> str:
    """Return the page that shows every case of the faults in a folder."""
    by_operation = _findings_by_operation(read_records(folder, "faults"))
    return "\n".join([MATRIX, *(_details(name, pairs) for name, pairs in sorted(by_operation.items()))])


def _findings_by_operation(records: list[Record]) -> dict[str, list[tuple[str, list[Finding]]]]:
    """Return, for each operation, its faults and the findings of each."""
    found: dict[str, list[tuple[str, list[Finding]]]] = defaultdict(list)
    for record in records:
        found[record.figures["operation"]].append((record.figures["fault"], record.figures["findings"]))
    return found


def _results(findings: Iterable[Finding]) -> Counter[str]:
    return Counter(one["result"] for one in findings)


def _counts(results: Counter[str]) -> list[int]:
    return [results["right"], results["error"], results["short list"]]


def _operation_row(name: str, findings: list[Finding]) -> Row:
    results = _results(findings)
    states = Counter(_STATES[one["state"]] for one in findings if one["result"] == "error")
    longest = max(float(one["seconds"]) for one in findings)
    most = max(one["requests"] for one in findings)
    left = [states[state] for state in _STATES.values()]
    return (name, len(findings), *_counts(results), longest, most, *left)


def _fault_row(name: str, findings: list[Finding]) -> Row:
    results = _results(findings)
    return (name, len(findings), *_counts(results))


def _details(operation: str, pairs: list[tuple[str, list[Finding]]]) -> str:
    writes = any(one["state"] != "as before" for _fault, findings in pairs for one in findings)
    rows = []
    for fault, findings in sorted(pairs):
        cells = [
            "; ".join(_outcome(one, writes) for one in findings if one["position"] == position)
            for position in POSITIONS
        ]
        rows.append((fault, *cells))
    header = ("Fault", *POSITIONS)
    return f"## {operation}\n\n{table(header, rows)}"


def _outcome(finding: Finding, writes: bool) -> str:
    parts = [finding["result"], str(finding["requests"])]
    if writes and finding["result"] == "error":
        parts.append(_STATES[finding["state"]])
    return ", ".join(parts)


def _properties(records: list[Record]) -> list[str]:
    cases: Counter[tuple[str, str]] = Counter()
    examples: Counter[tuple[str, str]] = Counter()
    for record in records:
        key = record.figures["property"], record.figures["tests"]
        cases[key] += 1
        examples[key] += record.figures["examples"]
    rows = [(words, f"`{tests}`", cases[words, tests], examples[words, tests]) for words, tests in sorted(cases)]
    total = f"{shown(sum(examples.values()))} examples of {len(rows)} properties; none broke one.\n"
    return [total, table(PROPERTY_HEADER, rows)]


def _fuzzing(records: list[Record]) -> list[str]:
    rows = [
        (f"`{record.what}`", record.figures["seconds"], record.figures["inputs"], record.figures["failures"])
        for record in records
    ]
    return [table(FUZZING_HEADER, rows)]


def _by_columns(records: list[Record]) -> list[str]:
    """Return a table for each set of columns."""
    groups: dict[tuple[str, ...], list[Record]] = defaultdict(list)
    for record in records:
        groups[tuple(record.figures)].append(record)
    return [
        table(("What", *columns), ((record.what, *record.figures.values()) for record in found))
        for columns, found in groups.items()
    ]


def frame(page: str) -> list[str]:
    """Return the words of a page that do not depend on figures."""
    return re.sub(r"(?m)^(\||<|Run on |\d).*\n", "", page).split()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.reliability.page", description=__doc__)
    parser.add_argument("--print", action="store_true", help="print the page instead of writing docs/reliability.md")
    page = render(FOLDER, PAGE.read_text(encoding="utf-8") if PAGE.exists() else "")
    if parser.parse_args().print:
        print(page, end="")
    else:
        PAGE.write_text(page, encoding="utf-8")
        MATRIX_PAGE.parent.mkdir(parents=True, exist_ok=True)
        MATRIX_PAGE.write_text(matrix(FOLDER), encoding="utf-8")


if __name__ == "__main__":
    main()
