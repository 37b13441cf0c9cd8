"""Do the schedules move what they must?  Data is followed step by step, or by maximum flow."""

from __future__ import annotations

import networkx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tempstudio.core.collectives import OPS, algorithms, collective_steps
from tempstudio.core.collectives.algorithms import outlines
from tempstudio.core.collectives.gossip import find_gossip
from tempstudio.core.collectives.group import group_of
from tempstudio.core.collectives.outline import merge_steps, scale_step, stretch_steps
from tempstudio.core.collectives.ring import ring_gather
from tempstudio.core.collectives.row_column import line_gather
from tempstudio.core.collectives.trees import pack_trees, tree_all_reduce
from tempstudio.core.errors import NoPlanError
from tempstudio.core.machine import Cluster, Wafer
from tempstudio.core.network import link_bytes
from tempstudio.core.routes import ring_topology
from tempstudio.core.topology import topology_of

SIZE = 7.2e6  # large enough for several chunks

GROUPS = {
    "2x3": (Wafer(rows=2, cols=3), None),
    "3x3": (Wafer(rows=3, cols=3), None),
    "1x5": (Wafer(rows=1, cols=5), None),
    "pair": (Wafer(rows=1, cols=2), None),
    "corner cut off a 3x3": (Wafer(rows=3, cols=3, dead_dies=[(0, 0)]), None),
    "a star, no path": (Wafer(rows=3, cols=3), (1, 3, 4, 5, 7)),
    "every second column": (Wafer(rows=2, cols=5), (0, 2, 4, 5, 7, 9)),
    "scattered": (Wafer(rows=3, cols=3), (0, 2, 7)),
    "two nodes": (Cluster(nodes=2, devices_per_node=3), None),
}


NAMES = [*GROUPS, "ring of 6", "ring of 5"]


def case_of(name):
    if name.startswith("ring"):
        topology = ring_topology(int(name[-1]), 4e12, 2e-7)
        return topology, topology.machine.alive_ids
    machine, members = GROUPS[name]
    return topology_of(machine), members or machine.alive_ids


def schedules(name, op):
    """(algorithm, steps) of every algorithm that can serve the group."""
    topology, members = case_of(name)
    served = []
    for algorithm in algorithms(op):
        try:
            served.append((algorithm, collective_steps(op, algorithm, members, SIZE, topology)))
        except NoPlanError:
            continue
    assert len(served) >= 3
    return served


def heard(steps, share, receiver, senders):
    """The most that can have come from all senders (each with `share`) to one, step by step.

    Maximum flow through the schedule unrolled in time.  With every receiver reaching its due this
    is necessary for a schedule to be valid, and sufficient up to coding (Ahlswede et al. 2000).
    """
    graph = networkx.DiGraph()
    for die in senders:
        graph.add_edge("all", (die, 0), capacity=share)
    for die in {int(die) for flows in steps for die in (*flows.source, *flows.target)}:
        for t in range(len(steps)):
            graph.add_edge((die, t), (die, t + 1))  # keeps what it holds
    for t, flows in enumerate(steps):
        for a, b, size in zip(flows.source, flows.target, flows.bytes, strict=True):
            before = graph.get_edge_data((int(a), t), (int(b), t + 1), {"capacity": 0.0})
            graph.add_edge((int(a), t), (int(b), t + 1), capacity=before["capacity"] + size)
    return networkx.maximum_flow_value(graph, "all", (receiver, len(steps)))


@pytest.mark.parametrize("name", NAMES)
def test_everybody_can_have_heard_everything(name):
    _, members = case_of(name)
    for _, steps in schedules(name, "all-gather"):
        for receiver in members:
            assert heard(steps, SIZE / len(members), receiver, members) == pytest.approx(SIZE)


@pytest.mark.parametrize("name", NAMES)
def test_everybody_can_have_heard_the_first(name):
    _, members = case_of(name)
    for _, steps in schedules(name, "broadcast"):
        for receiver in members[1:]:
            assert heard(steps, SIZE, receiver, members[:1]) == pytest.approx(SIZE)
        moved = sum(float(flows.bytes.sum()) for flows in steps)
        assert moved == pytest.approx(SIZE * (len(members) - 1))  # and no byte twice


