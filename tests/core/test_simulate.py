"""The simulator's books: time adds up, bytes are conserved, memory ends where it began."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from models import gpt, llama, load_model
from runs import small_run

import tempstudio as ts
from tempstudio.core.parallel import Degrees
from tempstudio.core.timeline import ACTIVATIONS, MEMORY_KINDS

CASES = [
    ("tspp", Degrees(dp=3, stream=4)),
    ("tspp", Degrees(tp=2, stream=4)),
    ("tspp", Degrees(stream=12)),
    ("tspp", Degrees(sp=3, stream=2)),
    ("tspp", Degrees(pp=2, dp=3, stream=2)),
    ("megatron1", Degrees(dp=3, tp=4)),
    ("megatron3", Degrees(dp=6, tp=2, zero=2)),
    ("megatron3", Degrees(pp=4, dp=3)),
    ("megatron3", Degrees(sp=4, tp=2)),
    ("fsdp", Degrees(dp=6, zero=3)),
    ("fsdp", Degrees(dp=2, sp=2, zero=3)),
]
ALL = pytest.mark.parametrize(("partitioner", "degrees"), CASES)


@ALL
def test_the_parts_of_a_step_add_up(partitioner: str, degrees: Degrees) -> None:
    run = small_run(degrees, partitioner=partitioner)
    score = run.score
    parts = score.compute_s + score.exposed_s + score.bubble_s + score.optimizer_s
    assert parts == pytest.approx(score.step_time_s, rel=1e-9)
    assert min(score.compute_s, score.exposed_s, score.bubble_s, score.optimizer_s) >= 0
    if degrees.pp == 1:
        operators = sum(t.compute_s + t.exposed_s for t in score.per_operator)
        optimizer = [t for t in score.per_operator if t.name == "optimizer"]
        in_update = sum(t.compute_s + t.exposed_s for t in optimizer)
        assert operators - in_update + score.optimizer_s == pytest.approx(score.step_time_s)


@ALL
def test_memory_ends_where_it_began_and_never_passes_its_peak(
    partitioner: str, degrees: Degrees
) -> None:
    run = small_run(degrees, partitioner=partitioner)
    timeline, score = run.timeline, run.score
    first, last = timeline.at(0.0).memory, timeline.at(timeline.duration_s).memory
    assert last[ACTIVATIONS] == pytest.approx(first[ACTIVATIONS], abs=1.0)
    moments = np.linspace(0, timeline.duration_s, 400)
    highest = max(float(timeline.at(t).memory.sum(axis=0).max()) for t in moments)
    assert highest <= score.memory.peak_bytes * (1 + 1e-6)
    at_peak = timeline.at(score.memory.peak_time_s).memory.sum(axis=0).max()
    assert at_peak == pytest.approx(score.memory.peak_bytes, rel=1e-9)
    assert sum(score.memory.by_kind.values()) == pytest.approx(score.memory.peak_bytes)
    assert set(score.memory.by_kind) == set(MEMORY_KINDS)


def test_activations_rise_through_forward_and_fall_through_backward() -> None:
    run = small_run(Degrees(dp=3, stream=4), global_batch=3)
    timeline, spans = run.timeline, run.timeline.spans
    backward = [i for i, k in enumerate(spans.segment) if timeline.segments[k][1] == "backward"]
    turn_s, end_s = float(spans.start_s[backward[0]]), float(spans.start_s[-1])
    held = [timeline.at(t).memory[ACTIVATIONS].max() for t in np.linspace(0, turn_s, 50)]
    assert all(b >= a - 1 for a, b in itertools.pairwise(held))
    held = [timeline.at(t).memory[ACTIVATIONS].max() for t in np.linspace(turn_s, end_s, 50)]
    assert all(b <= a + 1 for a, b in itertools.pairwise(held))
    assert held[0] > 0


@ALL
def test_link_bytes_over_the_timeline_are_the_flows_bytes(
    partitioner: str, degrees: Degrees
) -> None:
    """Every item's flows, once a copy, summed over the spans: what the links carried."""
    run = small_run(degrees, partitioner=partitioner)
    timeline = run.timeline
    table, sets, spans = timeline.templates, timeline.flow_sets, timeline.spans
    total = np.zeros(len(timeline.link_source))
    rows = [*spans.template.tolist(), *timeline.sends.template.tolist()]
    times = [*spans.repeats.tolist(), *timeline.sends.repeats.tolist()]
    for template, repeats in zip(rows, times, strict=True):
        for item in range(table.item_start[template], table.item_start[template + 1]):
            which = int(table.flow_set[item])
            if which < 0:
                continue
            for flow in range(sets.set_start[which], sets.set_start[which + 1]):
                hops = sets.hop_link[sets.hop_start[flow] : sets.hop_start[flow + 1]]
                total[hops] += repeats * sets.unit_bytes[flow] * table.scale[item]
    assert total == pytest.approx(timeline.step_link_bytes, rel=1e-9)
    assert total.sum() > 0


