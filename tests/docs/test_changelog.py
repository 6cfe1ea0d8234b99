"""What `make package` requires of the changelog before a release."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.tools.package import changelog_gaps

RELEASE = {
    "modules": [{"name": "one"}],
    "plugins": {"lookup": [{"name": "two"}]},
    "objects": {"role": [{"name": "three"}]},
}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A collection with a module, a lookup and a role, and a release that announces them."""
    for file in (
        "plugins/modules/one.py",
        "plugins/lookup/two.py",
        "roles/three/meta/main.yml",
        "changelogs/changelog.yaml",
    ):
        (tmp_path / file).parent.mkdir(parents=True)
        (tmp_path / file).touch()
    write(tmp_path, "1.0.0", {"1.0.0": RELEASE})
    return tmp_path


def write(source: Path, version: str, releases: dict[str, object]) -> None:
    (source / "galaxy.yml").write_text(f"version: {version}\n")
    (source / "changelogs/changelog.yaml").write_text(yaml.safe_dump({"releases": releases}))
    (source / "CHANGELOG.md").write_text("".join(f"## v{number.replace('.', chr(92) + '.')}\n" for number in releases))


def test_everything_is_announced(source: Path) -> None:
    assert list(changelog_gaps(source)) == []


def test_what_an_earlier_release_announced_is_not_new(source: Path) -> None:
    write(source, "1.1.0", {"1.0.0": RELEASE, "1.1.0": {"changes": {}}})
    assert list(changelog_gaps(source)) == []


def test_version_without_an_entry_is_named(source: Path) -> None:
    write(source, "1.1.0", {"1.0.0": RELEASE})
    assert list(changelog_gaps(source)) == ["the changelog says nothing about 1.1.0"]


@pytest.mark.parametrize("kind", ["modules", "plugins", "objects"])
def test_what_is_not_announced_is_named(source: Path, kind: str) -> None:
    write(source, "1.0.0", {"1.0.0": {name: entries for name, entries in RELEASE.items() if name != kind}})
    name = {"modules": "module one", "plugins": "lookup two", "objects": "role three"}[kind]
    assert list(changelog_gaps(source)) == [f"the changelog says nothing about the {name}"]


def test_nothing_is_required_between_releases(source: Path) -> None:
    write(source, "1.1.0-dev0", {})
    assert list(changelog_gaps(source)) == []
