"""Averages over a range against the timeline's own instants."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tempstudio as ts
from tempstudio.core.project import Project
from tempstudio.core.timeline import Timeline
from tempstudio.scene import averages
from tempstudio.scene.averages import link_bytes_between, means_between, means_in_steps
from tempstudio.scene.elapsed import (
    PASSES,
    ROLES,
    USES,
    computing_curves,
    link_uses,
    time_uses,
    traffic_curves,
)
from tests.scene.timelines_by_hand import make_timeline

MACHINE = ts.Wafer(rows=3, cols=4)
BY_HAND = make_timeline(MACHINE, stages=2, layers=5)


@pytest.fixture(scope="module")
def two_wafers() -> ts.Run:
    """A pipeline of two wafers, with recomputation."""
    return ts.run(
        Project(
            machine=ts.Wafer(rows=2, cols=4, wafers=2),
            model=ts.load_model("qwen2-0.5b"),
            job=ts.TrainingJob(global_batch=6, seq_len=512, recompute="full"),
            degrees=ts.Degrees(pp=2, dp=1, stream=8),
        )
    )


@pytest.mark.parametrize("begin", [0.0, 0.013, 0.31, 0.77])
@pytest.mark.parametrize("width", [1e-3, 0.05, 0.2])
def test_means_are_those_of_many_instants(begin: float, width: float) -> None:
    timeline = BY_HAND
    low, high = begin * timeline.duration_s, (begin + width) * timeline.duration_s
    found = means_between(timeline, low, high)
    count = 4000
    times = low + (np.arange(count) + 0.5) / count * (high - low)
    frames = [timeline.at(float(time_s)) for time_s in times]
    memory = np.mean([frame.memory for frame in frames], axis=0)
    rate = np.mean([frame.link_rate for frame in frames], axis=0)
    assert found.memory == pytest.approx(memory, rel=5e-3, abs=1e-3 * memory.max())
    assert found.link_rate == pytest.approx(rate, rel=0.03, abs=5e-3 * rate.max())
    assert sum(found.uses.values()) == pytest.approx(1.0)


@settings(max_examples=30, deadline=None)
@given(cuts=st.lists(st.floats(0.0, 1.0), min_size=1, max_size=6))
def test_bytes_of_the_parts_add_up_to_those_of_the_step(cuts: list[float]) -> None:
    edges = np.unique(np.array([0.0, *cuts, 1.0])) * BY_HAND.duration_s
    parts = [link_bytes_between(BY_HAND, low, high) for low, high in pairwise(edges)]
    whole = link_bytes_between(BY_HAND, 0.0, BY_HAND.duration_s)
    assert np.sum(parts, axis=0) == pytest.approx(whole, rel=1e-9)


def test_over_the_whole_step_they_are_the_figures_of_the_run(two_wafers: ts.Run) -> None:
    timeline, score = two_wafers.timeline, two_wafers.score
    found = means_between(timeline, 0.0, timeline.duration_s)
    moved = link_bytes_between(timeline, 0.0, timeline.duration_s)
    assert moved == pytest.approx(timeline.step_link_bytes, rel=1e-9)
    assert found.link_utilization.max() == pytest.approx(score.links.max_utilization)
    assert found.link_utilization.mean() == pytest.approx(score.links.mean_utilization)


def test_one_stage_spends_its_time_as_the_run_says() -> None:
    run = ts.run(
        Project(
            machine=ts.Wafer(rows=2, cols=4),
            model=ts.load_model("qwen2-0.5b"),
            job=ts.TrainingJob(global_batch=4, seq_len=512),
            degrees=ts.Degrees(dp=1, stream=8),
        )
    )
    uses = means_between(run.timeline, 0.0, run.timeline.duration_s).uses
    step = run.score.step_time_s
    computing = sum(uses[name] for name in PASSES[:3]) * step
    assert computing == pytest.approx(run.score.compute_s, rel=1e-6)
    assert uses["waiting"] * step == pytest.approx(run.score.exposed_s, rel=1e-6, abs=1e-9)
    assert uses["idle"] * step == pytest.approx(run.score.bubble_s, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("bins", [1, 7, 200])
def test_uses_of_a_bin_add_up_to_its_length(two_wafers: ts.Run, bins: int) -> None:
    timeline = two_wafers.timeline
    edges = np.linspace(0.0, timeline.duration_s, bins + 1)
    curves = computing_curves(timeline)
    for stage in range(timeline.stages):
        uses = time_uses(timeline, stage, edges, curves)
        assert uses.shape == (bins, len(USES))
        assert np.all(uses >= 0)
        assert uses.sum(axis=1) == pytest.approx(np.diff(edges), rel=1e-9)
        whole = time_uses(timeline, stage, edges[[0, -1]], curves)[0]
        assert uses.sum(axis=0) == pytest.approx(whole, rel=1e-9, abs=1e-12)


def test_a_link_is_never_more_than_full(two_wafers: ts.Run) -> None:
    for timeline in (two_wafers.timeline, BY_HAND):
        curves = traffic_curves(timeline)
        edges = np.linspace(0.0, timeline.duration_s, 301)
        for stage in range(timeline.stages):
            shares = link_uses(timeline, stage, edges, curves)
            assert np.all(shares >= 0) and np.all(shares.sum(axis=1) <= 1 + 1e-9)
            assert shares.any()


def test_an_empty_range_is_refused() -> None:
    with pytest.raises(ValueError, match="allowed: an end after its start"):
        means_between(BY_HAND, 0.5, 0.5)


def test_nothing_runs_twice_at_once(two_wafers: ts.Run) -> None:
    """The curves count the items of `Timeline.at`: at random times the same stages compute."""
    timeline: Timeline = two_wafers.timeline
    curves = computing_curves(timeline)
    rng = np.random.default_rng(5)
    width = timeline.duration_s * 1e-9
    for time_s in rng.uniform(0, timeline.duration_s * 0.999, 60):
        frame = timeline.at(float(time_s))
        for stage in range(timeline.stages):
            uses = time_uses(timeline, stage, [time_s, time_s + width], curves)[0]
            computes = bool(np.any(frame.computing[timeline.busy_dies[stage]] >= 0))
            share = uses[: len(PASSES)].sum() / width
            assert share == pytest.approx(float(computes), abs=1e-3) or 0 < share < 1


def test_what_stages_hand_over_loads_their_links(two_wafers: ts.Run) -> None:
    timeline = two_wafers.timeline
    assert len(timeline.sends.start_s) > 0
    curves = traffic_curves(timeline)
    edges = np.array([0.0, timeline.duration_s])
    sent = link_uses(timeline, 0, edges, curves)[0][ROLES.index("P")]
    busy = curves.whole[timeline.sends.template].sum(axis=1)
    mine = timeline.sends.stage == 0
    assert sent == pytest.approx(float(busy[mine].sum()) / timeline.duration_s)
    assert sent > 0


def test_no_step_of_the_averages_takes_in_more_than_one_set_of_flows() -> None:
    timeline = BY_HAND
    averages._template_loads.cache_clear()
    steps = 0
    making = means_in_steps(timeline, 0.0, timeline.duration_s)
    while True:
        try:
            next(making)
        except StopIteration as end:
            found = end.value
            break
        steps += 1
    used = np.unique(timeline.templates.flow_set[timeline.templates.flow_set >= 0])
    assert steps >= len(used)
    again = means_between(timeline, 0.0, timeline.duration_s)
    assert np.array_equal(found.link_rate, again.link_rate)
