"""Groups that run a collective at once: every group's own steps, moved and timed together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tempstudio.core.collectives import (
    algorithms,
    best_collective,
    best_for_fleet,
    collective_bound,
    fleet_of,
)
from tempstudio.core.errors import NoPlanError
from tempstudio.core.flows import make_flows
from tempstudio.core.machine import Wafer
from tempstudio.core.network import byte_hops, phase_time
from tempstudio.core.topology import Topology, topology_of

SIZE = 1e8
GATHERING = ("all-gather", "reduce-scatter", "all-reduce", "all-to-all")


@st.composite
def groupings(draw: st.DrawFn) -> tuple[Topology, np.ndarray]:
    """A wafer, perhaps with faults, and its working dies dealt out into groups of one size."""
    rows, cols = draw(st.integers(2, 5)), draw(st.integers(2, 6))
    dead = draw(st.lists(st.tuples(st.integers(0, rows - 1), st.integers(0, cols - 1)), max_size=2))
    wafer = Wafer(rows=rows, cols=cols, dead_dies=tuple(dead))
    topology = topology_of(wafer)
    dies = list(topology.components[0]) if topology.components else []
    assume(len(dies) >= 2)
    members = draw(st.integers(2, min(6, len(dies))))
    count = len(dies) // members
    if draw(st.booleans()):
        dies = draw(st.permutations(dies))
    return topology, np.array(dies[: count * members], dtype=np.int32).reshape(count, members)


@given(groupings(), st.sampled_from(GATHERING))
@settings(max_examples=40)
def test_a_fleet_keeps_to_the_rules_of_a_network(
    case: tuple[Topology, np.ndarray], op: str
) -> None:
    topology, groups = case
    fleet = fleet_of(groups, topology)
    assert sum(len(formation.shift) for formation in fleet.formations) == len(groups)
    best = best_for_fleet(op, fleet, SIZE)
    bound = max(collective_bound(op, row, SIZE, topology) for row in groups.tolist())
    assert best.time_s >= bound * (1 - 1e-9)
    total = 0.0
    dies = set(groups.ravel().tolist())
    for step in best.steps:
        flows = step.flows
        assert dies.issuperset(flows.source.tolist()) and dies.issuperset(flows.target.tolist())
        again = make_flows(
            topology,
            flows.source,
            flows.target,
            flows.bytes,
            route=[flows.route(row) for row in range(len(flows))],
        )
        drain = phase_time(again, topology).drain_s
        assert phase_time(flows, topology).drain_s == pytest.approx(drain)
        total += phase_time(again, topology).drain_s.max(initial=0.0) * SIZE / best.unit
        for row, (a, b) in enumerate(zip(flows.source, flows.target, strict=True)):
            here = a
            for link in flows.route(row):
                assert topology.source[link] == here
                here = topology.target[link]
            assert here == b
    assert best.time_s >= total * (1 - 1e-9)


@given(groupings(), st.sampled_from(("all-gather", "all-to-all")))
@settings(max_examples=25)
def test_no_algorithm_is_faster_than_the_chosen_one(
    case: tuple[Topology, np.ndarray], op: str
) -> None:
    topology, groups = case
    fleet = fleet_of(groups, topology)
    if fleet.confined:
        return
    best = best_for_fleet(op, fleet, SIZE)
    for name in algorithms(op):
        try:
            assert best.time_s <= best_for_fleet(op, fleet, SIZE, name).time_s * (1 + 1e-9)
        except NoPlanError:
            continue


def test_translates_are_one_formation_and_cost_what_one_costs() -> None:
    topology = topology_of(Wafer(rows=8, cols=12))
    ids = np.arange(96, dtype=np.int32).reshape(8, 12)
    groups = np.array(
        [ids[r : r + 2, c : c + 4].ravel() for r in range(0, 8, 2) for c in range(0, 12, 4)]
    )
    fleet = fleet_of(groups, topology)
    assert len(fleet.formations) == 1 and fleet.confined
    one = best_collective("all-gather", groups[0].tolist(), SIZE, topology)
    assert best_for_fleet("all-gather", fleet, SIZE).time_s == pytest.approx(one.time_s)


def test_orders_run_where_the_groups_between_are_fewest() -> None:
    """Members four columns and two rows apart: eight groups pass less often along the columns."""
    topology = topology_of(Wafer(rows=8, cols=16))
    ids = np.arange(128, dtype=np.int32).reshape(8, 16)
    cells = np.array(
        [ids[r : r + 2, c : c + 4].ravel() for r in range(0, 8, 2) for c in range(0, 16, 4)]
    )
    groups = cells.T.copy()  # [8 groups, 16 members]
    fleet = fleet_of(groups, topology)
    (formation,) = fleet.formations
    assert formation.group.spacing == (2, 4)
    cycle = [formation.group.members[i] for i in formation.group.cycle or ()]
    places = [topology.places[die] for die in cycle]
    along = sum(a[1] == b[1] for a, b in zip(places, places[1:] + places[:1], strict=True))
    assert along > len(cycle) / 2
    ring = best_for_fleet("all-gather", fleet, SIZE, "ring")
    moved = sum(byte_hops(step.flows) for step in ring.steps) * SIZE / ring.unit
    assert moved < 15 * SIZE * 8 * 4  # every hop along the rows would make this many


def test_a_named_algorithm_that_cannot_serve_says_why() -> None:
    topology = topology_of(Wafer(rows=3, cols=3))
    fleet = fleet_of(np.array([[0, 4, 5]], dtype=np.int32), topology)
    with pytest.raises(NoPlanError, match="row-column"):
        best_for_fleet("all-gather", fleet, SIZE, "row-column")
