from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import AnswerError
from ansible_collections.compshare.cloud.plugins.module_utils._instances.rows import rows_of


@pytest.mark.parametrize("answer", [{}, {"UHostSet": None}, {"UHostSet": None, "TotalCount": 0}, {"UHostSet": []}])
def test_no_rows(answer: dict[str, Any]) -> None:
    assert rows_of("DescribeX", answer, "UHostSet") == []


@pytest.mark.parametrize("answer", [{"UHostSet": None, "TotalCount": "2"}, {"UHostSet": "x"}, {"UHostSet": [1]}])
def test_an_answer_that_hides_rows_is_an_error_that_says_what_to_do(answer: dict[str, Any]) -> None:
    with pytest.raises(AnswerError, match="DescribeX") as caught:
        rows_of("DescribeX", answer, "UHostSet")
    assert caught.value.hint and caught.value.retryable


def test_the_first_key_that_the_answer_has() -> None:
    assert rows_of("DescribeX", {"A": None, "B": [{"x": 1}]}, "A", "B") == [{"x": 1}]