@pytest.mark.parametrize("name", NAMES)
def test_everybody_can_have_got_its_share_of_everybody(name):
    _, members = case_of(name)
    due = SIZE / len(members)
    for _, steps in schedules(name, "all-to-all"):
        for receiver in members:
            others = [die for die in members if die != receiver]
            assert heard(steps, due, receiver, others) >= due * len(others) * (1 - 1e-9)


def moved_by_step(steps, backwards=False):
    """{(sender, receiver): bytes} of every step; backwards in time with the ends exchanged."""
    rows = []
    for flows in reversed(steps) if backwards else steps:
        ends = (flows.target, flows.source) if backwards else (flows.source, flows.target)
        pairs = zip(ends[0].tolist(), ends[1].tolist(), flows.bytes.tolist(), strict=True)
        rows.append(merge_steps([{(a, b): size} for a, b, size in pairs]))
    return rows


@pytest.mark.parametrize("mirror", [("all-gather", "reduce-scatter"), ("broadcast", "reduce")])
@pytest.mark.parametrize("name", NAMES)
def test_a_reduction_is_the_spreading_backwards_in_time(name, mirror):
    spread, reduce = (schedules(name, op) for op in mirror)
    for (one, steps), (two, back) in zip(spread, reduce, strict=True):
        assert one == two and len(steps) == len(back)
        for step, again in zip(moved_by_step(steps), moved_by_step(back, True), strict=True):
            assert step == pytest.approx(again)


@pytest.mark.parametrize("name", NAMES)
def test_an_all_reduce_moves_two_vectors_a_die_but_for_one(name):
    """2 (n - 1) vectors in all (Patarasuk and Yuan 2009), each die hearing of all others."""
    topology, members = case_of(name)
    n = len(members)
    for _, steps in schedules(name, "all-reduce"):
        moved = sum(float(flows.bytes.sum()) for flows in steps)
        assert moved == pytest.approx(2 * (n - 1) * SIZE)
        received = np.zeros(topology.vertices)
        for flows in steps:
            np.add.at(received, flows.target, flows.bytes)
        assert (received[list(members)] >= SIZE * (n - 1) / n * (1 - 1e-9)).all()


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("name", NAMES)
def test_groups_whose_dies_hang_together_stay_on_their_own_links(name, op):
    topology, members = case_of(name)
    group = group_of(tuple(members), topology)
    own = {link for route in group.inside.values() for link in route}
    for _, steps in schedules(name, op):
        for flows in {id(flows): flows for flows in steps}.values():
            assert {*flows.source.tolist(), *flows.target.tolist()} <= set(members)
            assert not group.confined or own.issuperset(flows.hop_link.tolist())


def test_a_given_order_is_the_rings_order():
    topology = topology_of(Wafer(rows=2, cols=2))
    steps = collective_steps("all-gather", "ring", range(4), 4.0, topology, order=[0, 3, 1, 2])
    pairs = set(zip(steps[0].source.tolist(), steps[0].target.tolist(), strict=True))
    assert pairs == {(0, 3), (3, 1), (1, 2), (2, 0)}


def pass_on(n, steps, carries):
    """Run an all-gather in which `carries(held, i, j, t)` says which pieces go from i to j."""
    held = [{i} for i in range(n)]
    for t, step in enumerate(steps):
        arriving = [set(have) for have in held]
        for (i, j), share in step.items():
            pieces = carries(held, i, j, t)
            assert pieces <= held[i] and len(pieces) == pytest.approx(share * n)
            arriving[j] |= pieces
        held = arriving
    assert all(have == set(range(n)) for have in held)


@given(st.integers(2, 12))
def test_a_one_way_ring_passes_on_what_came_last(n):
    order = list(range(n))
    pass_on(n, ring_gather(order, both_ways=False), lambda held, i, j, t: {(i - t) % n})


@given(st.integers(1, 6).map(lambda k: 2 * k + 1))
def test_a_two_way_ring_of_odd_length_passes_on_whole_pieces_both_ways(n):
    def carries(held, i, j, t):
        return {(i - t) % n} if j == (i + 1) % n else {(i + t) % n}

    pass_on(n, ring_gather(list(range(n)), both_ways=True), carries)


