"""Which Python interpreters this machine has.

They are looked for as files: a version manager's shim on PATH is there even for a version that does not run.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
from pathlib import Path

from .trees import CACHE

# The Python of the controller on each supported ansible-core, and the oldest Python of a target.
CONTROLLER_PYTHON = {
    "2.16": "3.11",
    "2.17": "3.11",
    "2.18": "3.11",
    "2.19": "3.11",
    "2.20": "3.12",
    "2.21": "3.13",
    "2.22": "3.13",
}
# The newest core on the newest Python of a controller, which few machines have yet.
NEWEST_PYTHON = {"2.22-python3.14": "3.14"}
# The development branch, which only its own leg needs.
DEVEL_PYTHON = {"devel": "3.13"}
# What is installed where a core has no release yet.
UNRELEASED = {
    "2.22": "ansible-core~=2.22.0rc1",
    "devel": "ansible-core @ https://github.com/ansible/ansible/archive/devel.tar.gz",
}
OLDEST_TARGET_PYTHON = "3.9"
# Where the matrix links what it found.
INTERPRETERS = CACHE / "interpreters"


def find_interpreter(version: str) -> Path | None:
    """Return the newest release of a version such as "3.11" that runs here, or None."""
    # The Makefile moves HOME into the clone.
    home = Path(pwd.getpwuid(os.getuid()).pw_dir)
    pyenv = Path(os.environ.get("PYENV_ROOT", home / ".pyenv"))
    patterns = [
        (pyenv, f"versions/{version}.*/bin/python{version}"),
        (home, f".local/share/uv/python/cpython-{version}.*/bin/python{version}"),
        (Path("/opt/hostedtoolcache"), f"Python/{version}.*/*/bin/python{version}"),
        (Path("/usr"), f"bin/python{version}"),
        (Path("/usr/local"), f"bin/python{version}"),
    ]
    for folder, pattern in patterns:
        for candidate in sorted(folder.glob(pattern), key=_numbers_in, reverse=True):
            if _runs(candidate):
                return candidate
    on_path = shutil.which(f"python{version}")
    return Path(on_path) if on_path and _runs(Path(on_path)) else None


def _numbers_in(path: Path) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", str(path))]


def _runs(python: Path) -> bool:
    try:
        return subprocess.run([python, "-c", "import venv"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def link_interpreters(versions: set[str], folder: Path) -> list[str]:
    """Make ``folder`` hold a pythonX.Y for each version that this machine has; return the versions that it lacks."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    missing = []
    for version in sorted(versions, key=lambda text: tuple(map(int, text.split(".")))):
        python = find_interpreter(version)
        if python is None:
            missing.append(version)
        else:
            (folder / f"python{version}").symlink_to(python)
    return missing
