"""Check the artifact that Galaxy gets: build it, judge it, install it, and use it from where it was installed."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import tarfile
from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path

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


def check_package(session: nox.Session) -> None:
    """Run every check of the artifact, and leave it in build/package with its checksum."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    source = copy_tree(FOLDER / "source")
    artifact, again = build(session, source, FOLDER), build(session, copy_tree(FOLDER / "again"), FOLDER / "again")
    if artifact.read_bytes() != again.read_bytes():
        session.error("the same source gave two different artifacts")
    (FOLDER / f"{artifact.name}.sha256").write_text(f"{checksum_of(artifact)}  {artifact.name}\n")
    if wrong := list(contents(FOLDER / "unpacked", source)):
        session.error("\n".join(wrong))
    check_importer(session, artifact)
    check_installed(session, artifact)
    check_execution_environment(session, artifact)


def build(session: nox.Session, source: Path, folder: Path) -> Path:
    """Build the artifact of a source and return it, packed so that a commit always gives the same one."""
    session.run("ansible-galaxy", "collection", "build", source, "--output-path", folder, external=True)
    (artifact,) = folder.glob("*.tar.gz")
    unpacked = folder / "unpacked"
    with tarfile.open(artifact) as archive:
        archive.extractall(unpacked, filter="data")
    listing, manifest = (json.loads((unpacked / name).read_text()) for name in ("FILES.json", "MANIFEST.json"))
    listing["files"].sort(key=itemgetter("name"))
    (unpacked / "FILES.json").write_text(json.dumps(listing, indent=True))
    manifest["file_manifest_file"]["chksum_sha256"] = checksum_of(unpacked / "FILES.json")
    (unpacked / "MANIFEST.json").write_text(json.dumps(manifest, indent=True))
    committed = int(str(session.run("git", "log", "-1", "--format=%ct", silent=True, external=True)))

    def normalized(member: tarfile.TarInfo) -> tarfile.TarInfo:
        return member.replace(mtime=committed, uid=0, gid=0, uname="", gname="", deep=False)

    with gzip.GzipFile(artifact, "wb", mtime=committed) as stream, tarfile.open(fileobj=stream, mode="w") as archive:
        for path in sorted(unpacked.iterdir()):
            archive.add(path, path.name, filter=normalized)
    return artifact


def checksum_of(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def contents(unpacked: Path, source: Path) -> Iterator[str]:
    """Yield what the artifact holds too much, and what it lacks."""
    names = {str(path.relative_to(unpacked)) for path in unpacked.rglob("*") if path.is_file()}
    folders = [path for name in EXPECTED_FOLDERS for path in (source / name).rglob("*") if path.is_file()]
    expected = {*EXPECTED_FILES, *(str(path.relative_to(source)) for path in folders)}
    yield from (f"the artifact lacks {name}" for name in sorted(expected - names))
    extra = (name for name in sorted(names - expected) if name.partition("/")[0] not in ACCEPTED)
    yield from (f"the artifact should not hold {name}" for name in extra)


def check_importer(session: nox.Session, artifact: Path) -> None:
    """Galaxy's importer must find nothing: its log lines of level WARNING or ERROR are findings."""
    with session.chdir(artifact.parent):
        log = session.run("python", "-m", "galaxy_importer.main", artifact.name, silent=True, external=True)
    if findings := [line for line in str(log).splitlines() if line.startswith(("WARNING", "ERROR", "CRITICAL"))]:
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
