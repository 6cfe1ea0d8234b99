"""How Sphinx makes the documentation site; tests/tools/docs_site.py runs it."""

from __future__ import annotations

from pathlib import Path

import yaml

_GALAXY = yaml.safe_load((Path(__file__).parents[2] / "galaxy.yml").read_text(encoding="utf-8"))

project = "compshare.cloud"
author = ", ".join(_GALAXY["authors"])
copyright = f"2026, {author}"  # noqa: A001 - Sphinx reads this very name
release = version = _GALAXY["version"]
html_title = html_short_title = "compshare.cloud"

extensions = ["sphinx.ext.intersphinx", "sphinx_antsibull_ext"]
# Pages of Ansible's own documentation that plugin pages point to. The inventory is written by tests/tools/docs_site.py,
# so that the site can be built, with every reference resolved, where there is no network.
intersphinx_mapping = {"ansible": ("https://docs.ansible.com/ansible/latest/", "ansible.inv")}

nitpicky = True
default_role = "any"
highlight_language = "yaml+jinja"
pygments_style = "ansible"

html_theme = "sphinx_ansible_theme"
html_theme_options = {
    "show_extranav": False,
    "show_rtd_ethical_ads": False,
    "topbar_links": {"Galaxy": "https://galaxy.ansible.com/ui/repo/published/compshare/cloud/"},
    "documentation_home_url": "",
}
html_static_path = ["_static"]
html_css_files = ["compshare.css"]
html_show_sphinx = False
html_copy_source = False
html_use_index = False
smartquotes = False  # options and commands are written with straight quotes
