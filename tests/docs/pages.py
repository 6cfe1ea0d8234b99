"""The code blocks of a page, in the order in which a reader meets them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from antsibull_docutils.rst_code_finder import find_code_blocks
from markdown_it import MarkdownIt

ROOT = Path(__file__).resolve().parents[2]
GUIDES = ROOT / "docs/docsite/rst"


@dataclass(frozen=True)
class Block:
    """One code block: its language, its text, the line of the page that it begins on, and what stands before it.

    ``before`` is the text just before it, ``section`` the heading that it stands under; both are read of Markdown only.
    """

    language: str
    text: str
    line: int
    before: str = ""
    section: str = ""

    @property
    def file_name(self) -> str | None:
        """The file to save the block as, where the page says so.

        Either the text before the block is its name in backquotes and a colon, or the block's first line is a comment
        with its name, as in ``# find_images.yml``.
        """
        if named := re.fullmatch(r"`([\w./-]+)`:", self.before):
            return named[1]
        first = self.text.partition("\n")[0]
        name = first.removeprefix("# ")
        if first == name or " " in name or not Path(name).suffix:
            return None
        return name


def blocks_of(page: Path) -> list[Block]:
    """Every code block of a Markdown or reStructuredText page."""
    text = page.read_text(encoding="utf-8")
    return list(_in_markdown(text) if page.suffix == ".md" else _in_rst(text, page))


def _in_markdown(text: str) -> Iterator[Block]:
    before = section = ""
    in_heading = False
    for token in MarkdownIt().parse(text):
        if token.type == "inline":
            before = token.content
            section = before if in_heading else section
        elif token.type in ("fence", "code_block"):
            yield Block(token.info.strip() or "text", token.content, (token.map or [0])[0] + 1, before, section)
        in_heading = token.type == "heading_open"


def _in_rst(text: str, page: Path) -> Iterator[Block]:
    for found in find_code_blocks(text, path=str(page)):
        yield Block(found.language or "text", found.content, found.row_offset + 1)


def english_pages() -> list[Path]:
    """The README and the guides in English."""
    guides = [page for page in sorted(GUIDES.glob("*.rst")) if not page.stem.endswith("_zh")]
    return [ROOT / "README.md", *guides]


def in_chinese(page: Path) -> Path:
    """Where the Chinese version of an English page is."""
    return page.with_name("README.zh-CN.md" if page.suffix == ".md" else f"{page.stem}_zh{page.suffix}")
