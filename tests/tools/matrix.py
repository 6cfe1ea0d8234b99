"""Run what depends on the core on every supported ansible-core, each leg a session of noxfile.py.

Arguments: how many legs run at a time, and their names; without names, all but the development branch.
"""

from __future__ import annotations

import os
import pwd
import shutil
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from .results import read_totals
from .run_steps import finish, results_folder, run_steps
from .trees import CACHE

# The Python of the controller on each supported ansible-core.
CONTROLLER_PYTHON = {
    "2.16": "3.11",
    "2.17": "3.11",
    "2.18": "3.11",
    "2.19": "3.11",
    "2.20": "3.12",
    "2.21": "3.13",
    "2.22": "3.13",
}
OLDEST_TARGET_PYTHON = "3.9"
TARGET_LEG, DEVEL_LEG = f"target-{OLDEST_TARGET_PYTHON}", "devel"
# The Python that each leg needs. The newest one of a controller, which few machines have yet, has a leg of its own.
LEGS = {**CONTROLLER_PYTHON, "2.22-python3.14": "3.14", TARGET_LEG: OLDEST_TARGET_PYTHON, DEVEL_LEG: "3.13"}
# What is installed where a core has no release yet.
UNRELEASED = {
    "2.22": "ansible-core~=2.22.0rc1",
    "devel": "ansible-core @ https://github.com/ansible/ansible/archive/devel.tar.gz",
}
SUITES = ("playbooks", "sanity", "units", "integration")
# Where interpreters that were found are linked.
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


def print_table(legs: Sequence[str], missing: Sequence[str]) -> None:
    print("\n" + "".join(f"{title:17}" for title in ("ansible-core", "Python", *SUITES)))
    for leg in legs:
        totals = [read_totals(results_folder(leg) / suite) for suite in SUITES]
        cells = [str(one["failed"] or one["passed"] or "–") + (" failed" if one["failed"] else "") for one in totals]
        shown = ["this machine has no such Python"] if LEGS[leg] in missing else cells
        print("".join(f"{cell:17}" for cell in (leg, LEGS[leg], *shown)))


def main(jobs: str, *names: str) -> int:
    legs = names or [leg for leg in LEGS if leg != DEVEL_LEG]
    if unknown := set(legs) - set(LEGS):
        sys.exit(f"There is no leg {', '.join(unknown)}; CORES takes {', '.join(LEGS)}.")
    missing = link_interpreters([LEGS[leg] for leg in legs], INTERPRETERS)
    runnable = [leg for leg in legs if LEGS[leg] not in missing]
    if not runnable:
        sys.exit(f"No leg can run: this machine lacks Python {', '.join(missing)}.")
    run_steps(runnable, int(jobs))
    print_table(legs, missing)
    return finish(runnable)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
