"""A release announces its version, and everything that has come since the first release."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.docs.pages import ROOT

VERSION = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["version"]
RELEASES = yaml.safe_load((ROOT / "changelogs/changelog.yaml").read_text(encoding="utf-8"))["releases"]
# Where that is which a changelog announces when it is new.
CONTENT = {"module": "plugins/modules", "lookup": "plugins/lookup", "inventory": "plugins/inventory", "role": "roles"}

pytestmark = pytest.mark.skipif("-" in VERSION, reason="between releases, the changelog may lack anything")


def new_in(release: dict[str, Any], kind: str) -> set[str]:
    entries = {"module": release.get("modules", []), **release.get("plugins", {}), **release.get("objects", {})}
    return {entry["name"] for entry in entries.get(kind, [])}


def test_version_has_an_entry() -> None:
    assert VERSION in RELEASES
    assert f"## v{VERSION}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").replace("\\", "")


@pytest.mark.parametrize("kind", CONTENT)
def test_everything_is_announced(kind: str) -> None:
    there = {path.stem for path in (ROOT / CONTENT[kind]).glob("[!_]*")}
    announced = set().union(*(new_in(release, kind) for release in RELEASES.values()))
    assert there
    assert there - announced == set()
