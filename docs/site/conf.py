"""How Sphinx builds the documentation site; tests/tools/docs_site.py runs it."""

from __future__ import annotations

from pathlib import Path

import yaml
from sphinx.search.zh import SearchChinese

_GALAXY = yaml.safe_load((Path(__file__).parents[2] / "galaxy.yml").read_text(encoding="utf-8"))

project = "compshare.cloud"
author = ", ".join(_GALAXY["authors"])
copyright = f"2026, {author}"  # noqa: A001 - Sphinx reads this very name
release = version = _GALAXY["version"]
html_title = html_short_title = "compshare.cloud"

extensions = ["sphinx.ext.intersphinx", "sphinx_antsibull_ext", "sphinx_copybutton"]
# Pages of Ansible's own documentation that plugin pages point to. The inventory is written by tests/tools/docs_site.py,
# so that the site can be built, with every reference resolved, where there is no network.
intersphinx_mapping = {"ansible": ("https://docs.ansible.com/ansible/latest/", "ansible.inv")}

nitpicky = True
default_role = "any"
highlight_language = "yaml+jinja"
# Splits Chinese into words, and takes English as it is.
html_search_language = "zh"
# Its stemmer is the English one; Sphinx 9.0 looks for it under the name of the language.
SearchChinese.language_name = "English"
# What is typed behind the prompt is copied, and what comes back is not.
copybutton_prompt_text = "$ "
copybutton_only_copy_prompt_lines = True

_PAGES = "https://ansible-collections.github.io/compshare.cloud"
_GALAXY_PAGE = "https://galaxy.ansible.com/ui/repo/published/compshare/cloud/"

html_theme = "pydata_sphinx_theme"
html_theme_options = {
    "logo": {"text": "compshare.cloud"},
    "header_links_before_dropdown": 5,
    "navbar_end": ["version-switcher", "theme-switcher", "navbar-icon-links"],
    # The list of versions stands above the folders of the versions; the release workflow writes it.
    "switcher": {"json_url": f"{_PAGES}/versions.json", "version_match": release},
    "check_switcher": False,
    "icon_links": [
        {"name": "Source", "url": _GALAXY["repository"], "icon": "fa-brands fa-github"},
        {"name": "Galaxy", "url": _GALAXY_PAGE, "icon": "fa-solid fa-download"},
    ],
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}  # fmt: skip
html_sidebars = {"index": []}
html_static_path = ["_static"]
html_css_files = ["compshare.css"]
html_show_sourcelink = False
html_copy_source = False
html_use_index = False
smartquotes = False  # options and commands are written with straight quotes
