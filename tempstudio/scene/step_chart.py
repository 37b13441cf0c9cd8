"""The whole step as a chart for paper and reports: each stage's time and its busiest link."""

from __future__ import annotations

import numpy as np

from tempstudio.core.timeline import FloatArray, Timeline
from tempstudio.scene.charts.chart import PAD_PX, Key, key_layers
from tempstudio.scene.display_list import (
    MIDDLE,
    START,
    DisplayList,
    Layer,
    TextLook,
    lines,
    rects,
    texts,
)
from tempstudio.scene.elapsed import WAITING
from tempstudio.scene.moments import pipeline_phases
from tempstudio.scene.overview import TITLES, Stack, TimelineOverview, load_scale
from tempstudio.scene.time_axis import Axis, tick_text
from tempstudio.scene.tokens import Tokens, mix
from tempstudio.scene.typeface import LEAST_PX, baseline, text_width

GUTTER_PX, PHASE_PX, TICK_PX, TICK_ROOM_PX = 92.0, 18.0, 20.0, 90.0
COMPUTE_PX, LINKS_PX, GAP_PX = 44.0, 22.0, 6.0
THIN = 0.4  # of these heights, where the stages are many
MANY = 6


def step_height(timeline: Timeline) -> float:
    """How tall the chart is [px]."""
    return _lanes_top() + timeline.stages * _stage_px(timeline) + TICK_PX + PAD_PX


def step_picture(timeline: Timeline, width: float, tokens: Tokens) -> DisplayList:
    """Shares of the time by use above, of the busiest link by what it carries below."""
    height = step_height(timeline)
    axis = Axis(GUTTER_PX, width - GUTTER_PX - PAD_PX, 0.0, timeline.duration_s)
    overview = TimelineOverview(timeline)
    full = load_scale(overview.most_busy)
    inside: list[Layer] = []
    words: list[tuple[str, float, float, TextLook]] = []
    muted = TextLook(tokens.muted, LEAST_PX, False, START)
    seen: set[str] = set()
    for stage in range(timeline.stages):
        top = _lanes_top() + stage * _stage_px(timeline)
        scale = THIN if timeline.stages > MANY else 1.0
        places = ((top, COMPUTE_PX * scale), (top + COMPUTE_PX * scale + 2, LINKS_PX * scale))
        name = "Compute" if timeline.stages == 1 else f"Stage {stage + 1}"
        words.append((name, PAD_PX, baseline(places[0][0] + places[0][1] / 2, LEAST_PX), muted))
        if scale == 1.0:
            words.append(
                (
                    f"links to {100 * full:.0f}\u2009%",
                    PAD_PX,
                    baseline(sum(places[1]) - LINKS_PX / 2, LEAST_PX),
                    muted,
                )
            )
        stacks = overview.lanes(stage, 0.0, timeline.duration_s, axis.s_per_px)
        for number, ((y, tall), found) in enumerate(zip(places, stacks, strict=True)):
            inside.append(rects(f"lane {stage}", [[axis.left, y, axis.width, tall]], tokens.canvas))
            high = tall if number == 0 else tall / full
            inside += _stacks(found, axis, y + tall, high, tokens, f"{stage} {number}")
            seen |= {key for _, _, key, *_ in found} if number == 0 else set()
    phases, phase_words = _phases(timeline, axis, tokens)
    bottom = height - PAD_PX - TICK_PX
    grid, ticks = _ruler(axis, bottom, tokens)
    keys = tuple(Key(TITLES[key], _ink(key, tokens)) for key in TITLES if key in seen)
    above = key_layers(keys, PAD_PX, PAD_PX - 2, width - PAD_PX, tokens)
    return DisplayList(
        width, height, tokens.surface, (0.0, 0.0, width, height),
        furniture=(*above, phases, texts("phase texts", phase_words), ticks),
        ground=(grid,), dies=(*inside, texts("stages", words)),
    )  # fmt: skip


def _lanes_top() -> float:
    return PAD_PX + LEAST_PX + 10 + PHASE_PX + 4


def _stage_px(timeline: Timeline) -> float:
    scale = THIN if timeline.stages > MANY else 1.0
    return (COMPUTE_PX + LINKS_PX) * scale + 2 + GAP_PX


def _ink(key: str, tokens: Tokens) -> str:
    return tokens.lanes[1] if key == WAITING else tokens.roles.get(key, tokens.control)


def _stacks(
    found: list[Stack], axis: Axis, floor: float, tall: float, tokens: Tokens, name: str
) -> list[Layer]:
    boxes: dict[str, list[list[float]]] = {}
    for start, end, key, base, share, _ in found:
        left = axis.x(start)
        high = share * tall
        box = [left, floor - base * tall - high, axis.x(end) - left, high]
        boxes.setdefault(key, []).append(box)
    return [
        rects(f"{key} {name}", _merged(np.array(rows)), mix(_ink(key, tokens), tokens.canvas, 0.8))
        for key, rows in boxes.items()
    ]


def _merged(boxes: FloatArray) -> FloatArray:
    """Neighbours that are alike become one box: a step of a thousand micro-batches stays small."""
    apart = np.ones(len(boxes), dtype=bool)
    joined = np.abs(boxes[1:, 0] - (boxes[:-1, 0] + boxes[:-1, 2])) < 1e-6
    alike = np.all(np.abs(np.diff(boxes[:, [1, 3]], axis=0)) < 0.05, axis=1)
    apart[1:] = ~(joined & alike)
    first = np.flatnonzero(apart)
    last = np.append(first[1:], len(boxes)) - 1
    merged: FloatArray = boxes[first].copy()
    merged[:, 2] = boxes[last, 0] + boxes[last, 2] - boxes[first, 0]
    return merged


def _phases(
    timeline: Timeline, axis: Axis, tokens: Tokens
) -> tuple[Layer, list[tuple[str, float, float, TextLook]]]:
    top = PAD_PX + LEAST_PX + 10
    look, boxes, words = TextLook(tokens.text, LEAST_PX, False, START), [], []
    for part in pipeline_phases(timeline):
        left, right = axis.x(part.begin_s), axis.x(part.end_s)
        boxes.append([left, top, max(right - left - 1, 1.0), PHASE_PX - 2])
        if text_width(part.name, LEAST_PX) + 8 <= right - left:
            words.append((part.name, left + 4, baseline(top + PHASE_PX / 2 - 1, LEAST_PX), look))
    fill = mix(tokens.control, tokens.surface, 0.22)
    return rects("phases", np.array(boxes).reshape(-1, 4), fill), words


def _ruler(axis: Axis, bottom: float, tokens: Tokens) -> tuple[Layer, Layer]:
    times, step = axis.ticks(TICK_ROOM_PX)
    places = [(time_s, round(axis.x(time_s))) for time_s in times]
    grid = lines("ruler", [[x, bottom, x, bottom + 4] for _, x in places], tokens.control)
    look = TextLook(tokens.muted, LEAST_PX, False, MIDDLE)
    words = [
        (tick_text(time_s, step), x, bottom + 6 + LEAST_PX * 0.8, look)
        for time_s, x in places
        if x + text_width(tick_text(time_s, step), LEAST_PX) / 2 <= axis.right + PAD_PX
    ]
    return grid, texts("ruler texts", words)
