from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils import _task_end

#: A process that waits within the block, and says how it ends.
SCRIPT = """
import importlib.util, signal, sys, time
spec = importlib.util.spec_from_file_location("task_end", sys.argv[1])
task_end = importlib.util.module_from_spec(spec)
spec.loader.exec_module(task_end)
folder = sys.argv[2] or None

def handle(number, frame):
    raise KeyboardInterrupt

signal.signal(signal.SIGTERM, handle)
with task_end.ended_with_task(folder):
    try:
        sys.stderr.write("begun ")
        sys.stderr.flush()
        time.sleep(float(sys.argv[3]))
        sys.stderr.write("done")
    except KeyboardInterrupt:
        sys.stderr.write("interrupted")
"""


def begun(folder: str, seconds: float) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", SCRIPT, _task_end.__file__, folder, str(seconds)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stderr is not None
    assert select.select([process.stderr], [], [], 20)[0]
    assert os.read(process.stderr.fileno(), 100) == b"begun "
    return process


def end(process: subprocess.Popen[bytes]) -> bytes:
    assert process.stderr is not None
    with process:
        return process.stderr.read()


def test_nobody_reads_the_output_any_more() -> None:
    process = begun("", 60)
    assert process.stdout is not None
    process.stdout.close()
    assert end(process) == b"interrupted"


def test_the_temporary_folder_is_gone(tmp_path: Path) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    process = begun(str(folder), 60)
    folder.rmdir()
    assert end(process) == b"interrupted"


def test_a_block_that_ends_first_is_left_alone(tmp_path: Path) -> None:
    assert end(begun(str(tmp_path), 0.1)) == b"done"


def test_an_output_that_is_no_file_is_not_watched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class NoFile:
        def fileno(self) -> int:
            raise ValueError

    monkeypatch.setattr(sys, "stdout", NoFile())
    monkeypatch.setattr(os, "kill", lambda *_arguments: pytest.fail("a signal was sent"))
    with _task_end.ended_with_task(str(tmp_path / "gone")):
        assert signal.getsignal(signal.SIGTERM) is not None
