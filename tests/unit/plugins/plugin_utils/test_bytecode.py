from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest
from ansible.utils.collection_loader._collection_finder import _AnsibleCollectionFinder

from ansible_collections.compshare.cloud.plugins.plugin_utils import _bytecode
from ansible_collections.compshare.cloud.plugins.plugin_utils._bytecode import keep_bytecode

PLUGINS = _bytecode.__name__.rpartition(".plugin_utils.")[0]


@pytest.fixture
def finder(monkeypatch: pytest.MonkeyPatch) -> type[_bytecode._Finder]:
    first, core, last = object(), _AnsibleCollectionFinder(), object()
    monkeypatch.setattr(sys, "meta_path", [first, core, last])
    keep_bytecode()
    keep_bytecode()
    before, finder, *after = sys.meta_path
    monkeypatch.undo()
    assert finder is _bytecode._Finder
    assert (before, after) == (first, [core, last])
    return finder


def test_without_the_loader_of_the_core_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "meta_path", [])
    keep_bytecode()
    assert sys.meta_path == []


@pytest.mark.parametrize(
    "name",
    [
        "requests",
        "ansible.module_utils.basic",
        "ansible_collections.compshare.other.plugins.module_utils.values",
        "ansible_collections.compshare.cloud_two.plugins.module_utils.values",
        f"{PLUGINS}.module_utils",
        f"{PLUGINS}.module_utils.no_such_file",
        f"{PLUGINS}.lookup.values",
    ],
)
def test_everything_else_is_left_to_others(finder: type[_bytecode._Finder], name: str, tmp_path: Path) -> None:
    (tmp_path / "values.py").write_text("")
    (tmp_path / "no_such_file").mkdir()
    assert finder.find_spec(name, [str(tmp_path)]) is None
    assert finder.find_spec(name, None) is None


def test_the_bytecode_of_a_shared_file_is_kept_until_the_file_changes(
    finder: type[_bytecode._Finder], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path / "kept"))
    name, source = f"{PLUGINS}.module_utils.rate", tmp_path / "rate.py"

    def value() -> object:
        spec = finder.find_spec(name, ["/no/such/folder", str(tmp_path)])
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module.VALUE

    source.write_text("VALUE = 1")
    assert value() == 1
    [kept] = (tmp_path / "kept").rglob("rate*.pyc")
    written = kept.stat().st_mtime_ns
    assert value() == 1
    assert kept.stat().st_mtime_ns == written
    source.write_text("VALUE = 'two'")
    assert value() == "two"
