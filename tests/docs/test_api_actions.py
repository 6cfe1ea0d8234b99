"""docs/api_actions.md names every action of the vendor's SDK and command line, and what serves it in the code."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.tools.trees import ROOT

ROW = re.compile(r"\| `(\w+)` \| ([^|]+) \| ([^|]*)\|")


def rows() -> Iterator[tuple[str, list[str], str]]:
    """Yield action, names that serve it, and the reason why it has no module."""
    text = (ROOT / "docs/api_actions.md").read_text(encoding="utf-8")
    for action, served, why in ROW.findall(text):
        yield action, re.findall(r"`(\w+)`", served), why.strip()


def code() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "plugins").rglob("*.py"))


def test_every_action_of_sdk_and_command_line_is_there() -> None:
    apis = pytest.importorskip("ucloud.services.ucompshare.schemas.apis")
    vendor = pytest.importorskip("compshare_cli.actions")
    sdk = {name.removesuffix("RequestSchema") for name in vars(apis) if name.endswith("RequestSchema")} - {""}
    named = sdk | vendor.PUBLIC_ACTIONS | vendor.UNAVAILABLE_ACTIONS
    listed = [action for action, _served, _why in rows()]
    assert len(listed) == len(set(listed))
    assert set(listed) == named
    assert f"name {len(listed)} actions" in (ROOT / "docs/api_actions.md").read_text(encoding="utf-8")


def test_what_serves_an_action_exists_and_the_rest_has_a_reason() -> None:
    plugins = {
        path.stem for folder in ("modules", "lookup", "inventory") for path in (ROOT / "plugins" / folder).iterdir()
    }
    for action, served, why in rows():
        assert set(served) <= plugins, action
        assert bool(why) == (served in ([], ["compshare_api"])), action


def test_the_code_calls_exactly_the_actions_that_modules_serve() -> None:
    text = code()
    for action, served, _why in rows():
        called = re.search(rf'"{action}"', text) is not None
        assert called == (served not in ([], ["compshare_api"])), action
