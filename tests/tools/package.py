"""Check the artifact that Galaxy gets: build it, judge it, install it, and use it from where it was installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

from tests.tools.checks import Checks
from tests.tools.simulator import running_simulator
from tests.tools.trees import copy_tree

# What has no place in an installation; build_ignore in galaxy.yml keeps it out.
BALLAST = ("tests/", "build/", "collections/", ".")
# What Galaxy, users and ansible-core look for.
WANTED = (
    "README.md",
    "LICENSE",
    "CHANGELOG.md",
    "meta/runtime.yml",
    "meta/execution-environment.yml",
    "plugins/modules/",
)
# The types of plugins that ansible-doc shows.
DOCUMENTED = ("module", "lookup", "inventory")


def check_package(checks: Checks, folder: Path) -> None:
    """Run every check of the artifact in ``folder``, which must be empty or missing."""
    source = copy_tree(folder / "source")
    if not checks.run("galaxy build", "ansible-galaxy", "collection", "build", source, "--output-path", folder):
        return
    (artifact,) = folder.glob("*.tar.gz")
    check_contents(checks, artifact)
    check_importer(checks, artifact)
    check_installed(checks, artifact, folder / "installed")


def check_contents(checks: Checks, artifact: Path) -> None:
    with tarfile.open(artifact) as archive:
        names = [member.name + ("/" if member.isdir() else "") for member in archive.getmembers()]
    ballast = [name for name in names if name.startswith(BALLAST)]
    missing = [name for name in WANTED if name not in names]
    if ballast or missing:
        checks.fail("artifact contents", f"should not be there: {ballast}; should be there: {missing}")
    else:
        checks.succeed("artifact contents")


def check_importer(checks: Checks, artifact: Path) -> None:
    """Galaxy's importer must find nothing: its log lines of level WARNING or ERROR are findings."""
    name = "galaxy-importer"
    command = [sys.executable, "-m", "galaxy_importer.main", artifact.name]
    run = subprocess.run(
        command, cwd=artifact.parent, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    print(run.stdout)
    findings = [line for line in run.stdout.splitlines() if line.startswith(("WARNING", "ERROR", "CRITICAL"))]
    if run.returncode != 0 or findings:
        checks.fail(name, "\n".join(findings) or f"ended with {run.returncode}")
    else:
        checks.succeed(name)


def check_installed(checks: Checks, artifact: Path, collections: Path) -> None:
    """Install without a network and use what was installed, from a folder that is not the clone."""
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(collections), "ANSIBLE_NOCOLOR": "1"}
    install = ("ansible-galaxy", "collection", "install", artifact, "--offline", "--collections-path", collections)
    if not checks.run("install --offline", *install, env=environment):
        return
    for plugin_type in DOCUMENTED:
        listing = subprocess.run(
            ["ansible-doc", "--type", plugin_type, "--json", "--list", "compshare.cloud"],
            cwd=collections,
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        )
        for plugin in json.loads(listing.stdout):
            checks.run(f"ansible-doc {plugin}", "ansible-doc", "--type", plugin_type, plugin, env=environment)
    with running_simulator(speed=1) as simulator:
        module = ("ansible", "localhost", "-m", "compshare.cloud.compshare_image_info", "-a", "limit=1")
        checks.run("installed module", *module, env={**environment, **simulator.environment})
