"""Which Python each ansible-core wants, and which of them this machine has."""

from __future__ import annotations

import os
import pwd
import shutil
from collections.abc import Iterable
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


def link_interpreters(versions: Iterable[str], folder: Path) -> list[str]:
    """Fill ``folder`` with a pythonX.Y for each version that this machine has; return the versions that it lacks."""
    from python_discovery import get_interpreter  # not in the environments that ansible-test runs tests in

    # The Makefile moves HOME into the clone, and pyenv puts only shims on PATH, also for versions that do not run.
    home = Path(pwd.getpwuid(os.getuid()).pw_dir)
    pyenv = Path(os.environ.get("PYENV_ROOT", home / ".pyenv"))
    path = [*map(str, pyenv.glob("versions/*/bin")), os.environ["PATH"]]
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    missing = []
    for version in sorted(set(versions)):
        found = get_interpreter(version, env={"HOME": str(home), "PATH": os.pathsep.join(path)})
        if found is None or found.system_executable is None:
            missing.append(version)
        else:
            (folder / f"python{version}").symlink_to(found.system_executable)
    return missing
