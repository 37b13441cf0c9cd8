"""What holds of every step, whatever model, machine, faults and degrees: found by drawing them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from models import gpt, llama, load_model

import tempstudio as ts
from tempstudio.core.parallel import Degrees, operators_from_text
from tempstudio.core.simulate import simulate
from tempstudio.core.timeline import ACTIVATIONS
from tempstudio.core.topology import topology_of
from tempstudio.core.workload import TrainingJob, Workload


def experts() -> Workload:
    """Two layers of a Mixtral, small."""
    big = load_model("mixtral-8x7b")
    return replace(big, blocks=tuple(replace(b, repeat=min(b.repeat, 2)) for b in big.blocks))


MODELS = {"gpt": gpt(128, 4, 4), "llama": llama(256, 8, 2, 4, 512), "experts": experts()}

MACHINES = st.one_of(
    st.builds(
        ts.Wafer,
        rows=st.integers(2, 3),
        cols=st.integers(2, 4),
        wafers=st.sampled_from([1, 1, 2]),
        link=st.sampled_from([ts.Link(), replace(ts.Link(), bytes_per_s=2e10)]),
    ),
    st.just(ts.Cluster(nodes=2, devices_per_node=4)),
)


@st.composite
def projects(draw: Any) -> ts.Project:
    """A job on some machine with degrees that multiply to no more than its dies."""
    machine = draw(MACHINES)
    if isinstance(machine, ts.Wafer) and machine.wafers == 1:
        place = st.tuples(st.integers(0, machine.rows - 1), st.integers(0, machine.cols - 1))
        dead = tuple(draw(st.sets(place, max_size=1)))
        dull = [p for p in draw(st.sets(place, max_size=2)) if p not in dead]
        machine = replace(
            machine, dead_dies=dead, core_yield=tuple((*p, 0.7) for p in sorted(dull))
        )
    name = draw(st.sampled_from(list(MODELS)))
    partitioner = draw(st.sampled_from(["tspp", "megatron1", "megatron3", "fsdp"]))
    pp = machine.wafers * draw(st.sampled_from([1, 1, 2]))
    tp = 1 if partitioner == "fsdp" else draw(st.sampled_from([1, 1, 2, 4]))
    stream = draw(st.sampled_from([1, 2, 4])) if partitioner == "tspp" else 1
    sp = draw(st.sampled_from([1, 1, 2]))
    dp = draw(st.sampled_from([1, 2, 3]))
    ep = draw(st.sampled_from([1, 2])) if name == "experts" and dp == 2 else 1
    zero = 3 if partitioner == "fsdp" else draw(st.integers(0, 3))
    degrees = Degrees(pp=pp, dp=dp, sp=sp, tp=tp, stream=stream, ep=ep, zero=zero)
    if stream > 1 and draw(st.booleans()):
        own = draw(st.sampled_from(["attention.core:tp=2", "attention.output:tp=2"]))
        degrees = operators_from_text([own], degrees)
    assume(degrees.size <= machine.alive_count)
    job = TrainingJob(
        global_batch=draw(st.integers(4, 9)),
        micro_batch=draw(st.integers(1, 2)),
        seq_len=draw(st.sampled_from([96, 128])),
        recompute=draw(st.sampled_from(["none", "selective", "full"])),
        flash_attention=draw(st.booleans()),
        causal_halving=draw(st.booleans()),
    )
    return ts.Project(
        machine=machine,
        model=MODELS[name],
        job=job,
        partitioner=ts.StrategyChoice(partitioner),
        mapper=ts.StrategyChoice("sequential"),
        degrees=degrees,
    )


def needed_flop(project: ts.Project) -> float:
    """FLOP of a step: forward, twice that backward, and what is computed again (SPEC 3, 7)."""
    job, total = project.job, 0.0
    for block in project.model.blocks:
        layer = any(op.kind == "attention" for op in block.operators)
        for op in block.operators:
            attention = op.kind == "attention"
            backward = 2.5 if attention and job.flash_attention else 2.0
            again = layer and (
                job.recompute == "full" or (job.recompute == "selective" and attention)
            )
            half = 0.5 if attention and job.causal_halving else 1.0
            flop = op.flop(job.tokens, job.seq_len) * half
            total += block.repeat * flop * (1.0 + backward + again)
    return total


@settings(deadline=None, max_examples=40)
@given(projects())
def test_the_books_of_any_step_balance(project: ts.Project) -> None:
    try:
        run = ts.run(project)
    except (ts.InputError, ts.NoPlanError) as error:
        assert "\n" not in str(error)
        return
    score, timeline, machine, job = run.score, run.timeline, project.machine, project.job
    parts = (score.compute_s, score.exposed_s, score.bubble_s, score.optimizer_s)
    assert all(part >= 0 for part in parts)
    assert sum(parts) == pytest.approx(score.step_time_s, rel=1e-6)
    assert 0 < score.mfu <= 1
    figures = (*parts, score.step_time_s, score.mfu, *score.energy_j.values(), score.power_w)
    assert all(math.isfinite(figure) for figure in figures)

    # All dies together cannot compute the model's FLOP in less than this.
    yields = topology_of(machine).die_yield
    flop = score.energy_j["compute"] * machine.die.flop_per_joule
    assert score.step_time_s >= flop / (machine.die.flop_per_s * yields.sum()) * (1 - 1e-9)
    wanted = needed_flop(project)
    degrees, split = run.plan.degrees, project.partitioner.name != "megatron1"
    if degrees.tp == 1 or split:  # megatron1 repeats what it does not cut
        assert flop == pytest.approx(wanted, rel=1e-9)
    else:
        assert flop >= wanted * (1 - 1e-9)

    first, last = (timeline.at(t).memory for t in (0.0, timeline.duration_s))
    assert last[ACTIVATIONS] == pytest.approx(first[ACTIVATIONS], abs=1.0)
    assert (timeline.at(timeline.duration_s / 3).memory >= 0).all()
    busiest = timeline.step_link_bytes / (timeline.link_bytes_per_s * score.step_time_s)
    assert busiest.max(initial=0.0) <= 1 + 1e-9
    assert score.tokens_per_s == pytest.approx(job.tokens / score.step_time_s)


@settings(deadline=None, max_examples=15)
@given(projects(), st.sampled_from(["bandwidth", "compute", "memory"]))
def test_a_better_machine_is_no_slower(project: ts.Project, what: str) -> None:
    """The same plan, on dies or links twice as fast."""
    machine = project.machine
    if not isinstance(machine, ts.Wafer):
        return
    try:
        plan = ts.run(project).plan
    except (ts.InputError, ts.NoPlanError):
        return
    die, link = machine.die, machine.link
    better = {
        "bandwidth": replace(machine, link=replace(link, bytes_per_s=2 * link.bytes_per_s)),
        "compute": replace(machine, die=replace(die, flop_per_s=2 * die.flop_per_s)),
        "memory": replace(machine, die=replace(die, hbm_bytes_per_s=2 * die.hbm_bytes_per_s)),
    }[what]
    before, after = (simulate(plan, m, ts.Progress())[0].duration_s for m in (machine, better))
    assert after <= before * (1 + 1e-9)
