"""Landmarks of a timeline against the timeline itself."""

from __future__ import annotations

import numpy as np
import pytest

import tempstudio as ts
from tempstudio.gui.moments import (
    congestion,
    event_after,
    event_before,
    spans_of,
    typical_durations,
)
from tempstudio.gui.views.timeline_lanes import TimelineLanes


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


def test_zoomed_out_lanes_show_every_span_once(small_run: ts.Run) -> None:
    timeline = small_run.timeline
    first, last = spans_of(timeline, 0)
    compute, _ = TimelineLanes(timeline).lanes(
        0, 0.0, timeline.duration_s, timeline.duration_s / 10
    )
    assert len(compute) == last - first
    assert compute.start == pytest.approx(timeline.spans.start_s[first:last])
