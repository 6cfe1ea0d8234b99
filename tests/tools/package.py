"""Check the artifact that Galaxy gets: build it, judge it, install it, and use it from where it was installed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.tools.checks import Checks
from tests.tools.simulator import running_simulator
from tests.tools.trees import copy_tree

# What Galaxy, users and ansible-core look for: files, and folders that must be there to the last file.
WANTED_FILES = ("README.md", "LICENSE", "CHANGELOG.md", "requirements.txt")
WANTED_FOLDERS = ("docs", "examples", "meta", "playbooks", "plugins", "roles")
# What may be there beside them; build_ignore in galaxy.yml keeps everything else out.
ACCEPTED = ("FILES.json", "LICENSES", "MANIFEST.json", "README.zh-CN.md", "REUSE.toml", "changelogs")
# Where that is which a changelog announces when it is new.
CONTENT = {"module": "plugins/modules", "lookup": "plugins/lookup", "inventory": "plugins/inventory", "role": "roles"}
# The types of plugins that ansible-doc shows.
DOCUMENTED = ("module", "lookup", "inventory")


def check_package(checks: Checks, folder: Path) -> None:
    """Run every check of the artifact in ``folder``, which must be empty or missing."""
    source = copy_tree(folder / "source")
    if not checks.run("galaxy build", "ansible-galaxy", "collection", "build", source, "--output-path", folder):
        return
    (artifact,) = folder.glob("*.tar.gz")
    check_contents(checks, artifact, source)
    check_importer(checks, artifact)
    if check_installed(checks, artifact, folder / "installed"):
        check_execution_environment(checks, artifact, folder)
    checks.judge("one version", versions_of(source))
    checks.judge("changelog", what_the_changelog_lacks(source))


def versions_of(source: Path) -> str:
    """Return what is wrong with the versions that the collection carries, or an empty text."""
    in_galaxy = yaml.safe_load((source / "galaxy.yml").read_text())["version"]
    in_client = re.findall(r'^VERSION = "(.*)"', (source / "plugins/module_utils/_api/version.py").read_text(), re.M)
    return "" if in_client == [in_galaxy] else f"galaxy.yml says {in_galaxy}, the client says {in_client}"


def what_the_changelog_lacks(source: Path) -> str:
    """Return what the changelog of a release leaves out, or an empty text; between releases it may lack anything."""
    version = yaml.safe_load((source / "galaxy.yml").read_text())["version"]
    if "-" in version:
        return ""
    releases = yaml.safe_load((source / "changelogs/changelog.yaml").read_text())["releases"]
    if version not in releases or version not in (source / "CHANGELOG.md").read_text().replace("\\", ""):
        return f"nothing about {version}"
    told = {(kind, entry["name"]) for release in releases.values() for kind, entry in _new_things_of(release)}
    there = {(kind, path.stem) for kind, folder in CONTENT.items() for path in (source / folder).glob("[!_]*")}
    return f"nothing about {sorted(there - told)}" if there - told else ""


def _new_things_of(release: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every module, plugin and role that a release of the changelog names, with its kind."""
    yield from (("module", entry) for entry in release.get("modules", []))
    for kind, entries in {**release.get("plugins", {}), **release.get("objects", {})}.items():
        yield from ((kind, entry) for entry in entries)


def check_contents(checks: Checks, artifact: Path, source: Path) -> None:
    with tarfile.open(artifact) as archive:
        names = {member.name for member in archive.getmembers() if member.isfile()}
    folders = [path for name in WANTED_FOLDERS for path in (source / name).rglob("*") if path.is_file()]
    wanted = {*WANTED_FILES, *(str(path.relative_to(source)) for path in folders)}
    missing = sorted(wanted - names)
    ballast = sorted(name for name in names - wanted if name.partition("/")[0] not in ACCEPTED)
    reason = f"should not be there: {ballast}; should be there: {missing}" if ballast or missing else ""
    checks.judge("artifact contents", reason)


def check_importer(checks: Checks, artifact: Path) -> None:
    """Galaxy's importer must find nothing: its log lines of level WARNING or ERROR are findings."""
    command = [sys.executable, "-m", "galaxy_importer.main", artifact.name]
    run = subprocess.run(
        command, cwd=artifact.parent, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    print(run.stdout)
    findings = [line for line in run.stdout.splitlines() if line.startswith(("WARNING", "ERROR", "CRITICAL"))]
    if run.returncode != 0:
        findings.append(f"ended with {run.returncode}")
    checks.judge("galaxy-importer", "\n".join(findings))


def check_installed(checks: Checks, artifact: Path, collections: Path) -> bool:
    """Install without a network and use what was installed, away from the clone; return whether it is there."""
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(collections), "ANSIBLE_NOCOLOR": "1"}
    install = ("ansible-galaxy", "collection", "install", artifact, "--offline", "--collections-path", collections)
    if not checks.run("install --offline", *install, env=environment):
        return False
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
    return True


def check_execution_environment(checks: Checks, artifact: Path, folder: Path) -> None:
    """ansible-builder must find the collection's needs, and make a build context with the artifact in it."""
    introspect = ["ansible-builder", "introspect", str(folder / "installed")]
    found = subprocess.run(introspect, check=False, stdout=subprocess.PIPE, text=True)
    needs = yaml.safe_load(found.stdout)["python"] if found.returncode == 0 else []
    names = [need.partition("#")[0].strip() for need in needs]
    wanted = Path("requirements.txt").read_text().split()
    checks.judge("ansible-builder introspect", "" if names == wanted else f"found {names}, wanted {wanted}")
    definition = {
        "version": 3,
        "images": {"base_image": {"name": "registry.example/base:latest"}},
        "dependencies": {"galaxy": {"collections": [{"name": str(artifact), "type": "file"}]}},
    }
    file = folder / "execution-environment.yml"
    file.write_text(yaml.safe_dump(definition))
    checks.run("ansible-builder create", "ansible-builder", "create", "-f", file, "-c", folder / "context")
