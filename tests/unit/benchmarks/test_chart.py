"""The pictures of the benchmarks can be read."""

from __future__ import annotations

import re

from ansible_collections.compshare.cloud.tests.benchmarks.chart import lines


def test_labels_of_lines_that_end_together_stand_apart() -> None:
    picture = lines(
        "Time", "s", {"cold": {1: 1.0, 10: 9.5}, "cached": {1: 0.9, 10: 9.4}, "other": {1: 1.0, 10: 90.0}}, []
    )
    heights = {name: float(y) for y, name in re.findall(r'y="([\d.]+)">(cold|cached|other)<', picture)}
    assert heights["cached"] - heights["cold"] >= 14
    assert heights["cold"] - heights["other"] >= 14
