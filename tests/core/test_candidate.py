"""Candidates: placements on every image of the mesh are sound, and the log keeps what is best."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from models import llama

import tempstudio as ts
from tempstudio.core.problem import Problem
from tempstudio.core.search_log import MOST_SAMPLED, SearchLog, undominated
from tempstudio.core.symmetry import symmetries, turned, turned_back
from tempstudio.strategies.mappers.sequential import Sequential
from tempstudio.strategies.mappers.traffic_conscious import TrafficConscious
from tempstudio.strategies.partitioners.tspp import TensorStream

FAULTY = ts.Wafer(rows=4, cols=3, dead_dies=((0, 1),), dead_links=(((2, 0), (3, 0)),))
CHAIN = ts.Wafer(rows=2, cols=3, wafers=2, dead_dies=((1, 0, 0),))


def problem(machine: ts.Machine, mapper: object) -> Problem:
    project = ts.Project(machine, llama(), ts.TrainingJob(global_batch=8, seq_len=256))
    tspp = TensorStream()
    return Problem(project, tspp, mapper, tspp.Options(), mapper.Options())  # type: ignore[attr-defined, arg-type]


def test_what_neighbours_on_an_image_neighbours_on_the_mesh() -> None:
    for machine in (FAULTY, CHAIN):
        links = set(ts.topology_of(machine).link_ids)
        for symmetry in symmetries(machine):
            image = turned(machine, symmetry)
            pairs = list(ts.topology_of(image).link_ids)
            back = {turned_back(pair, machine, symmetry) for pair in pairs}
            assert back == links
    assert len(symmetries(FAULTY)) == 8 and len(symmetries(CHAIN)) == 4


def test_placements_offered_are_built_where_their_groups_can_stream() -> None:
    task = problem(FAULTY, TrafficConscious())
    for degrees in (ts.Degrees(dp=2, stream=4), ts.Degrees(tp=2, stream=5)):
        for symmetry in task.symmetries():
            found = task.tilings(degrees, symmetry)
            built = 0
            for number in range(len(found)):
                try:
                    plan = task.build(ts.Candidate(degrees, tiling=number, symmetry=symmetry))
                except ts.NoPlanError:  # a dead link cuts a group
                    continue
                assert set(plan.mapping.placement) == set(found[number])
                built += 1
            assert built


def test_a_mapper_without_placements_keeps_its_own() -> None:
    task = problem(FAULTY, Sequential())
    assert task.symmetries() == (0,) and task.tilings(ts.Degrees(dp=2)) == ()
    assert len(task.build(ts.Candidate(ts.Degrees(dp=7))).mapping.placement) == 7


def test_a_candidate_changes_the_job_it_asks_to_change() -> None:
    task = problem(FAULTY, TrafficConscious())
    plan = task.build(ts.Candidate(ts.Degrees(dp=2), recompute="full", micro_batch=2))
    assert (plan.job.recompute, plan.job.micro_batch) == ("full", 2)
    assert plan.job.global_batch == task.project.job.global_batch


@given(st.lists(st.tuples(*[st.integers(1, 6)] * 3), min_size=1, max_size=60))
def test_the_pareto_set_is_what_nothing_beats(rows: list[tuple[int, ...]]) -> None:
    figures = np.array(rows, dtype=float)
    kept = {tuple(figures[k]) for k in undominated(figures).tolist()}
    for row in figures:
        beaten = any((other <= row).all() and (other < row).any() for other in figures)
        assert (tuple(row) in kept) != beaten


def test_the_log_is_bounded_and_keeps_the_front_whatever_the_order() -> None:
    rng = np.random.default_rng(3)
    figures = rng.random((3000, 3)) + 0.1
    names = [ts.Candidate(ts.Degrees(dp=k + 1)) for k in range(3000)]
    log = SearchLog(capacity_bytes=2.0)
    for start in range(0, 3000, 100):
        log.note(names[start : start + 100], figures[start : start + 100])
    best = undominated(figures)
    assert len(log.sample) <= MOST_SAMPLED
    assert {seen.candidate for seen in log.pareto} <= {names[k] for k in best.tolist()}
    assert log.pareto[0].step_time_s == figures[:, 0].min()
