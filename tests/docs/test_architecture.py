"""What the architecture page says of the layers is true."""

from __future__ import annotations

import ast
import graphlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import ROOT

PLUGINS = ROOT / "plugins"
PAGE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
SOURCES = sorted(path for path in PLUGINS.rglob("*.py") if path.parent.name != "doc_fragments")


def layers_of_the_page() -> list[list[Path]]:
    """The files and folders of each layer, the highest first, as the page's table names them."""
    rows = [line.split("|") for line in PAGE.splitlines() if line.startswith("| ") and "`" in line]
    assert rows
    layers = [[PLUGINS / name.removeprefix("plugins/") for name in re.findall(r"`([^`]+)`", row[2])] for row in rows]
    assert all(place.exists() for layer in layers for place in layer)
    return layers


def layer_of(source: Path) -> int:
    found = [
        number
        for number, layer in enumerate(layers_of_the_page())
        if any(place == source or place in source.parents for place in layer)
    ]
    assert len(found) == 1, f"the page names {source.relative_to(ROOT)} {len(found)} times"
    return found[0]


def imported_by(source: Path) -> Iterator[Path]:
    """The files of the collection that a file imports when it runs; imports for types alone do not count."""
    for node in _run_time_nodes(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            package = source.parents[node.level - 1].joinpath(*(node.module or "").split("."))
            for alias in node.names:
                places = (package / f"{alias.name}.py", package.with_suffix(".py"), package / "__init__.py")
                yield next((place for place in places if place.exists()), package)


def _run_time_nodes(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING")):
            yield child
            yield from _run_time_nodes(child)


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(PLUGINS)))
def test_imports_run_downward(source: Path) -> None:
    upward = [str(path.relative_to(PLUGINS)) for path in imported_by(source) if layer_of(path) < layer_of(source)]
    assert not upward


def test_there_is_no_circle() -> None:
    graph = {source: set(imported_by(source)) - {source} for source in SOURCES}
    graphlib.TopologicalSorter(graph).prepare()


def test_nothing_below_the_second_layer_knows_ansible() -> None:
    below = [source for source in SOURCES if layer_of(source) > 1]
    assert below
    for source in below:
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            assert not [name for name in names if name.partition(".")[0] == "ansible"], source


def test_files_that_the_page_names_exist() -> None:
    named = re.findall(r"`((?:_api|_images|_instances|module_utils|plugin_utils)/\w+\.py)`", PAGE)
    assert len(named) > 10
    missing = [
        name for name in named if not any((base / name).exists() for base in (PLUGINS, PLUGINS / "module_utils"))
    ]
    assert not missing
