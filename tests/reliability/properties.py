"""How property tests here share their examples out, and count them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from hypothesis import HealthCheck, settings


def examples_for(cases: int) -> settings:
    """Return settings for one of so many cases of a property.

    All cases together try as many examples as the profile wants of a property, and each at least a twentieth of that.
    """
    expected = settings().max_examples
    share = max(-(-expected // cases), expected // 20)
    # A fixture that is the same for all examples of a case does no harm.
    return settings(
        max_examples=share,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


class Tally:
    """Counts the examples that a test tries."""

    def __init__(self) -> None:
        self.examples = 0

    def count(self) -> None:
        self.examples += 1


def figures_of(test: str, examples: int) -> Mapping[str, Any]:
    """Return the figures of one case of a property, for its pytest id."""
    path, _colons, name = test.partition("::")
    words = re.sub(r"\[.*", "", name).removeprefix("test_").replace("_", " ")
    return {"property": words[:1].upper() + words[1:], "tests": path, "examples": examples}
