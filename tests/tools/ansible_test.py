"""Run ansible-test of any ansible-core on a copy of the collection, with all that it writes inside the clone."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.simulator import Simulator
from tests.simulator.dialect import default_dialect
from tests.tools.matrix import LEGS, link_interpreters
from tests.tools.results import collected_in, judge_contexts, read_totals, write_results
from tests.tools.run_steps import results_folder
from tests.tools.trees import CACHE, copy_tree

WORK = CACHE / "ansible-test"
SIMULATOR_SPEED = 60  # seconds of the simulator in one of the clock

# ansible-test would download pip's bootstrap script from a host of its own. This does the same with what Python brings,
# and with pip's ordinary configuration. It also runs on the oldest supported Python.
GET_PIP = '''\
"""Install pip into an empty virtual environment, in place of the bootstrap script that ansible-test downloads."""
import os
import subprocess
import sys

os.environ.pop("GET_PIP", None)
pip = [sys.executable, "-m", "pip"]
if subprocess.call([sys.executable, "-m", "ensurepip", "--default-pip"], stdout=subprocess.DEVNULL) != 0:
    pip = [{python!r}, "-m", "pip", "--python", sys.executable]  # Debian packs ensurepip apart
wanted = [word for word in sys.argv[1:] if word not in ("--no-setuptools", "--no-wheel")]
subprocess.check_call(pip + ["install", "--upgrade"] + wanted)
'''


@dataclass(frozen=True)
class Workspace:
    """A copy of the collection, the environment to run ansible-test in it, and where it writes JUnit files.

    Each run says whether everything passed.
    """

    collection: Path
    python: Path
    environment: dict[str, str]
    results: Path

    def sanity(self, *arguments: str) -> bool:
        return self._run_with_junit("sanity", "--local", "--junit", *arguments)

    def units(self, contexts: Sequence[str], marks: str, *arguments: str) -> bool:
        """Run the unit tests that ``marks`` select. Each context must report as many tests as pytest collects for it.

        ansible-test passes where the workers of pytest die before the first test.
        """
        (self.collection / "tests/unit/selection.txt").write_text(marks)  # read by tests/unit/conftest.py
        listed = self._start("units", "--collect-only", *arguments, stdout=subprocess.PIPE)
        print(f"collected: {collected_in(listed.stdout) or listed.stdout}", flush=True)
        passed = self._run_with_junit("units", *arguments)
        failures = judge_contexts(contexts, collected_in(listed.stdout), self.results / "units")
        write_results(self.results / "units/contexts.xml", "unit test contexts", failures)
        return passed and not any(failures.values())

    def playbooks(self, *arguments: str) -> bool:
        """Run tests that are not ansible-test's, and write a JUnit report."""
        report = self.results / "playbooks/pytest.xml"
        command = [str(self.python), "-m", "pytest", "-q", f"--junitxml={report}", *arguments]
        tree = str(self.collection.parents[2])
        environment = {**self.environment, "ANSIBLE_COLLECTIONS_PATH": tree, "PYTHONPATH": tree}
        return subprocess.run(command, cwd=self.collection, env=environment, check=False).returncode == 0

    def integration(self, *arguments: str) -> bool:
        """Run integration targets against a simulator of their own; each target counts as one test."""
        listed = self._start("integration", "--list-targets", *arguments, stdout=subprocess.PIPE)
        listed.check_returncode()
        with Simulator(speed=SIMULATOR_SPEED, dialect=default_dialect()) as simulator:
            self._write_integration_config(simulator)
            # A target that fails is run once more, in a new world, and shows all it does: its log says "Retrying".
            self._start("integration", "--continue-on-error", "--retry-on-error", *arguments)
        reports = (self.collection / "tests/output/data").glob("integration-*.json")
        passed = {target for report in reports for target in json.loads(report.read_text())["targets"]}
        failures = {target: None if target in passed else "failed" for target in listed.stdout.split()}
        write_results(self.results / "integration/targets.xml", "integration", failures)
        return passed >= set(failures)

    def _run_with_junit(self, command: str, *arguments: str) -> bool:
        passed = self._start(command, *arguments).returncode == 0
        results = self.results / command
        results.mkdir(parents=True, exist_ok=True)
        for report in (self.collection / "tests/output/junit").glob("*.xml"):
            shutil.move(report, results / report.name)
        if not passed and not read_totals(results)["failed"]:
            write_results(results / "run.xml", command, {f"ansible-test {command}": "broke before it could report"})
        return passed

    def _start(self, command: str, *arguments: str, stdout: int | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.python.with_name("ansible-test"), command, "--color", "no", *arguments],
            cwd=self.collection,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            text=True,
            check=False,
        )

    def _write_integration_config(self, simulator: Simulator) -> None:
        """Give the integration targets the address of the simulator that is running."""
        written = Path(self.environment["HOME"], ".ansible")
        variables = {
            "simulator_url": simulator.url,
            "simulator_public_key": simulator.public_key,
            "simulator_private_key": simulator.private_key,
            "simulator_python": sys.executable,
            # Modules on a local connection look up the home of the user in the password file, whatever HOME says.
            "ansible_remote_tmp": str(written / "tmp"),
            "ansible_async_dir": str(written / "async"),
            # No connection is shared by a socket: its path may have 108 bytes, which a clone in a deep folder exceeds.
            "ansible_ssh_args": "",
        }
        path = self.collection / "tests/integration/integration_config.yml"
        path.write_text(yaml.safe_dump(variables))


