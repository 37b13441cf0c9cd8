"""Landmarks of a timeline against the timeline itself."""

from __future__ import annotations

import numpy as np
import pytest

import tempstudio as ts
from tempstudio.core.topology import topology_of
from tempstudio.gui.views.timeline_lanes import COPIES, OPERATORS, SHARES, SPANS, TimelineLanes
from tempstudio.scene.averages import means_between
from tempstudio.scene.elapsed import WAITING
from tempstudio.scene.moments import (
    congestion,
    event_after,
    event_before,
    handover_starts,
    micro_batches,
    pipeline_phases,
    spans_of,
    typical_durations,
    worst_contention,
)


def test_a_round_is_part_of_a_layer_a_layer_of_a_micro_batch(small_run: ts.Run) -> None:
    found = typical_durations(small_run.timeline)
    assert 0 < found["round"] < found["layer"] < found["micro-batch"] <= found["step"]
    assert found["step"] == small_run.timeline.duration_s


def test_stepping_visits_every_event_of_a_layer_and_comes_back(small_run: ts.Run) -> None:
    timeline = small_run.timeline
    spans, table = timeline.spans, timeline.templates
    layer = int(np.argmax(spans.repeats))
    template = int(spans.template[layer])
    first, last = table.item_start[template : template + 2]
    starts = float(spans.start_s[layer]) + np.unique(table.start_s[first:last])
    there = [float(starts[0])]
    while len(there) < len(starts):
        there.append(event_after(timeline, there[-1]))
    assert there == pytest.approx(starts, rel=1e-12)
    back = [there[-1]]
    while len(back) < len(starts):
        back.append(event_before(timeline, back[-1]))
    assert back[::-1] == pytest.approx(there, rel=1e-12)


def test_stepping_always_moves_on_until_the_end(small_run: ts.Run) -> None:
    timeline = small_run.timeline
    time_s, last = timeline.duration_s * 0.999, -1.0
    for _ in range(10_000):
        last, time_s = time_s, event_after(timeline, time_s)
        if time_s >= timeline.duration_s:
            break
        assert time_s > last
    assert time_s == timeline.duration_s
    assert event_before(timeline, 0.0) == 0.0


def test_stepping_stops_where_a_stage_hands_over() -> None:
    project = ts.Project(
        machine=ts.Wafer(rows=2, cols=4, wafers=2),
        model=ts.load_model("qwen2-0.5b"),
        job=ts.TrainingJob(global_batch=6, seq_len=512),
        degrees=ts.Degrees(pp=2, dp=2, stream=4),
    )
    timeline = ts.run(project).timeline
    starts = handover_starts(timeline)
    assert len(starts) == 6, "three micro-batches a replica, on and back"
    for start in starts.tolist():
        before = event_before(timeline, start)
        assert event_after(timeline, before) == pytest.approx(start, rel=1e-12)
        assert event_before(timeline, event_after(timeline, start)) == pytest.approx(
            start, rel=1e-12
        )


def test_congestion_is_the_mean_of_what_the_links_really_carry(small_run: ts.Run) -> None:
    timeline = small_run.timeline
    bins = congestion(timeline, 64)
    assert bins.shape == (64,)
    assert np.all((bins >= 0) & (bins <= 1))
    # The integral over the step does not depend on how it is cut.
    assert bins.mean() == pytest.approx(congestion(timeline, 7).mean(), rel=1e-9)
    assert congestion(timeline, 1)[0] == pytest.approx(bins.mean(), rel=1e-9)
    # No link is used more than the busiest is, step over step.
    busiest = np.max(timeline.step_link_bytes / timeline.link_bytes_per_s) / timeline.duration_s
    assert bins.mean() >= busiest * (1 - 1e-9)


def test_congestion_is_zero_where_nothing_moves() -> None:
    project = ts.Project(
        machine=ts.Wafer(rows=1, cols=1),
        model=ts.load_model("qwen2-0.5b"),
        job=ts.TrainingJob(global_batch=1, seq_len=128),
    )
    timeline = ts.run(project).timeline
    assert not congestion(timeline).any()


@pytest.mark.parametrize("zoom", [1, 40, 4000])
def test_lanes_cover_the_time_that_the_stage_computes(small_run: ts.Run, zoom: int) -> None:
    timeline = small_run.timeline
    middle = timeline.duration_s / 2
    begin, end = middle, middle + timeline.duration_s / zoom / 2
    compute, traffic = TimelineLanes(timeline).lanes(0, begin, end, (end - begin) / 700)
    for boxes in (compute, traffic):
        assert np.all(boxes.end >= boxes.start)
        assert np.all((boxes.height > 0) & (boxes.height <= 1))
        assert np.all((boxes.end > begin) & (boxes.start < end))
    # At every time in view a box stands where the stage computes.
    for time_s in np.linspace(begin, end, 50, endpoint=False):
        if np.any(timeline.at(float(time_s)).computing >= 0):
            assert np.any((compute.start <= time_s) & (time_s < compute.end)), time_s


