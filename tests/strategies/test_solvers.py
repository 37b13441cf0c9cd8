"""Solvers: exhaustive misses nothing, random repeats under its seed, dual-level finds the best."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from models import llama

import tempstudio as ts
from tempstudio.core.candidate import Candidate, candidate_json
from tempstudio.core.genomes import variants
from tempstudio.core.least_time import least_step_seconds
from tempstudio.core.mapping import mapping_to_json
from tempstudio.core.problem import Problem
from tempstudio.strategies.mappers.sequential import Sequential
from tempstudio.strategies.mappers.traffic_conscious import TrafficConscious
from tempstudio.strategies.partitioners.tspp import TensorStream
from tempstudio.strategies.solvers.dual_level import DualLevel, DualLevelOptions
from tempstudio.strategies.solvers.exhaustive import Exhaustive, ExhaustiveOptions

SMALL = ts.Project(
    machine=ts.Wafer(rows=2, cols=3),
    model=llama(),
    job=ts.TrainingJob(global_batch=12, seq_len=512),
)
FAULTY = ts.Wafer(
    rows=3,
    cols=3,
    link=ts.Link(bytes_per_s=4e11),
    dead_dies=((1, 1),),
    dead_links=(((0, 0), (0, 1)),),
)


def solver(name: str, **options: object) -> ts.StrategyChoice:
    return ts.StrategyChoice(name, options=options)  # type: ignore[arg-type]


def problem(project: ts.Project, mapper: type = TrafficConscious) -> Problem:
    cut, place = TensorStream(), mapper()
    return Problem(project, cut, place, cut.Options(), place.Options())


@pytest.mark.parametrize("partitioner", ["tspp", "megatron1", "fsdp"])
@pytest.mark.parametrize("mapper", ["sequential", "traffic-conscious"])
def test_leaving_out_the_hopeless_loses_nothing(partitioner: str, mapper: str) -> None:
    project = replace(
        SMALL, partitioner=ts.StrategyChoice(partitioner), mapper=ts.StrategyChoice(mapper)
    )
    quick, whole = (
        ts.run(
            replace(
                project,
                solver=solver("exhaustive", skip_hopeless=skip, vary_job=False, placements=False),
            )
        )
        for skip in (True, False)
    )
    assert quick.score.step_time_s == pytest.approx(whole.score.step_time_s, rel=1e-12)
    assert quick.search.evaluations < whole.search.evaluations


@pytest.mark.parametrize("name", ["dual-level", "exhaustive", "random"])
def test_every_yield_is_better_and_the_last_is_the_answer(name: str) -> None:
    seen: list[float] = []
    chosen = replace(SMALL, solver=solver(name), machine=ts.Wafer(rows=2, cols=2))
    run = ts.run(chosen, on_plan=lambda found: seen.append(found.score.step_time_s))
    assert seen == sorted(seen, reverse=True)
    assert run.score.step_time_s == seen[-1]
    assert [found.step_time_s for found in run.search.trace] == seen
    evaluations = [found.evaluations for found in run.search.trace]
    assert evaluations == sorted(evaluations) and evaluations[-1] <= run.search.evaluations


@pytest.mark.parametrize("name", ["dual-level", "exhaustive"])
def test_a_plan_that_fits_beats_a_faster_one_that_does_not(name: str) -> None:
    roomy = ts.run(replace(SMALL, solver=solver(name)))
    tight_bytes = 0.6 * roomy.score.memory.peak_bytes
    tight = replace(SMALL.machine, die=replace(SMALL.machine.die, hbm_bytes=tight_bytes))
    run = ts.run(replace(SMALL, machine=tight, solver=solver(name)))
    assert run.score.fits and run.score.memory.peak_bytes <= tight_bytes
    assert run.score.step_time_s >= roomy.score.step_time_s * (1 - 1e-12)


def test_no_plan_is_faster_than_its_compute() -> None:
    run = ts.run(SMALL)
    least = least_step_seconds(run.plan.partition, SMALL.machine)
    assert run.score.step_time_s >= least * (1 - 1e-12)


def test_random_search_repeats_under_its_seed_and_never_beats_the_exhaustive() -> None:
    choice = solver("random", draws=6)
    runs = [ts.run(replace(SMALL, solver=choice, seed=seed)) for seed in (5, 5, 6)]
    assert runs[0].plan.degrees == runs[1].plan.degrees
    best = ts.run(replace(SMALL, solver=solver("exhaustive"))).score.step_time_s
    assert min(run.score.step_time_s for run in runs) >= best * (1 - 1e-4)


@pytest.mark.parametrize("name", ["dual-level", "exhaustive"])
def test_a_cancelled_search_keeps_the_best_so_far(name: str) -> None:
    found: list[ts.Run] = []
    progress = ts.Progress(cancelled=lambda: bool(found))
    chosen = replace(SMALL, solver=solver(name))
    run = ts.run(chosen, progress=progress, on_plan=found.append)
    assert len(found) == 1
    assert run.plan.degrees == found[0].plan.degrees


def test_progress_only_rises_and_ends_near_one() -> None:
    seen: list[float] = []
    ts.run(SMALL, progress=ts.Progress(report=lambda fraction, _: seen.append(fraction)))
    assert all(b >= a - 0.1 for a, b in pairwise(seen))
    assert max(seen) <= 1.0 and seen[-1] >= 0.8


def test_fixed_degrees_are_kept() -> None:
    run = ts.run(replace(SMALL, degrees=ts.Degrees(dp=2, stream=3)))
    assert (run.plan.degrees.dp, run.plan.degrees.stream, run.search.evaluations) == (2, 3, 1)


def test_a_seed_repeats_a_dual_level_search_exactly() -> None:
    answers = []
    for _ in range(2):
        run = ts.run(replace(SMALL, machine=FAULTY, seed=7))
        genomes = [candidate_json(seen.candidate, {}) for seen in run.search.candidates]
        answers.append((run.plan.degrees, mapping_to_json(run.plan.mapping), genomes))
    assert answers[0] == answers[1]


@pytest.mark.parametrize("objective", ["throughput", "energy", "throughput-per-watt", "memory"])
def test_each_objective_is_best_at_its_own(objective: str) -> None:
    def figure(run: ts.Run) -> float:
        by_name = {"throughput": run.score.step_time_s, "memory": run.score.memory.peak_bytes}
        return by_name.get(objective, run.score.energy_j["total"])

    square = replace(SMALL, machine=ts.Wafer(rows=2, cols=2))
    own, rival = (
        ts.run(replace(square, solver=solver("dual-level", objective=wanted)))
        for wanted in (objective, "throughput" if objective == "memory" else "memory")
    )
    best = ts.run(replace(square, solver=solver("exhaustive", objective=objective)))
    assert figure(own) <= figure(rival) * (1 + 1e-12)
    assert figure(own) <= figure(best) * 1.002


def test_the_pareto_set_holds_the_best_of_every_figure_and_nothing_beaten() -> None:
    run = ts.run(SMALL)
    rows = np.array([(one.step_time_s, one.peak_bytes, one.energy_j) for one in run.search.pareto])
    for row in rows:
        assert not ((rows <= row).all(axis=1) & (rows < row).any(axis=1)).any()
    assert rows[0, 0] <= run.score.step_time_s * (1 + 1e-12)
    document = run.document["search"]
    own = [row for row in document["pareto"] if row["simulated"]]
    assert any(row["step_time_s"] == run.score.step_time_s for row in own)
    assert document["pareto"][0]["genome"]["parallel"]["dp"] >= 1
    assert all(row["fits"] for row in document["pareto"])


@pytest.mark.slow
@pytest.mark.parametrize("machine", [SMALL.machine, FAULTY])
def test_dual_level_finds_the_exhaustive_optimum_of_the_same_genomes(machine: ts.Wafer) -> None:
    project = replace(SMALL, machine=machine)
    whole, quick = problem(project), problem(project)
    rng = np.random.default_rng(0)
    for _ in Exhaustive().solve(whole, ExhaustiveOptions(), rng, ts.Progress()):
        pass
    options = DualLevelOptions(operators=False)
    for _ in DualLevel().solve(quick, options, rng, ts.Progress()):
        pass
    best, found = (task.log.front[0].step_time_s for task in (whole, quick))
    assert found == pytest.approx(best, rel=1e-9)


def test_operators_of_their_own_are_found_where_they_pay() -> None:
    """Slow links and few heads: what suits attention does not suit the products beside it."""
    slow = ts.Wafer(rows=2, cols=4, link=ts.Link(bytes_per_s=1e11))
    project = replace(SMALL, machine=slow)
    times = {}
    for own in (False, True):
        task = problem(project, Sequential)
        rng = np.random.default_rng(0)
        options = DualLevelOptions(operators=own)
        *_, last = DualLevel().solve(task, options, rng, ts.Progress())
        times[own] = task.simulate(last)[0].step_time_s
    assert times[True] <= times[False] * (1 + 1e-12)


@pytest.mark.parametrize("name", ["dual-level", "exhaustive", "ilp", "random"])
def test_model_chunks_take_turns_only_in_whole_rounds_of_micro_batches(name: str) -> None:
    """A chain whose replicas have few micro-batches: no search stumbles over an interleave."""
    chain = replace(
        SMALL,
        machine=ts.Wafer(rows=1, cols=2, wafers=2),
        job=ts.TrainingJob(global_batch=6, seq_len=256),
        solver=solver(name, **({"draws": 60} if name == "random" else {})),
    )
    run = ts.run(chain)
    degrees, micro_batches = run.plan.degrees, run.plan.partition.micro_batches
    assert degrees.interleave == 1 or micro_batches % degrees.pp == 0


def test_a_genome_whose_model_chunks_cannot_take_turns_costs_infinity() -> None:
    chain = replace(SMALL, machine=ts.Wafer(rows=1, cols=2, wafers=2))
    degrees = ts.Degrees(pp=2, interleave=2)
    whole, odd = Candidate(degrees, "none", 6), Candidate(degrees, "none", 4)
    step_s = problem(chain).estimate_many([whole, odd])["step_time_s"]
    assert np.isfinite(step_s[0])
    assert np.isinf(step_s[1])
    assert odd not in list(variants(degrees, chain.job, 0))
    with pytest.raises(ts.InputError, match=r"parallel.interleave: found 2.* no multiple of pp"):
        problem(chain).partition(degrees, odd.job(chain.job))


@pytest.mark.parametrize("name", ["dual-level", "exhaustive", "random"])
def test_of_a_mesh_that_is_cut_apart_the_largest_part_is_planned(name: str) -> None:
    lonely = (((0, 0), (0, 1)), ((0, 0), (1, 0)))
    cut = replace(
        SMALL,
        machine=ts.Wafer(rows=2, cols=3, dead_links=lonely),
        mapper=ts.StrategyChoice("traffic-conscious"),
        solver=solver(name),
    )
    placement = ts.run(cut).plan.mapping.placement
    assert 4 <= len(placement) <= 5
    assert 0 not in placement


@pytest.mark.slow
@pytest.mark.parametrize("model", ["gpt3-6.7b", "llama3-70b"])
def test_no_plan_is_missed_that_rows_cut_into_runs_have(model: str) -> None:
    """A shape's first placement need not be its best: here the rows themselves are."""
    job = ts.TrainingJob(global_batch=128, seq_len=2048)
    wide, plain = (
        ts.run(ts.Project(ts.Wafer(), ts.load_model(model), job, mapper=ts.StrategyChoice(mapper)))
        for mapper in ("traffic-conscious", "sequential")
    )
    assert wide.score.step_time_s <= plain.score.step_time_s * (1 + 1e-9)


def test_what_was_placed_is_not_placed_again() -> None:
    task = problem(SMALL)
    candidate = Candidate(ts.Degrees(dp=2, stream=3), "none", 2, 0, 0)
    first, again = task.build(candidate), task.build(candidate)
    assert first.mapping is again.mapping
    assert task.build(replace(candidate, micro_batch=3)).mapping is not first.mapping