def prepare(label: str, python: Path = Path(sys.executable)) -> Workspace:
    """Create a workspace for the ansible-test that is installed beside ``python``; each ``label`` has its own."""
    home = WORK / label / "home"
    _seed_bootstrap_script(home, python)
    _take_pylint_from_the_index(python)
    _write_pip_configuration(home, python)
    interpreters = WORK / label / "interpreters"
    link_interpreters([*LEGS.values(), "3.10"], interpreters)
    path = [str(interpreters), str(python.parent), "/usr/local/bin", "/usr/bin", "/bin"]
    # The others belong to the environment that nox runs in.
    inherited = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH")}
    environment = {**inherited, "HOME": str(home), "PATH": os.pathsep.join(path)}
    return Workspace(copy_tree(WORK / label), python, environment, results_folder(label).absolute())


def _seed_bootstrap_script(home: Path, python: Path) -> None:
    source = _ansible_test_folder(python) / "_internal/python_requirements.py"
    folder = home / ".ansible/test/cache"
    folder.mkdir(parents=True, exist_ok=True)
    for version in re.findall(r"\bpip'?\s*[=:]\s*'(\d[\d.]*)'", source.read_text()):
        (folder / f"get_pip_{version.replace('.', '_')}.py").write_text(GET_PIP.format(python=str(python)))


def _take_pylint_from_the_index(python: Path) -> None:
    """Replace the address of a package that one core wants from elsewhere by its name."""
    requirements = _ansible_test_folder(python) / "_data/requirements/sanity.pylint.txt"
    requirements.write_text(re.sub(r"(?m)^(\w+) @ https://.*$", r"\1", requirements.read_text()))


def _ansible_test_folder(python: Path) -> Path:
    code = "import ansible_test; print(ansible_test.__path__[0])"
    return Path(subprocess.run([python, "-c", code], check=True, capture_output=True, text=True).stdout.strip())


def _write_pip_configuration(home: Path, python: Path) -> None:
    """Put the pip settings that are in force here into a file: ansible-test hands no PIP_ variable on."""
    listed = subprocess.run([python, "-m", "pip", "config", "list"], check=True, capture_output=True, text=True).stdout
    settings = {"cache-dir": str(CACHE / "pip")}
    for line in sorted(listed.splitlines(), key=lambda line: line.startswith(":env:")):
        name, value = line.split("=", 1)
        option = name.rpartition(".")[2]
        if option != "cache-dir":
            settings[option] = ast.literal_eval(value).replace("\n", "\n    ")
    path = home / ".config/pip/pip.conf"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("[global]\n" + "".join(f"{option} = {value}\n" for option, value in settings.items()))
    path.chmod(0o600)
