from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from ansible import constants, context

from ansible_collections.compshare.cloud.plugins.plugin_utils._flush_cache import flushed_at


@pytest.fixture(autouse=True)
def run_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files of one run, which has --flush-cache."""
    monkeypatch.setattr(constants, "DEFAULT_LOCAL_TMP", str(tmp_path))
    monkeypatch.setattr(context, "CLIARGS", {"flush_cache": True})
    return tmp_path


@pytest.mark.parametrize("arguments", [{}, {"flush_cache": False}, {"flush_cache": None}])
def test_a_run_without_the_option_flushes_nothing(
    run_folder: Path, arguments: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(context, "CLIARGS", arguments)
    assert flushed_at() == 0
    assert list(run_folder.iterdir()) == []


def test_all_lookups_of_a_run_flush_once(run_folder: Path) -> None:
    first = flushed_at()
    assert abs(first - time.time()) < 5
    [marker] = run_folder.iterdir()
    os.utime(marker, (first - 100, first - 100))
    assert flushed_at() == pytest.approx(first - 100)


def test_another_run_flushes_anew(run_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    flushed_at()
    [marker] = run_folder.iterdir()
    os.utime(marker, (0, 0))
    constants.DEFAULT_LOCAL_TMP = str(tmp_path_factory.mktemp("other"))
    assert flushed_at() > 0


def test_where_no_file_can_be_created_each_lookup_flushes(run_folder: Path) -> None:
    constants.DEFAULT_LOCAL_TMP = str(run_folder / "missing")
    assert abs(flushed_at() - time.time()) < 5
