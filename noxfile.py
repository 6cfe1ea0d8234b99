"""The steps of `make test`, one session each, in the environment of `make setup`; antsibull-nox.toml adds some."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import antsibull_nox
import nox
import yaml

sys.path.insert(0, str(Path(__file__).parent))

from tests.tools import ansible_test
from tests.tools.docs_site import build_site
from tests.tools.matrix import INTERPRETERS, LEGS, OLDEST_TARGET_PYTHON, TARGET_LEG, UNRELEASED
from tests.tools.package import check_package
from tests.tools.run_steps import results_folder
from tests.tools.trees import link_tree

nox.options.default_venv_backend = "none"
nox.options.sessions = ["quick-lint", "quick-unit"]
antsibull_nox.load_antsibull_nox_toml()

# The tools of the environment that nox itself is in; before them the interpreters that tests/tools/matrix.py found.
os.environ["PATH"] = os.pathsep.join([str(INTERPRETERS), str(Path(sys.executable).parent), os.environ["PATH"]])

# ansible-test runs unit tests with these, and installs them only into environments of its own.
NEEDED_BY_ANSIBLE_TEST = ["mock", "pytest", "pytest-mock", "pytest-rerunfailures", "pytest-xdist", "pyyaml"]
# The contexts of its unit tests; the first two are for what runs on targets, too.
CONTEXTS = ("modules", "module_utils", "controller")
# The unit tests that may depend on the core. The others try many inputs or faults on code that does not use Ansible.
QUICK_UNITS = "not slow and not hypothesis"
# What text becomes, what signals do and what a terminal shows depends on the core.
RELIABILITY = ("tests/reliability/test_hostile_text.py", "tests/reliability/test_interrupts.py")
DEPEND_ON_CORE = ("tests/playbooks/action", *RELIABILITY)
# With QUICK=1, `make test-matrix` runs no playbooks, and only integration targets that show how the core runs modules,
# in its own process and in one of theirs, what it masks, live lines, the inventory and the lookup.
QUICK = bool(os.environ.get("QUICK"))
QUICK_TARGETS = (
    "compshare_api compshare_image_progress compshare_image_share in_process inventory_compshare lookup_compshare_image"
)
TARGETS = QUICK_TARGETS.split() if QUICK else ()  # all
# Tests that take long stand together, so equal shares of the list would leave most processes idle in the end.
SHARED = ("--dist=worksteal", "-n")
# A busy machine can break a test that real time passes in. It is run once more, with a new world, and named at the end.
TIMED = ("--reruns=1", "-ra", *SHARED)
# The profile of hypothesis in tests/conftest.py that takes a night.
NIGHTLY = ("--hypothesis-profile=nightly", *SHARED, "2")


def run_pytest(session: nox.Session, *arguments: str, env: dict[str, str] | None = None) -> None:
    link_tree()
    options = ("-q", "--tb=short", f"--junitxml={results_folder(session.name) / 'pytest.xml'}")
    session.run(sys.executable, "-m", "pytest", *options, *arguments, external=True, env=env)


def pytest_session(name: str, about: str, *arguments: str) -> None:
    """Add a session that runs pytest and nothing else; what is given on the command line goes to pytest, too."""

    def run(session: nox.Session) -> None:
        run_pytest(session, *arguments, *session.posargs)

    run.__doc__ = about
    nox.session(run, name=name)


pytest_session("quick-unit", "Unit tests that take no seconds.", "tests/unit", "-m", QUICK_UNITS, *SHARED, "2")
# Most of the time these wait for what is being created.
# They handle many thousand rows, which tracing makes much slower, or wait for processes most of the time.
pytest_session("slow-unit", "The unit tests that are slow.", "tests/unit", "-m", "slow", *SHARED, "2")
pytest_session("playbooks", "Playbooks against the simulator, as a user runs them.", "tests/playbooks", *TIMED, "6")
pytest_session("reliability", "Faults, untrusted data, load and interrupts.", "tests/reliability", *TIMED, "3")
pytest_session("reliability-long", "The same in full.", "tests/reliability", "--long", *NIGHTLY)
pytest_session("properties-long", "Every property of the unit tests.", "tests/unit", "-m", "hypothesis", *NIGHTLY)
pytest_session("docs-pages", "What the guides and the documentation of plugins say.", "tests/docs", "-m", "not slow")
pytest_session("test-docs", "README, guides and examples, word for word.", "tests/docs", *TIMED, "2")
EXAMPLES = ("tests/docs/test_examples.py", "tests/docs/test_plugin_examples.py")
pytest_session("examples", "The examples of the artifact, as a user runs them.", *EXAMPLES, *TIMED, "2")


@nox.session(name="quick-lint")
def quick_lint(session: nox.Session) -> None:
    """The linters that take seconds."""
    session.run("ruff", "check", ".", external=True)
    session.run("ruff", "format", "--check", ".", external=True)
    link_tree()  # where mypy finds the collection
    session.run("mypy", external=True)
    session.run("yamllint", "--strict", ".", external=True)
    session.run("shellcheck", ".ci/run", *map(str, Path("tests/tools").glob("*.sh")), external=True)
    session.run("antsibull-changelog", "lint", external=True)
    workflows = map(str, Path(".github/workflows").iterdir())
    session.run("check-jsonschema", "--builtin-schema=vendor.github-workflows", *workflows, external=True)


@nox.session(name="ansible-lint")
def ansible_lint(session: nox.Session) -> None:
    """What ansible-lint finds in playbooks, roles and examples."""
    session.run("ansible-lint", external=True, env={"ANSIBLE_COLLECTIONS_PATH": str(link_tree())})


@nox.session
def unit(session: nox.Session) -> None:
    """Unit tests that are not slow, and their coverage of the code below the modules."""
    run_pytest(session, *(session.posargs or ("-m", "not slow", *SHARED, "2", "--cov")))


@nox.session(name="test-eda", venv_backend="virtualenv", reuse_venv=True)
def test_eda(session: nox.Session) -> None:
    """The rulebooks of the collection, run by ansible-rulebook in an environment of its own; it needs Java."""
    session.install("-r", "requirements/eda.txt")
    # The simulator runs in the developers' environment, ansible-rulebook in this one.
    rulebook = {"ANSIBLE_RULEBOOK": str(Path(session.bin, "ansible-rulebook"))}
    run_pytest(session, "tests/eda", *session.posargs, env=rulebook)


@nox.session
def fuzz(session: nox.Session) -> None:
    """The parsers of untrusted text, each for a while."""
    results = ("--results", results_folder(session.name))
    session.run("python", "-m", "tests.fuzz", *results, *session.posargs, external=True)


@nox.session
def sanity(session: nox.Session) -> None:
    """ansible-test sanity on the core that is installed here."""
    require(session, ansible_test.prepare(session.name).sanity(*session.posargs))


@nox.session
def integration(session: nox.Session) -> None:
    """The integration targets against one simulator; name targets to run only those."""
    require(session, ansible_test.prepare(session.name).integration("--local", *session.posargs))


def require(session: nox.Session, *passed: bool) -> None:
    if not all(passed):
        session.error("failed; see above")


def run_core(session: nox.Session) -> None:
    """Everything that depends on the core, on one core, in an environment of its own; name suites to run only those."""
    core = session.name.partition("-")[0]
    requirements = ("-rtests/unit/requirements.txt", "-rtests/integration/requirements.txt")
    # Not pytest-ansible: it changes where the workers of ansible-test's pytest look for the collection.
    release = UNRELEASED.get(core, f"ansible-core~={core}.0")
    session.install(release, *NEEDED_BY_ANSIBLE_TEST, *requirements)
    workspace = ansible_test.prepare(session.name, Path(session.bin, "python"))
    units = (CONTEXTS, QUICK_UNITS, "--local", f"--python={session.python}", "--num-workers=2")
    suites = {
        "playbooks": lambda: workspace.playbooks(*DEPEND_ON_CORE, *TIMED, "4"),
        "sanity": workspace.sanity,
        "units": lambda: workspace.units(*units),
        "integration": lambda: workspace.integration("--local", *TARGETS),
    }
    if QUICK:
        del suites["playbooks"]
    require(session, *(suites[name]() for name in session.posargs or suites))


for leg, python in LEGS.items():
    if leg != TARGET_LEG:
        # The newest release of each core, as users get it.
        nox.session(run_core, name=leg, python=python, venv_backend="virtualenv", reuse_venv=True)


@nox.session(name=TARGET_LEG)
def oldest_target(session: nox.Session) -> None:
    """Modules on the oldest Python of a target: their unit tests, and the integration targets."""
    workspace = ansible_test.prepare(session.name)
    controller = ".".join(map(str, sys.version_info[:2]))
    oldest = f"venv/{OLDEST_TARGET_PYTHON}"
    hosts = (f"--controller=origin:python={controller}", f"--target=controller:python={oldest}")
    require(
        session,
        workspace.units(CONTEXTS[:2], QUICK_UNITS, f"--target-python={oldest}", "--num-workers=2"),
        workspace.integration(*hosts, *TARGETS),
    )


@nox.session
def docs(session: nox.Session) -> None:
    """The documentation of plugins and the guides, every reference resolved, as a site."""
    lint_docs = ("antsibull-docs", "lint-collection-docs", "--plugin-docs", "--skip-rstcheck")
    session.run(*lint_docs, "--validate-collection-refs=self", "--check-extra-docs-refs", ".", external=True)
    session.log(f"file://{build_site(session)}")


@nox.session
def package(session: nox.Session) -> None:
    """The artifact that Galaxy gets: built, judged, installed and used."""
    check_package(session)


@nox.session
def pins(session: nox.Session) -> None:
    """Write the complete pins anew, the newest of everything that requirements/*.in allow."""
    options = ["--quiet", "--strip-extras", "--allow-unsafe", "--upgrade", "--no-header", "--generate-hashes"]
    # Where packages come from is a matter of the machine.
    options += ["--no-emit-index-url", "--no-emit-trusted-host", "--no-emit-find-links", "--no-emit-options"]
    for name in ("dev", "demo", "eda", "oldest-http"):
        output = f"--output-file=requirements/{name}.txt"
        session.run("pip-compile", *options, output, f"requirements/{name}.in", external=True)


@nox.session
def changelog(session: nox.Session) -> None:
    """Bring the entry of the coming release up to date: fragments, new modules and plugins, CHANGELOG.md."""
    version = yaml.safe_load(Path("galaxy.yml").read_text())["version"].partition("-")[0]
    session.run("antsibull-changelog", "release", "--version", version, "--update-existing", external=True)
