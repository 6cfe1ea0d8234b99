"""Editors complete what they find: the language server of Ansible skips files whose names begin with an underscore."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest
import yaml

PLUGINS = Path(__file__).resolve().parents[4] / "plugins"
FRAGMENTS = sorted((PLUGINS / "doc_fragments").glob("*.py"))
DOCUMENTED = sorted([*(PLUGINS / "modules").glob("compshare_*.py"), *(PLUGINS / "lookup").glob("*.py")])


def _texts(path: Path) -> dict[str, str]:
    """Return the texts that a file assigns to names in capitals."""
    if path.parent.name == "doc_fragments":
        package = "ansible_collections.compshare.cloud.plugins.doc_fragments"
        owner = vars(importlib.import_module(f"{package}.{path.stem}").ModuleDocFragment)
    else:
        owner = _constants(path)
    return {name: text for name, text in owner.items() if isinstance(text, str) and name.isupper()}


def _constants(path: Path) -> dict[str, str]:
    return {
        node.targets[0].id: node.value.value
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    }


@pytest.mark.parametrize("path", FRAGMENTS, ids=lambda path: path.stem)
def test_a_fragment_with_options_has_a_public_name(path: Path) -> None:
    documents = [yaml.safe_load(text) for text in _texts(path).values()]
    assert documents
    assert not path.stem.startswith("_") or not any("options" in document for document in documents)


@pytest.mark.parametrize("path", DOCUMENTED, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_the_fragments_of_a_plugin_exist(path: Path) -> None:
    names = yaml.safe_load(_texts(path)["DOCUMENTATION"]).get("extends_documentation_fragment", [])
    ours = [name.split(".")[2:] for name in names if name.startswith("compshare.cloud.")]
    assert ours
    for file, *part in ours:
        texts = _texts(PLUGINS / "doc_fragments" / f"{file}.py")
        assert (part or ["documentation"])[0].upper() in texts, f"{path.name}: {file}"
