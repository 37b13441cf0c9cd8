"""Placements before routes are chosen: no better than with them, and what is mirrored is equal."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from models import llama

import tempstudio as ts
from tempstudio.core.candidate import Candidate
from tempstudio.core.genomes import all_shapes, variants
from tempstudio.core.problem import Problem
from tempstudio.core.symmetry import TRANSPOSE, distinct_symmetries, symmetries
from tempstudio.strategies.mappers.sequential import Sequential
from tempstudio.strategies.mappers.traffic_conscious import TrafficConscious
from tempstudio.strategies.partitioners.tspp import TensorStream
from tempstudio.strategies.solvers.dual_level.ledger import Ledger
from tempstudio.strategies.solvers.dual_level.upper import Upper
from tempstudio.strategies.solvers.objective import values

SLOW = ts.Link(bytes_per_s=2e11)
WHOLE = ts.Wafer(rows=3, cols=4, link=SLOW)
FAULTY = ts.Wafer(rows=3, cols=4, link=SLOW, dead_dies=((0, 3),), dead_links=(((1, 1), (1, 2)),))
CUTS = (
    ts.Degrees(dp=2, tp=2, stream=2, zero=1),
    ts.Degrees(dp=2, sp=2, tp=2, zero=3),
    ts.Degrees(tp=4, stream=2),
)


def problem(machine: ts.Machine, mapper: type = TrafficConscious, batch: int = 12) -> Problem:
    cut, place = TensorStream(), mapper()
    job = ts.TrainingJob(global_batch=batch, seq_len=512)
    return Problem(ts.Project(machine, llama(), job), cut, place, cut.Options(), place.Options())


def seats(task: Problem, symmetry: int) -> list[Candidate]:
    return [
        Candidate(degrees, "none", 2, tiling, symmetry)
        for degrees in CUTS
        for tiling in range(min(2, len(task.tilings(degrees, symmetry))))
    ]


@pytest.mark.parametrize("machine", [WHOLE, FAULTY])
def test_no_plan_beats_its_bound_and_routes_cost_no_more_than_the_sketch(
    machine: ts.Machine,
) -> None:
    task = problem(machine)
    wanted = seats(task, 0)
    bound, sketch, routed = (
        ask(wanted)["step_time_s"] for ask in (task.bound_many, task.sketch_many, task.score_many)
    )
    assert np.isfinite(sketch).any()
    assert (bound <= sketch * (1 + 1e-12)).all()
    assert (bound <= routed * (1 + 1e-12)).all()
    assert (routed <= sketch * 1.001).all()


def test_what_is_mirrored_costs_the_same() -> None:
    task = problem(WHOLE)
    assert task.distinct_symmetries() == (0, TRANSPOSE)
    plain = task.sketch_many(seats(task, 0))["step_time_s"]
    for symmetry in (1, 2, 3):
        mirrored = task.sketch_many(seats(task, symmetry))["step_time_s"]
        assert mirrored == pytest.approx(plain, rel=1e-9)


def test_symmetries_that_show_another_drawing_are_kept() -> None:
    assert distinct_symmetries(FAULTY) == symmetries(FAULTY)
    assert problem(FAULTY, Sequential).distinct_symmetries() == (0,)


def test_a_mapper_without_sketches_is_asked_for_scores() -> None:
    task = problem(WHOLE, Sequential)
    asked = [Candidate(degrees, "none", 2) for degrees in CUTS]
    assert not task.sketches
    assert (
        task.sketch_many(asked)["step_time_s"].tolist()
        == task.score_many(asked)["step_time_s"].tolist()
    )


@pytest.mark.parametrize(("rows", "cols"), [(2, 3)])
def test_the_upper_level_finds_the_best_estimate_of_all_genomes(rows: int, cols: int) -> None:
    """Also where it lies at a large micro-batch, which small ones do not let one guess."""
    task = problem(ts.Wafer(rows=rows, cols=cols, link=SLOW), batch=64)
    ledger = Ledger(task, "throughput")
    (best, *_) = Upper(task, ledger, 1200, False).search(ts.Progress())
    shapes = task.shapes
    every = [
        candidate
        for row in range(len(shapes))
        for candidate in variants(shapes.degrees(row, 0), task.project.job, 0)
    ]
    found = values(task.estimate_many(every), ledger.capacity, "throughput")
    assert ledger.value_of(ledger.guessed[best]) <= found.min() * (1 + 1e-9)
    assert len(ledger.guessed) < len(every)


def test_what_no_dies_can_make_the_best_is_not_sketched() -> None:
    task = problem(WHOLE)
    ledger = Ledger(task, "throughput")
    good, idle = seats(task, 0)[0], Candidate(ts.Degrees(dp=2), "none", 2, 0, 0)
    ledger.sketch([good], ts.Progress())
    ledger.sketch([replace(idle, tiling=0)], ts.Progress())
    assert good in ledger.sketched and idle not in ledger.sketched and ledger.seen(idle)
    assert task.score_many([idle])["step_time_s"][0] >= ledger.sketched[good][0]


def test_a_narrow_search_is_not_far_from_a_broad_one() -> None:
    """Neighbours of what a few probes found lead to what was not probed."""
    steps = []
    for breadth in (60, 1200):
        task = problem(ts.Wafer(rows=3, cols=4), batch=24)
        ledger = Ledger(task, "throughput")
        (best, *_) = Upper(task, ledger, breadth, False).search(ts.Progress())
        steps.append(ledger.value_of(ledger.guessed[best]))
    assert steps[1] <= steps[0] <= 1.02 * steps[1]


def test_neighbours_of_a_shape_have_its_size_and_differ_in_two_axes() -> None:
    shapes = problem(WHOLE).shapes
    degrees = ts.Degrees(dp=2, tp=2, stream=3)
    near = shapes.neighbours(degrees)
    assert near
    for row in near:
        other = shapes.degrees(row, 0)
        assert other.size == degrees.size
        assert sum(a != b for a, b in zip(other.shape, degrees.shape, strict=True)) == 2


def test_on_a_chain_stages_and_model_chunks_are_neighbours_too() -> None:
    chain = ts.Wafer(rows=2, cols=4, wafers=2)
    job = ts.TrainingJob(global_batch=8, seq_len=128)
    shapes = all_shapes(chain, llama(layers=16), job, frozenset({"dp", "sp", "tp", "stream"}))
    degrees = ts.Degrees(pp=4, dp=2, stream=2, interleave=2)
    near = [shapes.degrees(row, 0) for row in shapes.neighbours(degrees)]
    assert ts.Degrees(pp=2, dp=4, stream=2, interleave=2) in near
    assert ts.Degrees(pp=8, dp=2, stream=1, interleave=2) in near
    assert {d.interleave for d in near if d.shape == degrees.shape} == {1, 4}
    assert all(d.size == degrees.size and d.pp % chain.wafers == 0 for d in near)
