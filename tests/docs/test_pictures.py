"""The pictures of README.md show what a terminal showed."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.tools.pictures import FOLDER, PLAYBOOKS, as_svg, run_in_terminal


def test_command_believes_that_it_is_in_a_terminal() -> None:
    code = "import os, sys; print(sys.stdout.isatty(), os.get_terminal_size().columns)"
    assert run_in_terminal([sys.executable, "-c", code]) == "True 90\n"


def test_failure_is_told_with_what_was_printed() -> None:
    with pytest.raises(subprocess.CalledProcessError) as raised:
        run_in_terminal([sys.executable, "-c", "print('why'); raise SystemExit(3)"])
    assert raised.value.output == b"why\r\n"


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


def test_chinese_letters_take_two_columns() -> None:
    picture = as_svg("ab镜像cd\n", "make demo")
    places = {text: (float(x), float(length)) for x, length, text in _texts(picture)}
    column = places["ab"][1] / 2
    assert places["镜像"] == pytest.approx((places["ab"][0] + 2 * column, 4 * column))
    assert places["cd"] == pytest.approx((places["ab"][0] + 6 * column, 2 * column))


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_pictures_show_no_warning_and_no_path_of_a_machine(name: str) -> None:
    picture = (FOLDER / f"{name}.svg").read_text(encoding="utf-8")
    assert f"ansible-playbook&#160;{name}.yml" in picture
    assert "WARNING" not in picture
    assert not re.search(r"[ ;(]/(home|root|tmp|Users|work)/", picture)


def _texts(picture: str) -> list[tuple[str, str, str]]:
    return re.findall(r'<text [^>]*x="([\d.]+)" y="[\d.]+" textLength="([\d.]+)"[^>]*>([^<]*)</text>', picture)