def test_lanes_show_every_span_once_where_spans_have_room(small_run: ts.Run) -> None:
    timeline, lanes = small_run.timeline, TimelineLanes(small_run.timeline)
    first, last = spans_of(timeline, 0)
    wide = next(s for s in np.geomspace(1e-9, 1.0, 200)[::-1] if lanes.level(s) == SPANS)
    compute, _ = lanes.lanes(0, 0.0, timeline.duration_s, wide)
    working = np.array(compute.key) != WAITING
    assert int(working.sum()) == last - first
    assert compute.start[working] == pytest.approx(timeline.spans.start_s[first:last])
    layers = [label for label in compute.label if "layers × 24" in label]
    assert layers[0] == "forward layers × 24 · micro-batch 1"


def test_from_afar_the_lanes_are_shares_of_the_time(small_run: ts.Run) -> None:
    timeline = small_run.timeline
    whole = timeline.duration_s
    compute, traffic = TimelineLanes(timeline).lanes(0, 0.0, whole, whole / 10)
    assert compute.seamless and traffic.seamless
    area = float(np.sum((compute.end - compute.start) * compute.height))
    assert area == pytest.approx(whole, rel=1e-6), "one stage is never idle"
    forward = np.array(compute.label) == "forward"
    spent = float(np.sum(((compute.end - compute.start) * compute.height)[forward]))
    uses = means_between(timeline, 0.0, whole).uses
    assert spent / whole == pytest.approx(uses["forward"], rel=1e-6)
    top = compute.base + compute.height
    assert np.all(top <= 1 + 1e-9) and np.all(compute.base >= 0)


def test_finer_levels_follow_as_the_view_narrows(small_run: ts.Run) -> None:
    lanes = TimelineLanes(small_run.timeline)
    levels = [lanes.level(s) for s in np.geomspace(small_run.timeline.duration_s, 1e-9, 300)]
    assert levels == sorted(levels)
    assert set(levels) == {SHARES, SPANS, COPIES, OPERATORS}


def test_a_pipeline_fills_runs_and_drains(two_stages: ts.Run) -> None:
    timeline = two_stages.timeline
    parts = pipeline_phases(timeline)
    assert [part.name for part in parts] == ["fill", "steady", "drain", "optimizer"]
    assert parts[0].begin_s == 0 and parts[-1].end_s == pytest.approx(timeline.duration_s)
    assert [p.end_s for p in parts[:-1]] == pytest.approx([p.begin_s for p in parts[1:]])
    early, late = parts[0].end_s * 0.5, parts[2].begin_s * 0.5 + parts[2].end_s * 0.5
    assert timeline.span_at(1, early) == -1, "the second stage waits while the pipeline fills"
    assert timeline.span_at(0, late) >= 0, "the first is the last to be done"
    assert micro_batches(timeline) == (), "several are under way at once"


def test_one_stage_goes_through_its_micro_batches(small_run: ts.Run) -> None:
    timeline = small_run.timeline
    phases, batches = pipeline_phases(timeline), micro_batches(timeline)
    assert [part.name for part in phases] == ["4 micro-batches", "optimizer"]
    assert [part.name for part in batches] == [f"micro-batch {n}" for n in (1, 2, 3, 4)]
    assert batches[0].begin_s == 0.0 and batches[-1].end_s == pytest.approx(phases[0].end_s)


def test_the_worst_contention_is_the_one_in_the_figures(two_stages: ts.Run) -> None:
    timeline = two_stages.timeline
    latency_s = topology_of(two_stages.project.machine).latency_s
    found = worst_contention(timeline, latency_s)
    assert found is not None
    assert found.operator == two_stages.score.links.worst_operator
    assert found.factor == pytest.approx(two_stages.score.links.contention_factor, rel=1e-3)
    frame = timeline.at(found.begin_s * 0.75 + found.end_s * 0.25)
    assert any(c.operator == found.operator for c in frame.captions)
    # The next press goes on to the next occurrence, and round again after the last.
    seen, time_s = [found.begin_s], found.begin_s
    for _ in range(1000):
        again = worst_contention(timeline, latency_s, time_s)
        assert again is not None and again.factor == found.factor
        if again.begin_s <= time_s:
            break
        seen.append(time_s := again.begin_s)
    assert again.begin_s == seen[0]
    assert seen == sorted(set(seen))


def test_nothing_is_contended_where_one_die_works() -> None:
    project = ts.Project(
        machine=ts.Wafer(rows=1, cols=1),
        model=ts.load_model("qwen2-0.5b"),
        job=ts.TrainingJob(global_batch=1, seq_len=128),
    )
    assert worst_contention(ts.run(project).timeline, np.zeros(0)) is None
