"""``python -m tests.benchmarks``: measure speed side by side with what else there is.

Prints Markdown; --write brings docs/benchmarks.md and its pictures up to date. 1 where a goal is not met.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Callable
from datetime import date

from tests.tools.trees import ROOT

from . import fleet, growth, inventory, listing, lookup_cost, task_cost, throttling, waiting
from .frame import ROUNDS, Section, machine

PICTURES = "pictures/benchmarks"
QUICK_ROUNDS = 1
QUICK_SIZES = (1000, 5000, 50_000)
QUICK_INSTANCES = (100, 2000)

SECTIONS: dict[str, Callable[[bool], Section]] = {
    "listing": lambda quick: listing.section(QUICK_ROUNDS if quick else ROUNDS),
    "growth": lambda quick: growth.section(QUICK_ROUNDS, QUICK_SIZES) if quick else growth.section(ROUNDS),
    "tasks": lambda quick: task_cost.section(5) if quick else task_cost.section(),
    "lookups": lambda quick: lookup_cost.section(QUICK_ROUNDS if quick else ROUNDS),
    "throttling": lambda quick: throttling.section(QUICK_ROUNDS if quick else ROUNDS),
    "fleet": lambda quick: fleet.section(*fleet.QUICK) if quick else fleet.section(),
    "waiting": lambda _quick: waiting.section(),
    "inventory": lambda quick: inventory.section(QUICK_ROUNDS, QUICK_INSTANCES) if quick else inventory.section(ROUNDS),
}
HEAD = """\
# Benchmarks

This page is written by `make bench`, and the figures of each part come from one run on one machine. What is compared
runs in turn, so that whatever disturbs the machine disturbs all of it. The figures are medians, with the lowest and the
highest in brackets. They are measured on the simulator in `tests/simulator`, a process of its own on the same machine;
no request reached the real API. `make bench ONLY=listing` runs one part and prints it; `WRITE=1` writes it here, too.

"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=list(SECTIONS), help="parts to run")
    parser.add_argument("--quick", action="store_true", help="fewer runs, to see that it works")
    parser.add_argument("--write", action="store_true", help="write these parts of docs/benchmarks.md")
    arguments = parser.parse_args()
    began = time.monotonic()
    sections = []
    for name in arguments.only:
        section = SECTIONS[name](arguments.quick)
        sections.append(section)
        print("\n".join(section.markdown(PICTURES)), flush=True)
    print(f"{len(sections)} parts in {time.monotonic() - began:.0f} s")
    if arguments.write:
        write(sections)
    unmet = [goal.show() for section in sections for goal in section.goals if not goal.met]
    print("\n".join(unmet), end="\n" if unmet else "")
    return 1 if unmet else 0


def write(sections: list[Section]) -> None:
    """Write these parts of the page and their pictures, each with the day and the machine; the others stay."""
    page = ROOT / "docs/benchmarks.md"
    folder = ROOT / "docs" / PICTURES
    folder.mkdir(parents=True, exist_ok=True)
    parts = dict(parts_of(page.read_text(encoding="utf-8"))) if page.exists() else {}
    for section in sections:
        title, *lines = section.markdown(PICTURES)
        measured = [f"Measured on {date.today().isoformat()}:", "", *machine(), ""]
        parts[title] = "\n".join([*lines, *measured]).strip()
        for name, picture in section.pictures.items():
            (folder / name).write_text(picture, encoding="utf-8")
    page.write_text(HEAD + "\n\n".join(f"{title}\n\n{text}" for title, text in parts.items()) + "\n", encoding="utf-8")


def parts_of(page: str) -> list[tuple[str, str]]:
    """Return the parts of a page: the heading of each, and its text."""
    pieces = re.split(r"^(## .*)$", page, flags=re.MULTILINE)
    return [(title, text.strip()) for title, text in zip(pieces[1::2], pieces[2::2], strict=True)]


if __name__ == "__main__":
    sys.exit(main())
