"""What a reader has, all of it on this machine: Python with ansible-core and requests, Galaxy, GitHub, an account."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.docs import galaxy
from tests.docs.pages import ROOT
from tests.docs.reader import Reader
from tests.simulator import Scenario, Simulator
from tests.simulator.dialect import default_dialect
from tests.tools.trees import CACHE, IN_TREE, copy_tree

HERE = Path(__file__).parent
REPOSITORY = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["repository"]
# The keys that readers of the pages replace with their own.
PUBLIC_KEY, PRIVATE_KEY = "your-public-key", "your-private-key"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "slow: takes seconds; not part of `make docs-pages`")
    # How antsibull-docutils uses docutils is no matter of ours.
    config.addinivalue_line("filterwarnings", "ignore::PendingDeprecationWarning")


@dataclass(frozen=True)
class Release:
    """What the clone would release: the source as a git repository, and the artifact on a stand-in for Galaxy."""

    source: Path
    artifact: Path
    galaxy_url: str


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Release]:
    folder = tmp_path_factory.mktemp("release")
    source = copy_tree(folder)
    git = ("git", "-C", str(source), "-c", "user.name=tests", "-c", "user.email=tests@example.com")
    subprocess.run([*git, "add", "--all"], check=True)
    subprocess.run([*git, "commit", "--quiet", "--message", "What a clone of the repository holds"], check=True)
    # Galaxy gives the newest release, and passes over what has a suffix such as -dev0.
    to_build = folder / "to_build"
    shutil.copytree(source, to_build, ignore=shutil.ignore_patterns(".git"))
    metadata = to_build / "galaxy.yml"
    metadata.write_text(re.sub(r"(?m)^(version: [\d.]+)-.*$", r"\1", metadata.read_text()))
    subprocess.run(
        [_tool("ansible-galaxy"), "collection", "build", str(to_build), "--output-path", str(folder)],
        check=True,
        stdout=subprocess.PIPE,
    )
    (artifact,) = folder.glob("*.tar.gz")
    with galaxy.serving(artifact) as url:
        yield Release(source, artifact, url)


@pytest.fixture(scope="session")
def user_programs() -> Path:
    """Programs of an environment that holds what the collection needs, and nothing that developers need."""
    folder, pins = CACHE / "user-venv", ROOT / "requirements/demo.txt"
    installed_pins = folder / "pins.txt"
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "user-venv.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # pytest-xdist has several processes
        if not installed_pins.exists() or installed_pins.read_text() != pins.read_text():
            shutil.rmtree(folder, ignore_errors=True)
            subprocess.run([sys.executable, "-m", "virtualenv", "--quiet", str(folder)], check=True)
            install = [str(folder / "bin/python"), "-m", "pip", "install", "--quiet", "--constraint", str(pins)]
            subprocess.run([*install, "ansible-core", "requests"], check=True)
            installed_pins.write_text(pins.read_text())
    return folder / "bin"


@pytest.fixture(scope="session")
def installed(release: Release, user_programs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A collections path in which ansible-galaxy has installed the artifact."""
    folder = tmp_path_factory.mktemp("installed")
    subprocess.run(
        [user_programs / "ansible-galaxy", "collection", "install", release.artifact, "--offline"],
        check=True,
        stdout=subprocess.PIPE,
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(folder)},
    )
    return folder


@pytest.fixture
def make_reader(
    release: Release, user_programs: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Reader]]:
    """Create readers with a home of their own and a world of their own in the simulator.

    Takes the collections path where the collection is installed already, the scenario's file name (None for the
    simulator's defaults) and the speed of the world's clock.
    """
    with ExitStack() as stack:

        def make(collections: Path | None = None, scenario: str | None = "scenario.yml", speed: float = 60) -> Reader:
            simulator = stack.enter_context(Simulator(dialect=default_dialect()))
            settings = Scenario.read(HERE / scenario if scenario else None)
            settings.speed = speed
            simulator.server.add_world(settings, PUBLIC_KEY, PRIVATE_KEY)
            home = tmp_path / "home"
            home.mkdir()
            environment = {
                "HOME": str(home),
                "PATH": os.pathsep.join([str(user_programs), os.environ["PATH"]]),
                "LC_ALL": "C.UTF-8",
                "ANSIBLE_NOCOLOR": "1",
                # Modules on a local connection look up the home of the user in the password file, whatever HOME says.
                "ANSIBLE_REMOTE_TEMP": str(home / ".ansible/tmp"),
                "ANSIBLE_ASYNC_DIR": str(home / ".ansible_async"),
                "ANSIBLE_GALAXY_SERVER": release.galaxy_url,
                "COMPSHARE_API_URL": simulator.url,
                # The address of the repository leads to the copy that has what this clone has.
                "GIT_CONFIG_COUNT": "1",
                "GIT_CONFIG_KEY_0": f"url.file://{release.source}.insteadOf",
                "GIT_CONFIG_VALUE_0": REPOSITORY,
                # `make` in a clone takes the environment that is here.
                "VENV": str(Path(sys.executable).parents[1]),
                "SETUP": "skip",
            }
            environment |= {
                name: os.environ[name] for name in ("PIP_CONFIG_FILE", "PIP_CACHE_DIR") if name in os.environ
            }
            if collections:
                environment["ANSIBLE_COLLECTIONS_PATH"] = str(collections)
            return stack.enter_context(Reader(tmp_path / "work", environment))

        yield make


@pytest.fixture
def collection(installed: Path) -> Path:
    """The folder of the installed collection."""
    return installed / IN_TREE


def _tool(name: str) -> Path:
    return Path(sys.executable).parent / name
