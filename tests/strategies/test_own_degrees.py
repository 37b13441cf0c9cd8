"""Operators with degrees of their own: on few dies all are tried, and dual-level finds the best."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from models import llama

import tempstudio as ts
from tempstudio.core.problem import Problem
from tempstudio.strategies.mappers.traffic_conscious import TrafficConscious
from tempstudio.strategies.partitioners.tspp import TensorStream
from tempstudio.strategies.solvers.dual_level import DualLevel, DualLevelOptions
from tempstudio.strategies.solvers.exhaustive import Exhaustive, ExhaustiveOptions, every_genome

ALL = ExhaustiveOptions(operators=True, vary_job=False)
COMMON = replace(ALL, operators=False)


def problem(cols: int, link_bytes_per_s: float, batch: int, seq: int) -> Problem:
    cut, place = TensorStream(), TrafficConscious()
    machine = ts.Wafer(rows=1, cols=cols, link=ts.Link(bytes_per_s=link_bytes_per_s))
    project = ts.Project(machine, llama(), ts.TrainingJob(global_batch=batch, seq_len=seq))
    return Problem(project, cut, place, cut.Options(), place.Options())


def best(solver: object, options: object, task: Problem) -> float:
    for _ in solver.solve(task, options, np.random.default_rng(0), ts.Progress()):  # type: ignore[attr-defined]
        pass
    return task.log.front[0].step_time_s


@pytest.mark.parametrize(
    ("case", "gains"),
    [
        ((2, 1e11, 1, 512), True),
        pytest.param((2, 2e11, 1, 2048), True, marks=pytest.mark.slow),
        pytest.param((2, 4e12, 1, 512), False, marks=pytest.mark.slow),
        pytest.param((3, 2e10, 8, 256), False, marks=pytest.mark.slow),
    ],
)
def test_the_best_of_all_operators_degrees_is_found(
    case: tuple[int, float, int, int], gains: bool
) -> None:
    whole, quick = problem(*case), problem(*case)
    genomes = sum(1 for row in range(len(whole.shapes)) for _ in every_genome(whole, ALL, row))
    least = best(Exhaustive(), ALL, whole)
    assert best(DualLevel(), DualLevelOptions(vary_job=False), quick) <= least * (1 + 1e-9)
    assert genomes > 6000 and quick.evaluations < 0.1 * genomes
    common = best(Exhaustive(), COMMON, problem(*case))
    assert (least < common * (1 - 1e-3)) if gains else (least <= common)
