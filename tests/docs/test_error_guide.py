"""The guides name every RetCode that the client knows, in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.retcodes import RETCODES
from tests.tools import error_guide
from tests.tools.error_guide import GUIDES, tables, with_tables


@pytest.mark.parametrize("language", GUIDES)
def test_every_code_has_a_row(language: str) -> None:
    codes = [int(line.removeprefix("   * - ")) for line in tables(language).splitlines() if line.startswith("   * - 2")]
    assert codes == sorted(int(code) for code in RETCODES if str(code).startswith("2"))
    assert all(f"   * - {entry.code}\n" in tables(language) for entry in RETCODES.values())


@pytest.mark.parametrize("language", GUIDES)
def test_guide_is_up_to_date(language: str) -> None:
    text = GUIDES[language].read_text(encoding="utf-8")
    assert with_tables(text, language) == text, "run: make error-guide"


def test_only_what_stands_between_the_marks_is_written() -> None:
    begin, end = ".. RetCodes: written by `make error-guide`, from here\n", ".. RetCodes: to here\n"
    written = with_tables(f"Before.\n\n{begin}\nold\n\n{end}\nAfter.\n", "en")
    assert written.startswith(f"Before.\n\n{begin}")
    assert written.endswith(f"{end}\nAfter.\n")
    assert "\n\nold\n\n" not in written
    assert "The signature is wrong" in written


def test_guide_without_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="lacks the marks"):
        with_tables("No marks.\n", "en")


def test_sentence_without_chinese_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = tmp_path / "errors_zh.yml"
    texts.write_text("- en: too many requests\n  zh: 请求过于频繁\n", encoding="utf-8")
    monkeypatch.setattr(error_guide, "CHINESE", texts)
    with pytest.raises(KeyError, match="The gateway and the request"):
        tables("zh")
