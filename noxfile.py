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
from tests.tools.checks import Checks, checks_of
from tests.tools.docs_site import build_site
from tests.tools.interpreters import CANDIDATES, CONTROLLER_PYTHON, INTERPRETERS, OLDEST_TARGET_PYTHON
from tests.tools.package import check_package
from tests.tools.run_steps import results_folder
from tests.tools.trees import ROOT, link_tree

nox.options.default_venv_backend = "none"
nox.options.sessions = ["quick-lint", "quick-unit"]

# The tools of the environment that nox itself is in; before them the interpreters that tests/tools/matrix.py found.
os.environ["PATH"] = os.pathsep.join([str(INTERPRETERS), str(Path(sys.executable).parent), os.environ["PATH"]])

COLLECTION = "ansible_collections.compshare.cloud"
# What mypy checks.
TYPED = [
    *(f"{COLLECTION}.plugins.{name}" for name in ("module_utils", "plugin_utils")),
    *(f"tests.{name}" for name in ("docs", "fuzz", "playbooks", "reliability", "simulator", "tools")),
]
# ansible-test runs unit tests with these, and installs them only into environments of its own.
WANTED_BY_ANSIBLE_TEST = ["mock", "pytest", "pytest-mock", "pytest-xdist", "pyyaml"]
# A busy machine can break a test that real time passes in. It is run once more, with a new world, and named at the end.
TIMED = ("--reruns=1", "-raR")
# The contexts of its unit tests; those of the first are for what runs on targets, too.
CONTEXTS_ON_TARGETS = ("modules", "module_utils")
CONTEXTS = (*CONTEXTS_ON_TARGETS, "controller")
# What the pages and the documentation of plugins say, tried.
DOCS_PYTEST = ("python", "-m", "pytest", "-q", "tests/docs")
# The profile of hypothesis in tests/conftest.py that takes a night.
NIGHTLY = ("--hypothesis-profile=nightly",)
MINIMUM_COVERAGE = 95  # per cent of plugins/module_utils, by the unit tests


def run_quick_lint(checks: Checks) -> None:
    checks.run("ruff check", "ruff", "check", ".")
    checks.run("ruff format", "ruff", "format", "--check", ".")
    packages = [word for name in TYPED for word in ("--package", name)]
    checks.run("mypy", "mypy", *packages, env={"MYPYPATH": str(link_tree())})
    checks.run("yamllint", "yamllint", "--strict", ".")
    checks.judge("action group", what_is_wrong_with_the_action_group())
    checks.run("shellcheck", "shellcheck", ".ci/run", *map(str, Path("tests/tools").glob("*.sh")))


def what_is_wrong_with_the_action_group() -> str:
    """Return which modules the action group lacks or has too many, or an empty text."""
    grouped = set(yaml.safe_load(Path("meta/runtime.yml").read_text())["action_groups"]["compshare"])
    modules = {path.stem for path in Path("plugins/modules").glob("*.py")}
    differing = sorted(grouped ^ modules)
    return f"in only one of plugins/modules and meta/runtime.yml: {differing}" if differing else ""


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
    """Unit tests that take neither seconds nor made-up examples, without coverage."""
    run_pytest(session, "-m", "not slow and not hypothesis", *workers(2), *session.posargs)


@nox.session
def unit(session: nox.Session) -> None:
    """All unit tests, and coverage of the code below the modules by those that are not slow."""
    if session.posargs:
        run_pytest(session, *session.posargs)
        return
    session.run("coverage", "erase", external=True)
    run_pytest(session, "-m", "not slow", *workers(2), "--cov", "--cov-report=")
    report = ("coverage", "report", "--include=plugins/module_utils/*,*/plugins/module_utils/*")
    session.run(*report, f"--fail-under={MINIMUM_COVERAGE}", external=True)
    # They handle many thousand rows, which tracing makes much slower, or wait for processes most of the time.
    run_pytest(session, "-m", "slow", *workers(2), report="slow.xml")


def workers(number: int) -> tuple[str, ...]:
    """Options of pytest that share the tests among some processes: one that has done its share takes some of another's.

    Tests that take long stand together, so equal shares of the list would leave most processes idle in the end.
    """
    return "-n", str(number), "--dist", "worksteal"


def run_pytest(session: nox.Session, *arguments: str, report: str = "pytest.xml") -> None:
    link_tree()
    junit = results_folder(session.name) / report
    session.run("python", "-m", "pytest", "-q", f"--junitxml={junit}", *arguments, external=True)


@nox.session
def playbooks(session: nox.Session) -> None:
    """Playbooks against the simulator, as a user runs them; they wait most of the time."""
    run_pytest(session, "tests/playbooks", *TIMED, *workers(3), *session.posargs)


@nox.session(name="test-eda", venv_backend="virtualenv", reuse_venv=True)
def test_eda(session: nox.Session) -> None:
    """The rulebooks of the collection, run by ansible-rulebook in an environment of its own; it needs Java."""
    session.install("-r", "requirements/eda.txt")
    junit = results_folder(session.name) / "pytest.xml"
    # The simulator runs in the developers' environment, ansible-rulebook in this one.
    command = (sys.executable, "-m", "pytest", "-q", "tests/eda", f"--junitxml={junit}", *session.posargs)
    session.run(*command, external=True, env={"ANSIBLE_RULEBOOK": str(Path(session.bin, "ansible-rulebook"))})


@nox.session
def reliability(session: nox.Session) -> None:
    """The whole under faults, malice, load and interruption, in short."""
    run_pytest(session, "tests/reliability", *TIMED, *workers(3), *session.posargs)


@nox.session(name="reliability-long")
def reliability_long(session: nox.Session) -> None:
    """The same in full; every property with 10,000 examples."""
    run_pytest(session, "tests/reliability", "--long", *workers(2), *NIGHTLY, *session.posargs)


