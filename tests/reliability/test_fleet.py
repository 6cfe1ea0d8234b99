"""Many processes against an API that limits requests: no task fails, and few requests are refused."""

from __future__ import annotations

import pytest

from tests.benchmarks import fleet
from tests.benchmarks.worlds import simulator


@pytest.mark.parametrize(
    ("kind", "requests"), [(fleet.LOOKUP, 0.6), (fleet.INSTANCES, 1.3)], ids=["lookup", "instances"]
)
def test_hosts_share_a_limit(kind: str, requests: float, whole: bool) -> None:
    # To learn a limit takes about twelve refusals, however few hosts there are.
    hosts, forks, share = (100, 50, 1 / 5) if whole else (60, 20, 1 / 4)
    with simulator() as running:
        run = fleet.limited(running, kind, hosts, forks)
    assert run.failed == 0, run.output[-3000:]
    assert run.requests <= requests * hosts
    assert run.refused <= run.requests * share


def test_builds_share_a_limit(whole: bool) -> None:
    # Few builds cross a lower limit only: if they did not share it, a third of their requests would be refused.
    builds, limit = (40, fleet.LIMIT) if whole else (6, {"rate": 3, "burst": 4})
    with simulator() as running:
        run = fleet.limited(running, fleet.BUILDS, builds, builds, limit)
    assert run.failed == 0, run.output[-3000:]
    assert run.refused <= run.requests / 5
