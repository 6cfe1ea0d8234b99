"""playbooks/report.yml: one page that stands alone, whatever the account has and whatever its names are."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.compshare.cloud.tests.simulator.fixtures import MakeWorld
from ansible_collections.compshare.cloud.tests.simulator.world import World

from .runs import PLAYBOOK_COMMAND, ROOT, Run

pytestmark = pytest.mark.playbook

HOSTILE = "<script>alert(1)</script>\"'{{ 7 * 191 }}<img src=x onerror=alert(2)>"
WITHOUT_END = {"meta", "rect", "br", "img"}
#: What makes a browser load something from elsewhere.
LOADING = ("src", "href", "srcset", "action", "poster", "data")


class Page(HTMLParser):
    """A page taken apart: its rows of cells by section, and whatever is wrong with it."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.faults: list[str] = []
        self.rows: dict[str, list[list[str]]] = {}
        self.tiles: dict[str, str] = {}
        self._section = ""
        self._cell: list[str] | None = None
        self._texts: list[str] = []
        self.feed(text)
        self.close()
        self.faults += [f"<{tag}> is never closed" for tag in self.open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.faults += [f"<{tag} {name}> loads something" for name, _value in attrs if name in LOADING]
        self.faults += [f"<{tag} {name}> is code" for name, _value in attrs if name.startswith("on")]
        if tag in ("script", "link", "iframe", "object", "embed", "img"):
            self.faults.append(f"there is a <{tag}>")
        if tag not in WITHOUT_END:
            self.open.append(tag)
        if tag == "section":
            self._section = dict(attrs)["id"] or ""
        elif tag == "tr":
            self.rows.setdefault(self._section, []).append([])
        elif tag in ("td", "th"):
            self._cell = []

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in WITHOUT_END:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes nothing")
        if tag in ("td", "th") and self._cell is not None:
            self.rows[self._section][-1].append(" ".join("".join(self._cell).split()))
            self._cell = None
        if tag == "span" and len(self._texts) == 2:
            self.tiles[self._texts[1]] = self._texts[0]

    def handle_data(self, data: str) -> None:
        text = data
        if self._cell is not None:
            self._cell.append(text)
        if text.strip() and self.open and self.open[-1] in ("b", "span"):
            self._texts = [text.strip()] if self.open[-1] == "b" else [*self._texts[:1], text.strip()]

    def body(self, section: str) -> list[list[str]]:
        return self.rows.get(section, [[]])[1:]


Report = Callable[..., Page]


@pytest.fixture
def report(tmp_path: Path) -> Report:
    def write(world: World, **variables: Any) -> Page:
        path = tmp_path / "report.html"
        run = Run(tmp_path, world, [])
        extra = [argument for name, value in variables.items() for argument in ("-e", f"{name}={value}")]
        run.command = [*PLAYBOOK_COMMAND, str(ROOT / "playbooks/report.yml"), "-e", f"report_path={path}", *extra]
        done: subprocess.CompletedProcess[str] = run.plain()
        assert done.returncode == 0, done.stdout + done.stderr
        text = path.read_text(encoding="utf-8")
        assert path.stat().st_mode & 0o777 == 0o600
        assert not re.search(r"url\(|@import|https?://", text)
        assert world.private_key not in text
        page = Page(text)
        assert page.faults == []
        return page

    return write


def test_what_the_account_has_and_costs(report: Report, make_world: MakeWorld) -> None:
    trace = {"image_id": "compshareImage-b1", "name": "b1", "duration": 600, "started_ago": 300}
    world = make_world(traces=[trace])
    instances = [one.row for one in world.instances.all.values()]
    running = [row for row in instances if row["State"] == "Running"]
    for row in running:
        row.update(InstancePrice=1.5, DiskPrice=0.25, CompShareImagePrice=0)
    page = report(world)
    assert page.tiles["Running instances"] == f"{len(running)} / {len(instances)}"
    assert page.tiles["Cost per hour"] == f"¥{1.75 * len(running):,.2f}"
    assert page.tiles["Cost per day"] == f"¥{42 * len(running):,.2f}"
    assert len(page.body("instances")) == len(instances)
    assert sorted(row[0] for row in page.body("images"))
    assert any(row[0].startswith("b1") and "50 %" in row[1] for row in page.body("builds"))
    stock = next(row for row in page.body("stock") if row[0] == "4090")
    by_zone = dict(zip(page.rows["stock"][0], stock, strict=True))
    assert by_zone["cn-wlcb-01"].startswith(str(world.stock.left["cn-wlcb-01"]["4090"]))


def test_what_will_be_released(report: Report, make_world: MakeWorld) -> None:
    world = make_world()
    stopped = next(one for one in world.instances.all.values() if one.row["State"] == "Stopped")
    stopped.row["ReleaseTime"] = 1_700_000_000
    page = report(world, report_stock="false")
    assert page.tiles["Released within 48 h"] == "1"
    assert page.body("releases") == [
        [f"{stopped.row['Name']} {stopped.identifier}", "2023-11-14 22:13", "Stopped", stopped.row["Zone"]]
    ]
    assert page.body("stock") == []


def test_idle_gpus(report: Report, make_world: MakeWorld) -> None:
    """As for the playbook stop_idle: busy ones, and those that were started a moment ago, do not count."""
    world = make_world()
    running = [one for one in world.instances.all.values() if one.row["State"] == "Running"]
    for one in running:
        one.row["StartTime"] = int(world.clock.now()) - 7 * 3600
        one.usage["gpu"] = 80
    running[0].usage["gpu"] = 2
    running[1].usage["gpu"] = 2
    running[1].row["StartTime"] = int(world.clock.now()) - 60
    page = report(world, report_stock="false")
    assert page.tiles["Idle GPUs"] == "1"
    use = {row[0].split()[-1]: row[5] for row in page.body("instances")}
    assert use[running[0].identifier] == "2 %"
    assert use[running[2].identifier] == "80 %"


def test_no_name_becomes_markup_or_a_template(report: Report, make_world: MakeWorld) -> None:
    world = make_world(rows={"custom": [{"Name": HOSTILE, "Status": "Available"}]})
    for one in world.instances.all.values():
        one.row.update(Name=HOSTILE, Zone=HOSTILE, ChargeType=HOSTILE, GpuType=HOSTILE)
    page = report(world, report_stock="false", report_use="false")
    shown = " ".join(HOSTILE.split())
    assert all(row[0].startswith(shown) and row[3] == shown for row in page.body("instances"))
    assert any(row[0].startswith(shown) for row in page.body("images"))


def test_an_account_without_anything(report: Report, make_world: MakeWorld) -> None:
    page = report(
        make_world(replace=["custom", "instances"], counts={"custom": 0, "instances": 0}), report_language="zh"
    )
    assert page.tiles["运行中的实例"] == "0 / 0"
    assert page.body("instances") == []


def test_three_thousand_instances(report: Report, make_world: MakeWorld) -> None:
    page = report(make_world(counts={"instances": 3000, "custom": 300}), report_stock="false")
    assert len(page.body("instances")) == 3000


def test_a_relative_path_begins_in_the_working_directory(make_world: MakeWorld, tmp_path: Path) -> None:
    """The page was written into the folder of the playbook, which is inside the installed collection."""
    world = make_world(replace=["custom", "instances"], counts={"custom": 0, "instances": 0})
    run = Run(tmp_path, world, [])
    run.command = [*PLAYBOOK_COMMAND, str(ROOT / "playbooks/report.yml"), "-e", "report_path=my.html"]
    assert str(tmp_path / "my.html") in run.plain(PWD=str(tmp_path)).stdout
    assert (tmp_path / "my.html").exists() and not (ROOT / "playbooks/my.html").exists()


def test_a_language_that_it_does_not_speak(tmp_path: Path, world: World) -> None:
    run = Run(tmp_path, world, [])
    run.command = [*PLAYBOOK_COMMAND, str(ROOT / "playbooks/report.yml"), "-e", "report_language=fr"]
    assert "report_language is fr; it must be one of en, zh." in run.plain().stdout


def test_both_languages_have_the_same_words() -> None:
    words = yaml.safe_load((ROOT / "playbooks/vars/report_words.yml").read_text(encoding="utf-8"))["report_words"]
    assert words["en"].keys() == words["zh"].keys()
    placeholders = {
        name: {re.findall(r"{\w+}", words[language][name])[0] for language in words if "{" in words[language][name]}
        for name in words["en"]
    }
    assert all(len(found) <= 1 for found in placeholders.values())
