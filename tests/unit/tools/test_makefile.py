"""The commands of the Makefile."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def make(*words: str) -> subprocess.CompletedProcess[str]:
    # Not as a part of the run of make that runs the tests.
    outside = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    return subprocess.run(["make", *words], cwd=ROOT, env=outside, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("word", ["tset", "tests", "quick-unit"], ids=["typo", "folder", "session"])
def test_a_word_that_is_no_command_is_an_error(word: str) -> None:
    made = make(word)
    assert (made.returncode, made.stdout) == (2, "")
    assert made.stderr.startswith(f"There is no command {word}; make help lists them.\n")


def test_help_lists_the_commands() -> None:
    assert {"demo", "check", "test"} <= {line.split()[1] for line in make().stdout.splitlines()}
