"""The cost model against the full simulation, which shares no timing with it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from models import gpt, llama

import tempstudio as ts
from tempstudio.core.costs import model
from tempstudio.core.costs.pipeline_memory import passes_in_flight
from tempstudio.core.costs.roofline import roofline_seconds, tile_share
from tempstudio.core.costs.step_time import beside, pipeline_seconds
from tempstudio.core.costs.traffic import Traffic, slowdowns, traffic_of
from tempstudio.core.flows import make_flows
from tempstudio.core.genomes import variants
from tempstudio.core.interleave import start_times, turns
from tempstudio.core.network import phase_time
from tempstudio.core.problem import Problem
from tempstudio.strategies.mappers.sequential import Sequential
from tempstudio.strategies.mappers.traffic_conscious import TrafficConscious
from tempstudio.strategies.partitioners import cut_model
from tempstudio.strategies.partitioners.fsdp import FullySharded
from tempstudio.strategies.partitioners.megatron import Megatron1, Megatron3
from tempstudio.strategies.partitioners.tspp import TensorStream
from tempstudio.validation.cost_model import compare_figures, random_candidates

SLOW = ts.Link(bytes_per_s=2e11)
MACHINES = {
    "contended": ts.Wafer(rows=3, cols=4, link=SLOW),
    "faulty": ts.Wafer(
        rows=4,
        cols=4,
        link=SLOW,
        dead_dies=((1, 2),),
        dead_links=(((2, 0), (3, 0)),),
        core_yield=((0, 0, 0.7),),
    ),
    "chain": ts.Wafer(rows=2, cols=3, wafers=2, link=SLOW),
    "cluster": ts.Cluster(
        nodes=2,
        devices_per_node=4,
        device=ts.Die(compute_units=108, communication_units=24, exposed_output=1.0),
        intra=ts.Link(bytes_per_s=3e11, latency_s=3e-6),
        inter=ts.Link(bytes_per_s=2.5e10, latency_s=9e-6),
    ),
}
PARTITIONERS = {p.name: p for p in (TensorStream, Megatron1, Megatron3, FullySharded)}


def problem(machine: ts.Machine, partitioner: type, mapper: type) -> Problem:
    cut, place = partitioner(), mapper()
    project = ts.Project(machine, llama(), ts.TrainingJob(global_batch=24, seq_len=512))
    return Problem(project, cut, place, cut.Options(), place.Options())


def both_ways(task: Problem, plans: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    draws = random_candidates(task, seed)
    drawn = [next(draws) for _ in range(plans)]
    truth = [
        (s.step_time_s, s.memory.peak_bytes, s.energy_j["total"])
        for s in (task.simulate(plan)[0] for _, plan in drawn)
    ]
    return task.costs.figures([candidate for candidate, _ in drawn]), np.array(truth)


@pytest.mark.parametrize("where", MACHINES)
def test_random_plans_cost_what_they_simulate_to(where: str) -> None:
    task = problem(MACHINES[where], TensorStream, TrafficConscious)
    agreement = compare_figures("llama", where, *both_ways(task, 16, 1), 1.0, 1.0)
    assert agreement.pearson_log_time >= 0.99
    assert agreement.mean_error <= 0.04
    assert agreement.worst_error <= 0.2
    assert agreement.memory_mean_error <= 0.02
    assert agreement.energy_mean_error <= 0.01


@pytest.mark.parametrize("name", ["megatron1", "megatron3", "fsdp"])
def test_every_partitioner_is_costed_by_the_same_code(name: str) -> None:
    task = problem(MACHINES["contended"], PARTITIONERS[name], Sequential)
    found, truth = both_ways(task, 12, 2)
    assert np.abs(found[:, 0] / truth[:, 0] - 1.0).mean() <= 0.04
    assert np.abs(found[:, 1] / truth[:, 1] - 1.0).mean() <= 0.02


def test_without_communication_it_is_exact() -> None:
    task = problem(ts.Wafer(rows=1, cols=1), TensorStream, Sequential)
    for recompute in ("none", "selective", "full"):
        candidate = ts.Candidate(ts.Degrees(), recompute=recompute, micro_batch=3)
        found = task.costs.figures([candidate])[0]
        score = task.simulate(task.build(candidate))[0]
        assert found[0] == pytest.approx(score.step_time_s, rel=1e-9)
        assert found[1] == pytest.approx(score.memory.peak_bytes, rel=1e-5)
        assert found[2] == pytest.approx(score.energy_j["total"], rel=1e-9)


def test_what_cannot_be_is_infinite_and_the_rest_goes_on() -> None:
    task = problem(MACHINES["contended"], TensorStream, TrafficConscious)
    wanted = [
        ts.Degrees(dp=4),
        ts.Degrees(tp=5),
        ts.Degrees(dp=99),
        ts.Candidate(ts.Degrees(dp=4), tiling=63),
    ]
    found = task.score_many(wanted)
    assert np.isfinite(found["step_time_s"]).tolist() == [True, False, False, False]
    assert task.evaluations == 4 and len(task.log.sample) == 1


def test_figures_do_not_hang_on_what_else_is_asked() -> None:
    task = problem(MACHINES["faulty"], TensorStream, TrafficConscious)
    draws = random_candidates(task, 5)
    wanted = [next(draws)[0] for _ in range(6)]
    together = task.costs.figures(wanted)
    alone = np.concatenate([task.costs.figures([one]) for one in reversed(wanted)])[::-1]
    assert np.allclose(together, alone, rtol=1e-12)


@pytest.mark.parametrize("where", ["faulty", "chain"])
@pytest.mark.parametrize("name", ["tspp", "megatron3", "fsdp"])
def test_hundreds_at_once_cost_what_each_costs_by_itself(where: str, name: str) -> None:
    """Also in a fresh model, where nothing was costed before."""
    task = problem(MACHINES[where], PARTITIONERS[name], Sequential)
    every = [one for row in range(len(task.shapes)) for one in _variants(task, row)]
    order = np.random.default_rng(4).permutation(len(every))[:300]
    wanted = [every[k] for k in order.tolist()]
    together = np.stack([task.costs.estimates(wanted), task.costs.bounds(wanted)])
    model._atlases.clear()
    cut_model.cut_model.cache_clear()
    cut_model.sharding_of.cache_clear()
    fresh = problem(MACHINES[where], PARTITIONERS[name], Sequential)
    for k in range(0, len(wanted), 10):
        alone = [fresh.costs.estimates(wanted[k : k + 1]), fresh.costs.bounds(wanted[k : k + 1])]
        assert np.allclose(together[:, k], np.concatenate(alone), rtol=1e-12, atol=0.0)
    assert np.isfinite(together[0]).mean() > 0.5


def _variants(task: Problem, row: int) -> list[ts.Candidate]:
    least = task.least_zero
    return list(variants(task.shapes.degrees(row, least), task.project.job, least))


def test_genomes_that_differ_little_share_their_phases() -> None:
    task = problem(MACHINES["contended"], TensorStream, Sequential)
    one, other = (
        task.partition(ts.Degrees(dp=dp, stream=4, zero=zero)).stages[0]
        for dp, zero in ((2, 0), (3, 1))
    )
    layer, again = one.forward[1], other.forward[1]
    assert layer.phases is again.phases
    assert task.partition(ts.Degrees(dp=3, stream=4)).replicas == 3


def test_a_slower_machine_is_never_quicker() -> None:
    fast = problem(MACHINES["contended"], TensorStream, TrafficConscious)
    draws = random_candidates(fast, 6)
    wanted = [next(draws)[0] for _ in range(6)]
    slower = replace(MACHINES["contended"], link=ts.Link(bytes_per_s=1e11))
    less = problem(slower, TensorStream, TrafficConscious)
    quick, slow = fast.costs.figures(wanted)[:, 0], less.costs.figures(wanted)[:, 0]
    assert (slow >= quick * 0.999).all() and (slow > quick * 1.001).any()


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_a_step_lasts_its_most_loaded_link(data: st.DataObject) -> None:
    topology = ts.topology_of(ts.Wafer(rows=3, cols=3, link=ts.Link(latency_s=0.0)))
    count = data.draw(st.integers(1, 12))
    ends = st.lists(st.integers(0, 8), min_size=count, max_size=count)
    source, target = data.draw(ends), data.draw(ends)
    flows = make_flows(topology, source, target, 1e6)
    found = traffic_of([flows], topology).seconds
    assert found == pytest.approx(phase_time(flows, topology).duration_s, rel=1e-9, abs=1e-15)


def test_two_that_fill_a_link_halve_each_other_and_others_do_not() -> None:
    full = Traffic(np.ones(1), 0.0, np.array([1.0, 0.0]), np.array([1.0, 0.0]))
    apart = Traffic(np.ones(1), 0.0, np.array([0.0, 1.0]), np.array([0.0, 1.0]))
    light = Traffic(np.ones(1), 0.0, np.array([0.3, 1.0]), np.array([0.3, 1.0]))
    assert slowdowns(full, full) == (2.0, 2.0)
    assert slowdowns(full, apart) == (1.0, 1.0)
    first, second = slowdowns(full, light)
    assert 1.0 < first < 2.0 and second == pytest.approx(1.0, abs=0.31)


@given(st.floats(0, 10), st.floats(1, 2), st.floats(0, 10), st.floats(0, 1), st.floats(1, 2))
def test_lanes_last_no_less_than_either_and_no_more_than_both(
    compute: float, slow: float, back: float, share: float, slow_back: float
) -> None:
    moving = compute * share
    front = compute + moving
    shared = compute + moving * slow
    progress = shared - moving * slow * (1 - 1 / slow_back)
    found = float(beside(*(np.array([x]) for x in (front, shared, back, progress)))[0])
    assert found >= max(front, back) * (1 - 1e-9)
    assert found <= shared + back + 1e-9


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 5),
    st.integers(1, 3),
    st.integers(1, 4),
    st.lists(st.floats(0.5, 1.5), min_size=15, max_size=15),
)
def test_the_pipeline_formula_is_near_the_schedule(
    stages: int, chunks: int, rounds: int, uneven: list[float]
) -> None:
    micro_batches = stages * rounds
    shape = np.array(uneven[: stages * chunks]).reshape(chunks, stages)
    forward, backward = shape, 2.0 * shape
    orders = [turns(stage, stages, chunks, micro_batches) for stage in range(stages)]
    lengths = [
        [(forward[c, s], backward[c, s], backward[c, s]) for c in range(chunks)]
        for s in range(stages)
    ]
    starts = start_times(orders, lengths)
    end = max(
        start + lengths[s][turn.chunk][0 if turn.forward else 1]
        for s in range(stages)
        for start, turn in zip(starts[s], orders[s], strict=True)
    )
    nothing = np.zeros((1, stages))
    found = pipeline_seconds(forward[None], backward[None], backward[None], nothing, micro_batches)[
        0
    ]
    assert found == pytest.approx(end, rel=0.35 if chunks > 1 else 0.2)
    assert found >= 3.0 * micro_batches * shape.sum(axis=0).max() * (1 - 1e-9)
    if np.ptp(shape) == 0 and chunks == 1:
        assert found == pytest.approx(end, rel=1e-9)


def test_even_stages_are_exact() -> None:
    ones = np.ones((1, 1, 4))
    found = pipeline_seconds(ones, 2 * ones, 2 * ones, np.zeros((1, 4)), 8)
    assert found[0] == pytest.approx((8 + 3) * 3.0)


def test_passes_in_flight_are_those_of_the_schedule() -> None:
    for stages, chunks, micro_batches in ((1, 1, 4), (4, 1, 8), (4, 1, 2), (3, 2, 6), (2, 3, 2)):
        for stage in range(stages):
            held = np.zeros(chunks, dtype=int)
            most = 0
            for turn in turns(stage, stages, chunks, micro_batches):
                held[turn.chunk] += 1 if turn.forward else -1
                most = max(most, int(held.sum()))
            assert sum(passes_in_flight(stage, stages, chunks, micro_batches)) == most


def test_the_roofline_is_its_own_and_agrees() -> None:
    from tempstudio.core.compute import compute_seconds
    from tempstudio.core.partition import Work

    rng = np.random.default_rng(0)
    for die in (ts.Die(), MACHINES["cluster"].die):
        for _ in range(50):
            rows, inner, columns, products = (int(x) for x in rng.integers(1, 3000, 4))
            flop, moved = 2.0 * rows * inner * columns * products, float(rng.integers(1, 10**9))
            work = Work(flop, 0.0, moved, 0.0, (rows, inner, columns), products, moved / 3)
            sizes = [np.array([float(x)]) for x in (rows, columns, products)]
            found = roofline_seconds(
                np.array([flop]),
                np.array([moved]),
                np.array([moved / 3]),
                tile_share(sizes[0], sizes[1], sizes[2], die),
                die,
            )
            assert found[0] == pytest.approx(compute_seconds(work, die), rel=1e-12)


def test_a_gpt_with_dropout_costs_the_same_both_ways() -> None:
    cut, place = Megatron1(), Sequential()
    job = ts.TrainingJob(global_batch=8, seq_len=256)
    project = ts.Project(ts.Wafer(rows=2, cols=4, link=SLOW), gpt(64, 4, 2), job)
    task = Problem(project, cut, place, cut.Options(), place.Options())
    candidate = ts.Candidate(ts.Degrees(dp=4, tp=2, zero=1))
    score = task.simulate(task.build(candidate))[0]
    found = task.costs.figures([candidate])[0]
    assert found[0] == pytest.approx(score.step_time_s, rel=0.03)
    assert found[1] == pytest.approx(score.memory.peak_bytes, rel=0.01)
