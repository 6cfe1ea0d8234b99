from __future__ import annotations

import json
from pathlib import Path

from ansible_collections.compshare.cloud.plugins.module_utils._journal import JOURNAL_NAME, journal_writer


def test_without_a_journal_nobody_writes(tmp_path: Path) -> None:
    assert journal_writer(None) is None
    assert journal_writer(str(tmp_path)) is None


def test_each_event_is_a_line(tmp_path: Path) -> None:
    journal = tmp_path / JOURNAL_NAME
    journal.touch()
    write = journal_writer(str(tmp_path))
    assert write is not None
    write({"kind": "note", "message": "训练\n环境"})
    write({"kind": "other"})
    lines = journal.read_text().splitlines()
    assert [json.loads(line) for line in lines] == [{"kind": "note", "message": "训练\n环境"}, {"kind": "other"}]


def test_a_journal_that_went_away_is_no_error(tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    (folder / JOURNAL_NAME).touch()
    write = journal_writer(str(folder))
    assert write is not None
    (folder / JOURNAL_NAME).unlink()
    folder.rmdir()
    write({"kind": "note"})
    assert not folder.exists()
