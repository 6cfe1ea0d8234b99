"""The figures of long runs: a JSON file for each thing that was shown, from which docs/reliability.md is written."""

from __future__ import annotations

import hashlib
import json
import platform
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.tools.trees import ROOT

#: Where a long run leaves its figures: ``SECTION/NAME.json`` in this folder.
FOLDER = ROOT / "build/reliability"
#: The parts of the page, in its order.
SECTIONS = ("faults", "properties", "fuzzing", "secrets", "hostile-text", "load", "interrupts")


@dataclass(frozen=True)
class Record:
    """What one test showed.

    ``what`` says it in a few words, and is the only one of its section with these words. ``figures`` has a short name,
    with the unit where there is one, for each number, text or truth value. ``date`` is the day in UTC.
    """

    section: str
    what: str
    figures: Mapping[str, Any]
    date: str
    ansible_core: str
    python: str


def write_record(folder: Path, section: str, what: str, figures: Mapping[str, Any]) -> None:
    """Keep what a test showed; figures of an earlier run of the same thing are replaced."""
    if section not in SECTIONS:
        raise ValueError(f"{section!r} is no section of the page: {', '.join(SECTIONS)}")
    if not figures:
        raise ValueError(f"{what}: a record has at least one figure")
    today = datetime.now(UTC).date().isoformat()
    record = Record(section, what, figures, today, version("ansible-core"), platform.python_version())
    digest = hashlib.sha256(what.encode()).hexdigest()[:8]
    path = folder / section / f"{re.sub(r'[^a-z0-9]+', '-', what.lower())[:60].strip('-')}-{digest}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(record), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def read_records(folder: Path, section: str) -> list[Record]:
    """Return what was kept in a section, in the order of ``what``."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in (folder / section).glob("*.json")]
    return sorted((Record(**record) for record in found), key=lambda record: record.what)
