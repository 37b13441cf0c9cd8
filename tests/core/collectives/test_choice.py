"""Choosing a schedule: the same for equal groups elsewhere, scaled for other sizes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tempstudio.core.collectives import (
    OPS,
    algorithms,
    best_collective,
    collective_report,
    collective_steps,
    join_steps,
    sized,
    steps_time,
)
from tempstudio.core.collectives.group import group_of
from tempstudio.core.errors import InputError, NoPlanError
from tempstudio.core.flows import make_flows
from tempstudio.core.machine import Cluster, Link, Wafer
from tempstudio.core.network import link_bytes, phase_time
from tempstudio.core.topology import topology_of

SHAPES = {"block": (0, 1, 8, 9, 16, 17), "bent": (0, 1, 9), "stripes": (0, 2, 16, 18)}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("op", OPS)
def test_equal_groups_elsewhere_do_the_same_over_their_own_links(shape, op):
    topology = topology_of(Wafer())
    here = SHAPES[shape]
    there = tuple(die + 2 * 8 + 3 for die in here)
    assert sized.prototype(group_of(there, topology)) is sized.prototype(group_of(here, topology))
    for algorithm in algorithms(op):
        try:
            first = collective_steps(op, algorithm, here, 3e7, topology)
        except NoPlanError:
            continue
        second = collective_steps(op, algorithm, there, 3e7, topology)
        for one, two in zip(first, second, strict=True):
            assert two.source.tolist() == [die + 19 for die in one.source]
            assert two.target.tolist() == [die + 19 for die in one.target]
            # What is remembered of the first holds for a phase made afresh.
            routes = [two.route(row) for row in range(len(two))]
            again = make_flows(topology, two.source, two.target, two.bytes, routes)
            assert phase_time(two, topology).finish_s == pytest.approx(
                phase_time(again, topology).finish_s, rel=1e-9
            )


def test_equal_groups_of_a_cluster_do_the_same_over_their_own_ports():
    topology = topology_of(Cluster(nodes=4, devices_per_node=4, inter=Link(bytes_per_s=1e11)))
    here, there = (0, 1, 4, 5), (10, 11, 14, 15)
    first = best_collective("all-reduce", here, 1e8, topology)
    second = best_collective("all-reduce", there, 1e8, topology)
    assert first.time_s == second.time_s
    for one, two in zip(first.steps, second.steps, strict=True):
        routes = [two.route(row) for row in range(len(two))]
        again = make_flows(topology, two.source, two.target, two.bytes)
        assert routes == [again.route(row) for row in range(len(again))]
        assert one.bytes.tolist() == two.bytes.tolist()


def test_a_group_on_a_joint_is_not_taken_for_one_beside_it():
    topology = topology_of(Wafer(rows=2, cols=4, wafers=2))
    inside, across = (0, 1, 4, 5), (2, 3, 8, 9)  # the second is half on the next wafer
    one, two = (best_collective("all-gather", g, 1e9, topology) for g in (inside, across))
    assert two.time_s != one.time_s


@given(st.floats(1.0, 1e12), st.sampled_from(OPS))
@settings(deadline=None, max_examples=30)
def test_no_named_algorithm_is_faster_than_the_best(size, op):
    topology = topology_of(Wafer(rows=2, cols=3))
    best = best_collective(op, range(6), size, topology)
    for algorithm in algorithms(op):
        try:
            steps = collective_steps(op, algorithm, range(6), size, topology)
        except NoPlanError:
            continue
        assert steps_time(steps, topology) >= best.time_s * (1 - 1e-9)


@given(st.floats(1e5, 1e12))
@settings(deadline=None, max_examples=20)
def test_a_pipeline_is_cut_about_as_finely_as_is_best(size):
    """Against (sqrt(X) + sqrt((m - 1) L))^2, the least that (K + m - 1)(X/K + L) can be."""
    topology = topology_of(Wafer(rows=1, cols=8))
    steps = collective_steps("all-reduce", "chain", range(8), size, topology)
    stages, busy, latency = 8, size / 4e12, 2e-7
    ideal = (busy**0.5 + ((stages - 1) * latency) ** 0.5) ** 2
    single = stages * (busy + latency)
    assert steps_time(steps, topology) <= min(ideal * 1.03 + latency, single) * (1 + 1e-9)


def test_side_by_side_steps_hold_every_groups_flows_and_equal_ones_stay_one_object():
    topology = topology_of(Wafer(rows=2, cols=8))
    pair = [
        collective_steps("all-gather", "ring", g, 8.0, topology)
        for g in ((0, 1, 8, 9), (4, 5, 6, 7, 12, 13, 14, 15))
    ]
    joined = join_steps(pair)
    assert len(joined) == 7
    assert len({id(flows) for flows in joined}) == 2
    for t, flows in enumerate(joined):
        own = sum(link_bytes(steps[t], topology) for steps in pair if t < len(steps))
        assert link_bytes(flows, topology) == pytest.approx(own)


def test_nothing_to_do_takes_no_steps():
    topology = topology_of(Wafer(rows=1, cols=2))
    for op in OPS:
        assert best_collective(op, [1], 1e9, topology).steps == ()
        assert best_collective(op, [0, 1], 0.0, topology).time_s == 0.0
        assert collective_steps(op, algorithms(op)[0], [0], 1e9, topology) == []


def test_the_report_tells_what_was_asked_and_found():
    report = collective_report("all-gather", "2x4", 4e12, latency_s=0.0)
    assert report == {
        "op": "all-gather",
        "group": "2x4",
        "dies": 8,
        "bytes": 4e12,
        "algorithm": "bidirectional-ring",
        "steps": 4,
        "time_s": pytest.approx(7 / 16),
        "bound_s": pytest.approx(7 / 16),
        "efficiency": pytest.approx(1.0),
    }
    slow = collective_report("all-gather", "2x4", 4e12, link_bytes_per_s=2e12, latency_s=0.0)
    assert slow["time_s"] == pytest.approx(7 / 8)
    alone = collective_report("all-reduce", "line:1", 1e9)
    assert (alone["time_s"], alone["bound_s"], alone["steps"]) == (0.0, 0.0, 0)
    cluster = Cluster(inter=Link(bytes_per_s=1e11))
    assert collective_report("all-reduce", "2x4", 1e9, machine=cluster)["dies"] == 8


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"op": "all-scatter"}, "op: found 'all-scatter', allowed: all-gather"),
        ({"group_text": "0x4"}, "group: found '0x4'"),
        ({"group_text": "2x-4"}, "group: found '2x-4', allowed: RxC, ring:N or line:N"),
        ({"group_text": "ring:"}, "group"),
        ({"group_text": "99999x99999"}, "allowed"),
        ({"group_text": "torus:4"}, "group: found 'torus:4'"),
        ({"bytes_total": -1.0}, "bytes: found -1.0, allowed: a finite number from 0"),
        ({"bytes_total": float("nan")}, "bytes"),
        ({"algorithm": "tree"}, "algorithm: found 'tree', allowed for all-gather: ring"),
        ({"link_bytes_per_s": 0.0}, "link-bandwidth: found 0.0"),
        ({"latency_s": float("inf")}, "latency: found inf"),
    ],
)
def test_a_wrong_question_is_one_line(change, words):
    question = {"op": "all-gather", "group_text": "2x4", "bytes_total": 1e9} | change
    with pytest.raises(InputError) as error:
        collective_report(**question)
    assert words in str(error.value) and "\n" not in str(error.value)


def test_an_algorithm_that_cannot_serve_the_group_says_why():
    with pytest.raises(NoPlanError, match="row-column: the group's dies are not a whole grid"):
        collective_report("all-gather", "line:4", 1e9, "row-column")
    with pytest.raises(NoPlanError, match="hierarchical: the machine has no nodes"):
        collective_report("all-gather", "2x2", 1e9, "hierarchical")
