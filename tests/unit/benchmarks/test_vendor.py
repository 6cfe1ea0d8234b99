"""The comparison with the vendor's command line: the whole of its half hour, on the simulator's clock."""

from __future__ import annotations

import pytest

from ansible_collections.compshare.cloud.tests.benchmarks.polling.simulated import (
    BUILD,
    VENDOR_TIMEOUT,
    ours_waits,
    vendor_waits,
)
from ansible_collections.compshare.cloud.tests.simulator import Simulator


@pytest.mark.slow
def test_the_vendors_wait_times_out_on_a_build_that_ours_sees_done(simulator: Simulator) -> None:
    pytest.importorskip("compshare_cli", reason="compshare-cli is not installed")
    vendor, ours = vendor_waits(simulator), ours_waits(simulator)
    assert vendor.seconds >= VENDOR_TIMEOUT
    assert "Timed out" in vendor.said
    assert ours.said == "Available"
    assert BUILD <= ours.seconds <= BUILD + 2
    assert ours.requests <= 12
    assert vendor.requests > 300
