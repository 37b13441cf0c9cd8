"""Solvers: the exhaustive one misses nothing, the random one repeats under its seed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from models import llama

import tempstudio as ts
from tempstudio.core.least_time import least_step_seconds

SMALL = ts.Project(
    machine=ts.Wafer(rows=2, cols=3),
    model=llama(),
    job=ts.TrainingJob(global_batch=12, seq_len=512),
)


@pytest.mark.parametrize("partitioner", ["tspp", "megatron1", "megatron3", "fsdp"])
@pytest.mark.parametrize("mapper", ["sequential", "traffic-conscious"])
def test_leaving_out_the_hopeless_loses_nothing(partitioner: str, mapper: str) -> None:
    project = replace(
        SMALL, partitioner=ts.StrategyChoice(partitioner), mapper=ts.StrategyChoice(mapper)
    )
    every = replace(
        project, solver=ts.StrategyChoice("exhaustive", options={"skip_hopeless": False})
    )
    quick, whole = ts.run(project), ts.run(every)
    assert quick.score.step_time_s == pytest.approx(whole.score.step_time_s, rel=1e-12)
    assert quick.search.evaluations < whole.search.evaluations


def test_every_yield_is_better_and_the_last_is_the_answer() -> None:
    seen: list[float] = []
    run = ts.run(SMALL, on_plan=lambda found: seen.append(found.score.step_time_s))
    assert seen == sorted(seen, reverse=True)
    assert run.score.step_time_s == seen[-1]


def test_a_plan_that_fits_beats_a_faster_one_that_does_not() -> None:
    tight = replace(SMALL.machine, die=replace(SMALL.machine.die, hbm_bytes=30e6))
    run = ts.run(replace(SMALL, machine=tight))
    roomy = ts.run(SMALL)
    if run.score.fits:
        assert run.score.step_time_s >= roomy.score.step_time_s
    assert not roomy.score.memory.peak_bytes <= 30e6 or run.score.fits


def test_no_plan_is_faster_than_its_compute() -> None:
    run = ts.run(SMALL)
    least = least_step_seconds(run.plan.partition, SMALL.machine)
    assert run.score.step_time_s >= least * (1 - 1e-12)


def test_random_search_repeats_under_its_seed_and_never_beats_the_exhaustive() -> None:
    choice = ts.StrategyChoice("random", options={"draws": 6})
    runs = [ts.run(replace(SMALL, solver=choice, seed=seed)) for seed in (5, 5, 6)]
    assert runs[0].plan.degrees == runs[1].plan.degrees
    best = ts.run(SMALL).score.step_time_s
    assert min(run.score.step_time_s for run in runs) >= best * (1 - 1e-12)


def test_a_cancelled_search_keeps_the_best_so_far() -> None:
    found: list[ts.Run] = []
    progress = ts.Progress(cancelled=lambda: bool(found))
    run = ts.run(
        replace(SMALL, solver=ts.StrategyChoice("exhaustive", options={"skip_hopeless": False})),
        progress=progress,
        on_plan=found.append,
    )
    assert len(found) == 1
    assert run.plan.degrees == found[0].plan.degrees


def test_fixed_degrees_are_kept() -> None:
    run = ts.run(replace(SMALL, degrees=ts.Degrees(dp=2, stream=3)))
    assert (run.plan.degrees.dp, run.plan.degrees.stream, run.search.evaluations) == (2, 3, 1)
