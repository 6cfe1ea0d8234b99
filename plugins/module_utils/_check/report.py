# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""The report of the check: text that can be shown to anybody.

It consists of our own words, of field names, types, numbers of rows and RetCodes. Of the values in responses it shows
only words of a fixed vocabulary, never text that somebody may have written. In the end, every value of the account is
searched for once more and replaced.
"""

from __future__ import annotations

import re
import typing as t
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from .._api import values
from .._api.version import VERSION
from .._disks.model import DISK_KEYS, normalise_disk
from .._images.model import IMAGE_KEYS, normalise_image
from .._instances.model import INSTANCE_KEYS, STATES, normalise_instance
from .._instances.query import ZONE_KEYS, normalise_zone
from .checks import CHECKS, Finding
from .survey import Response, Survey

_Row = Mapping[str, t.Any]
_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}\Z", re.ASCII)
#: Fields with words of the API, and those that may be shown. Any other word is counted, not shown.
_WORDS = {
    "State": frozenset(STATES),
    "Status": frozenset(
        "Making Available UnAvailable Reviewing Offline Syncing Rejected".split()
        + "InUse Attaching Detaching Normal SoldOut Soldout".split()
    ),
    "ChargeType": frozenset("Postpay Dynamic Day Month Year Spot".split()),
    "InstanceType": frozenset(("UHost", "Container")),
    "ImageType": frozenset("System App Game Other Custom Community".split()),
    "MachineType": frozenset(("G", "O")),
    "AutoRenew": frozenset(("Yes", "No")),
}
_HIDDEN = "(hidden)"
#: Shorter values stand in too many words of ours to be searched for.
_SHORTEST = 4


class _List(t.NamedTuple):
    """A list in the report: its title, its rows, how the collection reads a row, and the keys that it knows."""

    title: str
    rows: Sequence[_Row]
    normalise: t.Callable[[_Row], Mapping[str, t.Any]]
    keys: Sequence[str]


def render(found: Survey, findings: Sequence[Finding]) -> str:
    """Return the report as Markdown."""
    differs = [one for one in findings if one.observed is not None and not one.holds]
    holds = [one for one in findings if one.holds]
    unseen = [one for one in findings if one.observed is None]
    lines = [
        "# What the CompShare API does on this account",
        "",
        f"compshare.cloud {VERSION}. {len(found.requests)} read requests. "
        "No ids, names, addresses, keys or texts of the account.",
        "",
        f"## Differs ({len(differs)})",
        "",
        *_table(differs, seen=True),
        f"## Holds ({len(holds)})",
        "",
        *_table(holds, seen=True),
        f"## Not seen ({len(unseen)})",
        "",
        *_table(unseen, seen=False),
        "## Requests",
        "",
        "| Request | Action | Result | Total |",
        "|---|---|---|---|",
        *(_request_line(found, label) for label in found.requests),
        "",
        "## Fields",
        "",
    ]
    for one in _lists(found):
        lines += _fields(one)
    return _hide("\n".join(lines), personal_texts(found.responses.values()))


def _table(findings: Sequence[Finding], *, seen: bool) -> list[str]:
    if not findings:
        return ["None.", ""]
    head = ["| Check | | Assumed |" + (" Seen |" if seen else ""), "|---|---|---|" + ("---|" if seen else "")]
    rows = [
        f"| `{one.key}` | {one.text} | {one.assumed} |" + (f" {one.observed} |" if seen else "") for one in findings
    ]
    return [*head, *rows, ""]


def _request_line(found: Survey, label: str) -> str:
    response = found[label]
    total = "" if response.total is None else str(response.total)
    keys = [key for key in ("TotalCount", "Total") if key in response.body]
    counted = f"{total} ({keys[0]})" if keys else total
    if response.ret_code is None:
        return f"| {label} | {found.requests[label].action} | no readable response | |"
    if response.ret_code:
        return f"| {label} | {found.requests[label].action} | RetCode {response.ret_code} | |"
    lists = [(key, value) for key, value in response.body.items() if isinstance(value, list) or value is None]
    shapes = [f"{key}: {'null' if value is None else len(value)}" for key, value in lists if _FIELD.match(str(key))]
    return f"| {label} | {found.requests[label].action} | {', '.join(shapes) or 'an object'} | {counted} |"


def _lists(found: Survey) -> list[_List]:
    def images(row: _Row) -> Mapping[str, t.Any]:
        return normalise_image(row, source="custom")

    groups = found["community"].rows("CompshareImageGroup", "ImageSetGroup")
    versions = [row for group in groups for row in values.dictionaries(group.get("Data"))]
    platform = [
        row for label in found.requests if label.startswith("platform, ") for row in found[label].rows("ImageSet")
    ]
    return [
        _List("Zones", found["zones"].rows("ZoneInfo"), normalise_zone, ZONE_KEYS),
        _List("Instances", found["instances"].rows("UHostSet"), normalise_instance, INSTANCE_KEYS),
        _List("Disks", found["disks"].rows("DiskSet"), normalise_disk, DISK_KEYS),
        _List("Own images", found["own"].rows("ImageSet"), images, IMAGE_KEYS),
        _List("Platform images", platform, images, IMAGE_KEYS),
        _List("Community images", versions or found["community"].rows("ImageSet"), images, IMAGE_KEYS),
    ]


def _fields(one: _List) -> list[str]:
    """Return what is known of the rows of a list: types of fields, and words of the vocabulary."""
    if not one.rows:
        return [f"### {one.title}", "", "No rows.", ""]
    types: dict[str, Counter[str]] = {}
    for row in one.rows:
        for name, value in row.items():
            types.setdefault(str(name), Counter())[_type(value)] += 1
    shown = {name: count for name, count in sorted(types.items()) if _FIELD.match(name)}
    results = [one.normalise(row) for row in one.rows]
    new = sorted({key for result in results for key in result} - set(one.keys) - {"password", "file_browser_password"})
    empty = [key for key in one.keys if all(result.get(key) is None for result in results)]
    lines = [f"### {one.title}", "", f"{len(one.rows)} rows.", ""]
    lines += [f"* {name}: {', '.join(sorted(count))}{_words(name, one.rows)}" for name, count in shown.items()]
    lines += ["", f"New to the collection: {', '.join(key for key in new if _FIELD.match(key)) or 'nothing'}."]
    return [*lines, f"Without a value in any row: {', '.join(empty) or 'nothing'}.", ""]


def _type(value: object) -> str:
    names = ((bool, "boolean"), (int, "integer"), (float, "number"), (list, "list"), (dict, "object"))
    if value is None:
        return "null"
    if isinstance(value, str):
        return "text" if values.number(value) is None else "number as text"
    return next(name for kind, name in names if isinstance(value, kind))


def _words(name: str, rows: Sequence[_Row]) -> str:
    known = _WORDS.get(name)
    if known is None:
        return ""
    present = (row[name] for row in rows if row.get(name))
    counts = Counter(word if isinstance(word, str) and word in known else _HIDDEN for word in present)
    return f" ({', '.join(f'{word} {count}' for word, count in sorted(counts.items()))})" if counts else ""


def personal_texts(responses: Iterable[Response]) -> set[str]:
    """Return every text in the responses that is no word of the API's vocabulary."""
    known = frozenset().union(*_WORDS.values())
    found: set[str] = set()

    def gather(value: object) -> None:
        if isinstance(value, Mapping):
            for item in value.values():
                gather(item)
        elif isinstance(value, list):
            for item in value:
                gather(item)
        elif isinstance(value, (str, int)) and not isinstance(value, bool):
            text = str(value).strip()
            if len(text) >= _SHORTEST and text not in known:
                found.add(text)

    for response in responses:
        gather(response.body)
    return found


def _hide(report: str, personal: set[str]) -> str:
    """Return the report with whatever it still holds of the account replaced, our own words aside."""
    for text in sorted(personal - _OWN_WORDS, key=len, reverse=True):
        if text in report:
            report = re.sub(rf"(?<!\w){re.escape(text)}(?!\w)", _HIDDEN, report)
    return report


#: Words that the report has in any case: one of them in it says nothing about the account.
_OWN_WORDS = frozenset(
    re.findall(r"\w+", " ".join(f"{one.key} {one.text} {one.assumed}" for one in CHECKS))
    + "What CompShare does this account Differs Holds seen None Check Assumed Seen Requests Request Action".split()
    + "Result Total Fields rows Without value any row nothing integer number text list object boolean null page".split()
)
