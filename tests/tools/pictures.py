"""Draw the pictures that README.md shows, from real runs in a terminal."""

from __future__ import annotations

import io
import os
import re
import shlex
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from tests.simulator import Simulator
from tests.tools.trees import ROOT, link_tree

FOLDER = ROOT / "docs/pictures"
# The account of the guides.
SCENARIO = ROOT / "tests/docs/scenario.yml"
COLUMNS, LINES = 90, 50
# Each picture by its name: the playbook, and the options that it is run with.
PLAYBOOKS = {
    "build": (
        """\
- name: Build the image of the team
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Create the image from an instance
      compshare.cloud.compshare_image:
        name: training-env-2
        instance_id: uhost-1testvm00001
""",
        (),
    ),
    "order": (
        """\
- name: Order a GPU
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Create a 4090 instance in any zone that has one
      compshare.cloud.compshare_instance:
        name: trainer
        image: Ubuntu 22.04
        gpu_type: "4090"
        max_price: 2
        schedule_stop: 8h
""",
        ("--check", "--diff"),
    ),
}
# A picture in a README can load nothing: the letters come from the reader's own fonts.
FONTS = "SFMono-Regular, Consolas, DejaVu Sans Mono, Noto Sans Mono CJK SC, PingFang SC, Microsoft YaHei, monospace"


def run_in_terminal(command: Sequence[str], folder: Path = ROOT, **settings: str) -> str:
    """Run a command in a terminal of its own and return everything that it printed there, with its colours.

    Raises CalledProcessError if it fails.
    """
    in_terminal = f"stty cols {COLUMNS} rows {LINES}; exec {shlex.join(command)}"
    ended = subprocess.run(
        ["script", "--quiet", "--return", "--command", in_terminal, "/dev/null"],
        cwd=folder,
        env={**os.environ, **settings, "TERM": "xterm-256color"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
    )
    return ended.stdout.decode("utf-8").replace("\r\n", "\n")


def as_svg(transcript: str, title: str) -> str:
    """Return a terminal's text as an SVG picture that loads nothing from elsewhere."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, legacy_windows=False)
    console.print(Text.from_ansi(transcript), soft_wrap=False, overflow="fold")
    console.print()  # what hangs below the letters of the last line would be cut off
    template = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.S)
    return console.export_svg(title=title, theme=MONOKAI, code_format=template.replace("Fira Code, monospace", FONTS))


def draw(name: str, speed: float) -> None:
    """Run the playbook of a picture on a simulator of its own, and draw what the terminal showed."""
    with tempfile.TemporaryDirectory() as folder, Simulator(SCENARIO, speed=speed) as simulator:
        playbook, options = PLAYBOOKS[name]
        Path(folder, f"{name}.yml").write_text(playbook)
        settings = {
            **simulator.world.environment(),
            "ANSIBLE_COLLECTIONS_PATH": str(link_tree()),
            "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        }
        command = ["ansible-playbook", f"{name}.yml", *options]
        printed = run_in_terminal(command, Path(folder), **settings)
    shown = printed.partition("PLAY RECAP")[0].strip()
    title = " ".join(command)
    (FOLDER / f"{name}.svg").write_text(as_svg(f"$ {title}\n\n{shown}\n", title), encoding="utf-8")


def main() -> None:
    draw("build", speed=1)
    draw("order", speed=60)


if __name__ == "__main__":
    main()