@given(st.sampled_from(CASES), st.lists(st.floats(0, 1), min_size=3, max_size=8))
@settings(max_examples=25)
def test_a_frame_is_exactly_what_is_in_flight(
    case: tuple[str, Degrees], moments: list[float]
) -> None:
    run = small_run(case[1], partitioner=case[0])
    timeline = run.timeline
    for share in moments:
        frame = timeline.at(share * timeline.duration_s)
        moved = frame.transfers
        assert ((moved.progress >= 0) & (moved.progress < 1)).all()
        counts = np.diff(moved.hop_start)
        loads = np.bincount(
            moved.hop_link, np.repeat(moved.bytes, counts), len(timeline.link_source)
        )
        assert loads == pytest.approx(frame.link_bytes)
        assert (frame.link_utilization <= 1 + 1e-9).all()
        # A route is a walk from source to target.
        for row in range(len(moved)):
            here = moved.source[row]
            for link in moved.hop_link[moved.hop_start[row] : moved.hop_start[row + 1]]:
                assert timeline.link_source[link] == here
                here = timeline.link_target[link]
            assert here == moved.target[row]


@ALL
def test_arrays_carry_a_whole_timeline(partitioner: str, degrees: Degrees) -> None:
    from tempstudio.core.timeline import timeline_from_arrays

    timeline = small_run(degrees, partitioner=partitioner).timeline
    again = timeline_from_arrays(*timeline.to_arrays())
    for share in (0.1, 0.37, 0.9):
        a, b = timeline.at(share * timeline.duration_s), again.at(share * again.duration_s)
        assert a.captions == b.captions
        assert a.memory == pytest.approx(b.memory)
        assert a.transfers.progress == pytest.approx(b.transfers.progress)


@ALL
def test_no_step_is_faster_than_its_arithmetic(partitioner: str, degrees: Degrees) -> None:
    run = small_run(degrees, partitioner=partitioner)
    job, machine = run.plan.job, run.project.machine
    least = 3 * run.project.model.flop(job.tokens, job.seq_len) / machine.die.flop_per_s
    assert run.score.step_time_s >= least / degrees.size
    assert 0 < run.score.mfu <= 1


@ALL
def test_energy_counts_every_flop_of_the_step_once(partitioner: str, degrees: Degrees) -> None:
    """Forward and backward: three times the forward, however the work is cut."""
    run = small_run(degrees, partitioner=partitioner)
    job, die = run.plan.job, run.project.machine.die
    flop = run.score.energy_j["compute"] * die.flop_per_joule
    forward = run.project.model.flop(job.tokens, job.seq_len)
    assert flop == pytest.approx(3 * forward, rel=1e-9)
    links = run.timeline.step_link_bytes.sum() * 8 * run.project.machine.link.joule_per_bit
    assert run.score.energy_j["d2d"] == pytest.approx(links)
    kinds = ("compute", "d2d", "hbm", "idle")
    assert run.score.energy_j["total"] == pytest.approx(sum(run.score.energy_j[k] for k in kinds))


def test_uneven_batches_do_not_count_work_that_is_not_there() -> None:
    """Eight sequences over three replicas: the fullest sets the time, the energy is eight's."""
    run = small_run(Degrees(dp=3, stream=2), global_batch=8)
    job, die = run.plan.job, run.project.machine.die
    assert run.plan.partition.micro_batches == 3
    flop = run.score.energy_j["compute"] * die.flop_per_joule
    assert flop == pytest.approx(3 * run.project.model.flop(job.tokens, job.seq_len))


