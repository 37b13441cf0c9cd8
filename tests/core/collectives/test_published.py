"""Collective times of ASTRA-sim (analytical, congestion aware), from the validation cases."""

from __future__ import annotations

import pytest

from tempstudio.core.collectives import collective_report

GIB = 2.0**30
SPEED = 4000 * 2**30


@pytest.mark.parametrize(
    ("op", "algorithm", "dies", "bytes_total", "expected_s"),
    [
        ("all-reduce", "ring", 8, GIB, 0.000440336),
        ("all-reduce", "ring", 16, GIB, 0.000474781),
        ("all-gather", "ring", 8, 8 * GIB, 0.001751408),  # 1 GiB a rank
        ("all-gather", "direct", 8, 8 * GIB, 0.002500402),
    ],
)
def test_astra_sim_within_a_thousandth(op, algorithm, dies, bytes_total, expected_s):
    report = collective_report(op, f"ring:{dies}", bytes_total, algorithm, SPEED, 2e-7)
    assert report["time_s"] == pytest.approx(expected_s, rel=1e-3)
