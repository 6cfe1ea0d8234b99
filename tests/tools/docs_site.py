"""Build the documentation site: plugin pages and guides by antsibull-docs, all of it by Sphinx, without a warning."""

from __future__ import annotations

import os
import shutil
import zlib
from pathlib import Path

from tests.tools.checks import Checks
from tests.tools.trees import ROOT, link_tree

SITE = ROOT / "docs/site"
OUTPUT = ROOT / "build/docs"
COLLECTION = "compshare.cloud"

# Labels of Ansible's own documentation that plugin pages point to, each with its title and its place there.
ANSIBLE_LABELS = {
    "action_plugins": ("Action plugins", "plugins/action.html"),
    "ansible_configuration_settings": ("Configuration settings", "reference_appendices/config.html"),
    "common_return_values": ("Return values", "reference_appendices/common_return_values.html"),
    "playbooks_filters": ("Using filters", "playbook_guide/playbooks_filters.html"),
}


def build_site(checks: Checks) -> Path | None:
    """Build the site and return its first page, or None where a step failed."""
    source = OUTPUT / "rst"
    reference = source / "reference"
    shutil.rmtree(OUTPUT, ignore_errors=True)
    # antsibull-docs writes only where nobody else can.
    reference.mkdir(parents=True, mode=0o755)
    made = checks.run(
        "plugin pages",
        *("antsibull-docs", "collection", "--use-current", "--squash-hierarchy", "--fail-on-error"),
        *("--no-add-antsibull-docs-version", "--dest-dir", reference, COLLECTION),
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(link_tree())},
    )
    if not made:
        return None
    shutil.copy(SITE / "index.rst", source)
    write_inventory(source / "ansible.inv", ANSIBLE_LABELS)
    strict = ("--fail-on-warning", "--keep-going", "--nitpicky", "--quiet")
    pages = OUTPUT / "html"
    if not checks.run("sphinx", "sphinx-build", *strict, "--conf-dir", SITE, source, pages):
        return None
    return pages / "index.html"


def write_inventory(path: Path, labels: dict[str, tuple[str, str]]) -> None:
    """Write labels as an inventory that intersphinx reads: an uncompressed head, then one line for each label."""
    head = (
        "# Sphinx inventory version 2\n# Project: Ansible\n# Version: latest\n"
        "# The remainder of this file is compressed using zlib.\n"
    )
    lines = (f"{label} std:label -1 {page} {title}\n" for label, (title, page) in sorted(labels.items()))
    path.write_bytes(head.encode() + zlib.compress("".join(lines).encode()))