@nox.session(name="properties-long")
def properties_long(session: nox.Session) -> None:
    """Every property of the single pieces, with as many examples."""
    run_pytest(session, "tests/unit", "-m", "hypothesis", *workers(2), *NIGHTLY, *session.posargs)


@nox.session
def fuzz(session: nox.Session) -> None:
    """The parsers of strangers' text, each for a while."""
    results = ("--results", results_folder(session.name))
    session.run("python", "-m", "tests.fuzz", *results, *session.posargs, external=True)


@nox.session
def sanity(session: nox.Session) -> None:
    """ansible-test sanity on the core that is installed here."""
    workspace = ansible_test.prepare(session.name)
    require(session, workspace.sanity(results_folder(session.name), *session.posargs))


@nox.session
def integration(session: nox.Session) -> None:
    """The integration targets against one simulator; name targets to run only those."""
    workspace = ansible_test.prepare(session.name)
    require(session, workspace.integration(results_folder(session.name), "--local", *session.posargs))


def require(session: nox.Session, *passed: bool) -> None:
    if not all(passed):
        session.error("failed; see above")


def run_core(session: nox.Session) -> None:
    """Everything that depends on the core, on one core, in an environment of its own; name suites to run only those."""
    core = session.name.removeprefix("core-")
    requirements = ("-rtests/unit/requirements.txt", "-rtests/integration/requirements.txt")
    # Not pytest-ansible: it changes where the workers of ansible-test's pytest look for the collection.
    session.install(
        f"ansible-core~={CANDIDATES.get(core, f'{core}.0')}",
        *WANTED_BY_ANSIBLE_TEST,
        "pytest-rerunfailures",
        *requirements,
    )
    workspace = ansible_test.prepare(session.name, Path(session.bin, "python"))
    results = results_folder(session.name)
    # What text becomes, what signals do and what a terminal shows depends on the core.
    depending = (
        "tests/reliability/test_hostile_text.py",
        "tests/reliability/test_interrupts.py",
        "tests/playbooks/action",
    )
    suites = {
        "playbooks": lambda: workspace.pytest(results / "playbooks/pytest.xml", *depending, *TIMED, *workers(2)),
        "sanity": lambda: workspace.sanity(results / "sanity"),
        "units": lambda: workspace.units(results / "units", CONTEXTS, "--local", f"--python={session.python}"),
        "integration": lambda: workspace.integration(results / "integration", "--local"),
    }
    require(session, *(suites[name]() for name in session.posargs or suites))


for core, python in CONTROLLER_PYTHON.items():
    # The newest release of each core, as users get it.
    nox.session(run_core, name=f"core-{core}", python=python, venv_backend="virtualenv", reuse_venv=True)


@nox.session(name=f"target-{OLDEST_TARGET_PYTHON}")
def oldest_target(session: nox.Session) -> None:
    """Modules on the oldest Python of a target: their unit tests, and the integration targets."""
    workspace = ansible_test.prepare(session.name)
    results = results_folder(session.name)
    controller = ".".join(map(str, sys.version_info[:2]))
    oldest = f"venv/{OLDEST_TARGET_PYTHON}"
    hosts = (f"--controller=origin:python={controller}", f"--target=controller:python={oldest}")
    require(
        session,
        workspace.units(results / "units", CONTEXTS_ON_TARGETS, f"--target-python={oldest}"),
        workspace.integration(results / "integration", *hosts),
    )


@nox.session(name="docs-check")
def docs_check(session: nox.Session) -> None:
    """The documentation of plugins and the guides, with every reference resolved."""
    with checks_of(session) as checks:
        lint_docs = ("antsibull-docs", "lint-collection-docs", "--plugin-docs", "--skip-rstcheck")
        checks.run(
            "plugin documentation", *lint_docs, "--validate-collection-refs=self", "--check-extra-docs-refs", "."
        )
        checks.run("RetCode tables", "python", "-m", "tests.tools.error_guide", "--check")
        build_site(checks)
        checks.run("pages and their tests", *DOCS_PYTEST, "-m", "not slow")


@nox.session
def docs(session: nox.Session) -> None:
    """The documentation site."""
    with checks_of(session) as checks:
        first_page = build_site(checks)
        if first_page:
            session.log(f"file://{first_page}")


@nox.session(name="test-docs")
def test_docs(session: nox.Session) -> None:
    """README, guides and examples, followed word for word with the installed artifact."""
    junit = results_folder(session.name) / "pytest.xml"
    session.run(*DOCS_PYTEST, *TIMED, *workers(2), f"--junitxml={junit}", *session.posargs, external=True)


@nox.session
def examples(session: nox.Session) -> None:
    """The examples of the artifact, and those in the documentation of its plugins, as a user runs them."""
    junit = results_folder(session.name) / "pytest.xml"
    files = ("tests/docs/test_examples.py", "tests/docs/test_plugin_examples.py")
    session.run(
        "python",
        "-m",
        "pytest",
        "-q",
        *files,
        *TIMED,
        *workers(2),
        f"--junitxml={junit}",
        *session.posargs,
        external=True,
    )


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
    for name in ("dev", "demo", "eda"):
        output = f"--output-file=requirements/{name}.txt"
        session.run("pip-compile", *options, output, f"requirements/{name}.in", external=True)


@nox.session
def changelog(session: nox.Session) -> None:
    """Bring the entry of the coming release up to date: fragments, new modules and plugins, CHANGELOG.md."""
    version = yaml.safe_load(Path("galaxy.yml").read_text())["version"].partition("-")[0]
    session.run("antsibull-changelog", "release", "--version", version, "--update-existing", external=True)
