"""Looking for a secret in whatever form it may have been written."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, quote_plus

_SAME_IN_EVERY_NOTATION = re.compile(r"[A-Za-z0-9._-]+")


class Place(NamedTuple):
    """Where a secret was found: its name, in which form, and in what."""

    secret: str
    form: str
    where: str


@dataclass(frozen=True)
class Secret:
    """A text that nobody may see, and the name by which a test may speak of it."""

    name: str
    text: str

    def forms(self) -> dict[str, set[bytes]]:
        """Return what the secret looks like when it is written as it is, in base64, in an address, in JSON or Python.

        Notations can be nested, JSON in Python in a shell's quotes; so its longest part that none of them changes is
        looked for, too. In base64 it may begin at any byte of a larger text: three spellings of its middle are known.
        """
        part = max(_SAME_IN_EVERY_NOTATION.findall(self.text), key=len)
        return {
            "plain": {self.text.encode()},
            "part": {part.encode(), *_in_base64(part.encode())},
            "base64": set(_in_base64(self.text.encode())),
            "URL-encoded": {
                form.encode()
                for encode in (quote, quote_plus)
                for text in (encode(self.text), encode(self.text, safe=""))
                for form in (text, text.lower())
            },
            "JSON": {json.dumps(self.text, ensure_ascii=ascii_only)[1:-1].encode() for ascii_only in (True, False)},
            "repr": {repr(self.text)[1:-1].encode(), ascii(self.text)[1:-1].encode()},
        }


def _in_base64(raw: bytes) -> Iterator[bytes]:
    for before in range(3):
        for alphabet in (None, b"-_"):
            encoded = base64.b64encode(b"\0" * before + raw, altchars=alphabet)
            # A character holds six bits: the first ones also hold what stands before, the last ones what follows.
            yield encoded[(before * 8 + 5) // 6 : (before + len(raw)) * 8 // 6]


class Search:
    """A search for secrets in bytes and files, which counts what it has looked at."""

    def __init__(self, secrets: Iterable[Secret]) -> None:
        self.secrets = list(secrets)
        self._forms = [
            (secret.name, form, needle)
            for secret in self.secrets
            for form, needles in secret.forms().items()
            for needle in needles
        ]
        self.searched_bytes = 0
        self.searched_files = 0
        self.found: list[Place] = []

    def look_in(self, content: bytes, where: str) -> None:
        """Look in some bytes."""
        self.searched_bytes += len(content)
        self.found += [Place(name, form, where) for name, form, needle in self._forms if needle in content]

    def look_under(self, folder: Path) -> None:
        """Look in every file under a folder, in the names of files and in what links point to."""
        for path in sorted(folder.rglob("*")):
            name = str(path.relative_to(folder))
            self.look_in(name.encode("utf-8", "surrogateescape"), f"the name of {name}")
            if path.is_symlink():
                self.look_in(str(path.readlink()).encode(), name)
            elif path.is_file():
                self.searched_files += 1
                self.look_in(path.read_bytes(), name)
