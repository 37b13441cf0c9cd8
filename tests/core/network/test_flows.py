"""Flows, their routes and the closed form of one phase."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tempstudio.core.errors import InputError, NoPlanError
from tempstudio.core.flow_copies import join_flows, move_flows, scale_flows
from tempstudio.core.flows import make_flows, make_trees
from tempstudio.core.machine import Cluster, Link, Wafer, WaferJoint
from tempstudio.core.network import byte_hops, contention_factor, link_bytes, phase_time
from tempstudio.core.routes import ring_topology, shift_map
from tempstudio.core.topology import topology_of

SLOW = Link(bytes_per_s=1.0, latency_s=1.0)


@st.composite
def wafers(draw, most=5):
    """A wafer or a chain of two, with some dead dies and links."""
    rows, cols = draw(st.integers(1, most)), draw(st.integers(1, most))
    wafers = draw(st.sampled_from([1, 1, 2]))
    wafer = Wafer(rows=rows, cols=cols, wafers=wafers)
    places = [wafer.coordinate(die) for die in range(wafer.die_count)]
    dead = draw(st.lists(st.sampled_from(places), max_size=min(2, len(places) - 1), unique=True))
    joined = topology_of(wafer)
    ends = [(places[a], places[b]) for a, b in joined.link_ids if a < b]
    broken = draw(st.lists(st.sampled_from(ends), max_size=2)) if ends else []
    return Wafer(rows=rows, cols=cols, wafers=wafers, dead_dies=dead, dead_links=broken)


@st.composite
def flow_sets(draw, machines=None):
    """(topology, flows) with live routes."""
    topology = topology_of(draw(machines or wafers()))
    part = topology.components[0]
    count = draw(st.integers(1, 12))
    ends = st.lists(st.sampled_from(part), min_size=count, max_size=count)
    size = st.sampled_from([0.0, 1e6, 2e6]) | st.floats(1.0, 1e9)
    sizes = draw(st.lists(size, min_size=count, max_size=count))
    name = draw(st.sampled_from([None, "xy", "yx", "shortest"]))
    return topology, make_flows(topology, draw(ends), draw(ends), sizes, name)


@given(wafers(), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=25)
def test_routes_of_many_flows_are_those_of_each(wafer, chance):
    topology = topology_of(wafer)
    part = topology.components[0]
    pairs = [(chance.choice(part), chance.choice(part)) for _ in range(12)]
    source, target = zip(*pairs, strict=True)
    for name, one in (("xy", topology.xy_path), ("yx", topology.yx_path)):
        flows = make_flows(topology, source, target, 1.0, name)
        assert [flows.route(k) for k in range(len(flows))] == [one(a, b) for a, b in pairs]


@given(flow_sets())
@settings(deadline=None, max_examples=25)
def test_every_route_is_a_live_way_from_source_to_target(case):
    topology, flows = case
    for row in range(len(flows)):
        here = int(flows.source[row])
        delay = 0.0
        for link in flows.route(row):
            assert topology.source[link] == here
            here = int(topology.target[link])
            delay += float(topology.latency_s[link])
        assert here == flows.target[row]
        assert flows.latency_s[row] == pytest.approx(delay)


def test_a_physical_ring_takes_the_shorter_way_and_the_upper_one_on_a_tie():
    ring = ring_topology(6, 1.0, 1.0)
    flows = make_flows(ring, [0, 0, 5, 1], [2, 4, 0, 4], 1.0)
    ends = [[int(ring.target[link]) for link in flows.route(k)] for k in range(4)]
    assert ends == [[1, 2], [5, 4], [0], [2, 3, 4]]


def test_a_cluster_stays_on_the_nodes_switch_where_it_can():
    cluster = Cluster(nodes=2, devices_per_node=2)
    topology = topology_of(cluster)
    flows = make_flows(topology, [0, 0, 3], [1, 2, 3], 1.0)
    through = [[int(topology.target[link]) for link in flows.route(k)] for k in range(3)]
    assert through == [[4, 1], [6, 2], []]


def test_flows_refuse_what_is_not_there():
    topology = topology_of(Wafer(rows=1, cols=3, dead_dies=[(0, 1)]))
    with pytest.raises(NoPlanError, match=r"no live path from die \[0, 0\] to die \[0, 2\]"):
        make_flows(topology, [0], [2], 1.0)
    for source, target, size, route in (
        ([0], [3], 1.0, None),
        ([-1], [0], 1.0, None),
        ([0], [0], -1.0, None),
        ([0], [0], np.nan, None),
        ([0, 0], [0], 1.0, None),
        ([0], [0], 1.0, "zigzag"),
        ([0], [0], 1.0, [(), ()]),
    ):
        with pytest.raises(InputError):
            make_flows(topology, source, target, size, route)


@given(flow_sets())
@settings(deadline=None, max_examples=25)
def test_a_phase_lasts_its_most_loaded_links_bytes(case):
    """Weights in bytes: SPEC 5."""
    topology, flows = case
    load = link_bytes(flows, topology)
    assert load.sum() == pytest.approx(byte_hops(flows))
    phase = phase_time(flows, topology)
    busiest = (load / topology.bytes_per_s).max(initial=0.0)
    assert phase.drain_s.max(initial=0.0) == pytest.approx(busiest)
    moving = flows.moving
    assert (phase.finish_s[~moving] == 0).all()
    assert phase.finish_s[moving] == pytest.approx(phase.drain_s[moving] + flows.latency_s[moving])
    assert phase.duration_s == phase.finish_s.max(initial=0.0)


@given(flow_sets(), st.floats(1e-3, 1e3))
@settings(deadline=None, max_examples=25)
def test_scaled_flows_are_the_flows_made_with_those_bytes(case, factor):
    topology, flows = case
    phase_time(flows, topology)
    assert flows.claim
    scaled = scale_flows(flows, factor)
    routes = [flows.route(k) for k in range(len(flows))]
    again = make_flows(topology, flows.source, flows.target, flows.bytes * factor, routes)
    assert phase_time(scaled, topology).finish_s == pytest.approx(
        phase_time(again, topology).finish_s, rel=1e-9
    )
    assert scaled.weights == pytest.approx(again.weights)


def test_scaling_by_nothing_moves_nothing():
    topology = topology_of(Wafer(rows=1, cols=2))
    flows = make_flows(topology, [0], [1], 1e6)
    phase_time(flows, topology)
    assert phase_time(scale_flows(flows, 0.0), topology).duration_s == 0.0


def test_moved_flows_take_the_same_way_elsewhere():
    topology = topology_of(Wafer(rows=4, cols=4))
    flows = make_flows(topology, [0, 5], [5, 0], [1.0, 2.0])
    moved = move_flows(flows, *shift_map(topology, 2, 1))
    there = make_flows(topology, [9, 14], [14, 9], [1.0, 2.0])
    assert moved.source.tolist() == there.source.tolist()
    assert moved.hop_link.tolist() == there.hop_link.tolist()


def test_two_flows_over_one_link_take_twice_as_long_as_one():
    topology = topology_of(Wafer(rows=1, cols=3, link=SLOW))
    flows = make_flows(topology, [0, 1], [2, 2], [3.0, 1.0])
    assert phase_time(flows, topology).finish_s.tolist() == [4.0 + 2, 4.0 + 1]
    # Alone the first would need 3 + 2.
    assert contention_factor(flows, topology) == pytest.approx(6 / 5)


def test_splitting_a_flow_over_two_ways_beats_the_straight_one():
    topology = topology_of(Wafer(rows=2, cols=2, link=SLOW))
    ways = [topology.xy_path(0, 3), topology.yx_path(0, 3)]
    split = make_flows(topology, [0, 0], [3, 3], [50.0, 50.0], ways)
    one_parent = type(split)(
        **{
            name: getattr(split, name)
            for name in ("source", "target", "bytes", "hop_link", "hop_start", "latency_s")
        },
        parent=np.zeros(2, np.int32),
    )
    assert contention_factor(one_parent, topology) == pytest.approx(52 / 102)
    assert contention_factor(split, topology) == pytest.approx(1.0)


@given(flow_sets())
@settings(deadline=None, max_examples=25)
def test_unsplit_flows_are_never_faster_than_alone(case):
    topology, flows = case
    shortest = [
        len(topology.shortest_path(int(a), int(b)))
        for a, b in zip(flows.source, flows.target, strict=True)
    ]
    assume((topology.bytes_per_s == topology.bytes_per_s[:1]).all())
    assert (flows.hops >= shortest).all()
    assert contention_factor(flows, topology) >= 1 - 1e-12


def test_a_multicast_tree_loads_each_edge_once():
    topology = topology_of(Wafer(rows=2, cols=2, link=SLOW))
    ids = topology.link_ids
    tree = make_trees(topology, [0], [[ids[1, 3], ids[0, 1], ids[0, 2]]], [5.0])
    assert link_bytes(tree, topology).sum() == 15.0
    assert tree.target.tolist() == [3]
    assert phase_time(tree, topology).duration_s == 5.0 + 2.0
    for edges in ([ids[1, 3]], [ids[0, 1], ids[1, 3], ids[0, 2], ids[2, 3]]):
        with pytest.raises(InputError):
            make_trees(topology, [0], [edges], [5.0])


def test_joined_flows_keep_their_parents_apart():
    topology = topology_of(Wafer(rows=2, cols=2))
    one, two = make_flows(topology, [0, 1], [1, 0], 1.0), make_flows(topology, [2], [3], 2.0)
    joined = join_flows([one, two, one])
    assert joined.parent.tolist() == [0, 1, 2, 3, 4]
    assert joined.bytes.tolist() == [1.0, 1.0, 2.0, 1.0, 1.0]
    assert [joined.route(k) for k in range(3)] == [one.route(0), one.route(1), two.route(0)]
    assert len(join_flows([])) == 0


def test_a_joint_between_wafers_is_the_narrow_place():
    joint = WaferJoint(bytes_per_s=2.0, latency_s=5.0)
    topology = topology_of(Wafer(rows=2, cols=2, wafers=2, link=SLOW, between_wafers=joint))
    flows = make_flows(topology, [0], [5], 10.0)  # (0, 0, 0) to (1, 0, 1): rows share the joint
    assert phase_time(flows, topology).duration_s == 10.0 / 1.0 + 1.0 + 5.0 + 1.0
