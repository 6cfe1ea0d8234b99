"""The pictures of README.md show what a terminal showed."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys

import pytest

from tests.tools.pictures import FOLDER, PLAYBOOKS, as_svg, run_in_terminal


def test_command_believes_that_it_is_in_a_terminal() -> None:
    code = "import os, sys; print(sys.stdout.isatty(), os.get_terminal_size().columns)"
    assert run_in_terminal(shlex.join([sys.executable, "-c", code])) == "True 90\n"


def test_failure_is_reported_with_what_was_printed() -> None:
    with pytest.raises(subprocess.CalledProcessError) as raised:
        run_in_terminal(shlex.join([sys.executable, "-c", "print('why'); raise SystemExit(3)"]))
    assert raised.value.output == "why\r\n"


def test_picture_has_the_text_and_its_colours_and_loads_nothing() -> None:
    picture = as_svg("\x1b[0;32mok: <one>\x1b[0m\n", "make demo")
    assert ">ok:&#160;&lt;one&gt;</text>" in picture
    assert len(set(re.findall(r"fill: (#[0-9a-f]{6})", picture))) > 1
    assert "url(http" not in picture
    assert "@font-face" not in picture


def test_last_line_is_shown_whole() -> None:
    picture = as_svg("one\ntwo_\n", "make demo")
    window = re.search(r'clip-terminal">\s*<rect [^>]*height="([\d.]+)"', picture)
    baselines = [float(y) for y in re.findall(r'<text [^>]* x="0" y="([\d.]+)"', picture)]
    assert window
    assert float(window[1]) - max(baselines) > 10


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_pictures_show_no_warning_and_no_path_of_a_machine(name: str) -> None:
    picture = (FOLDER / f"{name}.svg").read_text(encoding="utf-8")
    assert f"ansible-playbook&#160;{name}.yml" in picture
    assert "WARNING" not in picture
    # Fonts differ in how wide they make Chinese letters, so these would not stand in their columns.
    assert not re.search("[\u2e80-\u9fff]", picture.partition("<text")[2])
    assert not re.search(r"[ ;(]/(home|root|tmp|Users|work)/", picture)
