"""Network times of published simulators (BookSim 2 runs of the project's validation cases)."""

from __future__ import annotations

import numpy as np
import pytest

from tempstudio.core.flows import make_flows
from tempstudio.core.machine import Link, Wafer
from tempstudio.core.network import link_bytes, phase_time
from tempstudio.core.topology import topology_of

FLITS = 1024
NODE = np.arange(64)


@pytest.mark.parametrize(
    ("target", "flows_a_link", "cycles"),
    [
        (NODE % 8 * 8 + NODE // 8, 7, 7187),  # transpose
        ((NODE << 1 & 63) | NODE >> 5, 4, 4116),  # shuffle
    ],
)
def test_booksim_with_fair_arbitration_within_one_percent(target, flows_a_link, cycles):
    """8 x 8 mesh, XY, every node sends 1024 flits, one flit a link and cycle, age arbitration."""
    topology = topology_of(Wafer(rows=8, cols=8, link=Link(bytes_per_s=1.0, latency_s=1.0)))
    flows = make_flows(topology, NODE, target, float(FLITS), "xy")
    assert link_bytes(flows, topology).max() == flows_a_link * FLITS
    assert phase_time(flows, topology).duration_s == pytest.approx(cycles, rel=0.01)