@pytest.mark.parametrize("recompute", ["none", "selective", "full"])
def test_recomputation_trades_time_for_memory(recompute: str) -> None:
    plain = small_run(Degrees(dp=3, stream=4), global_batch=3)
    run = small_run(Degrees(dp=3, stream=4), global_batch=3, recompute=recompute)
    forward = run.project.model.flop(run.plan.job.tokens, run.plan.job.seq_len)
    flop = run.score.energy_j["compute"] * run.project.machine.die.flop_per_joule
    layers = run.project.model.blocks[1]
    attention = sum(
        o.flop(run.plan.job.tokens, 256) for o in layers.operators if o.kind == "attention"
    )
    every = sum(o.flop(run.plan.job.tokens, 256) for o in layers.operators)
    again = {"none": 0.0, "selective": attention, "full": every}[recompute] * layers.repeat
    assert flop == pytest.approx(3 * forward + again)
    if recompute != "none":
        assert run.score.step_time_s > plain.score.step_time_s
        kept = run.score.memory.by_kind["activations"]
        assert kept < plain.score.memory.by_kind["activations"]


def test_slower_links_never_make_a_step_faster() -> None:
    fast = ts.Wafer(rows=3, cols=4)
    slow = replace(fast, link=replace(fast.link, bytes_per_s=fast.link.bytes_per_s / 50))
    for partitioner, degrees in CASES:
        quick = small_run(degrees, fast, partitioner).score
        late = small_run(degrees, slow, partitioner).score
        assert late.step_time_s >= quick.step_time_s
        assert late.compute_s == pytest.approx(quick.compute_s)


def test_a_slow_die_slows_its_stages_arithmetic_by_its_yield() -> None:
    """Memory is as fast as ever: only what arithmetic binds lasts longer (SPEC 5)."""
    wafer = ts.Wafer(rows=3, cols=4)
    dull = replace(wafer, core_yield=((0, 0, 0.5),))
    plain = small_run(Degrees(tp=4), wafer, seq_len=4096, global_batch=1).score
    slowed = small_run(Degrees(tp=4), dull, seq_len=4096, global_batch=1).score
    before = {time.name: time for time in plain.per_operator}
    for time in slowed.per_operator:
        if time.compute_s and time.memory_bound and before[time.name].memory_bound:
            assert time.compute_s < 2 * before[time.name].compute_s
        assert time.compute_s <= 2 * before[time.name].compute_s * (1 + 1e-9)
    norm = before["mlp.norm"].compute_s
    assert norm == next(t.compute_s for t in slowed.per_operator if t.name == "mlp.norm")
    endless = replace(wafer.die, hbm_bytes_per_s=1e30)
    fast = [
        small_run(Degrees(tp=4), replace(machine, die=endless)).score.compute_s
        for machine in (wafer, dull)
    ]
    assert fast[1] == pytest.approx(2 * fast[0])


def test_the_selective_transfer_of_the_specification() -> None:
    """h -> 4h -> h at 4,096 tokens and n = 8: W 2.11 GB a die, I paired with O 0.18 GB (SPEC 4)."""
    from tempstudio.strategies.partitioners.layouts import (
        INPUT,
        OUTPUT,
        WEIGHT,
        choose_layouts,
        product_of,
    )
    from tempstudio.strategies.partitioners.shares import Rules, Shares

    model = gpt(12288, 96, layers=2)
    job, rules = ts.TrainingJob(seq_len=2048), Rules("tspp", stream=True)
    shares = Shares(job, Degrees(stream=8), rules, sequences=2, hidden=model.hidden)
    layer = model.blocks[1]
    modes = choose_layouts(layer, shares)
    assert (modes["mlp.up"], modes["mlp.down"]) == (INPUT, OUTPUT)
    up, down = (
        product_of(next(o for o in layer.operators if o.name == name), shares)
        for name in ("mlp.up", "mlp.down")
    )
    share = 7 / 8 * shares.element
    weights = share * (up.weights + down.weights)
    travels = share * shares.tokens * (up.inner + down.columns)
    assert weights == pytest.approx(2.11e9, rel=2e-3)
    assert travels == pytest.approx(0.18e9, rel=3e-2)
    assert WEIGHT not in (modes["attention.qkv"], modes["mlp.up"])


