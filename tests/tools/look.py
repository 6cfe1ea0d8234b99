"""Take pictures of the report in a headless browser: ``make look``.

Needs Chromium and Chinese fonts: ``apt-get install chromium fonts-noto-cjk`` on Debian. The pictures are in build/look,
in both languages and both themes, with 3, 300 and 3,000 instances, on a screen and on a phone.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.simulator import Simulator
from tests.simulator.world import World
from tests.tools.trees import ROOT, link_tree

FOLDER = ROOT / "build/look"
SCREEN, PHONE = 1280, 375
#: Taller pictures than this show nothing more.
HEIGHT = 1600
#: The values of Chromium's setting preferredColorScheme.
THEMES = {"dark": 0, "light": 1}


class Shot(NamedTuple):
    instances: int
    language: str
    theme: str
    width: int

    @property
    def name(self) -> str:
        return f"report-{self.instances}-{self.language}-{self.theme}-{self.width}.png"


def shots() -> Iterator[Shot]:
    for instances in (3, 300, 3000):
        for language in ("en", "zh"):
            for theme in THEMES:
                yield Shot(instances, language, theme, SCREEN)
                if instances == 3:
                    yield Shot(instances, language, theme, PHONE)


def a_world(simulator: Simulator, instances: int) -> World:
    """An account in the middle of a working day: one build under way, one instance about to be released."""
    trace = {"image_id": "compshareImage-b1", "name": "training-env", "duration": 900, "started_ago": 600}
    settings = {"speed": 0, "traces": [trace], "counts": {"instances": instances}}
    world = simulator.new_world(settings)
    for number, one in enumerate(world.instances.all.values()):
        if one.row["State"] == "Stopped" and number < 10:
            one.row["ReleaseTime"] = int(world.clock.now()) + 86_400
    return world


def write_report(world: World, language: str) -> Path:
    page = FOLDER / f"report-{language}.html"
    command = [sys.executable, "-m", "ansible.cli.playbook", "compshare.cloud.report", "-e", f"report_path={page}"]
    environment = {**os.environ, **world.environment(), "ANSIBLE_COLLECTIONS_PATH": str(link_tree())}
    subprocess.run([*command, "-e", f"report_language={language}"], env=environment, check=True, capture_output=True)
    return page


def take(page: Path, shot: Shot, browser: str) -> None:
    options = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars")
    size = f"--window-size={shot.width},{HEIGHT}"
    theme = f"--blink-settings=preferredColorScheme={THEMES[shot.theme]}"
    picture = f"--screenshot={FOLDER / shot.name}"
    subprocess.run(
        [browser, *options, size, theme, picture, f"file://{page}"], check=True, capture_output=True, timeout=120
    )
    print(FOLDER / shot.name)


def main() -> int:
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        print("Chromium is missing: apt-get install chromium fonts-noto-cjk", file=sys.stderr)
        return 1
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    with Simulator() as simulator:
        pages: dict[tuple[int, str], Path] = {}
        for shot in shots():
            key = (shot.instances, shot.language)
            if key not in pages:
                pages = {key: write_report(a_world(simulator, shot.instances), shot.language)}
            take(pages[key], shot, browser)
    return 0


if __name__ == "__main__":
    sys.exit(main())
