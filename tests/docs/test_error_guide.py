"""The guides name every RetCode that the client knows, in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tools import error_guide
from tests.tools.error_guide import Language, chinese, english, known_codes, tables, with_tables

LANGUAGES = [english(), chinese()]


@pytest.mark.parametrize("language", LANGUAGES, ids=["English", "Chinese"])
def test_every_code_has_a_row(language: Language) -> None:
    codes = [int(line.removeprefix("   * - ")) for line in tables(language).splitlines() if line.startswith("   * - 2")]
    assert codes == [entry.code for entry in known_codes() if str(entry.code).startswith("2")]
    assert all(f"   * - {entry.code}\n" in tables(language) for entry in known_codes())


@pytest.mark.parametrize("language", LANGUAGES, ids=["English", "Chinese"])
def test_guide_is_up_to_date(language: Language) -> None:
    text = (error_guide.GUIDES / language.guide).read_text(encoding="utf-8")
    assert with_tables(text, language) == text


def test_only_what_stands_between_the_marks_is_written() -> None:
    guide = f"Before.\n\n{error_guide.BEGIN}\n\nold\n\n{error_guide.END}\n\nAfter.\n"
    written = with_tables(guide, english())
    assert written.startswith(f"Before.\n\n{error_guide.BEGIN}\n")
    assert written.endswith(f"{error_guide.END}\n\nAfter.\n")
    assert "\n\nold\n\n" not in written
    assert "The signature is wrong" in written


def test_guide_without_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="lacks the mark"):
        with_tables("No marks.\n", english())


def test_sentence_without_chinese_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = tmp_path / "errors_zh.yml"
    texts.write_text("- en: too many requests\n  zh: 请求过于频繁\n", encoding="utf-8")
    monkeypatch.setattr(error_guide, "CHINESE", texts)
    with pytest.raises(error_guide.MissingTextError, match="has no Chinese for: the platform behind the gateway"):
        tables(chinese())
