"""Write the tables of RetCodes into the guides 'errors and what to do', from what the client itself knows of them.

``python -m tests.tools.error_guide`` writes them; with ``--check`` it only checks whether they are up to date.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.tools.trees import ROOT, link_tree

GUIDES = ROOT / "docs/docsite/rst"
CHINESE = ROOT / "docs/site/errors_zh.yml"
BEGIN = ".. RetCodes: written by `make error-guide`, from here"
END = ".. RetCodes: to here"

# The first code of each part, with its heading in English and Chinese.
PARTS = (
    (0, "The gateway and the request (up to 999)", "网关与请求（999 及以下）"),
    (1000, "Instances, images and orders (8xxx)", "实例、镜像与订单（8xxx）"),
    (100_000, "CompShare (226xxx)", "优云智算平台（226xxx）"),
)


@dataclass(frozen=True)
class Language:
    """How the tables read in one language; ``retry`` says for each Retry value when a request is retried."""

    guide: str
    column_titles: tuple[str, str, str]
    retry: dict[str, str]
    part_title: Callable[[tuple[int, str, str]], str]
    text: Callable[[str], str]
    underline_width: Callable[[str], int]


class MissingTextError(KeyError):
    """A sentence of the RetCode table has no Chinese one."""

    def __str__(self) -> str:
        return f"{CHINESE.name} has no Chinese for: {self.args[0]}"


def english() -> Language:
    retry = {"never": "never", "read": "if it only reads", "throttle": "always", "busy": "by tasks that wait"}
    return Language(
        guide="guide_errors.rst",
        column_titles=("RetCode", "What it means, and what to do", "Retried"),
        retry=retry,
        part_title=lambda part: part[1],
        text=lambda sentence: sentence,
        underline_width=len,
    )


def chinese() -> Language:
    pairs: list[dict[str, str]] = yaml.safe_load(CHINESE.read_text(encoding="utf-8"))
    texts = {pair["en"]: pair["zh"] for pair in pairs}

    def translated(sentence: str) -> str:
        if sentence not in texts:
            raise MissingTextError(sentence)
        return texts[sentence]

    retry = {"never": "不重试", "read": "查询会重试", "throttle": "总会重试", "busy": "等待型任务会重试"}
    return Language(
        guide="guide_errors_zh.rst",
        column_titles=("RetCode", "含义与处理办法", "自动重试"),
        retry=retry,
        part_title=lambda part: part[2],
        text=translated,
        underline_width=lambda title: 2 * len(title),
    )


def known_codes() -> list[Any]:
    """The client's own table, in the order of the codes."""
    collections = str(link_tree())
    if collections not in sys.path:
        sys.path.insert(0, collections)
    retcodes = importlib.import_module("ansible_collections.compshare.cloud.plugins.module_utils._api.retcodes")
    return sorted(retcodes.RETCODES.values(), key=lambda entry: int(entry.code))


def tables(language: Language) -> str:
    """All codes as reStructuredText, one table for each part."""
    return "\n".join(_lines(language, known_codes()))


def _lines(language: Language, entries: list[Any]) -> Iterator[str]:
    ends = [part[0] for part in PARTS[1:]] + [sys.maxsize]
    for part, end in zip(PARTS, ends, strict=True):
        title = language.part_title(part)
        yield from (title, "^" * language.underline_width(title), "")
        yield from (".. list-table::", "   :header-rows: 1", "   :widths: 12 68 20", "   :class: retcodes", "")
        yield from _row(*language.column_titles)
        for entry in entries:
            if part[0] <= entry.code < end:
                yield from _row(str(entry.code), _explained(language, entry), language.retry[entry.retry.value])
        yield ""


def _row(code: str, text: str, retry: str) -> Iterator[str]:
    yield f"   * - {code}"
    yield f"     - {text}"
    yield f"     - {retry}"


def _explained(language: Language, entry: Any) -> str:
    meaning = language.text(entry.meaning).rstrip(".。")
    meaning = meaning[0].upper() + meaning[1:]
    stop = "." if meaning.isascii() else "。"
    hint = f" {language.text(entry.hint)}" if entry.hint else ""
    return f"**{meaning}{stop}**{hint}"


def with_tables(guide: str, language: Language) -> str:
    """Return a guide's text with the tables between its two marks written anew."""
    before, begin, rest = guide.partition(BEGIN + "\n")
    _old, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{language.guide} lacks the mark {BEGIN!r} or {END!r}")
    return f"{before}{begin}\n{tables(language)}\n{end}{after}"


def main() -> int:
    parser = argparse.ArgumentParser(description="Write the tables of RetCodes into the guides.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a guide is out of date")
    args = parser.parse_args()
    stale = []
    for language in (english(), chinese()):
        path = GUIDES / language.guide
        text = path.read_text(encoding="utf-8")
        fresh = with_tables(text, language)
        if fresh != text:
            stale.append(path)
            if not args.check:
                path.write_text(fresh, encoding="utf-8")
    if args.check and stale:
        print(f"Out of date: {', '.join(str(Path(path).relative_to(ROOT)) for path in stale)}. Run: make error-guide")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
