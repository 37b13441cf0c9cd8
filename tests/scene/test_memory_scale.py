"""The die colours: a round top that the whole step stays under, told in the legend."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import tempstudio as ts
from tempstudio.core.peak import peak_of_dies
from tempstudio.core.timeline import Timeline
from tempstudio.scene.memory_scale import memory_top
from tempstudio.scene.wafer import View, die_state, wafer_picture


@pytest.fixture(scope="module")
def run() -> ts.Run:
    return ts.run(ts.Project(
        machine=ts.Wafer(rows=2, cols=4), model=ts.load_model("qwen2-0.5b"),
        job=ts.TrainingJob(global_batch=4, seq_len=1024), degrees=ts.Degrees(dp=1, stream=8),
    ))  # fmt: skip


def with_peak(timeline: Timeline, share: float) -> Timeline:
    """The same step on dies of which it fills a share."""
    peak = float(np.nanmax(peak_of_dies(timeline)))
    return replace(timeline, capacity_bytes=peak / share)


@pytest.mark.parametrize("share", [0.004, 0.03, 0.0625, 0.33, 0.79, 0.81, 1.0, 1.4])
def test_the_top_is_the_least_round_share_above_the_peak(run: ts.Run, share: float) -> None:
    top = memory_top(with_peak(run.timeline, share))
    assert top >= min(share, 1.0) - 1e-9
    assert top <= max(1.6 * share, 0.01)
    assert share <= 0.8 or top == 1.0


def test_colours_reach_up_to_the_top_and_bars_to_the_capacity(run: ts.Run) -> None:
    timeline = with_peak(run.timeline, 0.05)
    frame = timeline.at(timeline.duration_s / 2)
    plain, scaled = die_state(timeline, frame), die_state(timeline, frame, 0.05)
    assert scaled.colour_share == pytest.approx(plain.colour_share * 20)
    assert (scaled.share == plain.share).all()
    assert 0.3 < scaled.colour_share.max() <= 1.0


def test_the_legend_says_where_the_colours_end(run: ts.Run) -> None:
    machine = run.project.machine
    told = {}
    for top in (1.0, 0.05):
        picture = wafer_picture(machine, run.timeline, 0.0, 900, 600, View(memory_top=top))
        told[top] = picture.layer("legend texts").text  # type: ignore[union-attr]
    assert "72.0\u2009GB" in told[1.0]
    assert "3.60\u2009GB of 72.0\u2009GB" in told[0.05]
