"""Check the artifact that Galaxy gets: build it, judge it, install it, and use it from where it was installed."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nox
import yaml

from tests.simulator import Simulator
from tests.tools.trees import ROOT, copy_tree

FOLDER = ROOT / "build/package"
# What Galaxy, users and ansible-core look for: files, and folders that must be there to the last file.
EXPECTED_FILES = ("README.md", "LICENSE", "CHANGELOG.md", "requirements.txt")
EXPECTED_FOLDERS = ("docs", "examples", "extensions", "meta", "playbooks", "plugins", "roles")
# What may be there beside them; build_ignore in galaxy.yml keeps everything else out.
ACCEPTED = ("FILES.json", "LICENSES", "MANIFEST.json", "README.zh-CN.md", "REUSE.toml", "changelogs")
# Where that is which a changelog announces when it is new.
CONTENT = {"module": "plugins/modules", "lookup": "plugins/lookup", "inventory": "plugins/inventory", "role": "roles"}


def check_package(session: nox.Session) -> None:
    """Run every check of the artifact, and leave it in build/package with its checksum."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    source = copy_tree(FOLDER / "source")
    artifact, again = build(session, source, FOLDER), build(session, copy_tree(FOLDER / "again"), FOLDER / "again")
    if artifact.read_bytes() != again.read_bytes():
        session.error("the same source gave two different artifacts")
    checksum = hashlib.sha256(artifact.read_bytes()).hexdigest()
    (FOLDER / f"{artifact.name}.sha256").write_text(f"{checksum}  {artifact.name}\n")
    wrong = [*contents(artifact, source), *versions(source), *changelog_gaps(source)]
    if wrong:
        session.error("\n".join(wrong))
    check_importer(session, artifact)
    check_installed(session, artifact)
    check_execution_environment(session, artifact)


def build(session: nox.Session, source: Path, folder: Path) -> Path:
    """Build the artifact of a source and return it, in the form that the same source always has."""
    session.run("ansible-galaxy", "collection", "build", source, "--output-path", folder, external=True)
    (artifact,) = folder.glob("*.tar.gz")
    artifact.write_bytes(reproducible(artifact, commit_time()))
    return artifact


def commit_time() -> int:
    """When the commit that is checked out was created, in seconds since 1970."""
    command = ["git", "log", "-1", "--format=%ct"]
    return int(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)


def reproducible(artifact: Path, time: int) -> bytes:
    """Return an artifact as ansible-galaxy builds it, with its files in order and all of one time."""
    with tarfile.open(artifact) as archive:
        contents = {member: archive.extractfile(member) for member in archive.getmembers()}
        files = {member.name: (member, file.read() if file else b"") for member, file in contents.items()}
    listing = json.loads(files["FILES.json"][1])
    listing["files"].sort(key=lambda entry: entry["name"])
    manifest = json.loads(files["MANIFEST.json"][1])
    changed = json.dumps(listing, indent=True).encode()
    manifest["file_manifest_file"]["chksum_sha256"] = hashlib.sha256(changed).hexdigest()
    files["FILES.json"] = files["FILES.json"][0], changed
    files["MANIFEST.json"] = files["MANIFEST.json"][0], json.dumps(manifest, indent=True).encode()
    packed = io.BytesIO()
    with (
        gzip.GzipFile("", "wb", fileobj=packed, mtime=time) as stream,
        tarfile.open(fileobj=stream, mode="w") as archive,
    ):
        for member, data in (files[name] for name in sorted(files)):
            member.size, member.mtime, member.pax_headers = len(data), time, {}
            archive.addfile(member, io.BytesIO(data))
    return packed.getvalue()


def versions(source: Path) -> Iterator[str]:
    """Yield what is wrong with the versions that the collection carries."""
    in_galaxy = yaml.safe_load((source / "galaxy.yml").read_text())["version"]
    in_client = re.findall(r'^VERSION = "(.*)"', (source / "plugins/module_utils/_api/version.py").read_text(), re.M)
    if in_client != [in_galaxy]:
        yield f"galaxy.yml says {in_galaxy}, the client says {in_client}"


