"""Copies merged into multicast trees inside plans: the same bytes arrive, fewer cross the links."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from models import llama

import tempstudio as ts
from tempstudio.core.flows import Flows
from tempstudio.core.link_users import link_users
from tempstudio.core.merged_gather import GATHER, MERGED, REDUCE
from tempstudio.core.network import link_bytes
from tempstudio.core.parallel import axis_groups
from tempstudio.core.partition import Collective
from tempstudio.core.patterns import REFERENCE_BYTES, Pattern, collective_pattern
from tempstudio.core.plan_check import PlanFault, check_plan
from tempstudio.core.problem import Problem
from tempstudio.core.progress import Progress
from tempstudio.core.run import Plan
from tempstudio.core.simulate import simulate
from tempstudio.core.topology import topology_of
from tempstudio.scene.wafer import View, build, lay_ground
from tempstudio.strategies.mappers import Gemini, Sequential, TrafficConscious
from tempstudio.strategies.mappers.relief import gather_trees
from tempstudio.strategies.partitioners import Megatron3, TensorStream

JOB = ts.TrainingJob(global_batch=24, seq_len=128)
SLOW = ts.Link(bytes_per_s=4e9)  # scarce for the small model
FAULTY = ts.Wafer(rows=4, cols=6, dead_dies=((1, 2), (2, 4)), link=SLOW)
WHOLE = ts.Wafer(rows=4, cols=6, link=SLOW)
CHAIN = ts.Wafer(rows=3, cols=4, wafers=2, link=SLOW)
ZERO3 = ts.Degrees(dp=5, stream=4, zero=3)


def problem(machine: ts.Wafer, partitioner: object, mapper: object, **options: object) -> Problem:
    project = ts.Project(machine, llama(), JOB)
    chosen = mapper.Options(**options)
    return Problem(project, partitioner, mapper, partitioner.Options(), chosen)


def planned(machine: ts.Wafer, degrees: ts.Degrees, merge: bool, cut: object = None) -> Plan:
    plan = problem(machine, cut or TensorStream(), TrafficConscious(), merge=merge).build(degrees)
    check_plan(plan, machine)
    return plan


@pytest.fixture(scope="module")
def merged() -> Plan:
    plan = planned(FAULTY, ZERO3, merge=True)
    assert plan.mapping.trees.keys() == {"all-gather dp"}
    return plan


def gather_of(plan: Plan, op: str = GATHER, size: float = 6e6) -> Pattern:
    wanted = Collective(op, ("dp",), size)
    return collective_pattern(wanted, plan.degrees, 0, plan.mapping, topology_of(FAULTY))


def assert_all_arrives_once(flows: Flows, groups: np.ndarray, topology: ts.Topology) -> None:
    """Every die gets every byte of each other member's share once, over a tree's own edges."""
    arrived: Counter[tuple[int, int]] = Counter()
    for row, root in enumerate(flows.source.tolist()):
        links = list(flows.route(row))
        entered = Counter(topology.target[links].tolist())
        assert set(entered.values()) == {1} and root not in entered  # no byte comes twice
        for link in links:
            before = int(topology.source[link])
            assert before == root or before in entered
        for die in flows.targets[row]:
            assert entered[die] == 1
            arrived[root, die] += float(flows.bytes[row])
    pairs = {(a, b) for group in groups.tolist() for a in group for b in group if a != b}
    assert arrived.keys() == pairs
    share = REFERENCE_BYTES / groups.shape[1]
    assert list(arrived.values()) == pytest.approx([share] * len(pairs))


def test_every_target_gets_every_byte_once(merged: Plan) -> None:
    topology = topology_of(FAULTY)
    groups = np.array(merged.mapping.placement)[axis_groups(merged.degrees, ("dp",))]
    pattern = gather_of(merged)
    assert (pattern.algorithm, len(pattern.steps), pattern.share) == (MERGED, 1, 1.0)
    (step,) = pattern.steps
    assert step is not None
    assert_all_arrives_once(step.flows, groups, topology)
    edges = np.zeros(topology.links)
    for row in range(len(step.flows)):
        for link in step.flows.route(row):
            edges[link] += step.flows.bytes[row]
    assert link_bytes(step.flows, topology) == pytest.approx(edges)
    # No fewer bytes cross links than arrive anywhere, and a link is busy as long as the step lasts.
    assert edges.sum() >= REFERENCE_BYTES / 5 * 4 * groups.size * (1 - 1e-9)
    busiest_s = edges.max() / SLOW.bytes_per_s
    assert float(step.drain_s.max()) == pytest.approx(busiest_s)


def test_an_all_reduce_gathers_over_trees_what_its_members_have_reduced(merged: Plan) -> None:
    topology, trees = topology_of(FAULTY), merged.mapping.trees["all-gather dp"]
    mapping = replace(merged.mapping, routes={}, trees={"all-reduce dp": trees})
    both = gather_of(replace(merged, mapping=mapping), REDUCE)
    halves = gather_of(replace(merged, mapping=mapping), "reduce-scatter")
    sent = sum(link_bytes(s.scaled(6e6 * both.share), topology).sum() for s in both.steps if s)
    first = sum(link_bytes(s.scaled(6e6 * halves.share), topology).sum() for s in halves.steps if s)
    (gather,) = gather_of(merged).steps
    assert gather is not None
    assert sent == pytest.approx(first + link_bytes(gather.scaled(6e6), topology).sum())


@pytest.mark.parametrize(
    ("machine", "degrees", "cut", "step", "hottest"),
    [
        (FAULTY, ZERO3, TensorStream(), 0.9, 0.8),
        (WHOLE, ts.Degrees(dp=3, stream=8, zero=3), TensorStream(), 0.94, 0.9),
        (FAULTY, ts.Degrees(pp=2, dp=5, stream=2, zero=3), TensorStream(), 0.93, 0.9),
        (FAULTY, ts.Degrees(dp=5, stream=4), TensorStream(), 0.99, 1.2),
        (WHOLE, ts.Degrees(dp=6, tp=4, zero=3), Megatron3(), 1.0, 1.0),
        (CHAIN, ts.Degrees(pp=2, dp=3, stream=4, zero=3), TensorStream(), 1.0, 1.0),
    ],
)
def test_merging_shortens_the_step_and_never_lengthens_it(
    machine: ts.Wafer, degrees: ts.Degrees, cut: object, step: float, hottest: float
) -> None:
    """Against the same mapper that only routes: time, and bytes over the hottest link."""
    apart, together = (
        simulate(planned(machine, degrees, merge, cut), machine, Progress())[1]
        for merge in (False, True)
    )
    assert together.duration_s <= step * apart.duration_s * (1 + 1e-9)
    assert together.step_link_bytes.max() <= hottest * apart.step_link_bytes.max() * (1 + 1e-9)


@given(
    st.sets(st.sampled_from([(r, c) for r in range(4) for c in range(5)]), max_size=2),
    st.sampled_from([(3, 5), (4, 4), (6, 3), (5, 3), (3, 2)]),
    st.sampled_from([0, 3]),
)
@settings(max_examples=4, suppress_health_check=[HealthCheck.too_slow])
def test_merging_never_hurts_whatever_is_dead(
    dead: set[tuple[int, int]], shape: tuple[int, int], zero: int
) -> None:
    machine = ts.Wafer(rows=4, cols=5, dead_dies=tuple(sorted(dead)), link=SLOW)
    degrees = ts.Degrees(dp=shape[0], stream=shape[1], zero=zero)
    try:
        apart, together = (planned(machine, degrees, merge) for merge in (False, True))
    except ts.NoPlanError:
        return
    seconds = [simulate(p, machine, Progress())[1].duration_s for p in (apart, together)]
    assert seconds[1] <= seconds[0] * (1 + 1e-9)


def test_the_cost_model_agrees_about_trees(merged: Plan) -> None:
    task = problem(FAULTY, TensorStream(), TrafficConscious())
    seconds, _, joules = task.costs.figures([ts.Candidate(ZERO3)])[0]
    score, timeline = task.simulate(merged)
    assert seconds == pytest.approx(score.step_time_s, rel=0.04)
    assert joules == pytest.approx(score.energy_j["total"], rel=0.01)
    topology = topology_of(FAULTY)
    over_links = 8 * float(timeline.step_link_bytes @ topology.joule_per_bit)
    assert score.energy_j["d2d"] == pytest.approx(over_links)


def test_rivals_and_named_algorithms_stay_as_they_are(merged: Plan) -> None:
    for mapper in (Sequential(), Gemini()):
        plan = problem(WHOLE, TensorStream(), mapper).build(ts.Degrees(dp=4, stream=6, zero=3))
        assert not plan.mapping.trees
    ring = Collective(GATHER, ("dp",), 6e6, algorithm="ring")
    pattern = collective_pattern(ring, ZERO3, 0, merged.mapping, topology_of(FAULTY))
    assert pattern.algorithm == "ring" and len(pattern.steps) == 4


def test_the_users_of_a_link_count_a_merged_byte_once(merged: Plan) -> None:
    timeline = simulate(merged, FAULTY, Progress())[1]
    for link in np.argsort(-timeline.step_link_bytes)[:8].tolist():
        uses = link_users(timeline, link)
        assert sum(use.bytes for use in uses) == pytest.approx(timeline.step_link_bytes[link])
    assert any(use.op == GATHER for use in uses)


def test_a_tree_in_flight_is_a_chunk_on_the_way_to_each_leaf(merged: Plan) -> None:
    """On the trunk they are in one place; each ends on a leaf, and the gauges show every edge."""
    timeline = simulate(merged, FAULTY, Progress())[1]
    topology, ground = topology_of(FAULTY), lay_ground(FAULTY, 800, 600, View())
    gathers = [p for p, info in enumerate(timeline.phases) if info.op == GATHER]
    table = timeline.templates
    item = int(np.flatnonzero(np.isin(table.phase, gathers) & (table.flow_set >= 0))[0])
    template = int(np.searchsorted(table.item_start, item, side="right")) - 1
    span = int(np.flatnonzero(timeline.spans.template == template)[0])
    begin = float(timeline.spans.start_s[span] + table.start_s[item])
    seen = 0
    for share in (0.01, 0.5, 0.99):
        frame = timeline.at(begin + share * float(table.end_s[item] - table.start_s[item]))
        chunks = build(ground, timeline, frame).chunks
        flows = frame.transfers
        assert chunks is not None and set(chunks.flow.tolist()) == set(range(len(flows)))
        loads = np.zeros(topology.links)
        for flow in range(len(flows)):
            links = flows.hop_link[flows.hop_start[flow] : flows.hop_start[flow + 1]]
            loads[links] += flows.bytes[flow]
            leaves = set(topology.target[links]) - set(topology.source[links])
            assert int(np.sum(chunks.flow == flow)) == len(leaves)
            seen += len(leaves) > 1
            if share == 0.01 and len(leaves) > 1:
                start = chunks.xy[chunks.flow == flow]
                assert np.abs(start - start[0]).max() <= 2 * ground.layout.die_px
        assert loads == pytest.approx(frame.link_bytes)
    assert seen > 10


def broken(trees: Flows, **changes: object) -> dict[str, Flows]:
    return {"all-gather dp": replace(trees, **changes)}


def test_trees_that_lose_or_double_bytes_are_refused(merged: Plan) -> None:
    trees = merged.mapping.trees["all-gather dp"]
    short = trees.hop_start.copy()
    short[-1] -= 1
    wrong = {
        "carry 0.5 of it": broken(trees, bytes=trees.bytes * 0.5),
        "is not for its group": broken(trees, targets=((0,),) * len(trees)),
        "does not reach its group": broken(
            trees, hop_start=short, hop_link=trees.hop_link[: short[-1]]
        ),
        "cut off from it": broken(trees, hop_link=trees.hop_link[::-1].copy()),
        "a link that is none": broken(trees, hop_link=trees.hop_link + 1000),
        "where no copies are sent": {"all-to-all dp": trees},
    }
    for words, found in wrong.items():
        plan = replace(merged, mapping=replace(merged.mapping, trees=found))
        with pytest.raises(PlanFault, match=words):
            check_plan(plan, FAULTY)


def test_trees_keep_off_links_that_others_need() -> None:
    """Three dies gather round the edge of a mesh of which one side is taken."""
    topology = topology_of(ts.Wafer(rows=2, cols=3))
    beside = np.zeros(topology.links)
    top = [topology.link_ids[a, b] for a, b in ((0, 1), (1, 2), (2, 1), (1, 0))]
    beside[top] = 2.0
    groups = np.array([[0, 2, 4]], dtype=np.int32)
    trees = gather_trees(topology, groups, 1.0, beside, paths=4, detour=6)
    loads = link_bytes(trees, topology) + beside
    assert loads.max() <= 1.05 * 2.0  # the two far corners' shares enter each by the other side
    assert link_bytes(trees, topology)[top].max() < 0.1