def test_gpt3_175b_fits_48_dies_and_not_32() -> None:
    """At 16 bytes per parameter, with tp 3 x stream 16 (SPEC 6)."""
    project = ts.Project(
        machine=ts.Wafer(rows=6, cols=8),
        model=load_model("gpt3-175b"),
        job=ts.TrainingJob(global_batch=128, seq_len=2048),
        degrees=Degrees(tp=3, stream=16),
    )
    assert ts.run(project).score.fits
    smaller = replace(project, machine=ts.Wafer(rows=4, cols=8), degrees=Degrees(tp=2, stream=16))
    assert not ts.run(smaller).score.fits


def test_a_move_from_stage_to_stage_crosses_the_joint_of_two_wafers() -> None:
    chain = ts.Wafer(rows=2, cols=2, wafers=2)
    run = small_run(Degrees(pp=2, stream=4), chain)
    joint = [
        moved
        for a, b, moved in zip(
            run.timeline.link_source,
            run.timeline.link_target,
            run.timeline.step_link_bytes,
            strict=True,
        )
        if a // 4 != b // 4
    ]
    job = run.plan.job
    activations = job.tokens * run.project.model.hidden * job.bytes_per_element
    assert sum(joint) == pytest.approx(2 * activations)
    assert run.score.bubble_s > 0


def test_degrees_that_do_not_fit_the_machine_are_refused() -> None:
    with pytest.raises(ts.InputError, match="at most the 12 working dies"):
        small_run(Degrees(dp=5, stream=3))
    with pytest.raises(ts.InputError, match="divisors of the 8 attention heads"):
        small_run(Degrees(tp=3))
    with pytest.raises(ts.InputError, match="allowed with megatron3: 1"):
        small_run(Degrees(stream=2), partitioner="megatron3")
    cut = ts.Wafer(rows=1, cols=5, dead_dies=((0, 2),))
    with pytest.raises(ts.NoPlanError, match="cut into parts of 2, 2 dies"):
        small_run(Degrees(dp=4), cut)


def test_experts_travel_by_all_to_all() -> None:
    model = load_model("mixtral-8x7b")
    project = ts.Project(
        machine=ts.Wafer(rows=6, cols=8),
        model=model,
        job=ts.TrainingJob(global_batch=48, seq_len=512),
        degrees=Degrees(dp=8, ep=8, tp=2, zero=1),
    )
    run = ts.run(project)
    infos = [p for p in run.timeline.phases if p.op == "all-to-all"]
    assert {p.role for p in infos} == {"E"}
    alone = ts.run(replace(project, degrees=replace(project.degrees, ep=1)))
    weights = run.score.memory.by_kind["weights"]
    assert weights < 0.4 * alone.score.memory.by_kind["weights"]


def test_the_same_project_gives_the_same_run() -> None:
    a, b = (small_run(Degrees(dp=3, stream=4)).document for _ in range(2))
    for document in (a, b):
        for timed in (document["search"], *document["search"]["trace"]):
            timed.pop("wall_s")
    assert a == b


def test_llama_with_flash_attention_holds_less() -> None:
    plain = small_run(Degrees(dp=3, stream=4), model=llama())
    flash = small_run(Degrees(dp=3, stream=4), model=llama(), flash_attention=True)
    assert flash.score.memory.peak_bytes < plain.score.memory.peak_bytes


def test_a_moment_that_is_no_number_is_refused() -> None:
    timeline = ts.run(
        ts.Project(
            machine=ts.Wafer(rows=1, cols=2),
            model=llama(64, 2, 2, 1, 64),
            job=ts.TrainingJob(global_batch=2, seq_len=16),
            degrees=ts.Degrees(dp=2),
        )
    ).timeline
    with pytest.raises(ts.InputError, match="found nan"):
        timeline.at(float("nan"))
    assert timeline.at(1e9).time_s == timeline.duration_s
    assert timeline.at(-1).time_s == 0.0