def changelog_gaps(source: Path) -> Iterator[str]:
    """Yield what the changelog of a release lacks; between releases it may lack anything."""
    version = yaml.safe_load((source / "galaxy.yml").read_text())["version"]
    if "-" in version:
        return
    releases = yaml.safe_load((source / "changelogs/changelog.yaml").read_text())["releases"]
    if version not in releases or version not in (source / "CHANGELOG.md").read_text().replace("\\", ""):
        yield f"the changelog says nothing about {version}"
    reported = {(kind, entry["name"]) for release in releases.values() for kind, entry in _new_things_of(release)}
    there = {(kind, path.stem) for kind, folder in CONTENT.items() for path in (source / folder).glob("[!_]*")}
    yield from (f"the changelog says nothing about the {kind} {name}" for kind, name in sorted(there - reported))


def _new_things_of(release: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every module, plugin and role that a release of the changelog names, with its kind."""
    yield from (("module", entry) for entry in release.get("modules", []))
    for kind, entries in {**release.get("plugins", {}), **release.get("objects", {})}.items():
        yield from ((kind, entry) for entry in entries)


def contents(artifact: Path, source: Path) -> Iterator[str]:
    """Yield what the artifact holds too much, and what it lacks."""
    with tarfile.open(artifact) as archive:
        names = {member.name for member in archive.getmembers() if member.isfile()}
    folders = [path for name in EXPECTED_FOLDERS for path in (source / name).rglob("*") if path.is_file()]
    expected = {*EXPECTED_FILES, *(str(path.relative_to(source)) for path in folders)}
    yield from (f"the artifact lacks {name}" for name in sorted(expected - names))
    extra = (name for name in sorted(names - expected) if name.partition("/")[0] not in ACCEPTED)
    yield from (f"the artifact should not hold {name}" for name in extra)


def check_importer(session: nox.Session, artifact: Path) -> None:
    """Galaxy's importer must find nothing: its log lines of level WARNING or ERROR are findings."""
    with session.chdir(artifact.parent):
        log = session.run("python", "-m", "galaxy_importer.main", artifact.name, silent=True, external=True)
    findings = [line for line in str(log).splitlines() if line.startswith(("WARNING", "ERROR", "CRITICAL"))]
    if findings:
        session.error("\n".join(findings))


def check_installed(session: nox.Session, artifact: Path) -> None:
    """Install without a network and use what was installed, away from the clone."""
    folder = FOLDER / "installed"
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(folder), "ANSIBLE_NOCOLOR": "1"}
    install = ("ansible-galaxy", "collection", "install", artifact, "--offline", "--collections-path", folder)
    session.run(*install, env=environment, external=True)
    with session.chdir(folder), Simulator(speed=1) as simulator:
        for kind in ("module", "lookup", "inventory"):
            listing = ("ansible-doc", "--type", kind, "--json", "--list", "compshare.cloud")
            found = json.loads(str(session.run(*listing, env=environment, silent=True, external=True)))
            session.run("ansible-doc", "--type", kind, *found, env=environment, silent=True, external=True)
        module = ("ansible", "localhost", "-m", "compshare.cloud.compshare_image_info", "-a", "limit=1")
        session.run(*module, env={**environment, **simulator.world.environment()}, external=True)


def check_execution_environment(session: nox.Session, artifact: Path) -> None:
    """ansible-builder must find the collection's needs, and create a build context with the artifact in it."""
    found = session.run("ansible-builder", "introspect", FOLDER / "installed", silent=True, external=True)
    needs = [need.partition("#")[0].strip() for need in yaml.safe_load(str(found))["python"]]
    expected = Path("requirements.txt").read_text().split()
    if needs != expected:
        session.error(f"ansible-builder found {needs}, expected {expected}")
    definition = {
        "version": 3,
        "images": {"base_image": {"name": "registry.example/base:latest"}},
        "dependencies": {"galaxy": {"collections": [{"name": str(artifact), "type": "file"}]}},
    }
    file = FOLDER / "execution-environment.yml"
    file.write_text(yaml.safe_dump(definition))
    session.run("ansible-builder", "create", "-f", file, "-c", FOLDER / "context", external=True)
