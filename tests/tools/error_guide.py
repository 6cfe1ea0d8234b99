"""Write the tables of RetCodes into the guides 'errors and what to do', from what the client itself knows of them."""

from __future__ import annotations

import re
import sys

import jinja2
import yaml

from ansible_collections.compshare.cloud.plugins.module_utils._api.retcodes import RETCODES
from tests.tools.trees import ROOT

GUIDES = {"en": ROOT / "docs/docsite/rst/guide_errors.rst", "zh": ROOT / "docs/docsite/rst/guide_errors_zh.rst"}
CHINESE = ROOT / "docs/site/errors_zh.yml"
MARKS = re.compile(r"(?s)(?<=\.\. RetCodes: written by `make error-guide`, from here\n).*(?=\.\. RetCodes: to here\n)")

# The tables by their last code.
PARTS = {
    999: "The gateway and the request (up to 999)",
    99_999: "Instances, images and orders (8xxx)",
    sys.maxsize: "CompShare (226xxx)",
}
COLUMNS = ("RetCode", "What it means, and what to do", "Retried")
RETRIED = {"never": "never", "read": "if it only reads", "throttle": "always", "busy": "by tasks that wait"}
TABLES = """
{% for last, part in parts.items() %}
{% set title = said(part) %}
{{ title }}
{{ '^' * (title | length if title.isascii() else 2 * title | length) }}

.. list-table::
   :header-rows: 1
   :widths: 12 68 20
   :class: retcodes

{% for name in columns %}
   {{ '* -' if loop.first else '  -' }} {{ said(name) }}
{% endfor %}
{% for entry in codes if parts.keys() | select('ge', entry.code) | first == last %}
{% set meaning = said(entry.meaning).rstrip(stop) %}
   * - {{ entry.code }}
     - **{{ meaning[0] | upper }}{{ meaning[1:] }}{{ stop }}**{{ ' ' ~ said(entry.hint) if entry.hint }}
     - {{ said(retried[entry.retry.value]) }}
{% endfor %}

{% endfor %}
"""


def tables(language: str) -> str:
    """All codes as reStructuredText, one table for each part."""
    pairs = yaml.safe_load(CHINESE.read_text(encoding="utf-8"))
    texts = {pair["en"]: pair["zh"] for pair in pairs}
    codes = sorted(RETCODES.values(), key=lambda entry: int(entry.code))
    environment = jinja2.Environment(trim_blocks=True)  # noqa: S701 - not HTML
    language_of_page = {"said": texts.__getitem__, "stop": "。"} if language == "zh" else {"said": str, "stop": "."}
    facts = {"parts": PARTS, "columns": COLUMNS, "retried": RETRIED, "codes": codes}
    return environment.from_string(TABLES).render(facts, **language_of_page)


def with_tables(text: str, language: str) -> str:
    """Return a guide's text with the tables between its two marks written anew."""
    written, found = MARKS.subn(lambda _match: tables(language), text)
    if found != 1:
        raise ValueError(f"{GUIDES[language].name} lacks the marks of the tables")
    return written


if __name__ == "__main__":
    for name, guide in GUIDES.items():
        guide.write_text(with_tables(guide.read_text(encoding="utf-8"), name), encoding="utf-8")
