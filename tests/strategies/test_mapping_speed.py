"""Mapping beside simulation and beside its rival, printed as ratios (make bench)."""

from __future__ import annotations

from dataclasses import replace
from time import process_time

import numpy as np
import pytest

import tempstudio as ts
from tempstudio.core.plan_check import check_plan
from tempstudio.core.progress import Progress
from tempstudio.core.run import Plan
from tempstudio.core.score import score
from tempstudio.core.sharing import use_numba
from tempstudio.core.simulate import simulate
from tempstudio.strategies.mappers.gemini import Gemini
from tempstudio.strategies.mappers.traffic_conscious import TrafficConscious
from tempstudio.strategies.partitioners import Megatron3, TensorStream

pytestmark = pytest.mark.bench

SMALL = (
    ts.Degrees(dp=6, stream=8, zero=1),
    ts.Degrees(dp=3, tp=2, stream=8, zero=3),
    ts.Degrees(dp=12, tp=4, zero=1),
    ts.Degrees(dp=4, tp=4, stream=3, zero=1),
)
LARGE = (
    ts.Degrees(dp=950, stream=8, zero=1),
    ts.Degrees(dp=100, tp=4, stream=16, zero=1),
    ts.Degrees(pp=4, dp=118, stream=16, zero=1),
)


@pytest.fixture(autouse=True)
def compiled():
    use_numba(True)
    yield
    use_numba(None)


def run(machine, model, batch, degrees, mapper, partitioner, **options):
    """(seconds to map, to simulate and score, the step's seconds)."""
    workload = ts.load_model(model)
    job = ts.TrainingJob(global_batch=batch, micro_batch=1, seq_len=2048)
    partition = partitioner.partition(
        workload, machine, job, degrees, partitioner.Options(), Progress()
    )
    start = process_time()
    chosen = replace(mapper.Options(), **options)
    mapping = mapper.map(partition, machine, chosen, np.random.default_rng(0), Progress())
    mapped = process_time()
    plan = Plan(degrees, job, partition, mapping)
    check_plan(plan, machine)
    step, timeline = simulate(plan, machine, Progress())
    figures = score(plan, step, timeline, workload, machine)
    return mapped - start, process_time() - mapped, figures.step_time_s


def test_mapping_beside_simulation(capsys):
    small, large = ts.Wafer(), ts.Wafer(rows=80, cols=95)
    run(ts.Wafer(rows=4, cols=4), "gpt3-6.7b", 128, ts.Degrees(dp=4, tp=4), *rival())  # compiles
    rows = [(small, "gpt3-6.7b", 128, degrees) for degrees in SMALL]
    rows += [(large, "gpt3-175b", 4096, degrees) for degrees in LARGE]
    with capsys.disabled():
        print()
        for machine, model, batch, degrees in rows:
            mapping_s, rest_s, step_s = run(
                machine, model, batch, degrees, TrafficConscious(), TensorStream()
            )
            print(
                f"{machine.rows} x {machine.cols}, {model}, pp dp sp tp stream {degrees.shape}: "
                f"mapping {mapping_s / rest_s:.2f} x simulation and score ({rest_s:.3f} s); step "
                f"{step_s:.4g} s"
            )


def test_the_largest_wafer_with_dead_dies(capsys):
    """Forty dead dies of 7,600: what the same plan loses to the whole wafer."""
    whole = ts.Wafer(rows=80, cols=95)
    dead = np.random.default_rng(1).choice(whole.die_count, 40, replace=False)
    faulty = replace(whole, dead_dies=tuple(divmod(int(die), whole.cols) for die in dead))
    degrees = ts.Degrees(dp=900, stream=8, zero=1)
    job = ("gpt3-175b", 4096, degrees, TrafficConscious(), TensorStream())
    run(ts.Wafer(rows=4, cols=4), "gpt3-6.7b", 128, ts.Degrees(dp=4, tp=4), *rival())  # compiles
    _, _, whole_s = run(whole, *job)
    mapping_s, rest_s, step_s = run(faulty, *job)
    with capsys.disabled():
        print(
            f"\n80 x 95 with 40 dead dies, {degrees.shape}: step {step_s / whole_s:.3f} x the "
            f"whole wafer's ({step_s:.4g} s); mapping {mapping_s:.1f} s, simulation and score "
            f"{rest_s:.1f} s"
        )
    assert step_s <= 1.2 * whole_s


def rival():
    return TrafficConscious(), Megatron3()


def test_gemini_at_equal_time(capsys):
    """Links of 0.3 TB/s, so that it matters where groups lie."""
    machine = ts.Wafer()
    machine = replace(machine, link=replace(machine.link, bytes_per_s=0.3e12))
    job = ("gpt3-6.7b", 128)
    cases = [(TensorStream(), degrees) for degrees in SMALL[:2]]
    cases += [(Megatron3(), ts.Degrees(dp=12, tp=4, zero=3))]
    run(machine, *job, ts.Degrees(dp=12, tp=4), *rival())  # compiles
    with capsys.disabled():
        print()
        for partitioner, degrees in cases:
            ours_s, _, ours = run(machine, *job, degrees, TrafficConscious(), partitioner)
            probe_s, _, _ = run(machine, *job, degrees, Gemini(), partitioner, moves=2000)
            moves = int(2000 * max(1.0, ours_s / probe_s))
            theirs_s, _, theirs = run(machine, *job, degrees, Gemini(), partitioner, moves=moves)
            print(
                f"{partitioner.name} {degrees.shape}: gemini {theirs / ours:.3f} x the step of "
                f"traffic-conscious in {theirs_s / ours_s:.2f} x its time ({moves} moves)"
            )
