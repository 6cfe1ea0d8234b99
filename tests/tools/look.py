"""Take pictures of the report in a headless browser, into build/look: ``make look``.

In both languages and both themes, with 3, 300 and 3,000 instances, on a screen and on a phone.
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.simulator import Simulator
from tests.tools.trees import ROOT, link_tree

FOLDER = ROOT / "build/look"
#: The sizes of windows; a taller one shows nothing more.
SCREEN, PHONE = "1280,1600", "375,1600"
#: The values of Chromium's setting preferredColorScheme.
THEMES = {"dark": 0, "light": 1}


def write_report(simulator: Simulator, instances: int, language: str, page: Path) -> None:
    """Report on an account in the middle of a working day: a build under way, instances about to be released."""
    trace = {"image_id": "compshareImage-b1", "name": "training-env", "duration": 900, "started_ago": 600}
    world = simulator.new_world({"speed": 0, "traces": [trace], "counts": {"instances": instances}})
    for one in list(world.instances.all.values())[:10]:
        if one.row["State"] == "Stopped":
            one.row["ReleaseTime"] = int(world.clock.now()) + 86_400
    command = [sys.executable, "-m", "ansible.cli.playbook", "compshare.cloud.report", "-e", f"report_path={page}"]
    environment = {**os.environ, **world.environment(), "ANSIBLE_COLLECTIONS_PATH": str(link_tree())}
    subprocess.run([*command, "-e", f"report_language={language}"], env=environment, check=True, capture_output=True)


def main() -> None:
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        sys.exit("Chromium is missing: apt-get install chromium fonts-noto-cjk")
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    options = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars")
    with Simulator() as simulator:
        for instances, language in itertools.product((3, 300, 3000), ("en", "zh")):
            page = FOLDER / f"report-{language}.html"
            write_report(simulator, instances, language, page)
            for theme, size in itertools.product(THEMES, (SCREEN, PHONE) if instances == 3 else (SCREEN,)):
                picture = FOLDER / f"report-{instances}-{language}-{theme}-{size.partition(',')[0]}.png"
                shown = (f"--window-size={size}", f"--blink-settings=preferredColorScheme={THEMES[theme]}")
                command = [browser, *options, *shown, f"--screenshot={picture}", f"file://{page}"]
                subprocess.run(command, check=True, capture_output=True, timeout=120)
                print(picture)


if __name__ == "__main__":
    main()
