"""What users and developers read speaks the field's words: create, request, response, retry, default."""

from __future__ import annotations

from tests.docs.pages import ROOT
from tests.docs.words import count


def test_the_fields_words_prevail() -> None:
    table = count(ROOT)
    said, instead = (sum(column) for column in zip(*table.values(), strict=True))
    assert said > 3 * instead, table
    assert all(table[word][0] > table[word][1] for word in ("create, update, delete", "if omitted, default", "secrets"))
