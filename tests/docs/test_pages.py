"""Following each page word for word works."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.docs.conftest import Release
from tests.docs.pages import ROOT, Block, blocks_of, english_pages, in_chinese
from tests.docs.reader import Reader
from tests.tools.trees import IN_TREE

INSTALL = "ansible-galaxy collection install compshare.cloud"


@pytest.mark.slow
@pytest.mark.parametrize("page", english_pages(), ids=lambda page: page.stem)
def test_page_holds(page: Path, make_reader: Callable[..., Reader], installed: Path) -> None:
    blocks = blocks_of(page)
    assert blocks, "a page without a command or a playbook helps nobody"
    installs = any(INSTALL in block.text for block in blocks)
    reader = make_reader(None if installs else installed)
    reader.follow(blocks)
    in_home = Path(reader.environment["HOME"], ".ansible/collections", IN_TREE)
    assert in_home.is_dir() == installs


@pytest.mark.parametrize("page", english_pages(), ids=lambda page: page.stem)
def test_chinese_page_has_the_same_blocks(page: Path) -> None:
    """What holds for the English page holds for the Chinese one."""
    chinese = in_chinese(page)
    assert chinese.exists()
    assert _executed(chinese) == _executed(page)


def _executed(page: Path) -> list[tuple[str, str]]:
    return [(block.language, block.text) for block in blocks_of(page) if block.language != "text"]


@pytest.mark.slow
def test_steps_to_add_a_module_hold(make_reader: Callable[..., Reader], release: Release, installed: Path) -> None:
    reader = make_reader(installed)
    reader.run(f"git clone --quiet {release.source} clone")
    reader.run("cd clone")
    reader.follow(blocks_of(ROOT / "docs/adding_a_module.md"))


def test_nothing_chinese_stands_alone() -> None:
    english = {in_chinese(page) for page in english_pages()}
    chinese = set(english_pages()[1].parent.glob("*_zh.rst"))
    assert chinese <= english


def test_blocks_are_found_in_both_formats(tmp_path: Path) -> None:
    markdown, rst = tmp_path / "page.md", tmp_path / "page.rst"
    markdown.write_text("Text.\n\n```yaml\n# a.yml\n---\nb: 1\n```\n")
    rst.write_text("Text.\n\n.. code-block:: yaml\n\n   # a.yml\n   ---\n   b: 1\n\n")
    for page in (markdown, rst):
        (block,) = blocks_of(page)
        assert (block.language, block.text.rstrip(), block.file_name) == ("yaml", "# a.yml\n---\nb: 1", "a.yml")
        assert isinstance(block, Block)


def test_section_is_the_heading_above(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# One\n\nText.\n\n```console\n$ a\n```\n\n## Two words\n\n```console\n$ b\n```\n\n```console\n$ c\n```\n"
    )
    assert [block.section for block in blocks_of(page)] == ["One", "Two words", "Two words"]


@pytest.mark.parametrize("page", [in_chinese(page) for page in english_pages()], ids=lambda page: page.stem)
def test_chinese_paragraphs_stand_on_one_line(page: Path) -> None:
    """HTML makes a space of a line break, which does not belong between Chinese letters."""
    text = page.read_text(encoding="utf-8")
    letter = "[\u3001-\u3011\u4e00-\u9fff\uff01-\uff1f]"
    assert not re.findall(f".*{letter}\n *{letter}.*", text)
