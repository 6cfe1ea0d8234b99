"""Build the documentation site: plugin pages and guides by antsibull-docs, all of it by Sphinx, without a warning."""

from __future__ import annotations

import re
import shutil
import zlib
from pathlib import Path

import nox

from tests.tools.trees import ROOT, link_tree

SITE = ROOT / "docs/site"
OUTPUT = ROOT / "build/docs"
FILLED_IN = "filled in by tests/tools/docs_site.py"


def build_site(session: nox.Session) -> Path:
    """Build the site and return its first page."""
    source = OUTPUT / "rst"
    reference = source / "reference"
    shutil.rmtree(OUTPUT, ignore_errors=True)
    shutil.copytree(SITE, source)
    # antsibull-docs writes only where nobody else can.
    reference.mkdir(mode=0o755)
    session.run(
        *("antsibull-docs", "collection", "--use-current", "--squash-hierarchy", "--fail-on-error"),
        *("--no-add-antsibull-docs-version", "--dest-dir", reference, "compshare.cloud"),
        env={"ANSIBLE_COLLECTIONS_PATH": str(link_tree())},
        external=True,
    )
    # Guides show them; antsibull-docs takes the text of guides alone.
    shutil.copytree(ROOT / "docs/docsite/images", reference / "images")
    shutil.copytree(ROOT / "docs/pictures", source / "pictures")
    fill_in_plugins(source / "reference.rst", reference / "index.rst")
    for page in reference.glob("*_module.rst"):
        page.write_text(without_default_returned(page.read_text(encoding="utf-8")), encoding="utf-8")
    for guide in (reference / "docsite").glob("guide_*.rst"):
        guide.write_text(with_other_language(guide.read_text(encoding="utf-8"), guide.stem), encoding="utf-8")
    # What plugin pages point to in Ansible's own documentation: an inventory of Sphinx, and not yet compressed.
    *head, targets = (source / "ansible_inventory.txt").read_bytes().split(b"\n", 4)
    (source / "ansible.inv").write_bytes(b"\n".join([*head, zlib.compress(targets)]))
    pages = OUTPUT / "html"
    strict = ("--fail-on-warning", "--keep-going", "--nitpicky", "--quiet")
    session.run("sphinx-build", *strict, "--conf-dir", SITE, source, pages, external=True)
    index = (pages / "searchindex.js").read_text(encoding="utf-8")
    script = (pages / "_static/language_data.js").read_text(encoding="utf-8")
    if not re.search(r'"terms":.*"\\u955c\\u50cf":', index) or "var EnglishStemmer" not in script:
        session.error("the search does not find 镜像")
    return pages / "index.html"


def fill_in_plugins(page: Path, collection_index: Path) -> None:
    """Fill in the plugins that antsibull-docs lists in its own index, and remove that: it has the guides, too."""
    lines = collection_index.read_text(encoding="utf-8").splitlines()
    plugins = [line for line in lines if line.startswith("* :ansplugin:")]
    # `* :ansplugin:`compshare_image lookup <compshare.cloud.compshare_image#lookup>` -- Find …`
    pages = [re.sub(r"^.*?`(\w+) (\w+) <.*$", r"   \1 \2 <reference/\1_\2>", line) for line in plugins]
    pages = [entry.replace(" plugin <", " <").replace(" module <", " <") for entry in pages]
    filled = page.read_text(encoding="utf-8").replace(f".. PLUGINS: {FILLED_IN}", "\n".join(plugins))
    page.write_text(filled.replace(f"   .. PAGES: {FILLED_IN}", "\n".join(pages)), encoding="utf-8")
    collection_index.unlink()


def without_default_returned(text: str) -> str:
    """Return a module's page without "Returned: success" at nested keys: it means that nothing was written there."""
    returned = r" {6}\.\. rst-class:: ansible-option-line\n\n {6}:ansible-option-returned-bold:`Returned:` success\n\n"
    return re.sub(rf'(ansible-option-indent-desc"(?:(?!  \* - ).)*?){returned}', r"\1", text, flags=re.S)


def with_other_language(text: str, name: str) -> str:
    """Return the guide ``name`` with a link below its title to the same guide in the other language.

    The link is not in the guide itself: where guides are read as they stand in the repository, it would not be one.
    """
    other, language = (name.removesuffix("_zh"), "English") if name.endswith("_zh") else (f"{name}_zh", "中文")
    before, title_line, after = re.split(r"(?m)^(=+\n)", text, maxsplit=1)
    return f"{before}{title_line}\n:doc:`{language} <{other}>`\n{after}"
