from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.version import VERSION


def test_the_client_names_the_version_of_the_collection() -> None:
    yaml = pytest.importorskip("yaml")
    root = Path(__file__).parents[5]
    assert yaml.safe_load((root / "galaxy.yml").read_text(encoding="utf-8"))["version"] == VERSION
