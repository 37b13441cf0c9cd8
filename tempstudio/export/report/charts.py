"""The report's charts: memory of each stage, use of the links, operators."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from tempstudio.core.peak import stage_peak
from tempstudio.core.timeline import MEMORY_KINDS, FloatArray, Timeline
from tempstudio.scene.charts import Axis, Bar, ColumnBars, StackedBars, axis_of
from tempstudio.scene.describe import KIND_TITLES
from tempstudio.scene.format import byte_count, percent, seconds

KIND_ROLES = ("W", "G", "E", "I", "K", "C")  # the hues of what they hold, as in the window
BINS = 10
CAPACITY_SHARE = 0.3  # from this share of it on, the capacity is a bar beside the others
MOST_OPERATORS = 24
MOST_STAGES = 24


def memory_bars(timeline: Timeline) -> StackedBars:
    """One bar a stage: what a die of it holds, by kind, at its own fullest instant."""
    bars = []
    most = 0.0
    for stage in range(min(timeline.stages, MOST_STAGES)):
        held = held_by_stage(timeline, stage, stage_peak(timeline, stage)[1])
        most = max(most, float(held.sum()))
        name = "every die" if timeline.stages == 1 else f"dies of stage {stage + 1}"
        share = percent(float(held.sum()) / timeline.capacity_bytes)
        figure = f"{byte_count(float(held.sum()))}, {share}"
        bars.append(Bar(name, tuple(held.tolist()), figure))
    keys = tuple(zip((KIND_TITLES[kind] for kind in MEMORY_KINDS), KIND_ROLES, strict=True))
    capacity = timeline.capacity_bytes
    if most > CAPACITY_SHARE * capacity:
        nothing = (0.0,) * len(MEMORY_KINDS)
        bars.append(Bar("capacity", (*nothing, capacity), byte_count(capacity)))
        bars[:-1] = [Bar(bar.name, (*bar.parts, 0.0), bar.figure) for bar in bars[:-1]]
        keys, most = (*keys, ("Capacity", "muted")), max(most, capacity)
    return StackedBars(axis_of([most], "memory", "B", zero=True), tuple(bars), keys)


def held_by_stage(timeline: Timeline, stage: int, time_s: float) -> FloatArray:
    """Bytes by kind on a die of a stage at an instant [kinds]."""
    die = int(timeline.busy_dies[stage][0])
    held: FloatArray = timeline.at(time_s).memory[:, die]
    return held


def link_columns(timeline: Timeline) -> ColumnBars:
    """How many links are how much used over the step."""
    use = timeline.step_link_bytes / (timeline.link_bytes_per_s * timeline.duration_s)
    top = _round_share(float(use.max(initial=0.0)))
    counts, edges = np.histogram(use, bins=BINS, range=(0.0, top))
    names = tuple(
        f"{100 * low:.3g}–{100 * high:.3g}\u2009%" for low, high in pairwise(edges.tolist())
    )
    values = tuple(float(count) for count in counts)
    axis = Axis("links", "", 0.0, max(max(values) * 1.06, 1.0))
    return ColumnBars(axis, names, (("links", values),), "mean use over the step")


def _round_share(share: float) -> float:
    """The next round share above, so that the bins have round edges."""
    steps = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
    return next((step for step in steps if share <= step), 1.0)


def operator_bars(document: dict[str, Any]) -> StackedBars:
    """Where the step goes, operator by operator, the longest first."""
    rows = sorted(document["per_operator"], key=lambda row: -(row["compute_s"] + row["exposed_s"]))
    shown = rows[:MOST_OPERATORS]
    bars = tuple(
        Bar(
            row["name"],
            (row["compute_s"], row["exposed_s"]),
            seconds(row["compute_s"] + row["exposed_s"]),
        )
        for row in shown
    )
    longest = [row["compute_s"] + row["exposed_s"] for row in shown]
    axis = axis_of(longest, "time in the step", "s", zero=True)
    return StackedBars(axis, bars, (("compute", "I"), ("exposed communication", "W")))
