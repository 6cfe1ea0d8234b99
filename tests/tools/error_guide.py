"""Write the tables of RetCodes into the guides 'errors and what to do', from what the client itself knows of them."""

from __future__ import annotations

import importlib
import re
import sys
from typing import Any

import jinja2
import yaml

from tests.tools.trees import ROOT, link_tree

GUIDES = {"en": ROOT / "docs/docsite/rst/guide_errors.rst", "zh": ROOT / "docs/docsite/rst/guide_errors_zh.rst"}
CHINESE = ROOT / "docs/site/errors_zh.yml"
MARKS = re.compile(r"(?s)(?<=\.\. RetCodes: written by `make error-guide`, from here\n).*(?=\.\. RetCodes: to here\n)")

# The words of the tables in each language: the parts by their last code, the titles of the columns, the Retry values.
WORDS: dict[str, dict[str, Any]] = {
    "en": {
        "parts": {
            999: "The gateway and the request (up to 999)",
            99_999: "Instances, images and orders (8xxx)",
            sys.maxsize: "CompShare (226xxx)",
        },
        "columns": ("RetCode", "What it means, and what to do", "Retried"),
        "retried": {"never": "never", "read": "if it only reads", "throttle": "always", "busy": "by tasks that wait"},
    },
    "zh": {
        "parts": {
            999: "网关与请求（999 及以下）",
            99_999: "实例、镜像与订单（8xxx）",
            sys.maxsize: "优云智算平台（226xxx）",
        },
        "columns": ("RetCode", "含义与处理办法", "自动重试"),
        "retried": {"never": "不重试", "read": "查询会重试", "throttle": "总会重试", "busy": "等待型任务会重试"},
    },
}
TABLES = """
{% for last, title in parts.items() %}
{{ title }}
{{ '^' * (title | length if title.isascii() else 2 * title | length) }}

.. list-table::
   :header-rows: 1
   :widths: 12 68 20
   :class: retcodes

   * - {{ columns | join('\n     - ') }}
{% for entry in entries if parts.keys() | select('ge', entry.code) | first == last %}
   * - {{ entry.code }}
     - **{{ explained(entry.meaning, entry.hint) }}
     - {{ retried[entry.retry.value] }}
{% endfor %}

{% endfor %}
"""


def known_codes() -> list[Any]:
    """The client's own table, in the order of the codes."""
    collections = str(link_tree())
    if collections not in sys.path:
        sys.path.insert(0, collections)
    retcodes = importlib.import_module("ansible_collections.compshare.cloud.plugins.module_utils._api.retcodes")
    return sorted(retcodes.RETCODES.values(), key=lambda entry: int(entry.code))


def tables(language: str) -> str:
    """All codes as reStructuredText, one table for each part."""
    pairs = yaml.safe_load(CHINESE.read_text(encoding="utf-8"))
    texts = {pair["en"]: pair["zh"] for pair in pairs} if language == "zh" else {}

    def explained(meaning: str, hint: str) -> str:
        if language == "zh":
            return f"{texts[meaning].rstrip('。')}。** {texts[hint] if hint else ''}".rstrip()
        return f"{meaning[0].upper()}{meaning[1:].rstrip('.')}.** {hint}".rstrip()

    template = jinja2.Environment(trim_blocks=True).from_string(TABLES)  # noqa: S701 - not HTML
    return template.render(WORDS[language], entries=known_codes(), explained=explained)


def with_tables(text: str, language: str) -> str:
    """Return a guide's text with the tables between its two marks written anew."""
    written, found = MARKS.subn(lambda _match: tables(language), text)
    if found != 1:
        raise ValueError(f"{GUIDES[language].name} lacks the marks of the tables")
    return written


if __name__ == "__main__":
    for name, guide in GUIDES.items():
        guide.write_text(with_tables(guide.read_text(encoding="utf-8"), name), encoding="utf-8")
