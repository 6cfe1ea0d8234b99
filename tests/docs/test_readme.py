"""README.md in both languages: every link leads somewhere, and everything that the collection has is listed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.pages import ROOT
from tests.tools.matrix import CONTROLLER_PYTHON, OLDEST_TARGET_PYTHON

PAGES = ["README.md", "README.zh-CN.md"]


def links_of(page: str) -> list[str]:
    text = (ROOT / page).read_text(encoding="utf-8")
    return [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if not link.startswith("https://")]


def anchor_of(heading: str) -> str:
    """Return the anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    anchors = {f"#{anchor_of(heading)}" for heading in re.findall(r"(?m)^#+ (.*)$", text)}
    assert [link for link in links_of(page) if not (link in anchors or (ROOT / link).exists())] == []


@pytest.mark.parametrize("page", PAGES)
def test_everything_is_listed(page: str) -> None:
    there = [
        *(f"plugins/modules/{path.name}" for path in (ROOT / "plugins/modules").glob("*.py")),
        *(f"examples/{path.name}" for path in (ROOT / "examples").glob("*.yml")),
        *(f"playbooks/{path.name}" for path in (ROOT / "playbooks").glob("*.yml")),
        *(f"roles/{path.name}" for path in (ROOT / "roles").iterdir()),
        *(f"docs/docsite/rst/{path.name}" for path in guides_of(page)),
    ]
    assert sorted(set(there) - {link.removesuffix("/README.md") for link in links_of(page)}) == []


def guides_of(page: str) -> list[Path]:
    chinese = "zh" in page
    return [path for path in (ROOT / "docs/docsite/rst").glob("guide_*.rst") if path.stem.endswith("_zh") is chinese]


@pytest.mark.parametrize("page", PAGES)
def test_versions_are_those_that_are_tested(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    [row] = [line for line in text.splitlines() if line.startswith("| ansible-core |")]
    assert re.findall(r"\d\.\d+", row) == list(CONTROLLER_PYTHON)
    badge = (ROOT / "docs/pictures/badge_core.svg").read_text(encoding="utf-8")
    assert f"{min(CONTROLLER_PYTHON)} – {max(CONTROLLER_PYTHON)}" in badge
    assert f"{OLDEST_TARGET_PYTHON}+" in (ROOT / "docs/pictures/badge_python.svg").read_text(encoding="utf-8")
