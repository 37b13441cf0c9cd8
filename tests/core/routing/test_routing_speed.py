"""Routes and their bound, printed as ratios (make bench): processor time over what is aimed at."""

from __future__ import annotations

import itertools
from time import process_time

import numpy as np
import pytest
from families import FAMILIES, drawn, faulty

from tempstudio.core.machine import Wafer
from tempstudio.core.routing import (
    Demands,
    RouteOptions,
    route,
    route_unicast,
    routing_bound,
    xy_routing,
)
from tempstudio.core.topology import topology_of

pytestmark = pytest.mark.bench

AIMED_MS = 50.0  # 500 flows on 6 x 8


def best_ms(run, tries):
    took = []
    for _ in range(tries):
        start = process_time()
        run()
        took.append((process_time() - start) * 1e3)
    return min(took)


@pytest.mark.parametrize("sizes", ["equal", "uneven"])
def test_500_flows_on_6x8(capsys, sizes):
    topology = topology_of(Wafer())
    chance = np.random.default_rng(0)
    route_unicast(topology, [0], [9], [1.0])  # compiles
    worst_ms, loads, rivals, byte_hops = 0.0, [], [], []
    for _ in range(5):
        source = chance.integers(0, 48, 500)
        target = (source + chance.integers(1, 48, 500)) % 48
        amount = np.ones(500) if sizes == "equal" else chance.pareto(1.5, 500) + 0.1
        demands = Demands.unicast(source, target, amount)
        worst_ms = max(worst_ms, best_ms(lambda demands=demands: route(topology, demands), 3))
        found, xy = route(topology, demands), xy_routing(topology, demands)
        bound = routing_bound(topology, demands)
        loads.append(found.max_link_bytes / bound)
        rivals.append(xy.max_link_bytes / bound)
        byte_hops.append(found.byte_hops / xy.byte_hops)
    with capsys.disabled():
        print(
            f"\n500 {sizes} flows on 6 x 8: {worst_ms / AIMED_MS:.2f} x {AIMED_MS:.0f} ms; hottest "
            f"link {max(loads):.3f} x the bound (XY {max(rivals):.2f}), byte-hops "
            f"{max(byte_hops):.3f} x XY's"
        )
    assert max(loads) <= 1.05 * (1 + 1e-9)


@pytest.mark.parametrize("wafer", [Wafer(), faulty(6, 8, 3, seed=1)], ids=["whole", "faulty"])
def test_500_flows_of_every_family(capsys, wafer):
    """Sizes over orders of magnitude, hot spots, patterns: the slowest and the worst of all."""
    topology = topology_of(wafer)
    worst_ms, slowest, worst, hottest = 0.0, "", 0.0, ""
    for family, seed in itertools.product(FAMILIES, range(3)):
        demands = drawn(family, topology, 500, seed)
        took = best_ms(lambda demands=demands: route(topology, demands), 3)
        load = route(topology, demands).max_link_bytes / routing_bound(topology, demands)
        worst_ms, slowest = max((worst_ms, slowest), (took, family))
        worst, hottest = max((worst, hottest), (load, family))
    with capsys.disabled():
        kind = "with faults" if wafer.dead_dies else "whole"
        print(
            f"\n500 flows of {len(FAMILIES)} families on 6 x 8 ({kind}): at most "
            f"{worst_ms / AIMED_MS:.2f} x {AIMED_MS:.0f} ms ({slowest}), {worst:.3f} x the bound "
            f"({hottest})"
        )
    assert worst <= 1.05 * (1 + 1e-9)


def test_transpose_of_8x8_on_one_path(capsys):
    topology = topology_of(Wafer(rows=8, cols=8))
    pairs = [(8 * r + c, 8 * c + r) for r in range(8) for c in range(8) if r != c]
    source, target = np.array(pairs).T
    demands = Demands.unicast(source, target, np.ones(len(pairs)))
    single = RouteOptions(single_path=True)
    took = best_ms(lambda: route(topology, demands, single), 3)
    found, xy = route(topology, demands, single), xy_routing(topology, demands)
    with capsys.disabled():
        print(
            f"\ntranspose of 8 x 8, one path a flow: {found.max_link_bytes:.0f} flows a link, XY "
            f"{xy.max_link_bytes:.0f}, in {took:.0f} ms"
        )
    assert found.max_link_bytes <= 4


def test_multicast_beside_its_bound(capsys):
    topology = topology_of(Wafer())
    chance = np.random.default_rng(1)
    source = chance.integers(0, 48, 12)
    targets = [[int(t) for t in chance.choice(48, 6, replace=False) if t != s] for s in source]
    demands = Demands.multicast(source, targets, np.ones(12))
    took = best_ms(lambda: route(topology, demands), 3)
    found, xy = route(topology, demands), xy_routing(topology, demands)
    bound = routing_bound(topology, demands)
    with capsys.disabled():
        print(
            f"\n12 multicasts to 6 dies each: hottest link {found.max_link_bytes / bound:.3f} x "
            f"the bound (trees along XY {xy.max_link_bytes / bound:.2f}), in {took:.0f} ms"
        )
