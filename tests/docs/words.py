"""Count the field's words, and those that stood in their place, in what users and developers read.

``python -m tests.docs.words [COMMIT]`` counts in the working tree and, if a commit is given, in that commit, too.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from tests.docs.pages import ROOT

PLACES = ("plugins", "docs", "roles", "README.md")
# Not prose: figures, pictures, and what a tool wrote.
LEFT_OUT = re.compile(r"docs/(pictures|docsite/images)/|\.(svg|png|json|csv)$|_zh\.|\.zh-CN\.")
# The field's word, and what stood in its place, as regular expressions.
WORDS = (
    ("create, update, delete", r"creat(e[sd]?|ing|ion)|updat(e[sd]?|ing)|delet(e[sd]?|ing|ion)", r"ma(ke|kes|de|king)"),
    ("request, API call", r"requests?", r"questions?|asked|asks?"),
    ("response", r"responses?", r"answers?|answered"),
    ("returns, reports, shows, lists", r"returns?|reports?|shows?|lists?", r"tells?|told"),
    ("desired state, spec", r"desired state|spec", r"wish(es)?|wanted"),
    ("transient error, fault", r"transient|faults?", r"trouble|hindrances?"),
    ("retry, back off, poll", r"retr(y|ies|ied|ying)|back[- ]?off|polls?|polling", r"sen[dt]s? again|looks? again"),
    ("untrusted text", r"untrusted", r"strangers?'?s?"),
    ("secrets", r"secrets?", r"open something|opens something"),
    ("dry run, check mode", r"dry[- ]run|check mode|check_mode", r"rehears\w+|foresee\w*"),
    ("busy", r"busy", r"another operation is running"),
    ("if omitted, default", r"omitted|defaults?", r"left out|leave it out"),
    ("whatever its state", r"whatever its state", r"whatever became of it"),
    ("up to date", r"up to date|in the desired state", r"as it should be"),
    ("on a timeout", r"on a timeout|timeouts?|times? out", r"time is up"),
)  # fmt: skip


def count(folder: Path) -> dict[str, tuple[int, int]]:
    """Return how often each of the field's words stands below a folder, and what stood in its place."""
    files = [
        file
        for place in PLACES
        for file in ((folder / place).rglob("*") if (folder / place).is_dir() else [folder / place])
    ]
    texts = [
        file.read_text(encoding="utf-8")
        for file in files
        if file.suffix in (".md", ".py", ".rst", ".yml") and not LEFT_OUT.search(str(file.relative_to(folder)))
    ]
    text = "\n".join(texts)
    return {name: (_occurrences(good, text), _occurrences(bad, text)) for name, good, bad in WORDS}


def _occurrences(pattern: str, text: str) -> int:
    return len(re.findall(rf"\b(?:{pattern})\b", text, re.IGNORECASE))


def count_in_commit(commit: str) -> dict[str, tuple[int, int]]:
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder, "tree.tar")
        subprocess.run(["git", "archive", f"--output={archive}", commit, *PLACES], cwd=ROOT, check=True)
        with tarfile.open(archive) as tree:
            tree.extractall(folder, filter="data")
        return count(Path(folder))


def main() -> None:
    tables = [count_in_commit(commit) for commit in sys.argv[1:2]] + [count(ROOT)]
    print(f"{'word':36}" + "".join(f"{'said':>8}{'instead':>9}" for _table in tables))
    for name, _good, _bad in WORDS:
        print(f"{name:36}" + "".join(f"{said:8}{instead:9}" for said, instead in (table[name] for table in tables)))
    totals = [[sum(column) for column in zip(*table.values(), strict=True)] for table in tables]
    print(f"{'all':36}" + "".join(f"{said:8}{instead:9}" for said, instead in totals))


if __name__ == "__main__":
    main()
