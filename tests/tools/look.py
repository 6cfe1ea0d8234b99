"""Take pictures of the report in a headless browser: ``make look``.

Needs Chromium and Chinese fonts: ``apt-get install chromium fonts-noto-cjk`` on Debian. The pictures are in build/look,
in both languages and both themes, with 3, 300 and 3,000 instances, on a screen and on a phone.
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.simulator import Simulator
from tests.simulator.world import World
from tests.tools.trees import ROOT, link_tree

FOLDER = ROOT / "build/look"
#: The sizes of windows; a taller one shows nothing more.
SCREEN, PHONE = "1280,1600", "375,1600"
#: The values of Chromium's setting preferredColorScheme.
THEMES = {"dark": 0, "light": 1}


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


def main() -> None:
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        sys.exit("Chromium is missing: apt-get install chromium fonts-noto-cjk")
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    options = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars")
    with Simulator() as simulator:
        for instances, language in itertools.product((3, 300, 3000), ("en", "zh")):
            page = write_report(a_world(simulator, instances), language)
            for theme, size in itertools.product(THEMES, (SCREEN, PHONE) if instances == 3 else (SCREEN,)):
                picture = FOLDER / f"report-{instances}-{language}-{theme}-{size.partition(',')[0]}.png"
                shown = (f"--window-size={size}", f"--blink-settings=preferredColorScheme={THEMES[theme]}")
                command = [browser, *options, *shown, f"--screenshot={picture}", f"file://{page}"]
                subprocess.run(command, check=True, capture_output=True, timeout=120)
                print(picture)


if __name__ == "__main__":
    main()
