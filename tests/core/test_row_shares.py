"""Rows that follow the core yield: quicker where arithmetic binds, never slower by choice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from models import llama

import tempstudio as ts
from tempstudio.core.parallel import Degrees
from tempstudio.core.row_shares import row_shares, with_row_shares
from tempstudio.core.topology import topology_of

DULL = ts.Wafer(rows=2, cols=4, core_yield=((0, 1, 0.6), (1, 2, 0.8)))


OWN = Degrees(stream=8, operators=(ts.OperatorDegrees("mlp.down", tp=2, stream=4),))


def run(shares: str, machine: ts.Wafer = DULL, degrees: Degrees | None = None, **more: object):
    layout = more.pop("layout", "weight")
    model = more.pop("model", llama(1024, 8, 8, 2, 4096))
    job = ts.TrainingJob(**{"global_batch": 8, "seq_len": 2048, "flash_attention": True, **more})
    return ts.run(
        ts.Project(
            machine=machine,
            model=model,
            job=job,
            partitioner=ts.StrategyChoice("tspp", options={"layout": layout, "row_shares": shares}),
            degrees=degrees or Degrees(stream=8),
        )
    )


def test_a_group_computes_at_its_mean_yield() -> None:
    """Without memory limits a streamed product lasts as long as with dies of the mean yield."""
    endless = replace(DULL, die=replace(DULL.die, hbm_bytes_per_s=1e30, sram_bytes=1e15))
    even, follow = run("even", endless), run("yield", endless)
    mean = (6 * 1.0 + 0.6 + 0.8) / 8
    before = {time.name: time.compute_s for time in even.score.per_operator}
    for name in ("mlp.down", "mlp.gate_up", "head.output"):
        after = next(t.compute_s for t in follow.score.per_operator if t.name == name)
        assert after == pytest.approx(before[name] * 0.6 / mean, rel=1e-9)
    assert follow.score.step_time_s < even.score.step_time_s


@pytest.mark.parametrize("axis", ["tp", "pp", "sp"])
def test_who_works_on_the_same_rows_shares_them_alike(axis: str) -> None:
    """Peers of tp and stages keep to the least yield among them, groups of sp each to its own."""
    endless = replace(DULL, die=replace(DULL.die, hbm_bytes_per_s=1e30, sram_bytes=1e15))
    even, follow = (run(s, endless, Degrees(**{axis: 2, "stream": 4})) for s in ("even", "yield"))
    yields = topology_of(DULL).die_yield[list(follow.plan.mapping.placement)].reshape(2, 4)
    assert sorted(yields.min(axis=1)) == [0.6, 0.8]
    least = yields if axis == "sp" else np.tile(yields.min(axis=0), (2, 1))
    slowest = (least / least.mean(axis=1, keepdims=True) / yields).max()
    before = {time.name: time.compute_s for time in even.score.per_operator}
    after = {time.name: time.compute_s for time in follow.score.per_operator}
    for name in ("mlp.down", "mlp.gate_up"):
        assert after[name] == pytest.approx(before[name] * 0.6 * slowest, rel=1e-9)
    assert follow.score.step_time_s < even.score.step_time_s
    assert follow.score.energy_j["compute"] == pytest.approx(even.score.energy_j["compute"])


def test_the_same_work_and_energy_whoever_does_it() -> None:
    even, follow = run("even"), run("yield")
    assert follow.score.energy_j["compute"] == pytest.approx(even.score.energy_j["compute"])
    assert "rows follow the core yield" in " ".join(follow.document["notes"])
    largest = 8 / (6 + 0.6 + 0.8)
    kept = [r.score.memory.by_kind["activations"] for r in (even, follow)]
    assert kept[0] < kept[1] <= kept[0] * largest * (1 + 1e-9)
    first, last = (follow.timeline.at(t).memory[3] for t in (0.0, follow.timeline.duration_s))
    assert last == pytest.approx(first, abs=1.0)


def test_shares_of_a_group_fill_it_exactly() -> None:
    plan = run("yield").plan
    shares = row_shares(plan.partition, plan.mapping, topology_of(DULL))
    assert shares is not None
    assert shares.members.mean() == pytest.approx(1.0)
    followed = with_row_shares(plan.partition, shares)
    for old, new in zip(plan.partition.stages, followed.stages, strict=True):
        for one, two in zip(old.forward, new.forward, strict=True):
            for a, b in zip(one.phases, two.phases, strict=True):
                assert b.work.flop_total == a.work.flop_total
                if a.stream and b.stream:
                    assert sum(b.stream.chunk_bytes) == pytest.approx(sum(a.stream.chunk_bytes))


@settings(deadline=None, max_examples=15)
@given(
    yields=st.lists(st.sampled_from([0.3, 0.7, 0.95, 1.0]), min_size=8, max_size=8),
    degrees=st.sampled_from(
        [
            Degrees(stream=8),
            Degrees(dp=2, stream=4),
            Degrees(tp=2, stream=4),
            Degrees(sp=2, stream=4),
            Degrees(pp=2, tp=2, stream=2),
        ]
    ),
    layout=st.sampled_from(["auto", "weight", "input-output"]),
    gb_per_s=st.sampled_from([50, 4000]),
)
def test_left_open_it_is_never_slower_than_even(
    yields: list[float], degrees: Degrees, layout: str, gb_per_s: float
) -> None:
    link = replace(ts.Link(), bytes_per_s=gb_per_s * 1e9)
    core = tuple((i // 4, i % 4, y) for i, y in enumerate(yields) if y < 1)
    machine = ts.Wafer(rows=2, cols=4, link=link, core_yield=core)
    model = llama(256, 4, 4, 2, 512)
    settled = {"layout": layout, "seq_len": 512, "global_batch": 4, "model": model}
    auto, even = (run(s, machine, degrees, **settled).score for s in ("auto", "even"))
    assert auto.step_time_s <= even.step_time_s
    assert auto.mfu <= 1


@pytest.mark.parametrize(
    ("degrees", "more", "line"),
    [
        (OWN, {}, "degrees of their own"),
        (Degrees(stream=8), {"micro_batch": 8}, "whole sequences"),
    ],
)
def test_asked_for_where_it_cannot_be_it_is_refused(
    degrees: Degrees, more: dict[str, int], line: str
) -> None:
    with pytest.raises(ts.InputError, match=line):
        run("yield", DULL, degrees, **more)
    assert run("auto", DULL, degrees, **more).score.step_time_s > 0
