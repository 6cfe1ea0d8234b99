"""The targets of the fuzzer with inputs of hypothesis: quicker to run, and everywhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.compshare.cloud.tests.fuzz.targets import TARGETS
from ansible_collections.compshare.cloud.tests.reliability.properties import Tally, examples_for


@pytest.mark.parametrize("name", TARGETS)
def test_a_parser_keeps_its_promise(name: str, tally: Tally) -> None:
    target = TARGETS[name]
    for seed in target.seeds:
        target.run(seed)

    @examples_for(len(TARGETS))
    @given(st.sampled_from(target.seeds), st.lists(st.tuples(st.integers(0, 80), st.binary(max_size=4)), max_size=4))
    def run(seed: bytes, changes: list[tuple[int, bytes]]) -> None:
        tally.count()
        for at, piece in changes:
            seed = seed[:at] + piece + seed[at + len(piece) // 2 :]
        target.run(seed)

    run()
