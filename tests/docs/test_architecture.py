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
LONGEST_CHAIN = 10
PAGE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
OURS = ["ansible_collections", "compshare", "cloud", "plugins"]
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
    """The files of the collection that a file imports, those for types alone included."""
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.ImportFrom):
            continue
        path = (node.module or "").split(".")
        if node.level or path[:4] == OURS:
            # Modules import one file absolutely, which Mitogen looks for.
            package = source.parents[node.level - 1].joinpath(*path) if node.level else PLUGINS.joinpath(*path[4:])
            for alias in node.names:
                places = (package / f"{alias.name}.py", package.with_suffix(".py"), package / "__init__.py")
                yield next((place for place in places if place.exists()), package)


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(PLUGINS)))
def test_imports_run_downward(source: Path) -> None:
    upward = [str(path.relative_to(PLUGINS)) for path in imported_by(source) if layer_of(path) < layer_of(source)]
    assert not upward


def test_there_is_no_circle() -> None:
    graph = {source: set(imported_by(source)) - {source} for source in SOURCES}
    graphlib.TopologicalSorter(graph).prepare()


def test_chains_of_imports_are_short() -> None:
    """A reader who follows imports downward passes few files."""
    graph = {source: set(imported_by(source)) - {source} for source in SOURCES}
    chains: dict[Path, list[str]] = {}
    for source in graphlib.TopologicalSorter(graph).static_order():
        below = max((chains[place] for place in graph.get(source, ())), key=len, default=[])
        chains[source] = [str(source.relative_to(PLUGINS)), *below]
    # An action only names its module, so nobody reads on from there.
    longest = max((chain for source, chain in chains.items() if source.parent.name != "action"), key=len)
    assert len(longest) <= LONGEST_CHAIN, " -> ".join(longest)


def test_the_parts_of_an_instance_task_do_not_import_each_other() -> None:
    section = PAGE.partition("## How an instance reaches its state")[2].partition("\n## ")[0]
    listed = section.partition("The parts stand side by side")[2].partition(". All of them")[0]
    parts = {PLUGINS / "module_utils/_instances" / name for name in re.findall(r"`(\w+\.py)`", listed)}
    assert len(parts) == 6
    assert all(parts.isdisjoint(imported_by(part)) for part in parts)


def test_instances_use_only_what_finds_images() -> None:
    images = PLUGINS / "module_utils/_images"
    used = {
        place.stem
        for source in SOURCES
        if source.parent.name == "_instances"
        for place in imported_by(source)
        if place.parent == images
    }
    assert used <= {"query", "model", "sources"}


#: Files with a loop of their own: the client's retries and its shared files, the schedule of builds, and the lease,
#: which lasts as long as another process.
SLEEPERS = {
    "module_utils/_waiting.py",
    "module_utils/_pending.py",
    "module_utils/_api/clock.py",
    "module_utils/_api/client.py",
    "module_utils/_api/limiter.py",
    "module_utils/_api/list_cache.py",
    "module_utils/_api/private_files.py",
    "module_utils/_builds/wait.py",
    "module_utils/_instances/lease.py",
}


def test_few_files_sleep() -> None:
    """Everything else waits with _waiting.py, so that no interval, deadline or transient error is forgotten."""
    sleeping = {
        str(source.relative_to(PLUGINS))
        for source in SOURCES
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "sleep"
    }
    assert sleeping == SLEEPERS


def test_nothing_below_the_second_layer_knows_ansible() -> None:
    below = [source for source in SOURCES if layer_of(source) > 1]
    assert below
    for source in below:
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            assert not [name for name in names if name.partition(".")[0] == "ansible"], source


def test_the_picture_has_every_place_of_the_table() -> None:
    picture = (ROOT / "docs/pictures/layers.svg").read_text(encoding="utf-8")
    for place in (place for layer in layers_of_the_page() for place in layer):
        assert f">{place.name}{'/' if place.is_dir() else ''}" in picture, place.name


def test_one_file_knows_http() -> None:
    importers = [
        path.name
        for path in SOURCES
        if re.search(r"(?m)^\s*(import|from) (requests|urllib3)\b", path.read_text(encoding="utf-8"))
    ]
    assert importers == re.findall(r"Only `_api/(\w+\.py)` imports requests", PAGE)


def test_modules_are_as_thin_as_the_page_says() -> None:
    said = int(re.findall(r"No module has more than (\d+) lines beside its documentation", PAGE)[0])
    for source in (PLUGINS / "modules").glob("*.py"):
        text = source.read_text(encoding="utf-8")
        documented = [node for node in ast.parse(text).body if isinstance(node, ast.Assign)]
        lines = len(text.splitlines()) - sum((node.end_lineno or 0) - node.lineno + 1 for node in documented)
        assert lines <= said, source.name


def test_files_that_the_page_names_exist() -> None:
    named = re.findall(r"`((?:_api|_images|_instances|module_utils|plugin_utils)/\w+\.py)`", PAGE)
    assert len(named) > 10
    missing = [
        name for name in named if not any((base / name).exists() for base in (PLUGINS, PLUGINS / "module_utils"))
    ]
    assert not missing
