from __future__ import annotations

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import Retry
from ansible_collections.compshare.cloud.plugins.module_utils._api.retcodes import (
    _TABLE,
    BUSY_CODES,
    RETCODES,
    describe,
)


def codes(retry: Retry) -> set[int]:
    return {entry.code for entry in RETCODES.values() if entry.retry is retry}


def test_each_code_stands_once() -> None:
    assert len(_TABLE) == len(RETCODES)


def test_which_reads_are_retried() -> None:
    recommended = {110, 120, 130, 150, 8498, 8510, 8520, 8580, 8434, 8438, 8421}
    assert recommended <= codes(Retry.READ)
    assert codes(Retry.THROTTLE) == {153, 8441, 226619}


def test_busy_codes_prove_that_nothing_happened() -> None:
    assert {226609, 8903, 8964, 226620, 226621, 226622, 226628} == BUSY_CODES == codes(Retry.BUSY)


@pytest.mark.parametrize("code", [171, 230, 299, 8314, 8333, 8357, 226604, 226644])
def test_a_problem_of_the_user_is_never_retried(code: int) -> None:
    assert describe(code).retry is Retry.NEVER
    assert describe(code).hint


def test_every_hint_is_a_sentence() -> None:
    for entry in RETCODES.values():
        assert entry.hint, entry
        assert entry.hint[0].isupper(), entry
        assert entry.hint.endswith("."), entry
        assert not entry.meaning.endswith("."), entry


def test_an_unknown_code_is_not_retried() -> None:
    unknown = describe(987654)
    assert (unknown.code, unknown.hint, unknown.retry) == (987654, None, Retry.NEVER)
