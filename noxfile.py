"""The steps of `make test`, one session each, in the environment that `make setup` makes."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import nox

sys.path.insert(0, str(Path(__file__).parent))

from tests.tools.checks import Checks, checks_of
from tests.tools.run_steps import results_folder
from tests.tools.trees import link_tree

nox.options.default_venv_backend = "none"
nox.options.sessions = ["quick-lint", "quick-unit"]

os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

COLLECTION = "ansible_collections.compshare.cloud"
TYPED = ["module_utils", "plugin_utils"]
MINIMUM_COVERAGE = 95  # per cent of plugins/module_utils, by the unit tests


def typed_packages() -> list[str]:
    """The packages of the collection that mypy checks, as far as they exist."""
    return [f"{COLLECTION}.plugins.{name}" for name in TYPED if Path("plugins", name).is_dir()]


def run_quick_lint(checks: Checks) -> None:
    checks.run("ruff check", "ruff", "check", ".")
    checks.run("ruff format", "ruff", "format", "--check", ".")
    for name in (*typed_packages(), "tests.simulator", "tests.tools"):
        if name != "tests.simulator" or Path("tests/simulator").is_dir():
            checks.run(f"mypy {name}", "mypy", "--package", name, env={"MYPYPATH": str(link_tree())})
    checks.run("yamllint", "yamllint", "--strict", ".")


@nox.session(name="quick-lint")
def quick_lint(session: nox.Session) -> None:
    """The linters that answer in seconds."""
    with checks_of(session) as checks:
        run_quick_lint(checks)


@nox.session
def lint(session: nox.Session) -> None:
    """All linters."""
    with checks_of(session) as checks:
        run_quick_lint(checks)
        checks.run(
            "ansible-lint",
            "ansible-lint",
            *("--profile", "production", "--strict", "--offline", "--project-dir", "."),
            env={"ANSIBLE_COLLECTIONS_PATH": str(link_tree())},
        )
        checks.run("reuse", "reuse", "lint")
        checks.run("changelog", "antsibull-changelog", "lint")


@nox.session(name="quick-unit")
def quick_unit(session: nox.Session) -> None:
    """The unit tests that are not marked as slow, without coverage."""
    run_pytest(session, "-m", "not slow", "-n", "2", *session.posargs)


@nox.session
def unit(session: nox.Session) -> None:
    """All unit tests, with coverage of the code below the modules."""
    session.run("coverage", "erase", external=True)
    run_pytest(session, "-n", "2", "--cov", "--cov-report=", *session.posargs)
    if not session.posargs:
        report = ("coverage", "report", "--include=plugins/module_utils/*,*/plugins/module_utils/*")
        session.run(*report, f"--fail-under={MINIMUM_COVERAGE}", external=True)


def run_pytest(session: nox.Session, *arguments: str) -> None:
    junit = results_folder(session.name) / "pytest.xml"
    session.run("python", "-m", "pytest", "-q", f"--junitxml={junit}", *arguments, external=True)
