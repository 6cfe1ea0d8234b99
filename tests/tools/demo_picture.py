"""Draw the picture of the demonstration that README.md shows, from a real run in a terminal."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.style import Style
from rich.terminal_theme import MONOKAI
from rich.text import Text

from tests.tools.trees import ROOT

PICTURE = ROOT / "docs/pictures/demo.svg"
COLUMNS, LINES = 100, 50
COMMAND = "make demo"
# A picture in a README can load nothing: the letters come from the reader's own fonts.
FONTS = "SFMono-Regular, Consolas, DejaVu Sans Mono, Noto Sans Mono CJK SC, PingFang SC, Microsoft YaHei, monospace"
# Runs of Chinese. Each becomes a piece of its own in the picture: fonts differ in how much wider than a Latin letter
# they make a Chinese one, and a piece is placed by its column.
WIDE = re.compile("[\u2e80-\u9fff\uf900-\ufaff\ufe30-\ufe6f\uff00-\uffef]+")


def run_in_terminal(command: list[str]) -> str:
    """Run a command in a terminal of its own and return everything that it printed there, with its colours.

    Raises CalledProcessError where it fails.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    environment = {**os.environ, "TERM": "xterm-256color"}
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    )
    os.close(theirs)
    printed = bytearray()
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # how a terminal tells that nobody holds its other end
            break
        if not piece:
            break
        printed += piece
    os.close(ours)
    if process.wait() != 0:
        raise subprocess.CalledProcessError(process.returncode, command, bytes(printed))
    return printed.decode("utf-8").replace("\r\n", "\n")


def as_svg(transcript: str, title: str) -> str:
    """Return a terminal's text as an SVG picture that loads nothing from elsewhere."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, legacy_windows=False)
    text = Text.from_ansi(transcript)
    for number, run in enumerate(WIDE.finditer(text.plain)):
        text.stylize(Style(meta={"run": number}), *run.span())
    console.print(text, soft_wrap=False, overflow="fold")
    console.print()  # what hangs below the letters of the last line would be cut off
    template = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.S)
    template = template.replace("Fira Code, monospace", FONTS)
    return _with_wide_runs(console.export_svg(title=title, theme=MONOKAI, code_format=template))


def _with_wide_runs(picture: str) -> str:
    """Give each run of Chinese the two columns a letter that it takes; rich reserves one."""

    def widened(match: re.Match[str]) -> str:
        return f'textLength="{2 * float(match["length"]):g}"{match["rest"]}'

    return re.sub(rf'textLength="(?P<length>[\d.]+)"(?P<rest>[^>]*>{WIDE.pattern}</text>)', widened, picture)


def main() -> int:
    try:
        printed = run_in_terminal([sys.executable, "-m", "tests.tools.demo"])
    except subprocess.CalledProcessError as error:
        print(error.output.decode("utf-8", "replace"))
        return 1
    if str(Path(sys.prefix).parent) in printed:
        print(f"The picture would show {Path(sys.prefix).parent}: run this with VENV=.venv.")
        return 1
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(as_svg(f"$ {COMMAND}\n{printed.strip()}\n", COMMAND), encoding="utf-8")
    print(f"Drawn: {PICTURE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
