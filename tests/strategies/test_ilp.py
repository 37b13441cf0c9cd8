"""The 0/1 program: optimal on its own tables, and no better than what contention allows."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from models import llama

import tempstudio as ts
from tempstudio.core.problem import Problem
from tempstudio.strategies.mappers.sequential import Sequential
from tempstudio.strategies.mappers.traffic_conscious import TrafficConscious
from tempstudio.strategies.partitioners.tspp import TensorStream
from tempstudio.strategies.solvers.dual_level.ledger import Ledger
from tempstudio.strategies.solvers.ilp import Tables, rectangle
from tempstudio.strategies.solvers.zero_one import Program01, solved

SLOW = ts.Wafer(rows=2, cols=2, link=ts.Link(bytes_per_s=1e11))
PROJECT = ts.Project(SLOW, llama(), ts.TrainingJob(global_batch=8, seq_len=256))


def test_the_best_of_a_small_program_is_found_by_trying_all() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        costs, sizes = rng.random(6), rng.random(6)
        program = Program01()
        for cost, size in zip(costs, sizes, strict=True):
            program.variable(float(cost - 0.5), float(size))
        program.row({0: 1.0, 1: 1.0, 2: 1.0}, 1.0, 1.0)
        answer = solved(program, 1.2, 10.0)
        best = min(
            float(np.dot(choice, costs - 0.5))
            for choice in product((0, 1), repeat=6)
            if sum(choice[:3]) == 1 and np.dot(choice, sizes) <= 1.2
        )
        assert answer is not None and answer.value == pytest.approx(best, abs=1e-6)
        assert answer.bound <= answer.value + 1e-9 and answer.gap <= 1e-3


def test_if_nothing_fits_the_least_memory_is_chosen() -> None:
    program = Program01()
    for size in (5.0, 3.0, 4.0):
        program.variable(1.0, size)
    program.row({0: 1.0, 1: 1.0, 2: 1.0}, 1.0, 1.0)
    answer = solved(program, 1.0, 10.0)
    assert answer is not None and answer.chosen == {1}


def test_its_value_is_what_the_tables_say_of_its_candidate() -> None:
    cut, place = TensorStream(), Sequential()
    task = Problem(PROJECT, cut, place, cut.Options(), place.Options())
    ledger = Ledger(task, "throughput")
    origins = [
        ts.Candidate(ts.Degrees(stream=4), "none", 1),
        ts.Candidate(ts.Degrees(dp=4), "none", 1),
    ]
    ledger.guess(origins, ts.Progress())
    tables = Tables(task, ledger, origins, 4)
    tables.fill(ts.Progress())
    answer = solved(tables.program, ledger.capacity, 30.0)
    assert answer is not None
    chosen = tables.candidate(answer)
    ledger.guess([chosen], ts.Progress())
    assert ledger.guessed[chosen][0] == pytest.approx(answer.value, rel=0.02)
    assert answer.value <= min(ledger.guessed[one][0] for one in origins) * (1 + 1e-9)


def test_of_rectangles_the_one_is_chosen_on_which_groups_alone_are_quickest() -> None:
    cut, place = TensorStream(), TrafficConscious()
    wide = replace(PROJECT, machine=ts.Wafer(rows=2, cols=8, link=SLOW.link))
    task = Problem(wide, cut, place, cut.Options(), place.Options())
    ledger = Ledger(task, "throughput")
    origin = ts.Candidate(ts.Degrees(dp=2, stream=8), "none", 1)
    ledger.guess([origin], ts.Progress())
    tables = Tables(task, ledger, [origin], 8)
    tables.chains = []  # operators as they are
    tables.fill(ts.Progress())
    answer = solved(tables.program, ledger.capacity, 30.0)
    assert answer is not None
    seats = [replace(origin, tiling=number) for number in range(len(task.tilings(origin.degrees)))]
    assert {(1, 8), (2, 4)} <= {rectangle(task, seat)[2:] for seat in seats}
    alone, met = (ask(seats)["step_time_s"] for ask in (task.alone_many, task.sketch_many))
    assert (alone <= met * (1 + 1e-9)).all() and np.ptp(alone) > 0.01 * alone.min()
    assert answer.value == pytest.approx(alone.min(), rel=1e-6)
    assert alone[tables.candidate(answer).tiling] == pytest.approx(alone.min(), rel=1e-6)


def test_it_tells_its_bound_and_gap_and_keeps_the_rules_of_a_solver() -> None:
    seen: list[float] = []
    options = {"genomes": 200, "origins": 2, "time_limit_s": 20.0}
    project = replace(PROJECT, solver=ts.StrategyChoice("ilp", options=options))
    run = ts.run(project, on_plan=lambda found: seen.append(found.score.step_time_s))
    assert seen == sorted(seen, reverse=True) and run.score.step_time_s == seen[-1]
    (note,) = run.document["search"]["notes"]
    assert "bound" in note and "gap" in note
