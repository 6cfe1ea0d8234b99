"""Draw the pictures that README.md shows, from real runs in a terminal."""

from __future__ import annotations

import io
import os
import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pexpect
import yaml
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from tests.simulator import Simulator
from tests.tools.trees import ROOT, link_tree

FOLDER = ROOT / "docs/pictures"
COLUMNS, LINES = 90, 50
IMAGE = {"name": "training-env-2", "instance_id": "uhost-1testvm00001"}
INSTANCE = {"name": "trainer", "image": "Ubuntu 22.04", "gpu_type": "4090", "max_price": 2, "schedule_stop": "8h"}
# Each picture by its name: the options of ansible-playbook, the speed of the simulator, the play and its task.
PLAYBOOKS: dict[str, tuple[str, float, str, dict[str, Any]]] = {
    "build": ("", 1, "Build the image of the team", {
        "name": "Create the image from an instance", "compshare.cloud.compshare_image": IMAGE,
    }),
    "order": (" --check --diff", 60, "Order a GPU", {
        "name": "Create a 4090 instance in any zone that has one", "compshare.cloud.compshare_instance": INSTANCE,
    }),
}  # fmt: skip
# A picture in a README can load nothing: the letters come from the reader's own fonts.
FONTS = "SFMono-Regular, Consolas, DejaVu Sans Mono, Noto Sans Mono CJK SC, PingFang SC, Microsoft YaHei, monospace"


def run_in_terminal(command: str, folder: Path = ROOT, **settings: str) -> str:
    """Run a command in a terminal of its own and return everything that it printed there, with its colours.

    Raises CalledProcessError if it fails.
    """
    environment = {**os.environ, **settings, "TERM": "xterm-256color"}
    size = (LINES, COLUMNS)
    printed, status = pexpect.run(command, None, True, cwd=folder, env=environment, dimensions=size, encoding="utf-8")
    if status:
        raise subprocess.CalledProcessError(status, command, printed)
    return str(printed).replace("\r\n", "\n")


def as_svg(transcript: str, title: str) -> str:
    """Return a terminal's text as an SVG picture that loads nothing from elsewhere."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, legacy_windows=False)
    console.print(Text.from_ansi(transcript), soft_wrap=False, overflow="fold")
    console.print()  # what hangs below the letters of the last line would be cut off
    template = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.S)
    return console.export_svg(title=title, theme=MONOKAI, code_format=template.replace("Fira Code, monospace", FONTS))


def draw(name: str) -> None:
    """Run the playbook of a picture on a simulator of its own, and draw what the terminal showed."""
    options, speed, title, task = PLAYBOOKS[name]
    command = f"ansible-playbook {name}.yml{options}"
    account = ROOT / "tests/docs/scenario.yml"  # which the guides have, too
    with tempfile.TemporaryDirectory() as folder, Simulator(account, speed=speed) as simulator:
        play = {"name": title, "hosts": "localhost", "gather_facts": False, "tasks": [task]}
        Path(folder, f"{name}.yml").write_text(yaml.safe_dump([play], sort_keys=False))
        settings = {
            **simulator.world.environment(),
            "ANSIBLE_COLLECTIONS_PATH": str(link_tree()),
            "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        }
        printed = run_in_terminal(command, Path(folder), **settings)
    shown = printed.partition("PLAY RECAP")[0].strip()
    (FOLDER / f"{name}.svg").write_text(as_svg(f"$ {command}\n\n{shown}\n", command), encoding="utf-8")


if __name__ == "__main__":
    for each in PLAYBOOKS:
        draw(each)