@given(st.integers(2, 12))
def test_a_line_passes_on_what_comes_from_behind(n):
    def carries(held, i, j, t):
        return {i - t} if j > i else {i + t}

    pass_on(n, line_gather(list(range(n)), 1.0 / n), carries)


@given(st.integers(1, 8), st.integers(0, 8))
def test_stretched_steps_send_the_same_and_never_before_it_can_be_there(count, more):
    n = count + 1
    steps = line_gather(list(range(n)), 1.0)
    spread = stretch_steps(steps, count + more)
    assert merge_steps(spread) == pytest.approx(merge_steps(steps))
    # What i sends to i + 1 beyond its own piece it must have received in earlier steps.
    for i in range(1, n - 1):
        got = sent = 0.0
        for step in spread:
            sent += step.get((i, i + 1), 0.0)
            assert sent <= 1.0 + got + 1e-9
            got += step.get((i - 1, i), 0.0)


@st.composite
def irregular_groups(draw):
    rows, cols = draw(st.integers(2, 5)), draw(st.integers(2, 5))
    places = [(r, c) for r in range(rows) for c in range(cols)]
    dead = draw(st.lists(st.sampled_from(places), max_size=3, unique=True))
    topology = topology_of(Wafer(rows=rows, cols=cols, dead_dies=dead[: len(places) - 2]))
    return group_of(topology.components[0], topology)


@given(irregular_groups().filter(lambda group: group.size > 1))
@settings(deadline=None, max_examples=40)
def test_gossip_sends_only_what_is_held_and_everybody_ends_with_everything(group):
    found = find_gossip(group, tries=1)
    split, n = found.split, group.size
    held = [set(range(i * split, (i + 1) * split)) for i in range(n)]
    for step in found.steps:
        assert len({(i, j) for i, j, _ in step}) == len(step)  # one piece a link
        arriving = [set(have) for have in held]
        for i, j, piece in step:
            assert (i, j) in group.edges and piece in held[i] and piece not in arriving[j]
            arriving[j].add(piece)
        held = arriving
    assert all(len(have) == n * split for have in held)


@given(irregular_groups().filter(lambda group: group.size > 1))
@settings(deadline=None, max_examples=40)
def test_packed_trees_add_up_everything_everywhere(group):
    """Every tree reduces its share of the vector on real numbers, then hands the sum down."""
    trees = pack_trees(group)
    assert sum(tree.weight for tree in trees) == pytest.approx(1.0)
    moved = {}
    for tree in trees:
        values = np.arange(1.0, group.size + 1) ** 2
        for level in reversed(tree.levels):
            for parent, child in level:
                assert (parent, child) in group.edges
                values[parent] += values[child]
                moved[child, parent] = moved.get((child, parent), 0.0) + tree.weight
        for level in tree.levels:
            for parent, child in level:
                values[child] = values[parent]
                moved[parent, child] = moved.get((parent, child), 0.0) + tree.weight
        assert (values == (np.arange(1.0, group.size + 1) ** 2).sum()).all()
    stages = tree_all_reduce(trees).stages
    assert merge_steps([step for stage in stages for step in stage]) == pytest.approx(moved)


@given(st.integers(1, 9), st.sampled_from(["chain", "trees", "row-column"]))
@settings(deadline=None)
def test_cutting_the_vector_in_chunks_moves_the_same_bytes(chunks, algorithm):
    topology = topology_of(Wafer(rows=3, cols=3))
    outline = outlines(group_of(topology.machine.alive_ids, topology), "all-reduce", algorithm)[0]
    parts = [
        scale_step(step, 1.0 / chunks)
        for span in outline.spans(chunks)
        for step in outline.together(*span)
    ]
    whole = merge_steps([step for stage in outline.stages for step in stage])
    assert merge_steps(parts) == pytest.approx(whole)


def test_grid_trees_load_every_link_alike():
    """The reason why the all-reduce bound 2 (n - 1) S / (E B) is reached."""
    topology = topology_of(Wafer(rows=3, cols=4))
    steps = collective_steps("all-reduce", "trees", range(12), 1e9, topology)
    load = sum(link_bytes(flows, topology) for flows in steps)
    assert load == pytest.approx(np.full(topology.links, 2 * 11 * 1e9 / topology.links))
