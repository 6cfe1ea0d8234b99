"""The steps of `make test`, one session each, in the environment that `make setup` makes."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import nox
import yaml

sys.path.insert(0, str(Path(__file__).parent))

from tests.tools import ansible_test
from tests.tools.ansible_test import Workspace
from tests.tools.checks import Checks, checks_of
from tests.tools.package import check_package
from tests.tools.run_steps import results_folder
from tests.tools.simulator import running_simulator
from tests.tools.trees import ROOT, link_tree

nox.options.default_venv_backend = "none"
nox.options.sessions = ["quick-lint", "quick-unit"]

os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

COLLECTION = "ansible_collections.compshare.cloud"
TYPED = ["module_utils", "plugin_utils"]
SIMULATOR_SPEED = 60  # seconds of the simulator in one of the clock
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


@nox.session
def sanity(session: nox.Session) -> None:
    """ansible-test sanity on the core that is installed here."""
    run_sanity(session, ansible_test.prepare("sanity"), *session.posargs)


def run_sanity(session: nox.Session, workspace: Workspace, *arguments: str) -> None:
    passed = workspace.run("sanity", "--local", "--junit", *arguments)
    keep_junit(session, workspace)
    if not passed:
        session.error("ansible-test sanity failed")


def keep_junit(session: nox.Session, workspace: Workspace) -> None:
    folder = results_folder(session.name)
    folder.mkdir(parents=True, exist_ok=True)
    for report in workspace.junit.glob("*.xml"):
        shutil.copy(report, folder)


@nox.session
def integration(session: nox.Session) -> None:
    """The integration targets against one simulator; name targets to run only those."""
    with checks_of(session) as checks:
        run_integration(checks, ansible_test.prepare("integration"), "--local", *session.posargs)


def run_integration(checks: Checks, workspace: Workspace, *arguments: str) -> None:
    """Run integration targets; each counts as one check."""
    targets = workspace.list_targets(*arguments)
    with running_simulator(SIMULATOR_SPEED) as simulator:
        workspace.write_integration_config(simulator)
        workspace.run("integration", "--continue-on-error", *arguments)
    passed = workspace.passed_targets()
    for target in targets:
        if target in passed:
            checks.succeed(target)
        else:
            checks.fail(target, "the integration target failed; see the output above")


@nox.session(name="docs-check")
def docs_check(session: nox.Session) -> None:
    """The documentation of plugins and the guides, with every reference resolved."""
    with checks_of(session) as checks:
        lint_docs = ("antsibull-docs", "lint-collection-docs", "--plugin-docs", "--skip-rstcheck")
        checks.run("plugin documentation", *lint_docs, "--validate-collection-refs=self", ".")


@nox.session
def package(session: nox.Session) -> None:
    """The artifact that Galaxy gets: built, judged, installed and used."""
    folder = ROOT / "build/package"
    shutil.rmtree(folder, ignore_errors=True)
    with checks_of(session) as checks:
        check_package(checks, folder)


@nox.session
def pins(session: nox.Session) -> None:
    """Write the complete pins anew, the newest of everything that requirements/*.in allow."""
    options = ["--quiet", "--strip-extras", "--allow-unsafe", "--upgrade", "--no-header", "--annotation-style=line"]
    # Where packages come from is a matter of the machine.
    options += ["--no-emit-index-url", "--no-emit-trusted-host", "--no-emit-find-links", "--no-emit-options"]
    for name in ("dev", "demo"):
        output = f"--output-file=requirements/{name}.txt"
        session.run("pip-compile", *options, output, f"requirements/{name}.in", external=True)


@nox.session
def changelog(session: nox.Session) -> None:
    """Bring the entry of the coming release up to date: fragments, new modules and plugins, CHANGELOG.md."""
    version = yaml.safe_load(Path("galaxy.yml").read_text())["version"].partition("-")[0]
    session.run("antsibull-changelog", "release", "--version", version, "--update-existing", external=True)
