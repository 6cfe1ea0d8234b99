from __future__ import annotations

import re
from pathlib import Path

import pytest

MODULES = sorted((Path(__file__).parents[4] / "plugins/modules").glob("compshare_*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_mitogen_knows_a_module(path: Path) -> None:
    """Mitogen runs a file without such an import as a script, where relative imports fail."""
    assert re.search(r"^from ansible_collections\.", path.read_text(encoding="utf-8"), re.MULTILINE)
